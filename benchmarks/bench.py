"""`make bench`: redpaxos by itself, from the bare protocol to durable nodes behind a real server."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.conditions import gather, is_memory, load_average
from benchmarks.floor import Floor, measure_floor
from benchmarks.measuring import Job
from benchmarks.report import Run
from benchmarks.rounds import Case, opened, run_rounds
from benchmarks.systems.base import System
from benchmarks.systems.redpaxos_cluster import InProcessCluster, RedpaxosCluster


class Plan(Struct, frozen=True):
    """How much to measure."""

    round_count: int
    seconds: float
    floor_seconds: float
    # Outstanding commands a client, for the log with one client.
    outstanding: tuple[int, ...]
    systems: tuple[str, ...] = ("memory", "fakeredis", "tcp", "unix")


DEFAULT = Plan(round_count=3, seconds=0.7, floor_seconds=3.0, outstanding=(1, 10, 100))
QUICK = Plan(round_count=1, seconds=0.3, floor_seconds=0.6, outstanding=(1, 100), systems=("memory", "fakeredis", "unix"))


def run_bench(plan: Plan, note: Callable[[str], None], data_directory: Path | None = None) -> Run:
    """Start everything, measure, and end everything."""
    directory = Path(tempfile.mkdtemp(prefix="redpaxos-bench-", dir=data_directory))
    conditions = gather(directory) | {"rounds": f"{plan.round_count} of {plan.seconds} s a case, interleaved; medians"}
    try:
        systems = [_make(kind, directory) for kind in plan.systems]
        cases = [case for system in systems for case in cases_of(system.name, plan)]
        with opened(systems):
            note("the floor: a hop and a sync")
            floors = _floors(systems, directory, plan)
            results = run_rounds(systems, cases, plan.round_count, note)
            about = {system.name: dict(system.about()) for system in systems}
        conditions["load average after"] = load_average()
        if is_memory(directory):
            conditions["WARNING"] = "the data lies in memory, so nothing is durable: name a directory on a disk with --data-dir"
        return Run(conditions, about, floors, results)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def cases_of(system: str, plan: Plan) -> Sequence[Case]:
    """The rows of one system's table."""
    most = max(plan.outstanding)
    log = [Case(system, Job("log", count, plan.seconds)) for count in plan.outstanding]
    user = [Case(system, Job("log", count, plan.seconds, style="client")) for count in plan.outstanding if count <= 10]
    together = [Case(system, Job("log", most, plan.seconds, style="together"))]
    three = [Case(system, Job("log", count, plan.seconds), clients=3) for count in plan.outstanding]
    decrees = [Case(system, Job("decree", count, plan.seconds), clients) for clients in (1, 3) for count in (1, most)]
    return [*user, *log, *together, *three, *decrees]


def _make(kind: str, directory: Path) -> System:
    if kind in ("unix", "tcp"):
        return RedpaxosCluster(directory / kind, socket=kind)
    return InProcessCluster(directory, kind)


def _floors(systems: Sequence[System], directory: Path, plan: Plan) -> dict[str, Floor]:
    """Where there are hops and syncs."""
    clusters = [system for system in systems if isinstance(system, RedpaxosCluster)]
    return {cluster.name: measure_floor(cluster.url, directory, plan.floor_seconds / len(clusters)) for cluster in clusters}
