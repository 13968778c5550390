"""Many runs: over the cores of a machine, summed up, and stopped and continued where wanted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

from msgspec import Struct, field

from redpaxos.simulation.invariants import Violation
from redpaxos.simulation.running import run

PART_COUNT = 20
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
        self.fired += other.fired
        self.outcomes += other.outcomes
        self.violations |= other.violations


def run_seeds(seeds: Iterable[int]) -> Summary:
    """Run each seed, one after the other."""
    total = Summary()
    for seed in seeds:
        result = run(seed)
        violations = {} if result.violation is None else {seed: result.violation}
        recovery_seconds = result.recovery_seconds if result.violation is None else 0.0
        one = Summary(1, result.step_count, result.virtual_seconds, recovery_seconds, result.chosen_count, result.fired, result.outcomes)
        total.add(one)
        total.violations |= violations
    return total


def run_fleet(seeds: Iterable[int], jobs: int = 1) -> Iterator[Summary]:
    """Run the seeds in so many processes; yields the sum of a few runs at a time, in the order of the seeds."""
    parts = _parts(seeds)
    if jobs <= 1:
        yield from map(run_seeds, parts)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run_seeds, parts)


def _parts(seeds: Iterable[int]) -> Iterator[list[int]]:
    left = iter(seeds)
    while part := list(islice(left, PART_COUNT)):
        yield part
