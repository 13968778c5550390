"""The fenced blocks of a Markdown file, each with what the text around it says about running it.

A comment on the line before a block says what is special about it: `<!-- not run: REASON -->`, `<!-- nodes -->` for commands that stay
in the background, `<!-- listens -->` for one that goes on while the next block runs.
"""

import re
from pathlib import Path

from msgspec import Struct

_FENCE = "```"
_COMMENT = re.compile(r"<!-- (\w[\w ]*?)(?:: (.+))? -->")


class Block(Struct, frozen=True):
    """One fenced block."""

    # Of its first line in the file.
    line: int
    language: str
    text: str
    # The words before the colon of the comment above it, and those behind; both empty without one.
    mark: str = ""
    reason: str = ""

    def commands(self) -> list[tuple[str, str]]:
        """Each command of a console block, and what it prints."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        pairs = [part.partition("\n") for part in parts[1:]]
        return [(command, output) for command, _, output in pairs]


def read_blocks(path: Path) -> list[Block]:
    """All fenced blocks, in their order."""
    blocks: list[Block] = []
    before = ""
    opened: Block | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if opened is None and line.startswith(_FENCE):
            comment = _COMMENT.fullmatch(before)
            mark, reason = comment.groups(default="") if comment else ("", "")
            opened = Block(number, line.removeprefix(_FENCE), "", mark, reason)
        elif opened is not None and line == _FENCE:
            blocks.append(opened)
            opened = None
        elif opened is not None:
            opened = Block(opened.line, opened.language, f"{opened.text}{line}\n", opened.mark, opened.reason)
        before = line
    return blocks
