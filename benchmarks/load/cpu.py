"""The CPU time of a load's own process, which tells whether the load was the limit."""

import time

from benchmarks.load.base import Window

_LOOK_SECONDS = 0.1


class CpuClock:
    """This process's CPU time within a window."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._begin: float | None = None
        self.seconds = 0.0

    def look(self, now: float) -> None:
        """Called now and then."""
        if self._begin is None and now >= self._window.begin:
            self._begin = time.process_time()
        if self._begin is not None and now <= self._window.end:
            self.seconds = time.process_time() - self._begin


def watch(cpu: CpuClock, window: Window) -> None:
    """Look at the clock until the window is over, while other threads work."""
    while (now := time.perf_counter()) < window.end:
        cpu.look(now)
        time.sleep(_LOOK_SECONDS)
