"""A client that may ask only a node that does not lead: it is turned away without end, and asks at a pace that hurts nobody."""

from collections.abc import Iterator
from functools import partial

import pytest

from actors.storage.memory import MemoryStorage
from redpaxos.client import Client
from redpaxos.errors import NotDoneError, OutcomeUnknownError
from redpaxos.node import Node, NodeConfig
from transport.memory import MemoryHub, MemoryTransport

MEMBERS = ("n1", "n2", "n3")
TIMEOUT_SECONDS = 0.5
MOST_FRAMES = 2 * (8 + 10 * TIMEOUT_SECONDS)


class CountingTransport(MemoryTransport):
    """Counts what is published."""

    count = 0

    def publish(self, channel: str, payload: bytes) -> None:
        self.count += 1
        super().publish(channel, payload)


def make_storage(node: str, store: str) -> MemoryStorage:
    """A store that lives as long as its node."""
    return MemoryStorage("test", node)


@pytest.fixture
def hub() -> Iterator[MemoryHub]:
    """The hub of three nodes."""
    made = MemoryHub()
    nodes = [Node(NodeConfig(name, "test", MEMBERS), MemoryTransport(made), partial(make_storage, name)) for name in MEMBERS]
    for node in nodes:
        node.start()
    yield made
    for node in nodes:
        node.stop()


def test_a_client_that_is_turned_away_without_end_asks_a_few_times_a_second(hub: MemoryHub) -> None:
    with Client(MemoryTransport(hub), "test") as client:
        leader = client.propose(1).ballot[1]
    follower = next(name for name in MEMBERS if name != leader)
    transport = CountingTransport(hub)
    with Client(transport, "test", node=follower) as pinned, pytest.raises((NotDoneError, OutcomeUnknownError)):
        pinned.propose(2, timeout=TIMEOUT_SECONDS)
    assert 4 <= transport.count <= MOST_FRAMES
