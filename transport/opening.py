"""From a URL to the best transport for it."""

from transport.broker import MAX_PAYLOAD_BYTES
from transport.threaded import BrokerTransport


def open_transport(url: str, *, heartbeat_name: str | None = None, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> BrokerTransport:
    """A transport over redis://, rediss:// or unix://: the fast one if hiredis is installed, otherwise the one over redis-py.

    A server that is away is not an error; TransportUrlError, in one line, if the URL makes no sense. redis-py is imported here and not
    before, since that takes a quarter of a second.
    """
    try:
        from transport.redis_socket import RedisSocketTransport
    except ModuleNotFoundError as error:
        if error.name != "hiredis":
            raise
        from transport.redis_pubsub import RedisPubSubTransport

        return RedisPubSubTransport(url, heartbeat_name=heartbeat_name, max_payload_bytes=max_payload_bytes)
    return RedisSocketTransport(url, heartbeat_name=heartbeat_name, max_payload_bytes=max_payload_bytes)
