"""The client with real nodes: what it refuses by itself, and what it calls its own."""

from collections.abc import Callable

import pytest

from redpaxos.client import Client
from redpaxos.errors import RejectedError
from tests.integration.cluster import Cluster

LONG = "i" * 129


REFUSED: dict[str, Callable[[Client], object]] = {
    "propose": lambda client: client.propose(1, id=LONG),
    "decide": lambda client: client.decide("colour", 1, id=LONG),
    "long name": lambda client: client.decide(LONG, 1),
    "no name": lambda client: client.decision(""),
    "learned": lambda client: client.learned(LONG),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_ids_and_names_that_are_too_long_are_refused_before_anybody_is_asked(cluster: Cluster, ask: Callable[[Client], object]) -> None:
    with cluster.client() as client, pytest.raises(RejectedError, match="128"):
        ask(client)


def test_another_value_under_the_same_id_is_not_mine(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client, cluster.client() as other:
        cluster.settle(client)
        assert client.propose("blue", id="one").mine
        assert client.propose("blue", id="one").mine
        second = other.propose("red", id="one")
        assert (second.value, second.mine) == ("blue", False)
        assert client.decide("colour", "blue", id="two").mine
        assert not other.decide("colour", "red", id="two").mine
