"""Reading the log at a node that learns later than the client was told."""

from collections.abc import Iterator
from functools import partial

import pytest

from actors.storage.memory import MemoryStorage
from paxos.settings import Settings
from redpaxos.client import Client
from redpaxos.errors import NotDoneError
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


def test_a_node_that_does_not_learn_what_the_client_was_told_is_named(hub: MemoryHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with Client(MemoryTransport(hub), "test") as client:
        client.propose(1)
        monkeypatch.setattr(Client, "_told_revision", property(lambda _: 1000, lambda _, __: None), raising=False)
        with pytest.raises(NotDoneError, match=r"node n\d has not learned revision 1000 within 0.5 s"):
            list(client.log(timeout=0.5))
