"""Timers: one heap an actor, which the actor's own thread minds while it waits for messages.

A timer that is restarted or cancelled is not taken out of the heap; its expiry carries a generation, and the actor that set it ignores
an old one. So a cancelled timer is never seen, whatever was under way.
"""

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timers(Protocol):
    """The port: the simulator has a clock of its own."""

    def after(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` once when the time is over; it only enqueues."""
        ...


class HeapTimers:
    """The timers of one actor, used by its thread alone."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` once, from ring_due()."""
        heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), ring))

    def ring_due(self, longest_seconds: float) -> float:
        """Ring what is due, in order of time and of setting; for how long nothing else will be, or the longest that is asked for."""
        while self._heap:
            seconds = self._heap[0][0] - time.monotonic()
            if seconds > 0:
                return min(seconds, longest_seconds)
            heapq.heappop(self._heap)[2]()
        return longest_seconds
