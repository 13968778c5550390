"""The client with real nodes: what it refuses by itself, and what it calls its own."""

from collections.abc import Callable
from typing import NoReturn

import pytest

from paxos.groups import decree_group
from paxos.messages import Answer, Read, WireMessage
from redpaxos.client import Client
from redpaxos.errors import NotDoneError, OutcomeUnknownError, RejectedError
from redpaxos.kv import CompareAndSet
from tests.integration.cluster import Cluster
from tests.integration.scripted import script
from transport.base import PayloadTooLargeError
from transport.memory import MemoryHub, MemoryTransport

LONG = "i" * 129


REFUSED: dict[str, Callable[[Client], object]] = {
    "propose": lambda client: client.propose(1, id=LONG),
    "decide": lambda client: client.decide("colour", 1, id=LONG),
    "long name": lambda client: client.decide(LONG, 1),
    "no name": lambda client: client.decision(""),
    "learned": lambda client: client.learned(LONG),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_ids_and_names_that_are_too_long_are_refused_before_anybody_is_asked(cluster: Cluster, ask: Callable[[Client], object]) -> None:
    with cluster.client() as client, pytest.raises(RejectedError, match="128"):
        ask(client)


HALF = "\udcff"
OUT_OF_RANGE: dict[str, Callable[[Client], object]] = {
    "id": lambda client: client.propose(1, id=HALF),
    "empty id": lambda client: client.propose(1, id=""),
    "empty id of a decree": lambda client: client.decide("colour", 1, id=""),
    "decree": lambda client: client.decide(HALF, 1),
    "question": lambda client: client.decision(HALF),
    "learned": lambda client: client.learned(HALF),
    "log from 0": lambda client: list(client.log(0)),
    "log from below": lambda client: list(client.log(-1)),
    "log from beyond": lambda client: list(client.log(2**62 - 1)),
    "log of a node": lambda client: list(client.log(node=HALF)),
    "cas": lambda client: client.kv.cas("k", b"", revision=2**70),
    "submit": lambda client: client.kv.submit(CompareAndSet("k", 2**70, None)),
    "cas below": lambda client: client.kv.cas("k", b"", revision=-1),
    "value": lambda client: client.kv.put("k", HALF),
    "number": lambda client: client.kv.put("k", 5),  # type: ignore[arg-type]
    "limit": lambda client: client.kv.ls(limit=2**70),
    "limit below": lambda client: client.kv.ls(limit=-1),
    "watch": lambda client: list(client.kv.watch("", 2**70)),
    "machine": lambda client: client.machine(HALF),
}


@pytest.mark.parametrize("ask", OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_what_has_no_form_on_the_wire_is_refused_before_anybody_is_asked(ask: Callable[[Client], object]) -> None:
    with Client(MemoryTransport(MemoryHub()), "test") as client, pytest.raises(RejectedError):
        ask(client)


LARGE = "x" * (9 << 20)
TOO_LARGE: dict[str, Callable[[Client], object]] = {
    "propose": lambda client: client.propose(LARGE),
    "decide": lambda client: client.decide("colour", LARGE),
    "put": lambda client: client.kv.put("k", LARGE),
    "call": lambda client: client.machine("sum").call(LARGE.encode()),
    "ask": lambda client: client.machine("sum").ask(LARGE.encode()),
}


@pytest.mark.parametrize("ask", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_no_frame_can_carry_is_refused_before_anybody_is_asked(ask: Callable[[Client], object]) -> None:
    with Client(MemoryTransport(MemoryHub()), "test") as client, pytest.raises(RejectedError, match="at most 8388608 can be sent"):
        ask(client)


def test_what_the_transport_will_not_carry_is_not_called_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: WireMessage) -> NoReturn:
        raise PayloadTooLargeError

    script(monkeypatch, refuse)
    with Client(MemoryTransport(MemoryHub()), "test") as client, pytest.raises(NotDoneError):
        client.propose(1, timeout=0.2)


def test_another_value_under_the_same_id_is_not_mine(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client, cluster.client() as other:
        cluster.settle(client)
        assert client.propose("blue", id="one").mine
        assert client.propose("blue", id="one").mine
        second = other.propose("red", id="one")
        assert (second.value, second.mine) == ("blue", False)
        assert client.decide("colour", "blue", id="two").mine
        assert not other.decide("colour", "red", id="two").mine


def test_a_watch_that_a_node_has_no_room_for_asks_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Read] = []

    def refuse(message: WireMessage) -> WireMessage | None:
        if not isinstance(message, Read):
            return None
        asked.append(message)
        return Answer(message.number, False, b"")

    script(monkeypatch, refuse)
    with Client(MemoryTransport(MemoryHub()), "test") as client:
        assert list(client.kv.watch("", 1, timeout=1.0)) == []
    assert 3 <= len(asked) <= 8


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused_before_anything_is_sent(timeout: float) -> None:
    with Client(MemoryTransport(MemoryHub()), "test") as client:
        with pytest.raises(RejectedError, match="a timeout is a number of seconds above 0"):
            client.propose(1, timeout=timeout)
        with pytest.raises(RejectedError, match="a timeout is a number of seconds above 0"):
            client.decide("colour", 1, timeout=timeout)


@pytest.mark.timeout(60)
def test_an_owner_of_first_ballots_that_is_gone_costs_a_client_one_wait(cluster: Cluster) -> None:
    cluster.start(*cluster.members)
    with cluster.client() as client:
        # The second goes to the owner: with the first answer came who the members are.
        for number in range(2):
            client.decide(f"before {number}", number)
        client.transfer_lead("n2")
        cluster.kill("n1")
        with pytest.raises(OutcomeUnknownError):
            client.decide("asks n1", 1, timeout=0.2)
        assert client.decide("asks another", 2, timeout=10.0).value == 2
        contact = client._contacts.first(decree_group("next"))  # noqa: SLF001 - whom it asks is not told to callers.
        assert contact is None or contact.node != "n1"
