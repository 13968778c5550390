"""What the transports over Redis do when the server is killed, frozen, absent, hostile or cuts us off. Each test has its own server."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest
import redis

from tests.servers import RedisServer
from tests.transport.attended import Attended
from tests.transport.inbox import Inbox, wait_until
from transport.base import PayloadTooLargeError, TransportDownError, TransportError
from transport.redis_pubsub import RedisPubSubTransport
from transport.redis_socket import RedisSocketTransport
from transport.threaded import BrokerTransport

Tried = BrokerTransport | Attended
Connect = Callable[..., Tried]

pytestmark = pytest.mark.server


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as running:
        yield running


@pytest.fixture(params=[RedisPubSubTransport, RedisSocketTransport, Attended], ids=["redis-py", "socket", "owned"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes transports of one kind, and closes them after the test."""
    made: list[Tried] = []

    def connect_one(url: str, **settings: object) -> Tried:
        made.append(request.param(url, **settings))
        return made[-1]

    yield connect_one
    for transport in made:
        transport.close()


def publish_until_heard(transport: Tried, channel: str, inbox: Inbox, deadline_seconds: float = 5.0) -> None:
    """Progress: what is published now arrives again."""
    seen = len(inbox.letters)

    def is_heard() -> bool:
        try:
            transport.publish(channel, b"again")
        except TransportError:
            return False
        return len(inbox.letters) > seen

    wait_until(is_heard, f"something is heard on {channel}", deadline_seconds)


def publish_for_ever(transport: Tried) -> NoReturn:
    while True:
        transport.publish("x", bytes(1_000_000))


def test_all_subscriptions_come_back_when_the_server_is_killed_and_restarted_empty(server: RedisServer, connect: Connect) -> None:
    exact, prefix, transport = Inbox(), Inbox(), connect(server.url)
    transport.subscribe("exact", exact.deliver)
    transport.subscribe("prefix:*", prefix.deliver)
    server.restart()
    publish_until_heard(transport, "exact", exact)
    publish_until_heard(transport, "prefix:1", prefix)
    assert transport.stats().reconnects == 1
    assert transport.stats().gaps == 2


def test_many_subscriptions_come_back(server: RedisServer, connect: Connect) -> None:
    inbox, transport, witness = Inbox(), connect(server.url), connect(server.url)
    for number in range(500):
        transport.subscribe(f"channel {number}", inbox.deliver)
    server.restart()
    wait_until(lambda: transport.stats().gaps == 500, "every subscription is confirmed again")
    wait_until(lambda: witness.stats().connected, "the publisher is back")
    for number in range(500):
        witness.publish(f"channel {number}", b"x")
    inbox.wait_for(500)


def test_a_subscription_made_while_the_server_is_away_comes_into_force_later(server: RedisServer, connect: Connect) -> None:
    inbox, transport = Inbox(), connect(server.url)
    server.kill()
    wait_until(lambda: not transport.stats().connected, "the loss is noticed")
    transport.subscribe("meanwhile", inbox.deliver)
    server.start()
    publish_until_heard(transport, "meanwhile", inbox)
    assert transport.stats().gaps == 0


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
def test_a_killed_connection_is_replaced(server: RedisServer, connect: Connect, kind: str) -> None:
    inbox, transport = Inbox(), connect(server.url)
    transport.subscribe("x", inbox.deliver)
    assert server.cli("CLIENT", "KILL", "TYPE", kind) >= 1
    wait_until(lambda: transport.stats().reconnects == 1, "the transport reconnects")
    publish_until_heard(transport, "x", inbox)
    assert transport.stats().gaps == 1


