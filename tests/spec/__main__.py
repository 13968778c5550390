"""Search the larger cases of the model, or those that are named: python -m tests.spec [--json FILE] [NAME ...]."""

import argparse
import json
import sys
import time
from pathlib import Path

from tests.spec.tlc import LONG, SPEC, check

_LARGE = ("Rounds", "Pages")
_DAY_SECONDS = 24 * 3600.0


def main() -> int:
    """Search each, and say how many states there are; 1 if a property does not hold in one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.spec", description=__doc__)
    parser.add_argument("names", nargs="*", default=_LARGE)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = [_search(name) for name in arguments.names]
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return int(any(result["violated"] for result in results))


def _search(name: str) -> dict[str, object]:
    started = time.monotonic()
    verdict = check("RedPaxos", (SPEC / f"{name}.cfg").read_text(encoding="utf-8"), java=LONG, timeout_seconds=_DAY_SECONDS)
    seconds = round(time.monotonic() - started, 1)
    sys.stdout.write(f"{name}: {verdict.distinct_count} distinct states in {seconds} s, {verdict.violated or 'no property'} violated\n")
    if verdict.violated:
        sys.stdout.write(verdict.output)
    return {"case": name, "distinct_states": verdict.distinct_count, "seconds": seconds, "violated": verdict.violated}


if __name__ == "__main__":
    raise SystemExit(main())
