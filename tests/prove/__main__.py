"""The long proof: `python -m tests.prove`, or `make prove`. It takes hours, and may be stopped at any time; it goes on where it was.

Every engine runs up to its count, one after the other; what it says is in proof/ENGINE.log, and how it ended in proof/results.json. With
`--scale 0.01` each does a hundredth, which shows that all of them run.
"""

import subprocess
import sys
import time
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from tests.prove.engines import ENGINES, Engine

_RESULTS = "results.json"
_NAMES = [engine.name for engine in ENGINES]


class Ended(Struct, frozen=True):
    """How an engine ended when it had done so much; 0 if it found nothing."""

    count: int
    code: int
    seconds: float
    last_line: str


Results = dict[str, Ended]


def run_engine(engine: Engine, count: int, directory: Path) -> Ended:
    """Let it run up to this count, and keep all that it says."""
    log = directory / f"{engine.name}.log"
    begin = time.monotonic()
    with log.open("ab") as output:
        code = subprocess.run(engine.command(count, directory), stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return Ended(count, code, round(time.monotonic() - begin, 1), lines[-1] if lines else "")


def read_results(path: Path) -> Results:
    """What ended before."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else {}


@click.command(help=__doc__)
@click.option("--scale", default=1.0, show_default=True, help="What share of each engine's count.")
@click.option("--only", type=click.Choice(_NAMES), multiple=True, help="Only these engines.")
@click.option("--directory", type=click.Path(path_type=Path), default=Path("proof"), show_default=True, help="Where everything is kept.")
def main(scale: float, only: tuple[str, ...], directory: Path) -> None:
    """Run what has not ended well yet."""
    directory.mkdir(parents=True, exist_ok=True)
    results = read_results(directory / _RESULTS)
    for engine in ENGINES:
        count = max(1, round(engine.count * scale))
        known = results.get(engine.name)
        if (only and engine.name not in only) or (known is not None and known.code == 0 and known.count >= count):
            continue
        click.echo(f"{engine.name}: {count:,} {engine.unit} …")
        ended = results[engine.name] = run_engine(engine, count, directory)
        (directory / _RESULTS).write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
        click.echo(f"  {'nothing is wrong' if ended.code == 0 else f'ENDED WITH {ended.code}'}, {ended.seconds:.0f} s: {ended.last_line}")
    wrong = [name for name, ended in results.items() if ended.code != 0]
    click.echo(f"{len(results)} of {len(ENGINES)} engines have run" + (f"; look at: {', '.join(wrong)}" if wrong else ""))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        sys.exit("stopped; the same command goes on")
    except click.ClickException as error:
        error.show()
        sys.exit(2)
