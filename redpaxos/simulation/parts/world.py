"""The world of a simulated run: a virtual clock, one heap of events, and what was seen.

Nothing in a run waits for real time. An event is a function and the virtual time at which it is called; equal times keep the order in
which they were planned. All chance comes from streams that are split off one seed, so a run is a function of its plan and its seed.
"""

import heapq
import math
from collections import Counter
from collections.abc import Callable
from random import Random

from redpaxos.simulation.parts.trace import Trace

Act = Callable[[], None]


class World:
    """Time, chance and the trace of one run."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.step_count = 0
        self.trace = Trace()
        # How often each kind of fault really struck.
        self.fired: Counter[str] = Counter()
        self._seed = seed
        self._heap: list[tuple[float, int, Act]] = []
        self._planned_count = 0
        self._moment_count = 0

    def stream(self, name: str) -> Random:
        """A random stream of its own for each name, so that leaving out one part of a run does not change the chance of the others."""
        return Random(f"{self._seed}/{name}")

    def at(self, time: float, act: Act) -> None:
        """Call `act` at this virtual time."""
        self._planned_count += 1
        heapq.heappush(self._heap, (time, self._planned_count, act))

    def after(self, seconds: float, act: Act) -> None:
        """Call `act` when this much virtual time has passed."""
        self._planned_count += 1
        heapq.heappush(self._heap, (self.now + seconds, self._planned_count, act))

    def next_time(self) -> float:
        """When the next event is due; infinity if there is none."""
        return self._heap[0][0] if self._heap else math.inf

    def step(self) -> None:
        """Let the next event happen."""
        self.now, _, act = heapq.heappop(self._heap)
        self.step_count += 1
        act()

    def moment(self) -> int:
        """A number for this moment: each is greater than the one before."""
        self._moment_count += 1
        return self._moment_count

    def note(self, who: str, what: object) -> None:
        """Add a line to the trace; `what` is rendered only if somebody reads it."""
        self.trace.note(self.now, who, what)
