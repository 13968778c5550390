"""The mailbox: what waits for an actor, handed over together.

Any thread may put; the actor is woken once however much arrives, and takes as much of it as it wants. So the busier it is, the larger its
drains, and an idle one waits for nothing.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

_ITEM_BYTES = 200


class Mailbox(Generic[Item]):
    """A queue between transport threads and one actor, bounded by bytes: what does not fit is dropped, as a network would.

    What the actor told itself, its timers, is never dropped: nobody would send it again.
    """

    def __init__(self, limit_bytes: int = 128 * 1024 * 1024) -> None:
        self._limit_bytes = limit_bytes
        # Each with the room that it takes.
        self._items: deque[tuple[Item, int]] = deque()
        self._waiting_bytes = 0
        # True from the first put after a take: exactly one wake-up is then on its way.
        self._woken = False
        self._lock = threading.Lock()
        self._wake: Callable[[], None] = _nobody
        self.dropped_count = 0

    def attach(self, wake: Callable[[], None]) -> None:
        """Say how the actor is woken; what arrived before is announced at once."""
        with self._lock:
            self._wake = wake
            self._woken = bool(self._items)
        if self._items:
            wake()

    def put(self, item: Item, size_bytes: int = 0) -> None:
        """Leave an item, and wake the actor if nobody has; each takes some room besides its size."""
        size_bytes += _ITEM_BYTES
        with self._lock:
            if self._waiting_bytes + size_bytes > self._limit_bytes:
                self.dropped_count += 1
                return
            self._waiting_bytes += size_bytes
            self._items.append((item, size_bytes))
            if self._woken:
                return
            self._woken = True
        self._wake()

    def remind(self, item: Item) -> None:
        """Leave what the actor told itself: it is never dropped. It waits its turn, for what came before may make it void."""
        with self._lock:
            self._items.append((item, 0))
            if self._woken:
                return
            self._woken = True
        self._wake()

    def take(self, limit_count: int) -> list[Item]:
        """What waits, oldest first, up to a limit; the actor is woken again for the rest."""
        with self._lock:
            taken = [self._items.popleft() for _ in range(min(limit_count, len(self._items)))]
            self._waiting_bytes -= sum(size_bytes for _, size_bytes in taken)
            self._woken = bool(self._items)
        if self._woken:
            self._wake()
        return [item for item, _ in taken]


def _nobody() -> None:
    """Nobody is attached yet."""
