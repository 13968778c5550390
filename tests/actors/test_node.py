"""A node: real Pykka actors, started and stopped whole; one that cannot go on says why and takes nothing with it."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pykka
import pytest
from msgspec.structs import replace

from actors.channels import Channels
from actors.storage.base import StorageError, StoreMismatchError
from actors.storage.memory import MemoryStorage
from paxos.records import Record, RoundUsed
from paxos.settings import Settings
from redpaxos.errors import NodeFailedError
from redpaxos.node import MakeStorage, Node, NodeConfig
from tests.servers import RedisServer
from tests.stores import admitted
from tests.transport.inbox import Inbox, wait_until
from transport.base import Deliver, Transport, TransportError
from transport.memory import MemoryHub, MemoryTransport
from transport.redis_socket import RedisSocketTransport

CHANNELS = Channels("demo")
MEMBERS = ("n1", "n2", "n3")
DEADLINE_SECONDS = 10.0


class Cluster:
    """Nodes that hear each other, and somebody at the doors."""

    def __init__(self, connect: Callable[[], Transport]) -> None:
        self._connect = connect
        self.nodes: list[Node] = []
        self.door = connect()
        self.chosen = Inbox()
        self.door.subscribe(CHANNELS.door("chosen"), self.chosen.deliver)

    def start(self, name: str, members: tuple[str, ...] = MEMBERS, make_storage: MakeStorage | None = None, **config: Any) -> Node:
        """One more node, which hears its channels, or has failed."""
        make = make_storage or (lambda store: MemoryStorage("demo", name, f"{store}-of-{name}"))
        node = Node(NodeConfig(name, "demo", members, **config), self._connect(), make)
        node.start()
        self.nodes.append(node)
        wait_until(lambda: node.is_ready or has_failed(node), f"{name} hears its channels", DEADLINE_SECONDS)
        return node

    def propose(self, value: object) -> dict[str, Any]:
        """Publish a proposal at the door, and wait until it is chosen; a change of leader may announce an older one again."""
        command_id = f"id-{value}"
        self.door.publish(CHANNELS.door("propose"), json.dumps({"value": value, "id": command_id}).encode())
        wait_until(lambda: self._announced(command_id) is not None, f"{command_id} is chosen", DEADLINE_SECONDS)
        told = self._announced(command_id)
        assert told is not None
        return told

    def _announced(self, command_id: str) -> dict[str, Any] | None:
        told: list[dict[str, Any]] = [json.loads(payload) for payload in self.chosen.payloads]
        return next((each for each in told if each["id"] == command_id), None)


def has_failed(node: Node) -> bool:
    """Whether it has stopped by itself."""
    try:
        node.wait(0.0)
    except NodeFailedError:
        return True
    return False


@pytest.fixture(params=["memory", pytest.param("server", marks=pytest.mark.server)])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster without nodes."""
    if request.param == "server":
        server: RedisServer = request.getfixturevalue("redis_server")
        cluster = Cluster(lambda: RedisSocketTransport(server.unix_url))
    else:
        hub = MemoryHub()
        cluster = Cluster(lambda: MemoryTransport(hub))
    yield cluster
    for node in cluster.nodes:
        node.stop()
    cluster.door.close()


def open_threads() -> set[str]:
    """Names of the threads that a node starts."""
    return {thread.name for thread in threading.enumerate() if "redpaxos" in thread.name or "Actor" in thread.name}


def test_a_store_keeps_to_the_members_that_it_was_made_for(cluster: Cluster) -> None:
    store = MemoryStorage("demo", "n1", "acceptor-of-n1")
    closed: list[str] = []
    store.close = lambda: closed.append("acceptor")  # type: ignore[method-assign]
    cluster.start("n1", make_storage=lambda _: store, roles=("acceptor",)).stop()
    with pytest.raises(StoreMismatchError, match="belongs to members n1,n2,n3, expected n1: "):
        cluster.start("n1", ("n1",), make_storage=lambda _: store, roles=("acceptor",))
    assert closed == ["acceptor", "acceptor"]
    cluster.start("n1", ("n3", "n2", "n1"), make_storage=lambda _: store, roles=("acceptor",))


def test_an_only_member_that_lost_one_of_its_stores_says_so(cluster: Cluster) -> None:
    stores = {name: MemoryStorage("demo", "n1", f"{name}-of-n1") for name in ("acceptor", "log")}
    for store in stores.values():
        store.close = lambda: None  # type: ignore[method-assign]
    first = cluster.start("n1", ("n1",), make_storage=stores.__getitem__)
    cluster.propose(1)
    first.stop()
    stores["log"] = MemoryStorage("demo", "n1", "another")
    with pytest.raises(StoreMismatchError, match="had the log store log-of-n1, this one is another"):
        cluster.start("n1", ("n1",), make_storage=stores.__getitem__)


