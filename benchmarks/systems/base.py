"""The port of a system under test."""

import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from benchmarks.measuring import Job, Measured, merge
from benchmarks.systems.processes import LoadProcess, cpu_seconds_of


class System(Protocol):
    """Something that can be put under load; open() before use, close() once."""

    name: str

    def open(self) -> None:
        """Start every process, and return when it serves."""
        ...

    def close(self) -> None:
        """End every process, and leave nothing behind."""
        ...

    def processes(self) -> Mapping[str, Sequence[int]]:
        """Process ids by kind, for their CPU time; the loads are not among them."""
        ...

    def loads(self) -> Sequence[LoadProcess]:
        """One process a client."""
        ...

    def about(self) -> Mapping[str, str]:
        """Versions and settings that matter."""
        ...


def measure(system: System, job: Job, clients: int) -> Measured:
    """Let so many clients do the job at once."""
    loads = system.loads()[:clients]
    processes = system.processes()
    before = {kind: cpu_seconds_of(ids) for kind, ids in processes.items()}
    begin = time.perf_counter()
    for load in loads:
        load.begin(msgspec.structs.replace(job, clients=clients))
    samples = [load.finish(job.seconds + 20.0) for load in loads]
    wall_seconds = time.perf_counter() - begin
    used = {kind: cpu_seconds_of(ids) - before[kind] for kind, ids in processes.items()}
    return merge(samples, used, wall_seconds, same_work=job.load == "decree")
