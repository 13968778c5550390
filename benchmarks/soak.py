"""`python -m benchmarks soak`: an hour of load; are memory and latency at its end what they were at its beginning?

Real nodes on disks of their own and one load process, which goes round the same keys, so that what the machines hold does not grow. The
first part of the hour is for caches and the history of changes to fill; then it is cut in eight, and the last eighth is held against the
first.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks.conditions import gather, load_average
from benchmarks.measuring import Job, percentile
from benchmarks.rounds import opened
from benchmarks.systems.base import measure
from benchmarks.systems.redpaxos_cluster import RedpaxosCluster

_PART_COUNT = 8


class Plan(Struct, frozen=True):
    """For how long, after how long a beginning, and with how many puts outstanding; one sample is so many seconds of load."""

    seconds: float = 3600.0
    warm_seconds: float = 120.0
    outstanding: int = 16
    value_bytes: int = 64
    sample_seconds: float = 10.0


class Reading(Struct, frozen=True):
    """A sample: when it ended, commands a second, latencies in seconds, and the resident memory of nodes and server in megabytes."""

    at_seconds: float
    per_second: float
    p50: float
    p99: float
    megabytes: dict[str, float]


class Soak(Struct, frozen=True):
    """Under what conditions, and all samples after the beginning."""

    conditions: dict[str, str]
    readings: list[Reading]

    def parts(self) -> list[Reading]:
        """Eighths in order, fewer where there are fewer samples: means of memory, medians of the others."""
        count = min(_PART_COUNT, len(self.readings))
        bounds = [part * len(self.readings) // count for part in range(count + 1)]
        return [_together(self.readings[first:end]) for first, end in pairwise(bounds)]


def run_soak(plan: Plan, note: Callable[[str], None], data_directory: Path | None = None) -> Soak:
    """Start everything, load it, and end everything."""
    directory = Path(tempfile.mkdtemp(prefix="redpaxos-soak-", dir=data_directory))
    conditions = gather(directory) | {
        "load": f"puts of {plan.value_bytes} bytes, {plan.outstanding} outstanding, {plan.seconds:.0f} s after {plan.warm_seconds:.0f} s"
    }
    job = Job("put", plan.outstanding, plan.sample_seconds, plan.value_bytes, prefix="soak")
    cluster = RedpaxosCluster(directory / "redpaxos", client_count=1)
    readings: list[Reading] = []
    try:
        with opened([cluster]):
            begun_at = time.monotonic()
            while (elapsed := time.monotonic() - begun_at) < plan.warm_seconds + plan.seconds:
                note(f"{elapsed:.0f} s of {plan.warm_seconds + plan.seconds:.0f}")
                measured = measure(cluster, job, 1)
                latencies = measured.histogram
                at_seconds = time.monotonic() - begun_at
                megabytes = {kind: sum(map(_resident_megabytes, processes)) for kind, processes in cluster.processes().items()}
                if at_seconds >= plan.warm_seconds:
                    p50, p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
                    readings.append(Reading(at_seconds, measured.per_second, p50, p99, megabytes))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    conditions["load average after"] = load_average()
    return Soak(conditions, readings)


def print_soak(soak: Soak, console: Console) -> None:
    """Conditions, a row for each part, and the last over the first."""
    for name, value in soak.conditions.items():
        console.print(f"{name:>26}  {value}", highlight=False)
    parts = soak.parts()
    kinds = sorted(parts[0].megabytes)
    table = Table("until, s", "a second", "p50, ms", "p99, ms", *(f"{kind}, MB" for kind in kinds))
    for part in parts:
        latencies = (f"{part.p50 * 1e3:.2f}", f"{part.p99 * 1e3:.2f}")
        table.add_row(f"{part.at_seconds:.0f}", f"{part.per_second:,.0f}", *latencies, *(f"{part.megabytes[kind]:.1f}" for kind in kinds))
    first, last = parts[0], parts[-1]
    ratios = (last.per_second / first.per_second, last.p50 / first.p50, last.p99 / first.p99)
    memory = (last.megabytes[kind] / first.megabytes[kind] for kind in kinds)
    table.add_row("last / first", *(f"{ratio:.2f}" for ratio in (*ratios, *memory)))
    console.print(table)


def _together(readings: Sequence[Reading]) -> Reading:
    return Reading(
        readings[-1].at_seconds,
        median(reading.per_second for reading in readings),
        median(reading.p50 for reading in readings),
        median(reading.p99 for reading in readings),
        {kind: mean(reading.megabytes[kind] for reading in readings) for kind in readings[0].megabytes},
    )


def _resident_megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
