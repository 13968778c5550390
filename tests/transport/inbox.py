"""A subscriber for tests: keeps what is delivered, and waits for it with a deadline."""

import threading
from collections.abc import Callable

DEADLINE_SECONDS = 5.0


class Inbox:
    """Its `deliver` is given to subscribe()."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._letters: list[tuple[str, bytes]] = []

    def deliver(self, channel: str, payload: bytes) -> None:
        """Keep one letter."""
        with self._changed:
            self._letters.append((channel, payload))
            self._changed.notify_all()

    @property
    def letters(self) -> list[tuple[str, bytes]]:
        """All that was delivered, as (channel, payload)."""
        with self._changed:
            return list(self._letters)

    @property
    def payloads(self) -> list[bytes]:
        """The payloads alone."""
        return [payload for _, payload in self.letters]

    def wait_for(self, count: int, deadline_seconds: float = DEADLINE_SECONDS) -> list[tuple[str, bytes]]:
        """All letters, as soon as there are so many."""
        return self.wait_until(lambda letters: len(letters) >= count, deadline_seconds)

    def wait_until(
        self, holds: Callable[[list[tuple[str, bytes]]], bool], deadline_seconds: float = DEADLINE_SECONDS
    ) -> list[tuple[str, bytes]]:
        """All letters, as soon as something holds of them."""
        with self._changed:
            if not self._changed.wait_for(lambda: holds(self._letters), deadline_seconds):
                raise AssertionError(f"{len(self._letters)} letters after {deadline_seconds} s, the last: {self._letters[-3:]!r:.300}")
            return list(self._letters)


def wait_until(holds: Callable[[], bool], what: str, deadline_seconds: float = DEADLINE_SECONDS) -> None:
    """Wait for something that announces itself to nobody, such as a counter."""
    never = threading.Event()
    for _ in range(int(deadline_seconds * 100)):
        if holds():
            return
        never.wait(0.01)
    raise AssertionError(f"not within {deadline_seconds} s: {what}")
