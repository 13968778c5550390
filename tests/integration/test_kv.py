"""The key-value store on real processes under kill -9: what was acknowledged is there, once; fresh reads never go back."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager

import pytest

from paxos.machines.kv_messages import KeyValueResult
from redpaxos.client import Client
from redpaxos.errors import NotDoneError, OutcomeUnknownError
from redpaxos.kv import Put, Written
from redpaxos.simulation.linearizability.check import Linearizable, check
from redpaxos.simulation.linearizability.history import Input, Operation, Recorder
from redpaxos.simulation.linearizability.models.key_value import KeyValue
from tests.integration.cluster import Cluster, eventually

pytestmark = [pytest.mark.server, pytest.mark.processes, pytest.mark.timeout(120)]

_DEADLINE_SECONDS = 30.0


def leader_of(client: Client) -> str:
    """The node that leads."""
    found: list[str] = []

    def find() -> None:
        found[:] = [report["node"] for report in client.status() if report.get("phase") == "leading"]
        assert found

    eventually(find)
    return found[0]


def kill_leader(cluster: Cluster, client: Client) -> None:
    """kill -9 of whoever leads, which then comes back."""
    leader = leader_of(client)
    cluster.kill(leader)
    cluster.start(leader)


def await_more(count: Callable[[], int], more: int) -> None:
    """Until there are so many more than there are."""
    wanted = count() + more

    def require() -> None:
        assert count() >= wanted

    eventually(require, _DEADLINE_SECONDS)


@contextmanager
def working(*works: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run these until the `with` ends; what one raises, it raises."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run(work: Callable[[threading.Event], None]) -> None:
        try:
            work(stop)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_every_acknowledged_put_is_there_exactly_once_whoever_is_killed(cluster: Cluster) -> None:
    """Each put raises its key's version by one, so a put that was executed twice shows."""
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        futures: list[tuple[str, Future[KeyValueResult]]] = []

        def put(stop: threading.Event) -> None:
            while not stop.is_set():
                key = f"key-{len(futures) % 50}"
                futures.append((key, client.kv.submit(Put(key, b"%d" % len(futures)), timeout=_DEADLINE_SECONDS)))
                if len(futures) >= 500:
                    futures[-500][1].exception()

        with working(put):
            for _ in range(3):
                await_more(lambda: len(futures), 1500)
                kill_leader(cluster, client)
            await_more(lambda: len(futures), 1500)
        wait([future for _, future in futures], _DEADLINE_SECONDS)
        results = [future.result() for _, future in futures]
        items = {item.key: item for item in client.kv.items("key-")}
    revisions = [result.revision for result in results if isinstance(result, Written)]
    assert len(revisions) == len(set(revisions)) == len(futures)
    for key, item in items.items():
        assert item.version == sum(each == key for each, _ in futures)


