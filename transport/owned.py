"""A broker's transport without a thread: the thread that owns it waits on it, and everything happens there.

So whoever is both the reader and the receiver saves the hand-over from one thread to another, which costs more than a hop through
Redis. Only close() may be called by other threads.
"""

import math
import random
import select
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from transport.base import TransportError
from transport.broker import MAX_PAYLOAD_BYTES, SUBSCRIBE_SECONDS, Broker, Session
from transport.link import Link, WatchingLink
from transport.subscriptions import Subscription


class OwnedTransport(Broker):
    """What its owner subscribes to is delivered while the owner is inside attend() or subscribe()."""

    def __init__(
        self,
        open_link: Callable[[bytes], WatchingLink],
        address: str,
        *,
        heartbeat_name: str | None = None,
        max_payload_bytes: int = MAX_PAYLOAD_BYTES,
    ) -> None:
        super().__init__(self._open_watching, address, heartbeat_name=heartbeat_name, max_payload_bytes=max_payload_bytes)
        self._open_unwatched = open_link
        self._session: Session | None = None
        # No attempt to connect is made before this moment of the monotonic clock.
        self._next_attempt = 0.0
        # Below 0 until there is one.
        self._waker = -1
        self._sleeper = select.poll()

    def wake_on(self, descriptor: int) -> None:
        """Let attend() return as soon as this file is readable; called at most once, before anything else."""
        self._waker = descriptor
        self._sleeper.register(descriptor, select.POLLIN)

    def attend(self, longest_seconds: float) -> None:
        """Wait until something arrives, the waker is readable or the time is over, and deliver what arrived.

        While the server is away it is tried again, with bounded back-off; an attempt to connect may outlast the time, by the bounds
        that connecting has.
        """
        try:
            if self._session is None and self._may_connect(longest_seconds):
                self._session = self._begin_session()
            elif self._session is not None:
                self._step(self._session, longest_seconds)
        except TransportError as error:
            self._part(str(error))
        except Exception as error:  # Whatever it is, a node must not stay deaf for ever.
            self._part(repr(error), with_traceback=True)

    def close(self) -> None:
        """Deliver nothing more, and break the connection, of which the owner hears when it attends; see the port."""
        self._closing.set()
        self._dispatcher.stop()
        opened = self._opened
        if opened is not None:
            opened.shut()

    def release(self) -> None:
        """Close, and free the connections; called by the owner, last."""
        self.close()
        if self._session is not None:
            self._end_session(self._session.link)
            self._session = None

    def _may_connect(self, longest_seconds: float) -> bool:
        """Whether it is time to try; if not, some of it is over on return."""
        pause = math.inf if self._closing.is_set() else self._next_attempt - time.monotonic()
        if pause > 0:
            self._sleeper.poll(min(longest_seconds, pause) * 1000)
        return pause <= 0

    def _settle(self, subscription: Subscription) -> None:
        """Attend until the server has answered and publishing is open."""
        until = time.monotonic() + SUBSCRIBE_SECONDS
        if self._session is not None:
            self._ask(self._session, self._table.take_unasked())
        while not (subscription.is_settled and self._link is not None) and (now := time.monotonic()) < until:
            self.attend(until - now if self._session is not None else 0.0)
            if self._session is None:
                return

    def _open_watching(self, heartbeat: bytes) -> Link:
        link = self._open_unwatched(heartbeat)
        if self._waker >= 0:
            link.watch(self._waker)
        return link

    def _part(self, trouble: str, with_traceback: bool = False) -> None:
        """The session is over, or never began: say why, and when to try again."""
        self._note_trouble(trouble, with_traceback)
        if self._session is not None:
            self._end_session(self._session.link)
            self._session = None
        self._next_attempt = time.monotonic() + self._backoff.next_delay(random.random())


@runtime_checkable
class Ownable(Protocol):
    """A transport that can make others, to the same server, each for one thread to wait on."""

    def owned(self) -> OwnedTransport:
        """Another transport to the same server."""
        ...
