"""The plots of a comparison: commands per second, and latencies, by what is outstanding."""

import math
from collections.abc import Callable
from pathlib import Path

from benchmarks.measuring import Summary
from benchmarks.plots import Series, bars
from benchmarks.report import Run
from benchmarks.rounds import Result


def draw(run: Run, directory: Path) -> list[Path]:
    """Write the pictures; their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    rate, latency = "commands per second", "milliseconds"
    pictures = {
        "writes.svg": ("Writes of 64 bytes, three nodes, by requests outstanding", rate, lambda summary: summary.per_second),
        "p50.svg": ("Median latency of a write, by requests outstanding", latency, lambda summary: summary.p50 * 1e3),
        "p99.svg": ("99th percentile of a write's latency, by requests outstanding", latency, lambda summary: summary.p99 * 1e3),
    }
    paths = []
    for name, (title, unit, figure) in pictures.items():
        groups, series = _series(run, figure)
        path = directory / name
        path.write_text(bars(title, unit, groups, series), encoding="utf-8")
        paths.append(path)
    return paths


def _series(run: Run, figure: Callable[[Summary], float]) -> tuple[list[str], Series]:
    chosen = [result for result in run.results if result.case.job.load == "put" and result.case.job.value_bytes == 64]
    chosen = [result for result in chosen if "signed" not in result.case.system]
    groups = sorted({result.case.job.outstanding for result in chosen})
    names = sorted({_name(result) for result in chosen}, key=lambda name: (not name.startswith("redpaxos"), name))
    found = {(_name(result), result.case.job.outstanding): figure(result.summary) for result in chosen}
    return [f"{group:,}" for group in groups], {name: [found.get((name, group), math.nan) for group in groups] for name in names}


def _name(result: Result) -> str:
    name = result.case.system.partition(",")[0] if result.case.system.startswith("redpaxos") else result.case.system
    return f"{name}, sent together" if result.case.job.style == "together" else name
