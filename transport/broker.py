"""What the transports over Redis share: one thread that connects, listens, notices silence and connects again.

A session is one link (link.py) from connect to first error. At its start the server is asked for every subscription and, last, for
the transport's private heartbeat channel; when that one is confirmed all the others are in force, and publishing opens. From then on
a heartbeat goes through the server and back; no echo ends the session. Nothing here waits without a bound, and nothing polls.
"""

import logging
import random
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transport.base import Deliver, PayloadTooLargeError, TransportClosedError, TransportDownError, TransportError
from transport.dispatch import Dispatcher
from transport.link import REFUSED, Frame, Link
from transport.names import HEARTBEAT_PREFIX, encode_name
from transport.pacing import Backoff, Heartbeat
from transport.stats import TransportStats
from transport.subscriptions import Subscription, SubscriptionTable, make_subscription

MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
FIRST_ATTEMPT_SECONDS = 2.0
SUBSCRIBE_SECONDS = 2.0
CLOSE_SECONDS = 5.0
BEAT_LOCK_SECONDS = 0.02

_log = logging.getLogger(__name__)


@dataclass
class _Session:
    """What is known of one link; touched by the reading thread only."""

    link: Link
    heartbeat: Heartbeat
    asked: deque[Subscription] = field(default_factory=deque)  # Not answered yet, in the order in which the server will.


