"""An owned transport with an owner, so that the suites of the others run over it: a thread that waits on it and does what it is asked."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from transport.base import Deliver, TransportClosedError
from transport.broker import MAX_PAYLOAD_BYTES
from transport.connections import address_of, make_pool
from transport.owned import OwnedTransport
from transport.redis_socket import SocketLink
from transport.stats import TransportStats

Returned = TypeVar("Returned")

_FIRST_SECONDS = 2.0


class Attended:
    """Every call is made on the owner's thread."""

    def __init__(self, url: str, *, heartbeat_name: str | None = None, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> None:
        pool = make_pool(url)
        self._owned = OwnedTransport(
            lambda heartbeat: SocketLink(pool, heartbeat),
            address_of(pool),
            heartbeat_name=heartbeat_name,
            max_payload_bytes=max_payload_bytes,
        )
        self._asked: deque[Callable[[], None]] = deque()
        self._closed = threading.Event()
        self._tried = threading.Event()
        self._reading, self._writing = os.pipe()
        self._thread = threading.Thread(target=self._own, daemon=True)
        self._thread.start()
        self._tried.wait(_FIRST_SECONDS)

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        """See the port."""
        self._call(lambda: self._owned.subscribe(channel, deliver))

    def publish(self, channel: str, payload: bytes) -> None:
        """See the port."""
        self._call(lambda: self._owned.publish(channel, payload))

    def publish_together(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """See the port."""
        self._call(lambda: self._owned.publish_together(frames))

    def stats(self) -> TransportStats:
        """The counters."""
        return self._owned.stats()

    def close(self) -> None:
        """See the port."""
        if self._closed.is_set():
            return
        self._owned.close()
        self._closed.set()
        if threading.current_thread() is not self._thread:
            os.write(self._writing, b"!")
            self._thread.join()
            os.close(self._reading)
            os.close(self._writing)

    def _call(self, ask: Callable[[], Returned]) -> Returned:
        if self._closed.is_set():
            raise TransportClosedError("closed")
        if threading.current_thread() is self._thread:
            return ask()
        answer: Future[Returned] = Future()

        def perform() -> None:
            try:
                answer.set_result(ask())
            except Exception as error:
                answer.set_exception(error)

        self._asked.append(perform)
        os.write(self._writing, b"!")
        return answer.result(10.0)

    def _own(self) -> None:
        self._owned.wake_on(self._reading)
        begun_at = time.monotonic()
        while not self._closed.is_set():
            self._owned.attend(0.05)
            if self._owned.stats().connected or time.monotonic() - begun_at > 0.5:
                self._tried.set()
            while self._asked:
                os.read(self._reading, 1)
                self._asked.popleft()()
        self._owned.release()
