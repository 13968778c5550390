"""Fuzz the wire and the doors: python -m tests.fuzz --count 10000000 --seed 1 --json FILE; stopped, it goes on from FILE.

`--replay NUMBER` shoots one shot of the seed again, with `--payload HEX` in its place, and says how it was taken.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from tests.fuzz.campaign import BLOCK_COUNT, Result, replay, run

_SAVED_BLOCKS = 40


def main() -> int:
    """Run a campaign or one shot; 1 if something was taken wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--replay", type=int, metavar="NUMBER")
    parser.add_argument("--payload", type=bytes.fromhex, metavar="HEX")
    arguments = parser.parse_args()
    if arguments.replay is not None:
        return _replay(arguments.seed, arguments.replay, arguments.payload)
    result = run(arguments.count, arguments.seed, _known(arguments.json, arguments.seed), lambda result: _save(result, arguments.json))
    _save(result, arguments.json, now=True)
    sys.stdout.write(f"seed {result.seed}: {result.next_number} shots in {result.seconds:.1f} s, {len(result.findings)} taken wrongly\n")
    for finding in result.findings:
        sys.stdout.write(f"shot {finding.number} at the {finding.target}, {finding.way}: {finding.wrong}\n{finding.shrunk_hex}\n")
        sys.stdout.write(f"python -m tests.fuzz --seed {result.seed} --replay {finding.number}\n")
    return int(bool(result.findings))


def _replay(seed: int, number: int, payload: bytes | None) -> int:
    shot, wrong = replay(seed, number, payload)
    sys.stdout.write(f"{shot.way} on {shot.channel}: {wrong or 'taken as it should be'}\n{(payload or shot.payload).hex()}\n")
    return int(bool(wrong))


def _known(path: Path | None, seed: int) -> Result:
    """What was done before, if it was this campaign."""
    if path is None or not path.exists():
        return Result(seed)
    result = msgspec.json.decode(path.read_bytes(), type=Result)
    return result if result.seed == seed else Result(seed)


def _save(result: Result, path: Path | None, *, now: bool = False) -> None:
    if path is not None and (now or result.next_number // BLOCK_COUNT % _SAVED_BLOCKS == 0):
        path.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")


if __name__ == "__main__":
    raise SystemExit(main())
