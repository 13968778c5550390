"""Real nodes, a real server and real clients under the nemesis; `python -m tests.nemesis` does the same for hours."""

from collections import Counter
from pathlib import Path

import pytest

from tests.nemesis.kills import kill_count_of, kill_round
from tests.nemesis.network_faults import TROUBLES, network_round
from tests.nemesis.redis_faults import FAULTS, redis_round

pytestmark = [pytest.mark.server, pytest.mark.processes, pytest.mark.timeout(240)]


@pytest.mark.parametrize(("node_count", "kill_count"), [(3, 12), (5, 8)])
def test_every_acknowledged_write_survives_kill_9_and_frozen_nodes(tmp_path: Path, node_count: int, kill_count: int) -> None:
    done = kill_round(node_count, kill_count, tmp_path, node_count)
    assert kill_count_of([done]) >= kill_count
    assert done.acknowledged_count > 10 * kill_count


@pytest.mark.usefixtures("hosts_are_possible")
def test_progress_within_five_seconds_of_the_end_of_each_fault_of_redis(tmp_path: Path) -> None:
    done = redis_round(seed=1, count=5, directory=tmp_path)
    assert Counter(fault.kind for fault in done.faults) == dict.fromkeys(FAULTS, 5)


@pytest.mark.usefixtures("hosts_are_possible")
def test_hosts_that_are_cut_off_slowed_down_or_lose_packets_disturb_nobody_and_come_back(tmp_path: Path) -> None:
    done = network_round(seed=1, count=2, directory=tmp_path, node_count=5)
    assert {fault.kind.partition(":")[0] for fault in done.faults} == set(TROUBLES)
