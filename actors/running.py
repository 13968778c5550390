"""Running timers: which timer of which group runs, and which ring still means anything.

A timer that is restarted or cancelled may ring all the same: nothing is taken back from whoever minds the time (actors/timers.py), nor out
of the mailbox. So every start has a generation of its own, and a ring of any other than the running one wakes nobody and is never seen.
"""

from functools import partial

from actors.wiring import Ring, Wiring
from paxos.effects import StartTimer


class RunningTimers:
    """The timers of all groups of one actor."""

    def __init__(self, wiring: Wiring) -> None:
        self._timers = wiring.timers
        self._random = wiring.random
        self._mailbox = wiring.mailbox
        # The generation of each timer that runs, by its group and name; none is given twice.
        self._running: dict[tuple[str, str], int] = {}
        self._generation = 0

    def __len__(self) -> int:
        return len(self._running)

    def groups(self) -> set[str]:
        """Those that wait for a timer."""
        return {group for group, _ in self._running}

    def start(self, group: str, timer: StartTimer) -> None:
        """Start it, or start it again."""
        self._generation += 1
        self._running[group, timer.name] = self._generation
        ring = Ring(group, timer.name, self._generation)
        seconds = timer.after_seconds + self._random.random() * timer.jitter_seconds
        self._timers.after(seconds, partial(self._remind, ring))

    def cancel(self, group: str, name: str) -> None:
        """Forget it, if it runs."""
        self._running.pop((group, name), None)

    def expires(self, ring: Ring) -> bool:
        """Whether the timer that rang was still running; from here on it is not."""
        if not self._is_running(ring):
            return False
        del self._running[ring.group, ring.timer]
        return True

    def _remind(self, ring: Ring) -> None:
        """A timer's time is over; one that was restarted or cancelled meanwhile wakes nobody."""
        if self._is_running(ring):
            self._mailbox.remind(ring)

    def _is_running(self, ring: Ring) -> bool:
        return self._running.get((ring.group, ring.timer)) == ring.generation
