"""Real nodes, a real server and real clients under the nemesis; `python -m tests.nemesis` does the same for hours."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.nemesis.arena import Arena
from tests.nemesis.judge import complaints, gather
from tests.nemesis.kills import crowd_round, kill_count_of, kill_round
from tests.nemesis.network_faults import TROUBLES, network_round
from tests.nemesis.redis_faults import FAULTS, redis_round
from tests.nemesis.soak import soak_round

pytestmark = [pytest.mark.server, pytest.mark.processes, pytest.mark.timeout(240)]


@pytest.mark.parametrize(("node_count", "kill_count"), [(3, 12), (5, 8)])
def test_every_acknowledged_write_survives_kill_9_and_frozen_nodes(tmp_path: Path, node_count: int, kill_count: int) -> None:
    done = kill_round(node_count, kill_count, tmp_path, node_count)
    assert kill_count_of([done]) >= kill_count
    assert done.acknowledged_count > 10 * kill_count


def test_what_is_lost_is_found_where_all_disks_are_set_back_to_an_old_copy(tmp_path: Path) -> None:
    """No node can notice it, and operators are told never to do it; the judge has to notice."""
    with Arena("set back", 1, tmp_path / "cluster") as arena:
        arena.kill(*arena.members)
        for node in arena.members:
            shutil.copytree(tmp_path / "cluster" / node, tmp_path / node)
        arena.start(*arena.members)
        arena.chronicle.await_more(40, 20.0)
        history = arena.company.finish()
        assert complaints(gather(arena.cluster, arena.client, history)) == []
        arena.kill(*arena.members)
        for node in arena.members:
            shutil.rmtree(tmp_path / "cluster" / node)
            shutil.copytree(tmp_path / node, tmp_path / "cluster" / node)
        arena.start(*arena.members)
        # A client that has heard these nodes in later lives takes what they say now for old.
        with arena.cluster.client() as client:
            found = complaints(gather(arena.cluster, client, history))
    assert sum("was acknowledged" in complaint for complaint in found) > 20
    assert any("not linearizable" in complaint for complaint in found)


@pytest.mark.usefixtures("hosts_are_possible")
def test_progress_within_five_seconds_of_the_end_of_each_fault_of_redis(tmp_path: Path) -> None:
    done = redis_round(seed=1, count=5, directory=tmp_path)
    assert Counter(fault.kind for fault in done.faults) == dict.fromkeys(FAULTS, 5)


@pytest.mark.usefixtures("hosts_are_possible")
def test_hosts_that_are_cut_off_slowed_down_or_lose_packets_disturb_nobody_and_come_back(tmp_path: Path) -> None:
    done = network_round(seed=1, count=2, directory=tmp_path, node_count=5)
    assert {fault.kind.partition(":")[0] for fault in done.faults} == set(TROUBLES)


@pytest.mark.usefixtures("hosts_are_possible")
def test_everything_in_turn_befalls_five_nodes_and_their_memory_is_seen(tmp_path: Path) -> None:
    done = soak_round(seed=1, minutes=0.3, directory=tmp_path, change_count=5_000, decree_count=50)
    assert len(done.memory) > 2
    assert all(10.0 < megabytes < 1000.0 for _, nodes in done.memory for megabytes in nodes)


def test_hundreds_of_operations_under_way_at_a_time_are_linearizable_while_nodes_are_killed(tmp_path: Path) -> None:
    done = crowd_round(seed=1, write_count=50_000, directory=tmp_path)
    assert done.operation_count >= 50_000
    assert any(fault.kind.startswith("kill") for fault in done.faults[:-1])
