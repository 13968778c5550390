"""The clock of a simulated node: what elapses there, at a rate of its own, with jumps."""

from redpaxos.simulation.parts.world import World


class NodeClock:
    """Counts seconds from the begin of the run as its node sees them."""

    def __init__(self, world: World, rate: float) -> None:
        self._world = world
        self._rate = rate
        # What the clock showed when the rate was set, and when that was.
        self._shown = 0.0
        self._since = 0.0

    @property
    def rate(self) -> float:
        """A timer takes this many times as long as it should."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._shown, self._since = self._seconds(), self._world.now
        self._rate = rate

    def jump(self, seconds: float) -> None:
        """Show so much more, or less, from one moment to the next."""
        self._shown += seconds

    def milliseconds(self) -> int:
        """What the clock shows."""
        return int(self._seconds() * 1000)

    def _seconds(self) -> float:
        return self._shown + (self._world.now - self._since) / self._rate
