"""The lead passes on request, on SIGTERM and when a disk is full; no acknowledged write is lost, and none is done twice."""

import itertools
import threading

import pytest

from redpaxos.client import Client
from redpaxos.errors import NotDoneError, OutcomeUnknownError
from tests.integration.cluster import Cluster, eventually

SHORT_SECONDS = 3.0


class Load:
    """Writers to the log and to the key-value store, in threads, until stopped; what was acknowledged is kept."""

    def __init__(self, cluster: Cluster) -> None:
        self.acknowledged: dict[str, int] = {}
        self.added = 0
        self._client = cluster.client()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._propose, args=(name,)) for name in "abc"]
        self._threads.append(threading.Thread(target=self._add))

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.wait_for_more()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def wait_for_more(self, count: int = 20) -> None:
        """Until so many more of each kind were acknowledged."""
        wanted = len(self.acknowledged) + count, self.added + count
        eventually(lambda: self._require(wanted))

    def _require(self, wanted: tuple[int, int]) -> None:
        assert len(self.acknowledged) >= wanted[0]
        assert self.added >= wanted[1]

    def _propose(self, name: str) -> None:
        for number in itertools.count():
            if self._stop.is_set():
                return
            try:
                self.acknowledged[f"{name}{number}"] = self._client.propose(number, id=f"{name}{number}", timeout=5.0).revision
            except (NotDoneError, OutcomeUnknownError):
                continue

    def _add(self) -> None:
        """Count up by compare-and-set: one executed twice, or lost, would fail the next."""
        revision = 0
        while not self._stop.is_set():
            swap = self._client.kv.cas("counter", b"%d" % (self.added + 1), revision=revision, timeout=20.0)
            assert swap.succeeded
            revision, self.added = swap.revision, self.added + 1


def leader_of(client: Client) -> str:
    """Who leads."""
    return next(str(report["node"]) for report in client.status() if report.get("phase") == "leading")


def settled_leader(cluster: Cluster, client: Client) -> str:
    """Start all, and wait until one leads."""
    cluster.start()
    cluster.settle(client)
    found: list[str] = []
    eventually(lambda: found.append(leader_of(client)))
    return found[-1]


def require_nothing_lost(cluster: Cluster, client: Client, load: Load) -> None:
    """Every acknowledged write is in every log once."""
    first, *others = cluster.logs(client, nodes=sorted({report["node"] for report in client.status()}))
    assert all(log == first for log in others)
    revisions = {decision.id: decision.revision for decision in first}
    assert len(revisions) == len(first), "a write executed twice"
    assert load.acknowledged.items() <= revisions.items()
    counter = client.kv.get("counter")
    assert counter is not None
    assert counter.value == b"%d" % load.added


def test_the_lead_goes_round_under_load(cluster: Cluster) -> None:
    with cluster.client() as client:
        leader = settled_leader(cluster, client)
        with Load(cluster) as load:
            for heir in [*(name for name in cluster.members if name != leader), leader]:
                client.transfer_lead(heir)
                assert leader_of(client) == heir
                load.wait_for_more()
        require_nothing_lost(cluster, client, load)
    assert "succeeds ballot" in cluster.log(leader).read_text()


def test_a_leader_that_is_told_to_stop_hands_over_first(cluster: Cluster) -> None:
    with cluster.client() as client:
        leader = settled_leader(cluster, client)
        with Load(cluster) as load:
            code, seconds = cluster.terminate(leader)
            load.wait_for_more()
            others = [name for name in cluster.members if name != leader]
            heir = leader_of(client)
        require_nothing_lost(cluster, client, load)
    assert (code, heir in others) == (0, True)
    assert seconds < SHORT_SECONDS
    # It was made leader, and did not wait until the silence of the former one was too long.
    assert "succeeds ballot" in cluster.log(heir).read_text()


def test_an_heir_that_cannot_lead_leaves_the_leader_where_it_is(cluster: Cluster) -> None:
    with cluster.client() as client:
        leader = settled_leader(cluster, client)
        dead = next(name for name in cluster.members if name != leader)
        cluster.kill(dead)
        with Load(cluster) as load:
            with pytest.raises(NotDoneError, match=f"{dead} was not ready in time"):
                client.transfer_lead(dead)
            with pytest.raises(NotDoneError, match="nobody is no member"):
                client.transfer_lead("nobody")
            load.wait_for_more()
            assert leader_of(client) == leader
        require_nothing_lost(cluster, client, load)


def test_who_leads_already_and_nobody_who_leads(cluster: Cluster) -> None:
    with cluster.client() as client:
        with pytest.raises(NotDoneError, match="nobody was found to lead"):
            client.transfer_lead("n1", timeout=0.3)
        client.transfer_lead(settled_leader(cluster, client))
