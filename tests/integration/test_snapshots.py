"""Snapshots of real nodes: a start goes on from the one that is whole, and from the log where it is not."""

import pytest

from redpaxos.client import Client
from redpaxos.kv import Change
from tests.integration.cluster import Cluster, eventually

pytestmark = [pytest.mark.server, pytest.mark.processes, pytest.mark.timeout(120)]

NODE = "n1"


def fill(cluster: Cluster, client: Client) -> list[Change]:
    """Write something, and let every node execute it; the changes."""
    cluster.settle(client)
    for number in range(20):
        client.kv.put(f"key-{number % 7}", str(number))
    changes = list(client.kv.watch("", 1, timeout=0.5))
    assert len(changes) == 20
    return changes


def report_of(client: Client) -> dict[str, object]:
    """What the node's proposer says of itself."""
    reports = [report for report in client.status() if report["node"] == NODE and report["kind"] == "proposer"]
    assert len(reports) == 1
    return reports[0]


def holds(client: Client, changes: list[Change]) -> None:
    """Whether the node has everything, and its history."""
    assert list(client.kv.watch("", 1, node=NODE, timeout=0.5)) == changes
    values = {change.key: change.value for change in changes}
    assert {item.key: item.value for item in client.kv.items(consistency="stale", node=NODE)} == values


def test_a_node_that_was_stopped_goes_on_from_what_it_saved(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        changes = fill(cluster, client)
        assert cluster.terminate(NODE)[0] == 0
        cluster.start(NODE)
        eventually(lambda: holds(client, changes))
        assert report_of(client)["snapshot"] != 0
        assert f"executes the log from slot {report_of(client)['snapshot']} on: its snapshot has what" in cluster.log(NODE).read_text()
        assert client.kv.put("key-0", "after", previous=True).previous is not None


def test_a_damaged_snapshot_is_told_of_and_the_log_executed(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        changes = fill(cluster, client)
        assert cluster.terminate(NODE)[0] == 0
        snapshot = cluster.directory / NODE / "log.sqlite3-snapshot"
        content = bytearray(snapshot.read_bytes())
        content[len(content) // 2] ^= 1
        snapshot.write_bytes(content)
        cluster.start(NODE)
        eventually(lambda: holds(client, changes))
        assert report_of(client)["snapshot"] == 0
        assert "the digest of the snapshot does not hold" in cluster.log(NODE).read_text()


def test_a_node_that_was_killed_goes_on_from_the_log(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client:
        changes = fill(cluster, client)
        cluster.kill(NODE)
        cluster.start(NODE)
        eventually(lambda: holds(client, changes))


def test_a_watch_goes_on_when_every_node_was_stopped_and_started_again(cluster: Cluster) -> None:
    cluster.start()
    with cluster.client() as client, cluster.client() as watcher:
        changes = fill(cluster, client)
        watch = watcher.kv.watch("", 1)
        seen = [next(watch) for _ in changes]
        for node in cluster.members:
            assert cluster.terminate(node)[0] == 0
        cluster.start()
        eventually(lambda: client.kv.put("after", "all", timeout=5.0))
        seen.append(next(watch))
        assert seen == [*changes, Change(seen[-1].revision, "after", b"all")]
        assert [change.revision for change in seen] == list(range(1, len(seen) + 1))
