"""Many runs: over the cores of a machine, summed up, and stopped and continued where wanted."""

import gc
import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct, field

from redpaxos.simulation.judges.invariants import Violation
from redpaxos.simulation.plans.plan import WALK
from redpaxos.simulation.runs.running import run

PART_COUNT = 10
"""Runs that are summed up before anybody hears of them."""


class Summary(Struct):
    """What many runs came to."""

    run_count: int = 0
    step_count: int = 0
    virtual_seconds: float = 0.0
    slowest_recovery_seconds: float = 0.0
    chosen_count: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    # By seed.
    violations: dict[int, Violation] = {}

    def add(self, other: "Summary") -> None:
        """Count other runs in."""
        self.run_count += other.run_count
        self.step_count += other.step_count
        self.virtual_seconds += other.virtual_seconds
        self.slowest_recovery_seconds = max(self.slowest_recovery_seconds, other.slowest_recovery_seconds)
        self.chosen_count += other.chosen_count
        self.fired.update(other.fired)
        self.outcomes.update(other.outcomes)
        self.violations |= other.violations


class Campaign(Struct):
    """So many seeds from a first one, and what became of those that were run: always the first ones."""

    first_seed: int
    run_count: int
    scheduler: str = WALK
    summary: Summary = field(default_factory=Summary)

    @property
    def next_seed(self) -> int:
        """The first seed that was not run."""
        return self.first_seed + self.summary.run_count

    @property
    def seeds(self) -> range:
        """What is left to run."""
        return range(self.next_seed, self.first_seed + self.run_count)

    def go_on(self, jobs: int) -> Iterator[Summary]:
        """Run what is left; yields each part after it was added."""
        for part in run_fleet(self.seeds, jobs, self.scheduler):
            self.summary.add(part)
            yield part

    def save(self, path: Path) -> None:
        """Write down how far it is."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_bytes(msgspec.json.encode(self))
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Campaign":
        """What was written down; ValueError in one line if it is nothing of the kind."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls, dec_hook=_counter)
        except msgspec.DecodeError as error:
            raise ValueError(f"{path} holds no runs of `redpaxos sim run`: {error}") from error


def run_seeds(seeds: Iterable[int], scheduler: str = WALK) -> Summary:
    """Run each seed, one after the other."""
    total = Summary()
    was_collecting = gc.isenabled()
    # What a run leaves behind is full of cycles and dies as a whole: looking for garbage once a part is enough.
    gc.disable()
    try:
        for seed in seeds:
            total.add(_run_one(seed, scheduler))
            if total.run_count % PART_COUNT == 0:
                gc.collect()
    finally:
        if was_collecting:
            gc.enable()
    return total


def _run_one(seed: int, scheduler: str) -> Summary:
    result = run(seed, scheduler=scheduler)
    return Summary(
        run_count=1,
        step_count=result.step_count,
        virtual_seconds=result.virtual_seconds,
        slowest_recovery_seconds=result.recovery_seconds if result.violation is None else 0.0,
        chosen_count=result.chosen_count,
        fired=result.fired,
        outcomes=result.outcomes,
        violations={} if result.violation is None else {seed: result.violation},
    )


def run_fleet(seeds: Iterable[int], jobs: int = 1, scheduler: str = WALK) -> Iterator[Summary]:
    """Run the seeds in so many processes; yields the sum of a few runs at a time, in the order of the seeds."""
    parts = _parts(seeds)
    if jobs <= 1:
        yield from map(partial(run_seeds, scheduler=scheduler), parts)
        return
    pool = ProcessPoolExecutor(jobs, initializer=_begin_work)
    try:
        yield from pool.map(partial(run_seeds, scheduler=scheduler), parts)
    finally:
        pool.shutdown(cancel_futures=True)


def _counter(kind: type, found: dict[str, int]) -> Counter[str]:
    """What msgspec wrote as an object."""
    return Counter(found)


def core_count() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin_work() -> None:
    """Whoever interrupts stops the one that hands out work; what is under way is finished."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()


def _parts(seeds: Iterable[int]) -> Iterator[list[int]]:
    left = iter(seeds)
    while part := list(islice(left, PART_COUNT)):
        yield part
