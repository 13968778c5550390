"""Complaints: what an actor could not take, counted by its kind, and said once a sender and kind."""

from collections import Counter
from collections.abc import Callable

_COMPLAINT_COUNT = 1000


class Complaints:
    """Whoever sends a thousand bad frames is counted a thousand times, and fills no log."""

    def __init__(self, who: str, warn: Callable[[str], None]) -> None:
        self._who = who
        self._warn = warn
        # How often each kind of thing was refused.
        self.refused: Counter[str] = Counter()
        # The sender and kind of each complaint made.
        self._made: set[tuple[str, str]] = set()

    def refuse(self, kind: str, sender: str, reason: str) -> None:
        """Count what cannot be taken, and say so once a sender and kind."""
        self.refused[kind] += 1
        self.complain(kind, sender, f"refused: {reason}")

    def complain(self, kind: str, sender: str, complaint: str) -> None:
        """Say something of a sender, once."""
        if (sender, kind) not in self._made and len(self._made) < _COMPLAINT_COUNT:
            self._made.add((sender, kind))
            self._warn(f"{self._who} {complaint}")
