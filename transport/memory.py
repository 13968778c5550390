"""A transport for one process: endpoints that share a hub. Loses nothing, and keeps the order of publishing.

There is no thread. Whoever publishes while the hub is idle delivers, and goes on until nothing waits; who publishes meanwhile (another
thread, or a deliver function itself) only enqueues. So no deliver call runs inside another, and no lock is held during one.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence

from transport.base import Deliver, TransportClosedError
from transport.names import is_prefix

_log = logging.getLogger(__name__)


class MemoryTransport:
    """One endpoint on a hub."""

    def __init__(self, hub: "MemoryHub") -> None:
        self._hub = hub
        self._delivers: dict[str, tuple[Deliver, ...]] = {}
        self.is_closed = False
        self.deliver_errors = 0
        hub.attach(self)

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        """Hear a channel or, with a final `*`, a prefix; see the port."""
        self._refuse_when_closed()
        with self._hub.lock:
            self._delivers = {**self._delivers, channel: (*self._delivers.get(channel, ()), deliver)}

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload to every endpoint of the hub, this one included."""
        self._refuse_when_closed()
        self._hub.publish(channel, payload)

    def publish_together(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """One after the other; see the port."""
        for channel, payload in frames:
            self.publish(channel, payload)

    def close(self) -> None:
        """Leave the hub; see the port."""
        self.is_closed = True
        self._hub.detach(self)

    def hear(self, channel: str, payload: bytes) -> None:
        """Called by the hub, one call at a time."""
        for name, delivers in self._delivers.items():
            if name == channel or (is_prefix(name) and channel.startswith(name[:-1])):
                for deliver in delivers:
                    self._deliver(deliver, channel, payload)

    def _deliver(self, deliver: Deliver, channel: str, payload: bytes) -> None:
        if self.is_closed:
            return
        try:
            deliver(channel, payload)
        except Exception:
            self.deliver_errors += 1
            _log.exception("a subscriber of %r raised", channel)

    def _refuse_when_closed(self) -> None:
        if self.is_closed:
            raise TransportClosedError("the transport is closed")


class MemoryHub:
    """What the endpoints of one process share."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self._endpoints: tuple[MemoryTransport, ...] = ()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._deliverer: int | None = None  # The thread that delivers what waits; None only while nothing waits.
        self._hearing: MemoryTransport | None = None  # The endpoint that it has called.

    def attach(self, endpoint: MemoryTransport) -> None:
        """Let an endpoint hear what is published from here on."""
        with self.lock:
            self._endpoints += (endpoint,)

    def detach(self, endpoint: MemoryTransport) -> None:
        """Take an endpoint away, and wait until no other thread is inside a call of it."""
        with self.lock:
            self._endpoints = tuple(other for other in self._endpoints if other is not endpoint)
            if self._deliverer != threading.get_ident():
                self.lock.wait_for(lambda: self._hearing is not endpoint)

    def publish(self, channel: str, payload: bytes) -> None:
        """Queue a payload, and deliver all that waits unless somebody is already at it."""
        with self.lock:
            self._waiting.append((channel, payload))
            if self._deliverer is not None:
                return
            self._deliverer = threading.get_ident()
        try:
            while self._deliver_next():
                pass
        except BaseException:  # An interrupt from the keyboard, say: the next publisher goes on.
            with self.lock:
                self._deliverer = self._hearing = None
            raise

    def _deliver_next(self) -> bool:
        with self.lock:
            if not self._waiting:
                self._deliverer = None
                return False
            channel, payload = self._waiting.popleft()
            endpoints = self._endpoints
        for endpoint in endpoints:
            self._enter(endpoint)
            endpoint.hear(channel, payload)
        self._enter(None)
        return True

    def _enter(self, endpoint: MemoryTransport | None) -> None:
        with self.lock:
            self._hearing = endpoint
            self.lock.notify_all()
