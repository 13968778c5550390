"""What is compared, and how: the systems, the cases, and the rounds in which they take turns."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.conditions import gather, is_memory, load_average
from benchmarks.floor import measure_floor
from benchmarks.measuring import Job
from benchmarks.peers.roster import present
from benchmarks.report import Run
from benchmarks.rounds import Case, opened, run_rounds
from benchmarks.systems.base import System
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
    peers, left_out = present()
    conditions |= {f"left out: {name}": f"no {what}; benchmarks/peers/install.sh installs it" for name, what in left_out.items()}
    try:
        ours = RedpaxosCluster(directory / "redpaxos", client_count=1)
        signed = RedpaxosCluster(directory / "signed", client_count=1, secret=b"the same on every node and client")
        others = [(peer.make(directory / peer.folder), peer.loads) for peer in peers]
        systems: list[System] = [ours, signed, *(system for system, _ in others)]
        cases = cases_of(plan, ours.name, signed.name, {system.name: loads for system, loads in others})
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


def cases_of(plan: Plan, ours: str, signed: str, peers: Mapping[str, Sequence[str]]) -> list[Case]:
    """Neighbours in time are those that are compared; `peers` says which loads each of them takes."""
    cases = []
    most = max(plan.outstanding)
    for size in plan.value_bytes:
        for count in plan.outstanding:
            cases += _side_by_side(Job("put", count, plan.seconds, size), ours, peers)
            if count > 1:
                cases.append(Case(ours, Job("put", count, plan.seconds, size, style="together")))
        cases += [Case(signed, Job("put", most, plan.seconds, size, style=style)) for style in ("each", "together")]
    others = [Job(load, count, plan.seconds) for load in ("read", "decree") for count in (1, 100)]
    others.append(Job("lock", 1, plan.seconds, style="client"))
    return cases + [case for job in others for case in _side_by_side(job, ours, peers)]


def _side_by_side(job: Job, ours: str, peers: Mapping[str, Sequence[str]]) -> list[Case]:
    """Ours, and whoever can do the same; nothing where nobody can."""
    others = [Case(name, job) for name, loads in peers.items() if job.load in loads]
    return [Case(ours, job), *others] if others else []
