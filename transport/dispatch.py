"""From frames to deliver calls: the hot path of receiving, and its counters. Used by the reading thread only."""

import logging

from transport.link import Frame
from transport.names import HEARTBEAT_PREFIX, decode_name, encode_name
from transport.subscriptions import Subscription, SubscriptionTable

_log = logging.getLogger(__name__)
_HEARTBEAT_PREFIX = encode_name(HEARTBEAT_PREFIX)


class Dispatcher:
    """Hands payloads to those who subscribed, until it is stopped."""

    def __init__(self, table: SubscriptionTable, max_payload_bytes: int) -> None:
        self._table = table
        self._max_payload_bytes = max_payload_bytes
        self._stopped = False
        self.delivered = 0
        self.delivered_bytes = 0
        self.deliver_errors = 0
        self.oversize = 0

    def stop(self) -> None:
        """No deliver call starts from here on, apart from one that is starting just now."""
        self._stopped = True

    def dispatch(self, frame: Frame) -> bool:
        """Deliver a message to its subscribers; False when the frame is not for any of them."""
        kind = frame[0]
        if kind == b"message":
            subscription = self._table.channels.get(frame[1])
            if subscription is None:
                return False
            self._deliver(subscription, subscription.name, frame[2])
            return True
        if kind == b"pmessage":
            subscription = self._table.patterns.get(frame[1])
            if subscription is not None and not frame[2].startswith(_HEARTBEAT_PREFIX):
                self._deliver(subscription, decode_name(frame[2]), frame[3])
            return True
        return False

    def _deliver(self, subscription: Subscription, channel: str, payload: bytes) -> None:
        if len(payload) > self._max_payload_bytes:
            self._note_oversize(channel, payload)
            return
        for deliver in subscription.delivers:
            if self._stopped:
                return
            self.delivered += 1
            self.delivered_bytes += len(payload)
            try:
                deliver(channel, payload)
            except Exception:
                self._note_failure(subscription)

    def _note_oversize(self, channel: str, payload: bytes) -> None:
        self.oversize += 1
        if self.oversize == 1:
            _log.warning("dropped a payload of %d bytes on %r: the limit is %d", len(payload), channel, self._max_payload_bytes)

    def _note_failure(self, subscription: Subscription) -> None:
        """Count it, and log it once for each subscription: a deliver function that raises is a bug of the subscriber."""
        self.deliver_errors += 1
        subscription.error_count += 1
        if subscription.error_count == 1:
            _log.exception("a subscriber of %r raised; its further errors are only counted", subscription.name)
