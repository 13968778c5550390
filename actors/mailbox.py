"""The mailbox: what waits for an actor, handed over all at once.

Any thread may put; the actor is woken once however much arrives, and takes everything that waits. So the busier it is, the larger its
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
        self._items: deque[Item] = deque()
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

    def put(self, item: Item, size_bytes: int = 0, *, droppable: bool = True) -> None:
        """Leave an item, and wake the actor if nobody has; each takes some room besides its size."""
        size_bytes += _ITEM_BYTES
        with self._lock:
            if droppable and self._waiting_bytes + size_bytes > self._limit_bytes:
                self.dropped_count += 1
                return
            self._waiting_bytes += size_bytes
            self._items.append(item)
            if self._woken:
                return
            self._woken = True
        self._wake()

    def take(self) -> list[Item]:
        """Everything that waits, oldest first."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
            self._waiting_bytes = 0
            self._woken = False
        return items


def _nobody() -> None:
    """Nobody is attached yet."""
