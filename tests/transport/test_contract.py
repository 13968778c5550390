"""The contract of the port, checked over every implementation of it, on a server in good health."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.transport.inbox import Inbox
from transport.base import Transport, TransportClosedError

MakeTransport = Callable[[], Transport]

PAYLOADS = [b"", b"\x00", b"\r\n", b"*3\r\n$7\r\nmessage\r\n", bytes(range(256)), b"\xff" * 1_000_000]


def test_payloads_arrive_unaltered(make: MakeTransport) -> None:
    inbox, receiver, sender = Inbox(), make(), make()
    receiver.subscribe("news", inbox.deliver)
    for payload in PAYLOADS:
        sender.publish("news", payload)
    assert inbox.wait_for(len(PAYLOADS)) == [("news", payload) for payload in PAYLOADS]


def test_a_subscription_is_in_force_when_subscribe_returns(make: MakeTransport) -> None:
    receiver, sender = make(), make()
    for number in range(20):
        inbox = Inbox()
        receiver.subscribe(f"late {number}", inbox.deliver)
        sender.publish(f"late {number}", b"x")
        inbox.wait_for(1)


def test_payloads_published_together_arrive_in_order_each_on_its_channel(make: MakeTransport) -> None:
    inbox, receiver, sender = Inbox(), make(), make()
    receiver.subscribe("news:*", inbox.deliver)
    frames = [(f"news:{number % 3}", payload) for number, payload in enumerate(PAYLOADS)]
    sender.publish_together(frames)
    assert inbox.wait_for(len(frames)) == frames


def test_a_publisher_hears_itself(make: MakeTransport) -> None:
    inbox, transport = Inbox(), make()
    transport.subscribe("self", inbox.deliver)
    transport.publish("self", b"hello")
    assert inbox.wait_for(1) == [("self", b"hello")]


def test_every_subscriber_of_a_channel_hears_it_in_one_endpoint_and_in_several(make: MakeTransport) -> None:
    here, there = make(), make()
    inboxes = [Inbox(), Inbox(), Inbox()]
    here.subscribe("all", inboxes[0].deliver)
    here.subscribe("all", inboxes[1].deliver)
    there.subscribe("all", inboxes[2].deliver)
    here.publish("all", b"1")
    assert [inbox.wait_for(1) for inbox in inboxes] == [[("all", b"1")]] * 3


def test_other_channels_are_not_heard(make: MakeTransport) -> None:
    inbox, transport = Inbox(), make()
    transport.subscribe("mine", inbox.deliver)
    for channel in ("min", "mine2", "Mine", "", "other"):
        transport.publish(channel, b"not for me")
    transport.publish("mine", b"for me")
    assert inbox.wait_for(1) == [("mine", b"for me")]


def test_a_name_with_a_final_star_hears_every_channel_with_that_prefix(make: MakeTransport) -> None:
    inbox, receiver, sender = Inbox(), make(), make()
    receiver.subscribe("node:*", inbox.deliver)
    for channel in ("node:1", "other", "node:", "nod", "node:1:2", "node:*"):
        sender.publish(channel, b"x")
    assert [channel for channel, _ in inbox.wait_for(4)] == ["node:1", "node:", "node:1:2", "node:*"]


def test_a_payload_that_fits_a_name_and_a_prefix_is_delivered_once_for_each(make: MakeTransport) -> None:
    exact, prefix, transport = Inbox(), Inbox(), make()
    transport.subscribe("both:1", exact.deliver)
    transport.subscribe("both:*", prefix.deliver)
    transport.publish("both:1", b"x")
    transport.publish("both:2", b"end")
    assert prefix.wait_for(2) == [("both:1", b"x"), ("both:2", b"end")]
    assert exact.wait_for(1) == [("both:1", b"x")]


def test_a_star_alone_hears_everything_that_users_publish(make: MakeTransport) -> None:
    inbox, receiver, sender = Inbox(), make(), make()
    receiver.subscribe("*", inbox.deliver)
    sender.publish("anything", b"1")
    sender.publish("at all", b"2")
    assert inbox.wait_for(2) == [("anything", b"1"), ("at all", b"2")]


@pytest.mark.parametrize("name", ["Grüße 東京 🚀", "a b\tc\r\nd", "{tag}:x", "[ab]?\\*c", "a*b", "\x00", "back\\slash"])
def test_names_mean_themselves(make: MakeTransport, name: str) -> None:
    exact, prefix, transport = Inbox(), Inbox(), make()
    transport.subscribe(name, exact.deliver)
    transport.subscribe(name + "*", prefix.deliver)
    for near_miss in ("a", "aXb", "axc", "b?", "[ab]X\\zc", "backslash"):
        transport.publish(near_miss, b"near miss")
    transport.publish(name, b"exact")
    transport.publish(name + "more", b"longer")
    assert prefix.wait_for(2) == [(name, b"exact"), (name + "more", b"longer")]
    assert exact.letters == [(name, b"exact")]


def test_one_publisher_is_heard_in_order(make: MakeTransport) -> None:
    inbox, receiver, sender = Inbox(), make(), make()
    receiver.subscribe("order", inbox.deliver)
    payloads = [str(number).encode() for number in range(2000)]
    for payload in payloads:
        sender.publish("order", payload)
    inbox.wait_for(len(payloads))
    assert inbox.payloads == payloads


def test_many_threads_may_publish_and_each_is_heard_in_its_own_order(make: MakeTransport) -> None:
    inbox, receiver, sender = Inbox(), make(), make()
    receiver.subscribe("busy", inbox.deliver)

    def publish_all(name: int) -> None:
        for number in range(200):
            sender.publish("busy", b"%d %d" % (name, number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish_all, range(8)))
    inbox.wait_for(8 * 200)
    for name in range(8):
        own = [payload for payload in inbox.payloads if payload.startswith(b"%d " % name)]
        assert own == [b"%d %d" % (name, number) for number in range(200)]


def test_many_threads_may_subscribe(make: MakeTransport) -> None:
    receiver, sender = make(), make()
    inboxes = {f"topic {number // 2}{'*' if number % 2 else ''}": Inbox() for number in range(60)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: receiver.subscribe(name, inboxes[name].deliver), inboxes))
    for name in inboxes:
        sender.publish(name.removesuffix("*"), b"x")
    for inbox in inboxes.values():
        inbox.wait_for(2)


def test_deliver_is_one_call_at_a_time(make: MakeTransport) -> None:
    inside, overlaps, done = threading.Lock(), [], Inbox()
    receiver, senders = make(), [make() for _ in range(4)]

    def deliver(channel: str, payload: bytes) -> None:
        if not inside.acquire(blocking=False):
            overlaps.append(payload)
            return
        done.deliver(channel, payload)
        inside.release()

    def publish_often(sender: Transport) -> None:
        for _ in range(100):
            sender.publish("single", b"x")

    receiver.subscribe("single", deliver)
    receiver.subscribe("single*", deliver)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish_often, senders))
    done.wait_for(800)
    assert not overlaps


def test_a_deliver_may_publish(make: MakeTransport) -> None:
    inbox, here, there = Inbox(), make(), make()
    here.subscribe("ping", lambda _, payload: here.publish("pong", payload))
    there.subscribe("pong", lambda _, payload: there.publish("ping", payload[1:]) if payload else None)
    here.subscribe("pong", inbox.deliver)
    there.publish("ping", b"12345")
    inbox.wait_for(6)
    assert inbox.payloads == [b"12345", b"2345", b"345", b"45", b"5", b""]


def test_a_deliver_that_raises_harms_nobody_else(make: MakeTransport, caplog: pytest.LogCaptureFixture) -> None:
    inbox, transport = Inbox(), make()

    def raise_always(channel: str, payload: bytes) -> None:
        raise ZeroDivisionError

    transport.subscribe("bad", raise_always)
    transport.subscribe("bad", inbox.deliver)
    transport.publish("bad", b"1")
    transport.publish("bad", b"2")
    inbox.wait_for(2)
    assert "a subscriber of 'bad' raised" in caplog.text


def test_nothing_is_delivered_after_close(make: MakeTransport) -> None:
    inbox, witness = Inbox(), Inbox()
    leaving, staying = make(), make()
    leaving.subscribe("late", inbox.deliver)
    staying.subscribe("late", witness.deliver)

    def publish_often() -> None:
        for _ in range(500):
            staying.publish("late", b"x")

    flood = threading.Thread(target=publish_often)
    flood.start()
    inbox.wait_for(1)
    leaving.close()
    count = len(inbox.letters)
    flood.join()
    witness.wait_for(500)
    assert len(inbox.letters) == count


def test_close_may_be_called_twice_and_from_within_a_deliver(make: MakeTransport) -> None:
    closed, transport = threading.Event(), make()

    def close_it(channel: str, payload: bytes) -> None:
        transport.close()
        closed.set()

    transport.subscribe("end", close_it)
    transport.publish("end", b"")
    assert closed.wait(5)
    transport.close()
    transport.close()


def test_a_closed_transport_refuses_to_publish_and_to_subscribe(make: MakeTransport) -> None:
    transport = make()
    transport.close()
    with pytest.raises(TransportClosedError):
        transport.publish("x", b"")
    with pytest.raises(TransportClosedError):
        transport.subscribe("x", Inbox().deliver)


def test_close_leaves_no_thread_behind(make: MakeTransport) -> None:
    before = set(threading.enumerate())
    transport = make()
    transport.subscribe("x", Inbox().deliver)
    transport.close()
    assert set(threading.enumerate()) <= before
