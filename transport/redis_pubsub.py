"""The transport over whatever redis-py can reach, fakeredis included; the slow and general one.

A hop takes about six times as long as over redis_socket.py. Every PUBLISH waits for its reply, so a refusal is seen at once.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import redis
from redis.client import PubSub
from redis.connection import ConnectionPool

from transport.base import TransportDownError, TransportError
from transport.broker import MAX_PAYLOAD_BYTES
from transport.connections import Source, address_of, ask, connect, make_pool
from transport.link import REFUSED, Frame
from transport.subscriptions import Subscription
from transport.threaded import BrokerTransport


class RedisPubSubTransport(BrokerTransport):
    """Pub/sub through redis-py; `source` is a URL, or a function that makes a client for the transport to own."""

    def __init__(self, source: Source, *, heartbeat_name: str | None = None, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> None:
        pool = make_pool(source)
        super().__init__(
            lambda heartbeat: PubSubLink(pool, heartbeat),
            address_of(pool),
            heartbeat_name=heartbeat_name,
            max_payload_bytes=max_payload_bytes,
        )


class PubSubLink:
    """A link of redis-py's own connections: one that publishes, and a PubSub."""

    def __init__(self, pool: ConnectionPool, heartbeat: bytes) -> None:
        self._broken = False
        self._writer = connect(pool)
        ask(self._writer, "PUBLISH", heartbeat, b"")
        self._pubsub: Any = PubSub(pool)

    def publish(self, frames: Sequence[tuple[bytes, bytes]]) -> None:
        """Send each and await its reply, for as long as the connection's timeout; see Link."""
        if self._broken:
            raise TransportDownError("the connection is broken")
        refusal: redis.ResponseError | None = None
        try:
            for channel, payload in frames:
                self._writer.send_command("PUBLISH", channel, payload)
                try:
                    self._writer.read_response()
                except redis.ResponseError as error:
                    refusal = error
        except (redis.RedisError, OSError) as error:
            self._broken = True
            raise TransportError(f"the connection broke while publishing: {error}") from error
        if refusal is not None:
            raise TransportError(f"the server refuses to publish: {refusal}") from refusal

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """One command for each, so that each has an answer of its own; see Link."""
        try:
            for subscription in subscriptions:
                if subscription.is_prefix:
                    self._pubsub.psubscribe(subscription.key)
                else:
                    self._pubsub.subscribe(subscription.key)
        except (redis.RedisError, OSError) as error:
            raise TransportDownError(f"cannot subscribe: {error}") from error

    def read(self, timeout_seconds: float) -> Sequence[Frame] | None:
        """At most one frame; see Link."""
        if self._broken:
            raise TransportDownError("the connection is broken")
        try:
            frame = self._pubsub.parse_response(block=False, timeout=timeout_seconds)
        except redis.TimeoutError:
            return ()  # The rest of a large frame is still on its way.
        except redis.ResponseError as error:
            return ([REFUSED, str(error)],)
        except (redis.RedisError, OSError) as error:
            raise TransportDownError(f"the connection broke: {error}") from error
        return None if frame is None else (frame,)

    def shut(self) -> None:
        """Both connections belong to their threads, which notice within their timeouts; see Link."""
        self._broken = True

    def close(self) -> None:
        """Disconnect; see Link."""
        self._writer.disconnect()
        self._pubsub.close()
