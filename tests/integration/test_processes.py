"""Nodes are killed, frozen and stopped; nothing chosen is lost or contradicted."""

import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from redpaxos.errors import NotDoneError, OutcomeUnknownError
from tests.integration.cluster import Cluster, eventually


class Writer:
    """Proposes numbered values until stopped, and keeps what was acknowledged."""

    def __init__(self, cluster: Cluster) -> None:
        self.acknowledged: dict[int, int] = {}
        self._client = cluster.client()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.close()

    def wait_for_more(self, count: int = 20) -> None:
        """Until so many more writes were acknowledged."""
        wanted = len(self.acknowledged) + count
        eventually(lambda: self._require(wanted), 30.0)

    def _require(self, wanted: int) -> None:
        assert len(self.acknowledged) >= wanted

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                self.acknowledged[number] = self._client.propose(number, id=f"w{number}", timeout=5.0).revision
            except (NotDoneError, OutcomeUnknownError):
                continue


def test_every_acknowledged_write_survives_kill_9_of_any_node_and_of_all(cluster: Cluster) -> None:
    randomly = random.Random(11)
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        with Writer(cluster) as writer:
            for victims in (["n1"], ["n2"], ["n3"], ["n1", "n2"], ["n1", "n2", "n3"], [randomly.choice(cluster.members)]):
                writer.wait_for_more()
                cluster.kill(*victims)
                cluster.start(*victims)
            writer.wait_for_more()
        first, *others = cluster.logs(client)
    assert all(log == first for log in others)
    revisions = {decision.value: decision.revision for decision in first if decision.id.startswith("w")}
    assert len(revisions) == sum(decision.id.startswith("w") for decision in first), "a write executed twice"
    assert writer.acknowledged.items() <= revisions.items()


def test_without_a_majority_nothing_is_chosen_and_the_caller_is_told_and_it_goes_on_by_itself(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        cluster.kill("n2", "n3")
        with pytest.raises((NotDoneError, OutcomeUnknownError)):
            client.propose("first", id="first", timeout=8.0)
        with pytest.raises(NotDoneError):
            client.propose("second", id="second", timeout=8.0)
        cluster.start("n2")
        eventually(lambda: client.propose("third", timeout=5.0), 10.0)
        values = [decision.value for decision in client.log()]
    assert "second" not in values
    assert values[-1] == "third"


def test_any_number_of_competing_clients_get_the_one_value_that_won(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
    clients = [cluster.client() for _ in range(6)]
    with ThreadPoolExecutor(len(clients)) as pool:
        for number in range(5):
            name = f"decree-{number}"
            decisions = list(pool.map(lambda one, name=name: one.decide(name, one.name), clients))
            assert len({(decision.value, decision.ballot) for decision in decisions}) == 1
            assert sum(decision.mine for decision in decisions) == 1
            assert decisions[0].value == clients[0].decision(name).value
    for client in clients:
        client.close()


def test_a_frozen_leader_is_replaced_and_does_no_harm_when_it_thaws(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        leader = next(report["node"] for report in client.status() if report.get("phase") == "leading")
        cluster.signal(leader, signal.SIGSTOP)
        took = eventually(lambda: client.propose("while frozen", timeout=5.0))
        cluster.signal(leader, signal.SIGCONT)
        client.propose("thawed")
        first, *others = cluster.logs(client)
    assert took < 5.0
    assert all(log == first for log in others)


def test_sigterm_stops_a_node_cleanly_within_a_second(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        for node in cluster.members:
            code, seconds = cluster.terminate(node)
            assert code == 0
            assert seconds < 1.0


def test_roles_may_be_spread_over_processes(cluster: Cluster) -> None:
    cluster.members = ("a1", "a2", "a3")
    cluster.start("a1", "a2", "a3", roles="acceptor")
    cluster.start("p1", "p2", roles="proposer")
    cluster.start("l1", roles="learner")
    with cluster.client() as client:
        cluster.settle(client)
        cluster.kill("a2")
        decision = client.propose({"after": "a2"})
        client.decide("colour", "blue")
        logs = cluster.logs(client, ("p1", "p2", "l1"))
    assert [log[-1].value for log in logs] == [decision.value] * 3
