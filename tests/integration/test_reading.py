"""Reading the log at a node that learns later than the client was told."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest

from actors.storage.memory import MemoryStorage
from paxos.archivist import Archivist
from paxos.cues import Executed
from paxos.effects import Effects
from paxos.messages import ReadLog
from paxos.settings import Settings
from redpaxos.client import Client
from redpaxos.errors import NotDoneError
from redpaxos.line import Line
from redpaxos.log_reader import LogReader
from redpaxos.node import Node, NodeConfig
from transport.memory import MemoryHub, MemoryTransport

MEMBERS = ("n1", "n2", "n3")
SLOW = Settings(tell_seconds=10.0, heartbeat_seconds=0.15)


def make_storage(node: str, store: str) -> MemoryStorage:
    """A store that lives as long as its node."""
    return MemoryStorage("test", node)


@pytest.fixture
def hub() -> Iterator[MemoryHub]:
    """The hub of three nodes whose leader tells the others what was decided no sooner than with its next heartbeat."""
    made = MemoryHub()
    nodes = [Node(NodeConfig(name, "test", MEMBERS, settings=SLOW), MemoryTransport(made), partial(make_storage, name)) for name in MEMBERS]
    for node in nodes:
        node.start()
    yield made
    for node in nodes:
        node.stop()


def test_a_client_reads_what_it_was_told_whichever_node_it_reads_from(hub: MemoryHub) -> None:
    for number in range(6):
        with Client(MemoryTransport(hub), "test") as client:
            placed = client.propose(number)
            assert [entry.value for entry in client.log(placed.revision)] == [number]


def test_a_node_that_does_not_learn_what_the_client_was_told_is_named(hub: MemoryHub) -> None:
    with Client(MemoryTransport(hub), "test") as client, closing(Line(MemoryTransport(hub), "test", b"")) as line:
        client.propose(1)
        reader = LogReader(line, "")
        reader.note_told(1000)
        with pytest.raises(NotDoneError, match=r"node n\d has not learned revision 1000 within 0.5 s"):
            list(reader.entries(1, follow=False, node="", timeout=0.5))


def test_who_waits_for_a_decree_asks_again_so_that_a_node_may_forget_it(hub: MemoryHub, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()
    handle = Archivist.handle

    def spy(archivist: Archivist, source: str, message: ReadLog | Executed) -> Effects:
        effects = handle(archivist, source, message)
        if isinstance(message, ReadLog) and message.waits:
            waits.set()
        return effects

    monkeypatch.setattr(Archivist, "handle", spy)
    monkeypatch.setattr("actors.casts._CAST_COUNT", 4)
    with (
        Client(MemoryTransport(hub), "test", node="n2") as reader,
        Client(MemoryTransport(hub), "test") as client,
        ThreadPoolExecutor() as pool,
    ):
        waiting = pool.submit(reader.learned, "colour", timeout=30.0)
        assert waits.wait(10.0)
        for number in range(8):
            assert reader.learned(f"other-{number}") is None
        client.decide("colour", "blue")
        decided = time.monotonic()
        found = waiting.result()
        assert found is not None
        assert (found.value, time.monotonic() - decided < 10.0) == ("blue", True)