def test_three_nodes_choose_what_is_published_at_the_door(cluster: Cluster) -> None:
    for name in MEMBERS:
        cluster.start(name)
    told = cluster.propose("Hello, Paxos!")
    assert (told["value"], told["revision"], told["group"]) == ("Hello, Paxos!", 1, "log")


def test_a_majority_goes_on_when_a_node_stops(cluster: Cluster) -> None:
    for name in MEMBERS:
        cluster.start(name)
    cluster.propose(1)
    cluster.nodes[0].stop()
    assert cluster.propose(2)["revision"] == 2


def test_garbage_on_every_channel_disturbs_nobody(cluster: Cluster) -> None:
    cluster.start("n1", ("n1",))
    for target in ("everyone", "acceptors", "proposers", "learners", "n1", "n1/desk"):
        for payload in (b"", b"PING", b"\xff" * 1000, b"rp\x03\x00\xc0"):
            cluster.door.publish(CHANNELS.outgoing(target, "n1"), payload)
    for payload in (b"", b"[", b"\xff", b"[" * 10_000):
        cluster.door.publish(CHANNELS.door("propose"), payload)
    assert cluster.propose("still here")["value"] == "still here"


def test_a_node_stops_within_a_second_and_closes_its_stores(cluster: Cluster) -> None:
    stores: list[MemoryStorage] = []

    def make(name: str) -> MemoryStorage:
        stores.append(MemoryStorage("demo", "n1", name))
        return stores[-1]

    node = cluster.start("n1", ("n1",), make)
    cluster.propose(1)
    begun_at = time.monotonic()
    node.stop()
    assert time.monotonic() - begun_at < 1.0
    assert node.wait(0)
    for store in stores:
        with pytest.raises(StorageError, match="closed"):
            store.round_used("log")
    wait_until(lambda: not open_threads(), "the node's threads end")
    node.stop()


def test_a_node_may_play_any_subset_of_the_roles(cluster: Cluster) -> None:
    cluster.start("n1", ("n1",), roles=("acceptor",))
    cluster.start("p1", ("n1",), roles=("proposer",))
    cluster.start("l1", ("n1",), roles=("learner",))
    assert cluster.propose(1)["ballot"][1] == "p1"


def failing(after: Callable[[Sequence[Record]], bool]) -> MakeStorage:
    """Stores whose write fails when told to."""

    class Failing(MemoryStorage):
        def write(self, records: Sequence[Record], *, sync: bool) -> None:
            if after(records):
                raise StorageError("no space left on device")
            super().write(records, sync=sync)

    return lambda name: Failing("demo", "n1", name)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_node_whose_disk_fails_stops_whole_and_says_why(cluster: Cluster) -> None:
    node = cluster.start("n1", ("n1",), failing(lambda records: any(isinstance(record, RoundUsed) for record in records)))
    with pytest.raises(NodeFailedError, match="node n1 stopped: no space left on device"):
        node.wait(DEADLINE_SECONDS)
    wait_until(lambda: not open_threads(), "the node's threads end")
    assert not pykka.ActorRegistry.get_all()


