"""One maker of endpoints for each implementation of the port, so that one contract suite runs over all of them."""

from collections.abc import Callable, Iterator

import fakeredis
import pytest

from tests.servers import RedisServer
from tests.transport.attended import Attended
from transport.base import Transport
from transport.memory import MemoryHub, MemoryTransport
from transport.redis_pubsub import RedisPubSubTransport
from transport.redis_socket import RedisSocketTransport

MakeTransport = Callable[[], Transport]

KINDS = ["memory", "fakeredis", *(pytest.param(kind, marks=pytest.mark.server) for kind in ("redis-py", "socket", "unix-socket", "owned"))]


def maker(kind: str, request: pytest.FixtureRequest) -> MakeTransport:
    """A function that makes endpoints which hear each other."""
    if kind == "memory":
        hub = MemoryHub()
        return lambda: MemoryTransport(hub)
    if kind == "fakeredis":
        fake = fakeredis.FakeServer()
        return lambda: RedisPubSubTransport(lambda: fakeredis.FakeRedis(server=fake))
    server: RedisServer = request.getfixturevalue("redis_server")
    if kind == "redis-py":
        return lambda: RedisPubSubTransport(server.url)
    if kind == "owned":
        return lambda: Attended(server.unix_url)
    return lambda: RedisSocketTransport(server.url if kind == "socket" else server.unix_url)


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Iterator[MakeTransport]:
    """Makes endpoints, and closes them after the test."""
    make_one = maker(request.param, request)
    made: list[Transport] = []

    def make_and_keep() -> Transport:
        made.append(make_one())
        return made[-1]

    yield make_and_keep
    for transport in made:
        transport.close()
