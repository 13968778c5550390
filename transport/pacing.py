"""When to send a heartbeat, when to give a connection up, and when to try again. Pure: time and chance are arguments.

A frozen server and a half-open connection look like silence. So a transport publishes a heartbeat to itself through the server:
an echo proves both directions. A frozen server is noticed within BEAT_SECONDS + SILENCE_SECONDS.
"""

BEAT_SECONDS = 0.5
SILENCE_SECONDS = 1.0
"""How long an echo may be missing while nothing at all arrives."""
LOST_ECHO_SECONDS = 5.0
"""How long it may be missing while other messages still arrive: the reading side lives, but perhaps not the writing one."""


class Heartbeat:
    """The heartbeat of one session; it begins by waiting for the server's first sign of life."""

    def __init__(self, now: float) -> None:
        self._waiting_since: float | None = now  # When the sign that is still missing was asked for; None when none is missing.
        self._next_at = now  # Never before this is a heartbeat sent.

    def is_due(self, now: float) -> bool:
        """Whether a heartbeat should be sent; never while one is under way."""
        return self._waiting_since is None and now >= self._next_at

    def sent(self, now: float) -> None:
        """A heartbeat was published."""
        self._waiting_since = now
        self._next_at = now + BEAT_SECONDS

    def postponed(self, now: float) -> None:
        """It could not be published, because the connection is busy with somebody's payload."""
        self._next_at = now + BEAT_SECONDS / 10

    def heard(self) -> None:
        """Its echo came back."""
        self._waiting_since = None

    def is_lost(self, now: float, idle: bool) -> bool:
        """Whether the session should be given up; `idle` says that the last read heard nothing."""
        if self._waiting_since is None:
            return False
        return now - self._waiting_since >= (SILENCE_SECONDS if idle else LOST_ECHO_SECONDS)

    def seconds_to_next(self, now: float) -> float:
        """For how long a read may block before there is something to do or to judge."""
        event_at = self._next_at if self._waiting_since is None else self._waiting_since + SILENCE_SECONDS
        return max(0.0, event_at - now)


class Backoff:
    """Exponential, with jitter, and capped well below a second: consensus is waiting."""

    FIRST_SECONDS = 0.02
    CAP_SECONDS = 0.5

    def __init__(self) -> None:
        self._ceiling_seconds = self.FIRST_SECONDS

    def next_delay(self, chance: float) -> float:
        """Seconds to wait before the next attempt; `chance` is uniform in [0, 1)."""
        delay = self._ceiling_seconds * (0.5 + chance / 2)
        self._ceiling_seconds = min(self.CAP_SECONDS, self._ceiling_seconds * 2)
        return delay

    def reset(self) -> None:
        """An attempt succeeded and has proved itself."""
        self._ceiling_seconds = self.FIRST_SECONDS
