"""Timers: one heap and one thread a process.

A timer that is restarted or cancelled is not taken out of the heap; its expiry carries a generation, and the actor that set it ignores
an old one. So a cancelled timer is never seen, whatever was under way.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol


class Timers(Protocol):
    """The port: the simulator has a clock of its own."""

    def after(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` once, from any thread, when the time is over; it only enqueues."""
        ...


class ThreadTimers:
    """The process's timers; start() before use, close() once."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="redpaxos-timers", daemon=True)

    def start(self) -> None:
        """Begin to ring."""
        self._thread.start()

    def after(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` once, from the timer thread."""
        due = time.monotonic() + seconds
        with self._changed:
            heapq.heappush(self._heap, (due, next(self._order), ring))
            if self._heap[0][0] == due:
                self._changed.notify()

    def close(self) -> None:
        """Ring no more; idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while (due := self._wait_for_due()) is not None:
            for ring in due:
                ring()

    def _wait_for_due(self) -> list[Callable[[], None]] | None:
        """Block until something is due; None when closed."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                due = []
                while self._heap and self._heap[0][0] <= now:
                    due.append(heapq.heappop(self._heap)[2])
                if due:
                    return due
                self._changed.wait(self._heap[0][0] - now if self._heap else None)
            return None
