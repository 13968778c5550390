"""Signs of life: when a leader was last heard, if heartbeats restart a timer and what it proposes or decides does not.

Under load there is very much of that, so it only leaves a mark; when the timer runs out, it is extended by the time from where it
began to the last mark. So a leader is missed one time-out after its last sign, whatever that was.
"""


class Signs:
    """Of one leader, as seen by one node; times are milliseconds of the node's own clock."""

    def __init__(self) -> None:
        # When the timer began to run, or would have, and when the last sign came. A drain ends before its time is known.
        self._begun_at = 0
        self._seen_at = 0
        # What this drain has brought.
        self._begins = False
        self._is_seen = False
        # Whether anything was seen since the timer began to run.
        self.is_fresh = False

    def begin(self) -> None:
        """A timer was started at a sign."""
        self._begins, self._is_seen, self.is_fresh = True, False, False

    def note(self) -> None:
        """A sign that starts no timer."""
        self._is_seen = self.is_fresh = True

    def date(self, now: int) -> None:
        """It is so late, at the end of the drain."""
        if self._begins:
            self._begun_at, self._begins = now, False
        if self._is_seen:
            self._seen_at, self._is_seen = now, False

    def extend(self) -> float:
        """For how many seconds a timer that ran out has to run on; it counts as begun at the last sign."""
        seconds = max(0, self._seen_at - self._begun_at) / 1000
        self._begun_at, self.is_fresh = self._seen_at, False
        return seconds