def full(name: str, store: str, is_full: threading.Event) -> MakeStorage:
    """Stores of which one has no room left once the event is set."""

    class Full(MemoryStorage):
        def write(self, records: Sequence[Record], *, sync: bool) -> None:
            if is_full.is_set():
                raise StorageError("no space left on device")
            super().write(records, sync=sync)

    return lambda each: admitted((Full if each == store else MemoryStorage)("demo", name, f"{each}-of-{name}"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("store", "passed"), [("log", "follows nobody"), ("acceptor", "succeeds ballot")])
def test_a_leader_whose_disk_is_full_makes_room_before_anybody_misses_it(
    cluster: Cluster, caplog: pytest.LogCaptureFixture, store: str, passed: str
) -> None:
    caplog.set_level("INFO", "redpaxos")
    # Nobody would notice a silent leader within this test.
    patient = Settings(election_timeout_seconds=30.0, election_jitter_seconds=0.1)
    is_full = threading.Event()
    # First, since n1 looks for a quorum once.
    cluster.start("n2", make_storage=lambda each: admitted(MemoryStorage("demo", "n2", each)), roles=("acceptor",), settings=patient)
    first = cluster.start("n1", make_storage=full("n1", store, is_full), settings=patient)
    cluster.propose(1)
    stores = {each: MemoryStorage("demo", "n3", f"{each}-of-n3") for each in ("acceptor", "log")}
    cluster.start("n3", make_storage=stores.__getitem__, settings=patient)
    wait_until(lambda: stores["log"].learned_end("log")[0] == 1, "n3 has caught up")
    wait_until(lambda: "n3 proposer log: follows n1" in caplog.text, "n3 knows who leads")
    is_full.set()
    assert cluster.propose(2)["ballot"][1] in ("n1", "n3")
    with pytest.raises(NodeFailedError, match="no space left"):
        first.wait(DEADLINE_SECONDS)
    assert cluster.propose(3)["ballot"][1] == "n3"
    assert f"n3 proposer log: {passed}" in caplog.text


def test_a_node_of_higher_priority_takes_over_when_it_comes_and_one_of_priority_0_never_leads(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "redpaxos")
    members = ("n1", "n2")
    cluster.start("n1", members, priority=0)
    cluster.start("n2", members)
    assert cluster.propose(1)["ballot"][1] == "n2"
    cluster.start("n3", members, roles=("proposer",), priority=2)
    wait_until(lambda: "n1 proposer log: follows n3" in caplog.text, "n3 leads")
    assert cluster.propose(2)["ballot"][1] == "n3"
    assert "n3 proposer log: succeeds ballot" in caplog.text
    assert "n1 proposer log: leads" not in caplog.text


class Refusing(MemoryTransport):
    """A server that allows no subscription."""

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        raise TransportError("no permission to subscribe")


def test_a_node_that_may_not_subscribe_stops_and_says_why() -> None:
    node = Node(NodeConfig("n1", "demo", ("n1",)), Refusing(MemoryHub()), lambda name: MemoryStorage("demo", "n1", name))
    node.start()
    with pytest.raises(NodeFailedError, match="no permission to subscribe"):
        node.wait(DEADLINE_SECONDS)


def test_a_store_that_cannot_be_opened_leaves_no_other_open(cluster: Cluster) -> None:
    opened: list[MemoryStorage] = []

    def make(name: str) -> MemoryStorage:
        if opened:
            raise StorageError("in use")
        opened.append(MemoryStorage("demo", "n1", name))
        return opened[0]

    with pytest.raises(StorageError, match="in use"):
        cluster.start("n1", ("n1",), make)
    with pytest.raises(StorageError, match="closed"):
        opened[0].round_used("log")


def reopened(stores: dict[str, MemoryStorage]) -> MakeStorage:
    """Stores that outlive a node, in their next life."""

    def make(name: str) -> MemoryStorage:
        store = stores[name]
        store.identity = replace(store.identity, boot_count=store.identity.boot_count + 1)
        store.close = lambda: None  # type: ignore[method-assign]
        return store

    return make


def test_a_node_that_was_shown_an_empty_disk_by_mistake_takes_part_again_with_its_own(cluster: Cluster) -> None:
    own = {store: MemoryStorage("demo", "n3", f"{store}-of-n3", 0) for store in ("acceptor", "log")}
    for name in ("n1", "n2"):
        cluster.start(name)
    original = cluster.start("n3", make_storage=reopened(own))
    cluster.propose(1)
    original.stop()
    newcomer = MemoryStorage("demo", "p1", "log-of-p1")
    # It comes to lead, so that acceptors answer it.
    cluster.start("p1", make_storage=lambda _: newcomer, roles=("proposer",), priority=2)
    mistaken = cluster.start("n3", make_storage=lambda store: MemoryStorage("demo", "n3", f"another-{store}"))
    with pytest.raises(NodeFailedError, match="lost its disk"):
        mistaken.wait(DEADLINE_SECONDS)
    again = cluster.start("n3", make_storage=reopened(own))
    cluster.propose(2)
    wait_until(lambda: newcomer.peer_stores().get("n3/acceptor") == "acceptor-of-n3", "p1 hears n3", DEADLINE_SECONDS)
    cluster.nodes[1].stop()
    assert cluster.propose(3)["revision"] == 3, "with the vote of n3"
    assert not has_failed(again)


def test_a_node_that_lost_its_disk_is_told_by_its_peers_and_stops(cluster: Cluster) -> None:
    for name in MEMBERS:
        cluster.start(name)
    cluster.propose(1)
    cluster.nodes[2].stop()
    node = cluster.start("n3", make_storage=lambda store: MemoryStorage("demo", "n3", f"another-{store}"))
    with pytest.raises(NodeFailedError, match="lost its disk"):
        node.wait(DEADLINE_SECONDS)
    assert cluster.propose(2)["revision"] == 2
