"""Draws docs/demo.svg, the picture in the README: `python -m docs.drawing.picture` runs the demo and keeps what it printed.

The picture names no font of the network, so it can be looked at offline and asks nobody for anything.
"""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).resolve().parent.parent / "demo.svg"
_COLUMNS = 92
_AFTERWORD = "  Now you:"


def main() -> None:
    """Run the demo, and draw it."""
    environment = os.environ | {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
    demo = subprocess.run([sys.executable, "-m", "redpaxos", "demo"], env=environment, capture_output=True, text=True, check=True)
    PICTURE.write_text(draw(demo.stdout), encoding="utf-8")


def draw(printed: str) -> str:
    """The picture of what the demo printed, up to where it tells the user what to type next."""
    told = printed.partition(f"\n{_AFTERWORD}")[0].strip("\n")
    console = Console(record=True, width=_COLUMNS, file=StringIO(), force_terminal=True, highlight=False)
    console.print(Text.from_ansi(told))
    template = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="redpaxos demo", theme=MONOKAI, code_format=template, unique_id="demo")


if __name__ == "__main__":
    main()
