"""Disks that fail at each system call of a node's life, and under running clusters; and that the check of it can fail."""

from collections import Counter
from pathlib import Path

import pytest

from tests.nemesis.campaign import positions_round
from tests.nemesis.disk_faults import ERRORS, Position, forgotten, strike
from tests.nemesis.life import tell_of_life
from tests.nemesis.node_disks import failing_disk_round, full_disk_round

pytestmark = [pytest.mark.processes, pytest.mark.strace, pytest.mark.usefixtures("strace_is_there"), pytest.mark.timeout(240)]


@pytest.mark.parametrize(("number", "count"), [(0, 44), (1, 8)], ids=["journal", "sqlite"])
def test_a_disk_that_fails_at_any_call_stops_the_node_with_a_reason_and_nothing_that_was_said_is_forgotten(
    tmp_path: Path, number: int, count: int
) -> None:
    done = positions_round(number, seed=1, directory=tmp_path, count=count)
    assert len(done.faults) == count
    assert {fault.kind.split()[0] for fault in done.faults} == set(ERRORS)
    assert len(Counter(fault.kind.split()[2] for fault in done.faults)) >= 5


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_store_whose_making_was_cut_short_by_its_disk_is_made_again(tmp_path: Path, error: str) -> None:
    """The third write to the new file is SQLite's, of what its log holds; where that fails while it closes, it says nothing."""
    assert "acceptor.sqlite3 " in strike(Position("pwrite64", 3, error), "journal", tmp_path, file="acceptor.sqlite3-new")


@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_directory_that_cannot_be_synced_stops_the_node(tmp_path: Path, number: int) -> None:
    """SQLite syncs it too where it makes its log, and says nothing where that fails, so the store does it again."""
    assert "n1" in strike(Position("fsync", number, "EIO"), "journal", tmp_path, file=".")


@pytest.mark.parametrize(
    "claim",
    [
        {"said": "promise", "group": "log", "ballot": [9, "n1"]},
        {"said": "vote", "group": "log", "ballot": [1, "n1"], "slots": [0, 10_000]},
        {"said": "vote", "group": "decree:never", "ballot": [1, "n1"], "slots": [0, 0]},
        {"said": "chosen", "group": "log", "slot": 1, "revision": 2, "id": "v1", "value": "other", "ballot": [1, "n1"]},
    ],
)
def test_what_a_node_claims_and_its_stores_do_not_know_is_found(tmp_path: Path, claim: dict[str, object]) -> None:
    said: list[dict[str, object]] = []
    tell_of_life(tmp_path / "n1", "journal", said.append)
    assert list(forgotten(said, "journal", tmp_path)) == []
    (complaint,) = forgotten([*said, claim], "journal", tmp_path)
    assert "forgotten" in complaint


@pytest.mark.server
def test_the_others_go_on_where_a_disk_fails_and_its_node_comes_back_with_another(tmp_path: Path) -> None:
    done = failing_disk_round(seed=1, count=2, directory=tmp_path)
    assert Counter(fault.kind for fault in done.faults) == {"disk fails with EIO": 1, "disk fails with ENOSPC": 1}


@pytest.mark.server
@pytest.mark.usefixtures("hosts_are_possible")
def test_a_node_whose_disk_is_full_stops_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    assert len(full_disk_round(seed=1, directory=tmp_path).faults) == 1
