"""A broker's transport with a thread of its own, which connects and reads."""

import random
import threading
from collections.abc import Callable

from transport.base import TransportError
from transport.broker import MAX_PAYLOAD_BYTES, SUBSCRIBE_SECONDS, Broker, Session
from transport.link import Link
from transport.subscriptions import Subscription

FIRST_ATTEMPT_SECONDS = 2.0
CLOSE_SECONDS = 5.0


class BrokerTransport(Broker):
    """A transport with a reading thread of its own.

    The constructor returns once the first attempt to connect has succeeded or failed, within FIRST_ATTEMPT_SECONDS; a server that is
    away is not an error.
    """

    def __init__(
        self,
        open_link: Callable[[bytes], Link],
        address: str,
        *,
        heartbeat_name: str | None = None,
        max_payload_bytes: int = MAX_PAYLOAD_BYTES,
    ) -> None:
        super().__init__(open_link, address, heartbeat_name=heartbeat_name, max_payload_bytes=max_payload_bytes)
        self._tried = threading.Event()  # The first attempt to connect has ended, well or ill.
        self._thread = threading.Thread(target=self._run, name=f"transport {address}", daemon=True)
        self._thread.start()
        self._tried.wait(FIRST_ATTEMPT_SECONDS)

    def close(self) -> None:
        """End the reading thread and both connections; see the port."""
        self._closing.set()
        self._dispatcher.stop()
        self._beat()  # Its echo wakes the reading thread where shut() cannot.
        opened = self._opened
        if opened is not None:
            opened.shut()
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_SECONDS)

    def _settle(self, subscription: Subscription) -> None:
        self._beat()  # Its echo wakes the reading thread, which alone may subscribe.
        with self._changed:
            self._changed.wait_for(lambda: subscription.is_settled or self._link is None, SUBSCRIBE_SECONDS)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._run_session()
            except TransportError as error:
                self._note_trouble(str(error))
            except Exception as error:  # Whatever it is, a node must not stay deaf for ever.
                self._note_trouble(repr(error), with_traceback=True)
            self._tried.set()
            self._closing.wait(self._backoff.next_delay(random.random()))

    def _run_session(self) -> None:
        session = self._begin_session()
        try:
            while not self._closing.is_set():
                self._step(session)
        finally:
            self._end_session(session.link)

    def _connected(self, session: Session) -> None:
        super()._connected(session)
        self._tried.set()
