"""What the transports over Redis share: who connects, listens, notices silence and connects again.

A session is one link (link.py) from connect to first error. At its start the server is asked for every subscription and, last, for
the transport's private heartbeat channel; when that one is confirmed all the others are in force, and publishing opens. From then on
a heartbeat goes through the server and back; no echo ends the session. Nothing here waits without a bound, and nothing polls.

One thread reads: the transport's own (threaded.py), or the one that owns the transport (owned.py).
"""

import logging
import math
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
SUBSCRIBE_SECONDS = 2.0
BEAT_LOCK_SECONDS = 0.02

_log = logging.getLogger(__name__)


@dataclass
class Session:
    """What is known of one link; touched by the reading thread only."""

    link: Link
    heartbeat: Heartbeat
    asked: deque[Subscription] = field(default_factory=deque)  # Not answered yet, in the order in which the server will.


class Broker:
    """A transport over a server that keeps nothing; `open_link` makes its sessions, and who drives them is left open.

    `heartbeat_name` names the private channel `redpaxos:heartbeat:NAME`, for a server whose ACL must allow it.
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
        self._session_count = self._gaps = self._published = self._publish_errors = 0

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        """Hear a channel or, with a final `*`, a prefix; see the port."""
        self._refuse_when_closed()
        subscription = self._table.add(channel, deliver)
        if not subscription.is_settled:
            self._settle(subscription)
        if subscription.refusal:
            raise TransportError(f"{self._address} refuses the subscription to {channel!r}: {subscription.refusal}")

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload to the server; see the port."""
        self.publish_together(((channel, payload),))

    def publish_together(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """Hand several payloads to the server in one go; see the port."""
        small = [(encode_name(channel), payload) for channel, payload in frames if len(payload) <= self._max_payload_bytes]
        with self._sending:
            try:
                self._link_to_publish().publish(small)
            except TransportError:
                self._publish_errors += len(frames)
                raise
            self._published += len(small)
            self._publish_errors += len(frames) - len(small)
        if len(small) < len(frames):
            size = max(len(payload) for _, payload in frames)
            raise PayloadTooLargeError(f"a payload of {size} bytes is over the limit of {self._max_payload_bytes}")

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

    def _settle(self, subscription: Subscription) -> None:
        """Wait, within a bound, until the server has answered, or there is no connection to it."""
        raise NotImplementedError

    def _link_to_publish(self) -> Link:
        """The link to publish on, or an error that says why there is none."""
        self._refuse_when_closed()
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
            self._link.publish(((self._beat_subscription.key, self._own_beat),))
            return True
        except TransportError:
            return False  # The link is broken; the reading thread hears so from its next read.
        finally:
            self._sending.release()

    # From here on: the reading thread.

    def _begin_session(self) -> Session:
        """Connect, and ask for every subscription; what the caller gets it must end."""
        link = self._open_link(self._beat_subscription.key)
        self._opened = link
        session = Session(link, Heartbeat(time.monotonic()))
        self._table.start_session()
        try:
            self._ask(session, [*self._table.take_unasked(), self._beat_subscription])
        except BaseException:
            self._end_session(link)
            raise
        return session

    def _end_session(self, link: Link) -> None:
        link.shut()  # So whoever is inside publish() gets out soon.
        with self._sending:
            self._opened = self._link = None
            link.close()
        with self._changed:
            self._changed.notify_all()

    def _step(self, session: Session, longest_seconds: float = math.inf) -> None:
        """Hear what there is, ask for what is wanted, and mind the heartbeat."""
        frames = session.link.read(min(longest_seconds, session.heartbeat.seconds_to_next(time.monotonic())))
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

    def _ask(self, session: Session, subscriptions: Sequence[Subscription]) -> None:
        session.asked.extend(subscriptions)
        session.link.subscribe(subscriptions)

    def _control(self, session: Session, frame: Frame) -> None:
        """Everything that is not a message for a subscriber; what is neither of these is no concern of ours."""
        kind = frame[0]
        if kind in (b"subscribe", b"psubscribe"):
            self._confirmed(session, frame[1], is_prefix=kind == b"psubscribe")
        elif kind == REFUSED:
            self._refused(session, frame[1])
        elif kind == b"message" and frame[1] == self._beat_subscription.key and frame[2] == self._own_beat:
            session.heartbeat.heard()
            self._backoff.reset()  # Only a session that carries messages is a success.

    def _confirmed(self, session: Session, key: bytes, is_prefix: bool) -> None:
        if session.asked and session.asked[0].key == key:
            session.asked.popleft()
        if key == self._beat_subscription.key:
            self._connected(session)
        elif self._table.confirm(key, is_prefix):
            self._gaps += 1
        with self._changed:
            self._changed.notify_all()

    def _connected(self, session: Session) -> None:
        session.heartbeat.heard()
        self._session_count += 1
        self._trouble = ""
        self._link = session.link
        _log.info("%s: connected", self._address)

    def _refused(self, session: Session, reason: str) -> None:
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