def test_a_frozen_server_is_noticed_and_used_again_when_it_goes_on(
    server: RedisServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    inbox, transport = Inbox(), connect(server.url)
    transport.subscribe("x", inbox.deliver)
    frozen_at = time.monotonic()
    server.freeze()
    wait_until(lambda: not transport.stats().connected, "the silence is noticed")
    assert time.monotonic() - frozen_at < 2.0
    refused_at = time.monotonic()
    with pytest.raises(TransportDownError, match=r"no connection to 127\.0\.0\.1:"):
        transport.publish("x", b"")
    assert time.monotonic() - refused_at < 0.2
    wait_until(lambda: "cannot connect: Timeout" in caplog.text and time.monotonic() - frozen_at > 3, "it tries to reconnect")
    server.thaw()
    publish_until_heard(transport, "x", inbox)


def test_a_frozen_server_blocks_no_publisher_for_long(server: RedisServer, connect: Connect) -> None:
    transport = connect(server.url)
    server.freeze()
    started_at = time.monotonic()
    with pytest.raises(TransportError):
        publish_for_ever(transport)
    assert time.monotonic() - started_at < 2.5
    server.thaw()


def test_a_frozen_server_delays_close_only_briefly(server: RedisServer, connect: Connect) -> None:
    transport = connect(server.url)
    server.freeze()
    started_at = time.monotonic()
    transport.close()
    assert time.monotonic() - started_at < 2.5


def test_a_subscriber_that_is_cut_off_for_being_slow_counts_a_gap_and_hears_again(server: RedisServer, connect: Connect) -> None:
    server.cli("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 1mb 1")
    inbox, gate = Inbox(), threading.Event()
    slow, sender = connect(server.url), connect(server.url)

    def deliver(channel: str, payload: bytes) -> None:
        gate.wait(30)
        inbox.deliver(channel, payload)

    slow.subscribe("flood", deliver)
    subscribers = server.cli("CLIENT", "LIST", "TYPE", "pubsub").count(b"id=")
    while server.cli("CLIENT", "LIST", "TYPE", "pubsub").count(b"id=") == subscribers:
        sender.publish("flood", bytes(500_000))
    gate.set()
    wait_until(lambda: slow.stats().gaps == 1, "the gap is counted")
    publish_until_heard(slow, "flood", inbox)


def test_a_server_that_is_absent_at_first_is_found_later(connect: Connect) -> None:
    server, inbox = RedisServer(), Inbox()
    transport = connect(server.url)
    with pytest.raises(TransportDownError, match=r"no connection to 127.0.0.1:\d+: cannot connect: Connection refused$"):
        transport.publish("x", b"")
    transport.subscribe("x", inbox.deliver)
    with server:
        publish_until_heard(transport, "x", inbox)
        assert transport.stats().reconnects == 0
        transport.close()


def test_a_server_that_accepts_and_never_answers_delays_the_constructor_only_briefly(connect: Connect, server: RedisServer) -> None:
    server.freeze()
    started_at = time.monotonic()
    transport = connect(server.url)
    assert time.monotonic() - started_at < 2.5
    assert not transport.stats().connected


def test_a_payload_over_the_limit_is_not_published_and_not_delivered(server: RedisServer, connect: Connect) -> None:
    inbox, transport = Inbox(), connect(server.url, max_payload_bytes=1000)
    transport.subscribe("x", inbox.deliver)
    with pytest.raises(PayloadTooLargeError, match="1001 bytes"):
        transport.publish("x", bytes(1001))
    server.cli("PUBLISH", "x", bytes(1001))
    server.cli("PUBLISH", "x", bytes(1000))
    assert inbox.wait_for(1) == [("x", bytes(1000))]
    assert transport.stats().oversize == 1


def test_a_payload_over_the_limit_does_not_keep_those_it_travels_with(server: RedisServer, connect: Connect) -> None:
    inbox, transport = Inbox(), connect(server.url, max_payload_bytes=1000)
    transport.subscribe("x", inbox.deliver)
    with pytest.raises(PayloadTooLargeError, match="1001 bytes"):
        transport.publish_together([("x", b"before"), ("x", bytes(1001)), ("x", b"after")])
    assert inbox.wait_for(2) == [("x", b"before"), ("x", b"after")]


@pytest.mark.parametrize("buffer_limit", ["pubsub 32mb 8mb 60", "pubsub 0 0 0"])
def test_a_giant_payload_kills_nothing(server: RedisServer, connect: Connect, buffer_limit: str) -> None:
    server.cli("CONFIG", "SET", "client-output-buffer-limit", buffer_limit)
    inbox, transport = Inbox(), connect(server.url)
    transport.subscribe("x", inbox.deliver)
    server.cli("PUBLISH", "x", bytes(100_000_000))
    wait_until(lambda: transport.stats().oversize + transport.stats().gaps == 1, "it is dropped by us or by the server")
    publish_until_heard(transport, "x", inbox)


def test_a_wrong_password_is_said_once_and_tried_until_it_is_right(
    server: RedisServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server.cli("ACL", "SETUSER", "node", "on", ">right", "allcommands", "allchannels")
    inbox, transport = Inbox(), connect(server.url.replace("://", "://node:wrong@"))
    transport.subscribe("x", inbox.deliver)
    with pytest.raises(TransportDownError, match="invalid username-password pair"):
        transport.publish("x", b"")
    wait_until(lambda: server.cli("INFO", "errorstats")["errorstat_WRONGPASS"]["count"] > 3, "it tries again")
    server.cli("ACL", "SETUSER", "node", ">wrong")
    publish_until_heard(transport, "x", inbox)
    assert caplog.text.count("invalid username-password pair") == 1
    assert "wrong" not in caplog.text


def test_a_subscription_that_the_acl_refuses_is_an_error_and_harms_no_other(server: RedisServer, connect: Connect) -> None:
    server.cli("ACL", "SETUSER", "node", "on", ">pw", "allcommands", "resetchannels", "&open", "&open:*", "&redpaxos:heartbeat:*")
    inbox, transport = Inbox(), connect(server.url.replace("://", "://node:pw@"))
    with pytest.raises(TransportError, match=r"refuses the subscription to 'secret'.*permissions"):
        transport.subscribe("secret", inbox.deliver)
    transport.subscribe("open", inbox.deliver)
    server.cli("CLIENT", "KILL", "TYPE", "pubsub")
    wait_until(lambda: transport.stats().reconnects == 1, "the transport reconnects")
    publish_until_heard(transport, "open", inbox)


@pytest.mark.parametrize("rules", ["allcommands resetchannels &x", "allchannels allcommands -publish"])
def test_an_acl_that_forbids_the_heartbeat_is_named_as_the_trouble(server: RedisServer, connect: Connect, rules: str) -> None:
    server.cli("ACL", "SETUSER", "node", "on", ">pw", *rules.split())
    transport = connect(server.url.replace("://", "://node:pw@"), heartbeat_name="n1")
    with pytest.raises(TransportDownError, match=r"PUBLISH answers .*permissions"):
        transport.publish("x", b"")


def test_a_heartbeat_is_never_delivered(server: RedisServer, connect: Connect) -> None:
    inbox, transport = Inbox(), connect(server.url)
    transport.subscribe("*", inbox.deliver)
    with redis.Redis.from_url(server.url) as client, client.pubsub() as spy:
        spy.psubscribe("redpaxos:heartbeat:*")
        wait_until(lambda: (spy.get_message(timeout=1) or {}).get("type") == "pmessage", "a heartbeat is sent")
    transport.publish("x", b"mine")
    assert inbox.wait_for(1) == [("x", b"mine")]