class BrokerTransport:
    """A transport over a server that keeps nothing; `open_link` makes its sessions.

    The constructor returns once the first attempt to connect has succeeded or failed, within FIRST_ATTEMPT_SECONDS; a server that is
    away is not an error. `heartbeat_name` names the private channel `redpaxos:heartbeat:NAME`, for a server whose ACL must allow it.
    """

    def __init__(
        self,
        open_link: Callable[[bytes], Link],
        address: str,
        *,
        heartbeat_name: str | None = None,
        max_payload_bytes: int = MAX_PAYLOAD_BYTES,
    ) -> None:
        self._open_link = open_link
        self._address = address
        self._max_payload_bytes = max_payload_bytes
        self._beat_subscription = make_subscription(HEARTBEAT_PREFIX + (heartbeat_name or secrets.token_hex(8)))
        self._own_beat = secrets.token_bytes(8)  # The payload of our heartbeats: somebody else's echo proves nothing.
        self._table = SubscriptionTable()
        self._dispatcher = Dispatcher(self._table, max_payload_bytes)
        self._backoff = Backoff()
        self._sending = threading.Lock()  # Held by the one thread that publishes.
        self._changed = threading.Condition()  # A subscription was settled, the link came up or went down, or the transport closed.
        self._opened: Link | None = None  # The session's link from its opening to its end; close() shuts it.
        self._link: Link | None = None  # The same, while it is fit for publishing; it goes away under _sending.
        self._trouble = "not connected yet"  # Why the link is down; logged whenever it changes.
        self._closing = threading.Event()
        self._tried = threading.Event()  # The first attempt to connect has ended, well or ill.
        self._session_count = self._gaps = self._published = self._publish_errors = 0
        self._thread = threading.Thread(target=self._run, name=f"transport {address}", daemon=True)
        self._thread.start()
        self._tried.wait(FIRST_ATTEMPT_SECONDS)

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        """Hear a channel or, with a final `*`, a prefix; see the port."""
        self._refuse_when_closed()
        subscription = self._table.add(channel, deliver)
        if not subscription.is_settled:
            self._beat()  # Its echo wakes the reading thread, which alone may subscribe.
            with self._changed:
                self._changed.wait_for(lambda: subscription.is_settled or self._link is None, SUBSCRIBE_SECONDS)
        if subscription.refusal:
            raise TransportError(f"{self._address} refuses the subscription to {channel!r}: {subscription.refusal}")

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload to the server; see the port."""
        with self._sending:
            try:
                self._link_for(payload).publish(encode_name(channel), payload)
            except TransportError:
                self._publish_errors += 1
                raise
            self._published += 1

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

    def stats(self) -> TransportStats:
        """The counters as they are now."""
        return TransportStats(
            connected=self._link is not None,
            published=self._published,
            publish_errors=self._publish_errors,
            delivered=self._dispatcher.delivered,
            delivered_bytes=self._dispatcher.delivered_bytes,
            deliver_errors=self._dispatcher.deliver_errors,
            reconnects=max(0, self._session_count - 1),
            gaps=self._gaps,
            oversize=self._dispatcher.oversize,
        )

    def _refuse_when_closed(self) -> None:
        if self._closing.is_set():
            raise TransportClosedError(f"the transport to {self._address} is closed")

    def _link_for(self, payload: bytes) -> Link:
        """The link to publish a payload on, or an error that says why there is none."""
        self._refuse_when_closed()
        if len(payload) > self._max_payload_bytes:
            raise PayloadTooLargeError(f"a payload of {len(payload)} bytes is over the limit of {self._max_payload_bytes}")
        if self._link is None:
            raise TransportDownError(f"no connection to {self._address}: {self._trouble}")
        return self._link

    def _beat(self) -> bool:
        """Publish a heartbeat, unless the link is down or busy with somebody's payload."""
        if not self._sending.acquire(timeout=BEAT_LOCK_SECONDS):
            return False
        try:
            if self._link is None:
                return False
            self._link.publish(self._beat_subscription.key, self._own_beat)
            return True
        except TransportError:
            return False  # The link is broken; the reading thread hears so from its next read.
        finally:
            self._sending.release()

    # From here on: the reading thread.

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
        link = self._open_link(self._beat_subscription.key)
        try:
            self._opened = link
            session = _Session(link, Heartbeat(time.monotonic()))
            self._table.start_session()
            self._ask(session, [*self._table.take_unasked(), self._beat_subscription])
            while not self._closing.is_set():
                self._step(session)
        finally:
            self._end_session(link)

    def _end_session(self, link: Link) -> None:
        link.shut()  # So whoever is inside publish() gets out soon.
        with self._sending:
            self._opened = self._link = None
            link.close()
        with self._changed:
            self._changed.notify_all()

    def _step(self, session: _Session) -> None:
        """Hear what there is, ask for what is wanted, and mind the heartbeat."""
        frames = session.link.read(session.heartbeat.seconds_to_next(time.monotonic()))
        for frame in frames or ():
            if not self._dispatcher.dispatch(frame):
                self._control(session, frame)
        unasked = self._table.take_unasked()
        if unasked:
            self._ask(session, unasked)
        now = time.monotonic()
        if session.heartbeat.is_lost(now, idle=frames is None):
            raise TransportDownError(f"{self._address} fell silent")
        if session.heartbeat.is_due(now):
            if self._beat():
                session.heartbeat.sent(now)
            else:
                session.heartbeat.postponed(now)

    def _ask(self, session: _Session, subscriptions: Sequence[Subscription]) -> None:
        session.asked.extend(subscriptions)
        session.link.subscribe(subscriptions)

    def _control(self, session: _Session, frame: Frame) -> None:
        """Everything that is not a message for a subscriber; what is neither of these is no concern of ours."""
        kind = frame[0]
        if kind in (b"subscribe", b"psubscribe"):
            self._confirmed(session, frame[1], is_prefix=kind == b"psubscribe")
        elif kind == REFUSED:
            self._refused(session, frame[1])
        elif kind == b"message" and frame[1] == self._beat_subscription.key and frame[2] == self._own_beat:
            session.heartbeat.heard()
            self._backoff.reset()  # Only a session that carries messages is a success.

    def _confirmed(self, session: _Session, key: bytes, is_prefix: bool) -> None:
        if session.asked and session.asked[0].key == key:
            session.asked.popleft()
        if key == self._beat_subscription.key:
            self._connected(session)
        elif self._table.confirm(key, is_prefix):
            self._gaps += 1
        with self._changed:
            self._changed.notify_all()

    def _connected(self, session: _Session) -> None:
        session.heartbeat.heard()
        self._session_count += 1
        self._trouble = ""
        self._link = session.link
        self._tried.set()
        _log.info("%s: connected", self._address)

    def _refused(self, session: _Session, reason: str) -> None:
        subscription = session.asked.popleft() if session.asked else self._beat_subscription
        if subscription is self._beat_subscription:
            raise TransportDownError(f"{self._address} refuses the heartbeat channel {subscription.name}: {reason}")
        if self._table.refuse(subscription, reason):
            _log.warning("%s refuses the subscription to %r: %s", self._address, subscription.name, reason)
        with self._changed:
            self._changed.notify_all()

    def _note_trouble(self, trouble: str, with_traceback: bool = False) -> None:
        """Log why there is no connection, once for each reason in a row."""
        if self._closing.is_set() or trouble == self._trouble:
            return
        self._trouble = trouble
        _log.warning("%s: %s; trying again", self._address, trouble, exc_info=with_traceback)
