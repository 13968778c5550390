"""A client that is closed says so at once, and never calls unknown what it certainly did not send, nor certain what it did."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from paxos.calls import Calls
from paxos.messages import Query, Submit, Transfer, WireMessage
from redpaxos.client import Client
from redpaxos.errors import NotDoneError, OutcomeUnknownError
from tests.integration.scripted import script
from transport.memory import MemoryHub, MemoryTransport

CLOSED = "^the client is closed$"
LONG_SECONDS = 30.0

ASK: dict[str, Callable[[Client], object]] = {
    "propose": lambda client: client.propose(1),
    "decide": lambda client: client.decide("colour", 1),
    "decision": lambda client: client.decision("colour"),
    "log": lambda client: list(client.log()),
    "follow": lambda client: list(client.log(follow=True)),
    "learned": lambda client: client.learned("colour"),
    "end": lambda client: client.end_revision(),
    "status": lambda client: client.status(),
    "lead": lambda client: client.transfer_lead("n1"),
    "put": lambda client: client.kv.put("k", "v"),
    "get": lambda client: client.kv.get("k"),
    "stale get": lambda client: client.kv.get("k", consistency="stale"),
    "watch": lambda client: list(client.kv.watch("", 1, timeout=5.0)),
    "ask": lambda client: client.machine("sum").ask(b""),
}


@pytest.fixture
def client() -> Iterator[Client]:
    """Of a cluster of which no node runs."""
    with Client(MemoryTransport(MemoryHub()), "test") as made:
        yield made


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_whatever_a_closed_client_is_asked_it_says_that_it_is_closed(client: Client, ask: Callable[[Client], object]) -> None:
    client.close()
    with pytest.raises(NotDoneError, match=CLOSED):
        ask(client)


def closing(client: Client, at: type[WireMessage]) -> Callable[[WireMessage], None]:
    """Closes the client as it sends a message of this kind."""
    return lambda message: client.close() if isinstance(message, at) else None


def test_a_command_that_was_sent_before_the_end_is_unknown(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, closing(client, Submit))
    with pytest.raises(OutcomeUnknownError, match="before the client was closed, so it may be chosen yet; ask again with id one"):
        client.propose(1, id="one", timeout=LONG_SECONDS)


def test_a_question_that_was_sent_before_the_end_is_answered_no_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, closing(client, Query))
    with pytest.raises(NotDoneError, match=CLOSED):
        client.decision("colour", timeout=LONG_SECONDS)


def test_a_lead_that_was_asked_for_before_the_end_may_pass(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, closing(client, Transfer))
    with pytest.raises(OutcomeUnknownError, match="n2 may lead yet"):
        client.transfer_lead("n2", timeout=LONG_SECONDS)


def test_a_watch_ends_when_its_client_is_closed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, ended = threading.Event(), Future[str]()

    def watch() -> None:
        try:
            ended.set_result(str(list(client.kv.watch("", 1))))
        except NotDoneError as error:
            ended.set_result(str(error))

    script(monkeypatch, lambda message: asked.set())
    threading.Thread(target=watch, daemon=True).start()
    assert asked.wait(LONG_SECONDS)
    client.close()
    assert ended.result(LONG_SECONDS) == "the client is closed"


def test_an_operation_handed_in_while_the_client_is_closed_is_not_done(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    store, ended = client.kv, Future[str]()

    def close_meanwhile(calls: Calls) -> bool:
        closing = threading.Thread(target=client.close)
        closing.start()
        closing.join()
        return True

    def put() -> None:
        try:
            ended.set_result(str(store.put("k", "v", timeout=1.0)))
        except NotDoneError as error:
            ended.set_result(str(error))

    monkeypatch.setattr(Calls, "is_idle", property(close_meanwhile))
    threading.Thread(target=put, daemon=True).start()
    assert ended.result(LONG_SECONDS) == "the client is closed"