def test_fresh_reads_never_go_back_on_any_node(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        newest = [client.kv.put("counter", b"0").revision]
        read_count = [0]

        def write(stop: threading.Event) -> None:
            while not stop.is_set():
                try:
                    newest.append(client.kv.put("counter", b"x", timeout=10.0).revision)
                except (NotDoneError, OutcomeUnknownError):
                    continue

        def read(stop: threading.Event) -> None:
            randomly = random.Random(3)
            while not stop.is_set():
                least = newest[-1]
                try:
                    item = client.kv.get("counter", node=randomly.choice(("", *cluster.members)), timeout=2.0)
                except NotDoneError:
                    continue
                assert item is not None
                assert item.revision >= least
                newest.append(max(item.revision, newest[-1]))
                read_count[0] += 1

        with working(write, read):
            for _ in range(3):
                await_more(lambda: read_count[0], 100)
                kill_leader(cluster, client)
            await_more(lambda: read_count[0], 100)


def test_the_store_is_made_again_from_the_log_when_all_nodes_restart(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        wait([client.kv.submit(Put(f"key-{number % 300}", b"%d" % number)) for number in range(1000)])
        client.kv.delete_prefix("key-1")
        before = client.kv.ls("key-")
        cluster.kill(*cluster.members)
        cluster.start()
        assert client.kv.ls("key-", timeout=_DEADLINE_SECONDS) == before
        for node in cluster.members:
            assert client.kv.ls("key-", node=node, timeout=_DEADLINE_SECONDS) == before
        assert client.kv.cas("key-2", b"after", revision=before.items[0].revision).succeeded is (before.items[0].key == "key-2")


def test_a_watch_sees_every_change_once_and_in_order_while_nodes_are_killed(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client, cluster.client() as watcher:
        cluster.settle(client)
        first = client.kv.put("watched/0", b"").revision
        written: list[int] = [first]
        seen: list[int] = []

        def write(stop: threading.Event) -> None:
            while not stop.is_set():
                written.append(client.kv.put(f"watched/{len(written) % 7}", b"", timeout=_DEADLINE_SECONDS).revision)
                client.kv.put("unwatched", b"", timeout=_DEADLINE_SECONDS)

        def watch(stop: threading.Event) -> None:
            for change in watcher.kv.watch("watched/", first, timeout=10.0):
                seen.append(change.revision)
                if stop.is_set() and change.revision >= written[-1]:
                    return

        with working(watch):
            with working(write):
                for _ in range(2):
                    await_more(lambda: len(seen), 100)
                    kill_leader(cluster, client)
                await_more(lambda: len(seen), 100)
            written.append(client.kv.put("watched/end", b"", timeout=_DEADLINE_SECONDS).revision)
            await_more(lambda: len(seen), len(written) - len(seen))
    assert seen == written


class Player:
    """A client that does what chance says to a few keys, and records what it was told."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self._client = cluster.client()
        self._members = cluster.members
        self._random = random.Random(name)
        self._recorder = Recorder()
        self._count = 0

    def play(self, stop: threading.Event) -> None:
        """Until stopped."""
        while not stop.is_set():
            self._turn(f"k{self._random.randrange(4)}")
        self._client.close()

    def history(self) -> list[Operation]:
        """What happened."""
        return self._recorder.operations()

    def _turn(self, key: str) -> None:
        self._count += 1
        value = f"{self.name}-{self._count}"
        kind = self._random.choice(("get", "get", "put", "cas", "delete"))
        expected = self._last_revision(key) if kind == "cas" else 0
        inputs: dict[str, Input] = {"get": ("get",), "put": ("put", value), "delete": ("delete",)}
        swap: Input = ("compare_and_set_revision", expected, value)
        number = self._recorder.invoke(self.name, key, inputs.get(kind, swap), time.monotonic_ns())
        try:
            output = self._do(kind, key, value, expected)
        except NotDoneError:
            self._recorder.not_done(number, time.monotonic_ns())
        except OutcomeUnknownError:
            pass
        else:
            self._recorder.done(number, output, time.monotonic_ns())

    def _do(self, kind: str, key: str, value: str, expected: int) -> bool | int | tuple[str | None, int] | None:
        store, timeout = self._client.kv, self._random.choice((0.3, 5.0))
        match kind:
            case "get":
                item = store.get(key, node=self._random.choice(("", *self._members)), timeout=timeout)
                return (item.value.decode(), item.revision) if item is not None else (None, 0)
            case "put":
                return store.put(key, value, timeout=timeout).revision
            case "delete":
                deleted = store.delete(key, timeout=timeout)
                return deleted.revision if deleted.count else None
            case _:
                swap = store.cas(key, value, revision=expected, timeout=timeout)
                return swap.revision if swap.succeeded else False

    def _last_revision(self, key: str) -> int:
        """As far as this node was told, so that some succeed."""
        item = self._client.kv.get(key, consistency="stale", timeout=5.0)
        return item.revision if item is not None else 0


def test_a_history_of_many_clients_under_kills_is_linearizable(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        players = [Player(cluster, f"p{number}") for number in range(6)]

        with working(*(player.play for player in players)):
            for _ in range(4):
                await_more(lambda: sum(len(player.history()) for player in players), 600)
                kill_leader(cluster, client)
    history = [operation for player in players for operation in player.history()]
    verdict = check(history, KeyValue())
    assert isinstance(verdict, Linearizable), verdict.text()
