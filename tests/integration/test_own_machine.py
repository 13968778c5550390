"""A state machine of one's own on nodes in one process, over memory."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest

from actors.storage.memory import MemoryStorage
from paxos.company import STANDARD_MACHINES
from redpaxos.client import Client
from redpaxos.errors import RejectedError
from redpaxos.node import Node, NodeConfig
from transport.memory import MemoryHub, MemoryTransport

MEMBERS = ("n1", "n2", "n3")


class Sum:
    """Adds numbers."""

    def __init__(self) -> None:
        self.total = 0

    def execute(self, command: bytes) -> bytes:
        self.total += int(command)
        return b"%d" % self.total

    def query(self, question: bytes) -> bytes:
        return b"%d" % self.total

    def snapshot(self) -> Iterator[bytes]:
        return iter([b"%d" % self.total])

    def restore(self, parts: Iterable[bytes]) -> None:
        for part in parts:
            self.total = int(part)

    def waiter(self, question: bytes) -> Callable[[], bytes]:
        return lambda: self.query(question)


def make_storage(node: str, store: str) -> MemoryStorage:
    """A store that lives as long as its node."""
    return MemoryStorage("test", node)


@pytest.fixture
def client() -> Iterator[Client]:
    """Of a cluster that adds numbers, and keeps keys and values beside."""
    hub = MemoryHub()
    machines = (*STANDARD_MACHINES, ("sum", Sum))
    nodes = [
        Node(NodeConfig(name, "test", MEMBERS), MemoryTransport(hub), partial(make_storage, name), machines=machines) for name in MEMBERS
    ]
    for node in nodes:
        node.start()
    with Client(MemoryTransport(hub), "test") as made:
        yield made
    for node in nodes:
        node.stop()


def test_commands_are_executed_in_one_order_and_read_at_every_node(client: Client) -> None:
    numbers = client.machine("sum")
    assert [numbers.call(b"2"), numbers.call(b"3")] == [b"2", b"5"]
    assert [numbers.ask(b"", node=name) for name in MEMBERS] == [b"5"] * 3
    assert client.kv.put("k", "v").revision == 1


def test_a_session_read_reflects_what_its_client_wrote_at_whichever_node(client: Client) -> None:
    numbers = client.machine("sum")
    for total in range(1, 20):
        numbers.call(b"1")
        assert [numbers.ask(b"", node=name, consistency="session") for name in MEMBERS] == [b"%d" % total] * 3


def test_a_consistency_that_there_is_not_is_refused(client: Client) -> None:
    with pytest.raises(RejectedError, match="consistency is one of linearizable, session, stale, found 'bogus'"):
        client.machine("sum").ask(b"", consistency="bogus")  # type: ignore[arg-type]


def test_whoever_asks_for_a_machine_that_no_node_has_is_told_so(client: Client) -> None:
    unheard_of = client.machine("summ")
    with pytest.raises(RejectedError, match="no state machine is called 'summ'"):
        unheard_of.call(b"x")
    for consistency in ("linearizable", "session", "stale"):
        with pytest.raises(RejectedError, match="no state machine is called 'summ'"):
            unheard_of.ask(b"x", consistency=consistency)
