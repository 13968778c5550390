"""Redis is killed, emptied, cut, frozen and flooded: no wrong answer, and progress within five seconds of its being back."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from paxos.codec import WIRE_VERSION
from redpaxos.client import Client
from tests.integration.cluster import Cluster, eventually
from tests.servers import RedisServer

BACK_SECONDS = 5.0


def restart(server: RedisServer) -> None:
    server.kill()
    server.restart()


def cut_subscribers(server: RedisServer) -> None:
    server.cli("CLIENT", "KILL", "TYPE", "pubsub")


def cut_publishers(server: RedisServer) -> None:
    server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def empty(server: RedisServer) -> None:
    server.cli("FLUSHALL")


def freeze_for_ten_seconds(server: RedisServer) -> None:
    server.freeze()
    threading.Event().wait(10.0)
    server.thaw()


def cut_slow_subscribers(server: RedisServer) -> None:
    """Everybody is too slow for a limit this low, once a page of 64 KB is published."""
    server.cli("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32kb 32kb 1")
    for number in range(20):
        server.cli("PUBLISH", "redpaxos:{test.0}:everyone:from:flood", f"{number}" * 300_000)
    server.cli("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60")


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "hurt", [restart, cut_subscribers, cut_publishers, empty, freeze_for_ten_seconds, cut_slow_subscribers], ids=lambda hurt: hurt.__name__
)
def test_progress_within_five_seconds_without_a_restart_of_ours(cluster: Cluster, hurt: Callable[[RedisServer], None]) -> None:
    cluster.start()
    with cluster.client() as client, cluster.client() as other:
        cluster.settle(client)
        before = [client.propose(number).revision for number in range(5)]
        hurt(cluster.server)
        took = eventually(lambda: client.propose("back", timeout=BACK_SECONDS))
        other.propose("from another client")
        first, *others = cluster.logs(client)
    assert took < BACK_SECONDS
    assert all(log == first for log in others)
    assert [decision.value for decision in first if decision.revision in before] == [0, 1, 2, 3, 4]


def garbage(version: int = WIRE_VERSION, cluster: bytes = b"test") -> list[bytes]:
    frame = bytes((ord("r"), ord("p"), version, 0))
    return [b"", b"\x00" * 40, b"rp", frame, frame + b"\x96\xc1", frame + b"\x97\xa4" + cluster + b"\xa2n1", json.dumps({"a": 1}).encode()]


@pytest.mark.timeout(90)
def test_bytes_that_are_no_message_are_counted_and_disturb_nothing(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        cluster.settle(client)
        for audience in ("everyone", "acceptors", "proposers", "learners", "n1", "n1/desk"):
            for payload in (*garbage(), *garbage(version=9), *garbage(cluster=b"else")):
                cluster.server.cli("PUBLISH", f"redpaxos:{{test.0}}:{audience}:from:n2", payload)
        cluster.server.cli("PUBLISH", "redpaxos:{test.0}:everyone:from:n2", b"x" * 100 * 1024 * 1024)
        took = eventually(lambda: client.propose("undisturbed", timeout=BACK_SECONDS))
        refused = {kind for report in _eventual_status(client, cluster) for kind in report["refused"]}
    assert took < BACK_SECONDS
    assert {"not a frame", "wire version", "undecodable"} <= refused


def _eventual_status(client: Client, cluster: Cluster) -> list[dict[str, Any]]:
    """The reports, once every member's actors answer."""
    reports: list[dict[str, Any]] = []

    def all_answer() -> None:
        reports[:] = client.status()
        assert {report["node"] for report in reports} == set(cluster.members)

    eventually(all_answer)
    return reports
