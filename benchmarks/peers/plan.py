"""What is compared, and how: the systems, the cases, and the rounds in which they take turns."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.conditions import gather, is_memory, load_average
from benchmarks.floor import measure_floor
from benchmarks.measuring import Job
from benchmarks.report import Run
from benchmarks.rounds import Case, opened, run_rounds
from benchmarks.systems.base import System
from benchmarks.systems.etcd import EtcdCluster
from benchmarks.systems.pysyncobj_cluster import PySyncObjCluster
from benchmarks.systems.redis_always import RedisAlways
from benchmarks.systems.redpaxos_cluster import RedpaxosCluster


class Plan(Struct, frozen=True):
    """How much to measure."""

    round_count: int
    seconds: float
    floor_seconds: float
    outstanding: tuple[int, ...]
    value_bytes: tuple[int, ...]


DEFAULT = Plan(round_count=5, seconds=1.5, floor_seconds=4.0, outstanding=(1, 10, 100, 1000), value_bytes=(64, 1024))
QUICK = Plan(round_count=2, seconds=0.5, floor_seconds=1.0, outstanding=(1, 100, 1000), value_bytes=(64,))


def run_peers(plan: Plan, note: Callable[[str], None], data_directory: Path | None = None) -> Run:
    """Start everything, measure, and end everything."""
    directory = Path(tempfile.mkdtemp(prefix="redpaxos-peers-", dir=data_directory))
    conditions = gather(directory) | {"rounds": f"{plan.round_count} of {plan.seconds} s a case, interleaved; medians"}
    try:
        ours = RedpaxosCluster(directory / "redpaxos", client_count=1)
        signed = RedpaxosCluster(directory / "signed", client_count=1, secret=b"the same on every node and client")
        etcd = EtcdCluster(directory / "etcd")
        others: list[System] = [PySyncObjCluster(directory / kind.replace(" ", "-"), kind) for kind in ("at once", "batches")]
        others.append(RedisAlways(directory / "redis"))
        systems: list[System] = [ours, signed, etcd, *others]
        cases = cases_of(plan, ours, signed, etcd, others)
        with opened(systems):
            note("the floor: a hop and a sync")
            floors = {ours.name: measure_floor(ours.url, directory, plan.floor_seconds)}
            results = run_rounds(systems, cases, plan.round_count, note)
            about = {system.name: dict(system.about()) for system in systems}
        conditions["load average after"] = load_average()
        if is_memory(directory):
            conditions["WARNING"] = "the data lies in memory, so nothing is durable: name a directory on a disk with --data-dir"
        return Run(conditions, about, floors, results)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def cases_of(plan: Plan, ours: System, signed: System, etcd: System, others: Sequence[System]) -> list[Case]:
    """Neighbours in time are those that are compared."""
    cases = []
    most = max(plan.outstanding)
    for size in plan.value_bytes:
        for count in plan.outstanding:
            job = Job("put", count, plan.seconds, size)
            cases += [Case(system.name, job) for system in (ours, etcd, *others)]
            if count > 1:
                cases.append(Case(ours.name, Job("put", count, plan.seconds, size, style="together")))
        cases += [Case(signed.name, Job("put", most, plan.seconds, size, style=style)) for style in ("each", "together")]
    others_too = [Job(load, count, plan.seconds) for load in ("read", "decree") for count in (1, 100)]
    return cases + [Case(system.name, job) for job in others_too for system in (ours, etcd)]
