"""A session on three nodes in one process, over memory: what its callers are told, and when they are slowed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

import pytest

from actors.storage.memory import MemoryStorage
from paxos.company import STANDARD_MACHINES, Machines
from paxos.machines.kv import KeyValue
from paxos.machines.kv_messages import KEY_VALUE
from redpaxos.client import Client
from redpaxos.errors import HistoryLostError, NotDoneError, OutcomeUnknownError, RejectedError
from redpaxos.kv import Condition, Delete, Found, Get, Put, Subject, Written
from redpaxos.node import Node, NodeConfig
from tests.integration.cluster import eventually
from tests.stores import admitted
from transport.memory import MemoryHub, MemoryTransport

MEMBERS = ("n1", "n2", "n3")


class Group:
    """Three nodes and a client."""

    def __init__(self, machines: Machines = STANDARD_MACHINES) -> None:
        self._hub = MemoryHub()
        self._machines = machines
        self.nodes = [self._node(name) for name in MEMBERS]
        self.client = self.connect()
        self.kv = self.client.kv

    def connect(self) -> Client:
        """One more client."""
        return Client(MemoryTransport(self._hub), "test")

    def start(self, count: int = 3) -> None:
        """So many of the nodes."""
        for node in self.nodes[:count]:
            node.start()

    def stop(self) -> None:
        """All of it."""
        self.client.close()
        for node in self.nodes:
            node.stop()

    def _node(self, name: str) -> Node:
        def storage(store: str) -> MemoryStorage:
            return admitted(MemoryStorage(cluster="test", node=name))

        return Node(NodeConfig(name, "test", MEMBERS), MemoryTransport(self._hub), storage, machines=self._machines)


@pytest.fixture
def asleep() -> Iterator[Group]:
    """A group of which no node runs."""
    group = Group()
    yield group
    group.stop()


@pytest.fixture
def group(asleep: Group) -> Group:
    """A group that runs."""
    asleep.start()
    return asleep


def test_threads_share_one_session_and_each_is_told_its_own_result(group: Group) -> None:
    with ThreadPoolExecutor(20) as pool:
        revisions = list(pool.map(lambda number: group.kv.put(f"key-{number}", str(number)).revision, range(200)))
    assert sorted(revisions) == list(range(1, 201))
    assert [item.value for item in group.kv.items("key-")] == [str(number).encode() for number in sorted(range(200), key=str)]


def test_a_thousand_operations_may_be_under_way_from_one_thread(group: Group) -> None:
    futures = [group.kv.submit(Put("key", b"x")) for _ in range(1000)]
    results = [future.result() for future in futures]
    assert {result.revision for result in results if isinstance(result, Written)} == set(range(1, 1001))
    assert not futures[0].cancel()


def test_every_call_of_the_store_tells_what_became_of_it(group: Group) -> None:
    store = group.kv
    assert store.put("a", "1").revision == 1
    assert store.cas("a", "2", revision=1).revision == 2
    refused = store.cas("a", None, revision=1)
    assert (refused.succeeded, refused.current) == (False, store.get("a"))
    branch = store.txn([Condition("a", Subject.VALUE, "=", b"2")], [Put("b", b"3"), Delete("a")], [Get("a")])
    assert (branch.succeeded, branch.revision) == (True, 3)
    assert store.get("a") is None
    assert store.cas("b", None, revision=3).succeeded
    assert store.delete("b").count == 0
    assert store.delete_prefix("").count == 0
    assert store.ls() == Found((), 4)


def test_every_node_answers_fresh_and_stale(group: Group) -> None:
    group.kv.put("a", "1")
    for node in MEMBERS:
        item = group.kv.get("a", node=node)
        assert item is not None
        assert item.value == b"1"
        group.kv.get("a", node=node, consistency="stale")


def test_a_session_read_is_never_older_than_what_was_written_or_read_before(group: Group) -> None:
    for number in range(30):
        group.kv.put("a", str(number))
        for node in MEMBERS:
            item = group.kv.get("a", node=node, consistency="session")
            assert item is not None
            assert item.value == str(number).encode()


def test_a_session_read_waits_for_a_node_that_is_behind(asleep: Group) -> None:
    asleep.start(2)
    with asleep.connect() as other:
        other.kv.put("a", "1")
    assert asleep.kv.get("a") is not None, "it was read, so it was there"
    late = MEMBERS[2]
    asleep.nodes[2].start()
    item = asleep.kv.get("a", node=late, consistency="session", timeout=20.0)
    assert item is not None
    with pytest.raises(NotDoneError):
        asleep.kv.get("a", node="nobody", consistency="session", timeout=0.2)


def test_a_watch_from_now_on_hears_of_what_comes(group: Group) -> None:
    group.kv.put("a/1", "before")
    watch = group.kv.watch("a/")
    group.kv.put("b", "other")
    threading.Thread(target=lambda: group.kv.put("a/2", "after")).start()
    assert next(watch).key == "a/2"
    assert [change.key for change in group.kv.watch("", 1, timeout=0.2)] == ["a/1", "b", "a/2"]


def test_a_watch_of_changes_that_are_not_kept_says_so() -> None:
    group = Group(machines=((KEY_VALUE, partial(KeyValue, 10)),))
    group.start()
    try:
        for _ in range(20):
            group.kv.put("a", b"")
        with pytest.raises(HistoryLostError, match="changes of revision 1 are not kept"):
            next(group.kv.watch("", 1))
    finally:
        group.stop()


def test_what_makes_no_sense_is_refused_before_anybody_is_asked(asleep: Group) -> None:
    for mistake in (
        lambda: asleep.kv.put("k" * 1025, b""),
        lambda: asleep.kv.put("\ud800", b""),
        lambda: asleep.kv.put("a", b"x" * 9_000_000),
        lambda: asleep.kv.get("a", consistency="sometimes"),  # type: ignore[arg-type]
        lambda: asleep.kv.submit(Put("\ud800", b"")),
    ):
        with pytest.raises(RejectedError):
            mistake()


def test_what_the_cluster_refuses_is_rejected_with_its_reason(group: Group) -> None:
    with pytest.raises(RejectedError, match="at most 1048576 are allowed"):
        group.kv.put("a", b"x" * 2_000_000)
    with pytest.raises(RejectedError, match="then has 129 entries, at most 128 are allowed"):
        group.kv.txn([], [Get("a")] * 129)


def test_without_any_node_nothing_is_done(asleep: Group) -> None:
    with pytest.raises(NotDoneError):
        asleep.kv.put("a", b"", timeout=0.2)
    with pytest.raises(NotDoneError):
        asleep.kv.get("a", timeout=0.2)
    assert list(asleep.kv.watch("", 1, timeout=0.2)) == []


def test_when_the_majority_is_gone_what_was_under_way_is_unknown(group: Group) -> None:
    group.kv.put("a", b"1")
    leader = next(report["node"] for report in group.client.status() if report.get("phase") == "leading")
    for node in group.nodes:
        if node.config.name != leader:
            node.stop()
    with pytest.raises((OutcomeUnknownError, NotDoneError)):
        group.kv.put("a", b"2", timeout=0.5)


def test_whoever_hands_in_too_much_is_slowed_and_at_last_told(asleep: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redpaxos.session._WAITING_COUNT", 2)
    futures = [asleep.kv.submit(Put("a", b""), timeout=20.0) for _ in range(2)]
    with pytest.raises(NotDoneError, match="too many operations wait"):
        asleep.kv.submit(Put("a", b""), timeout=0.2)
    asleep.start()
    assert isinstance(asleep.kv.submit(Put("a", b""), timeout=20.0).result(), Written)
    assert wait(futures).not_done == set()


def test_a_callback_may_hand_in_the_next(group: Group) -> None:
    done = threading.Event()
    future = group.kv.submit(Put("a", b""))
    future.add_done_callback(lambda _: group.kv.submit(Put("b", b"")).add_done_callback(lambda _: done.set()))
    assert done.wait(20.0)


def test_a_client_that_ends_leaves_no_session_behind(group: Group) -> None:
    group.kv.put("a", b"1")

    def require_sessions(count: int) -> None:
        reports = [report for report in group.client.status() if "sessions" in report]
        assert [report["sessions"] for report in reports] == [count] * 3

    with group.connect() as other:
        other.kv.put("a", b"2")
        eventually(lambda: require_sessions(2))
    eventually(lambda: require_sessions(1))


def test_who_reads_much_more_than_it_settles_is_told_what_was_not_done(group: Group) -> None:
    group.kv.put("a", b"x" * 1_000_000)
    futures = [group.kv.submit(Get("a")) for _ in range(40)]
    refused = [error for future in futures if (error := future.exception(20.0)) is not None]
    assert all(isinstance(error, NotDoneError) and "not settled" in str(error) for error in refused)
    assert 0 < len(refused) <= 24
    assert isinstance(group.kv.submit(Get("a")).result(), Found)


def test_a_closed_client_settles_what_is_under_way_and_takes_no_more(asleep: Group) -> None:
    future = asleep.kv.submit(Put("a", b""), timeout=20.0)
    asleep.client.close()
    asleep.client.close()
    assert isinstance(future.exception(), NotDoneError)
    with pytest.raises(NotDoneError, match="closed"):
        asleep.kv.put("a", b"")
