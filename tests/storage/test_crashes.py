"""Crash points of recorded runs, each of them, and damage; `python -m tests.storage.crashes` has more of both.

The engine must be able to fail: every mistake of tests/storage/crashes/planted.py is found by one of its parts.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.storage.crashes.damage import enumerate_damage
from tests.storage.crashes.planted import IN_READING, MISTAKES
from tests.storage.crashes.points import enumerate_points
from tests.storage.crashes.recording import Event, record

pytestmark = [
    pytest.mark.strace,
    pytest.mark.skipif(shutil.which("strace") is None and "CI" not in os.environ, reason="strace is not installed"),
    pytest.mark.timeout(300),
]

SEED = 1
# A run whose first life ends with several syncs since the journal began again, so that there is a middle.
DAMAGE_SEED = 4


@pytest.fixture(scope="module")
def journaled(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Four lives of a store with a journal."""
    return record(tmp_path_factory.mktemp("journaled"), "journal", SEED)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The same with other writes."""
    return record(tmp_path_factory.mktemp("damaged"), "journal", DAMAGE_SEED)


def test_after_every_call_of_a_run_the_power_may_fail(journaled: list[Event], quick_path: Path) -> None:
    report = enumerate_points(journaled, "journal", SEED, quick_path / "store", count=1200)
    assert report.violations == []
    assert report.point_count >= 1200


def test_and_of_a_run_in_which_the_store_is_converted(tmp_path: Path, quick_path: Path) -> None:
    report = enumerate_points(record(tmp_path, "converted", SEED), "converted", SEED, quick_path / "store", count=800)
    assert report.violations == []
    assert report.point_count >= 800


def test_damage_is_refused_or_harmless_and_never_believed(damaged: list[Event], quick_path: Path) -> None:
    report = enumerate_damage(damaged, "journal", DAMAGE_SEED, quick_path / "store", stride=20_000)
    assert report.believed == []
    assert report.refused_count > 50
    assert report.harmless_count > 50


@pytest.mark.parametrize("mistake", sorted(MISTAKES.keys() - IN_READING))
def test_a_mistake_in_writing_is_found_at_a_crash_point(tmp_path: Path, quick_path: Path, mistake: str) -> None:
    events = record(tmp_path, "journal", SEED, mistake)
    report = enumerate_points(events, "journal", SEED, quick_path / "store", count=1, mistake=mistake, stop_after=1)
    assert len(report.violations) == 1


def test_frames_that_are_believed_without_their_checksum_are_found_at_a_crash_point(journaled: list[Event], quick_path: Path) -> None:
    mistake = "the checksum is not checked"
    report = enumerate_points(journaled, "journal", SEED, quick_path / "store", count=1, mistake=mistake, stop_after=1)
    assert len(report.violations) == 1


def test_a_tail_that_is_cut_in_the_middle_is_found_by_damage(damaged: list[Event], quick_path: Path) -> None:
    mistake = "the tail is cut in the middle"
    report = enumerate_damage(damaged, "journal", DAMAGE_SEED, quick_path / "store", stride=20_000, mistake=mistake, stop_after=1)
    assert len(report.believed) == 1
