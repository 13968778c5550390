"""The command line of the engine: `python -m tests.storage.crashes --count 20000 --seed 1 --json`."""

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.storage.crashes.damage import enumerate_damage
from tests.storage.crashes.points import enumerate_points
from tests.storage.crashes.recording import record
from tests.storage.crashes.workload import RUNS


def examine(run: str, seed: int, count: int, stride: int) -> dict[str, Any]:
    """Record a run, and count its crash points and the damage done to it, with what was wrong."""
    memory = Path("/dev/shm")
    begin = time.process_time()
    with TemporaryDirectory(prefix="crashes-", dir=memory if memory.is_dir() else None) as name:
        events = record(Path(name), run, seed)
        report = enumerate_points(events, run, seed, Path(name) / "store", count=count)
        damage = enumerate_damage(events, run, seed, Path(name) / "store", stride=stride)
    return {
        "run": run,
        "seed": seed,
        "events": len(events),
        "crash_points": report.point_count,
        "partial": report.partial_count,
        "violations": [violation._asdict() for violation in report.violations],
        "damage_refused": damage.refused_count,
        "damage_harmless": damage.harmless_count,
        "damage_believed": damage.believed,
        "cpu_seconds": round(time.process_time() - begin, 1),
    }


def main(arguments: list[str]) -> int:
    """Examine every run, say what was found, and fail if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.storage.crashes", description="Crash points of the stores on disk, enumerated.")
    parser.add_argument("--count", type=int, default=2000, help="at least so many different points, over all runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stride", type=int, default=10_000, help="every how many bytes one is flipped; 1 for all")
    parser.add_argument("--run", choices=RUNS, action="append", help="only this run")
    parser.add_argument("--json", action="store_true", help="one JSON object for each run")
    given = parser.parse_args(arguments)
    runs = given.run or list(RUNS)
    found = []
    for run in runs:
        found.append(examine(run, given.seed, -(-given.count // len(runs)), given.stride))
        print(json.dumps(found[-1]) if given.json else _line(found[-1]), flush=True)  # noqa: T201
    return 1 if any(each["violations"] or each["damage_believed"] for each in found) else 0


def _line(found: dict[str, Any]) -> str:
    wrong = [*found["violations"], *found["damage_believed"]]
    said = (
        f"{found['run']}: {found['crash_points']} crash points of {found['events']} events, {len(found['violations'])} wrong; "
        f"{found['damage_refused']} damages refused, {found['damage_harmless']} harmless, {len(found['damage_believed'])} believed; "
        f"{found['cpu_seconds']} s"
    )
    return "\n".join([said, *map(str, wrong)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
