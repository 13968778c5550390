"""A campaign does what is asked and no more, tells of it, and goes on where it was stopped."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tests.nemesis.__main__ import main as command
from tests.nemesis.arena import Fault, Round
from tests.nemesis.campaign import ENGINES, Engine, Report, pursue
from tests.nemesis.kills import kill_count_of
from tests.nemesis.network_faults import TROUBLES


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[int, int]]:
    """An engine `toy` whose rounds kill two; what was played, by number and seed."""
    played: list[tuple[int, int]] = []

    def play(number: int, seed: int, directory: Path) -> Round:
        played.append((number, seed))
        assert number < 4, "broken"
        (directory / "kept").touch()
        return Round("toy", seed, 3, [Fault("kill -9 of two", "n1,n2", 0.5 + number)])

    # What is kept of a round that went wrong goes with the test.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("toy", "redis"):
        monkeypatch.setitem(ENGINES, name, Engine(play, kill_count_of, "kills"))
    return played


def read(path: Path) -> Report:
    return msgspec.json.decode(path.read_bytes(), type=Report)


def test_it_ends_when_the_count_is_reached_and_has_written_every_round(tmp_path: Path, played: list[tuple[int, int]]) -> None:
    path = tmp_path / "deep" / "report.json"
    assert [report.count for report in pursue("toy", 3, 10, path)] == [2, 4]
    assert played == [(0, 10), (1, 11)]
    report = read(path)
    assert (report.count, report.goal, report.seed, report.slowest_seconds) == (4, 3, 10, 1.5)


def test_it_goes_on_where_it_was_stopped_with_the_seeds_it_would_have_had(tmp_path: Path, played: list[tuple[int, int]]) -> None:
    path = tmp_path / "report.json"
    next(pursue("toy", 6, 10, path))
    list(pursue("toy", 6, 99, path))
    list(pursue("toy", 6, 99, path))
    assert played == [(0, 10), (1, 11), (2, 12)]


def test_what_is_wrong_ends_it_and_is_written_down_with_everything_kept(tmp_path: Path, played: list[tuple[int, int]]) -> None:
    path = tmp_path / "report.json"
    with pytest.raises(AssertionError, match="broken"):
        list(pursue("toy", 100, 0, path))
    report = read(path)
    assert report.count == 8
    assert [line.startswith(f"round 4, seed 4, {tmp_path}") and "broken" in line for line in report.violations] == [True]


def test_a_report_of_another_engine_is_refused(tmp_path: Path, played: list[tuple[int, int]]) -> None:
    list(pursue("toy", 1, 0, tmp_path / "report.json"))
    with pytest.raises(ValueError, match="is of the engine toy, expected kills"):
        list(pursue("kills", 1, 0, tmp_path / "report.json"))


def test_the_rarest_kind_counts_and_what_is_measured_meanwhile_does_not() -> None:
    count = ENGINES["network"].count
    kinds = list(TROUBLES)
    faults = [Fault(f"{kind}: leader", "n1", 0.1) for kind in kinds] + [Fault(f"{kinds[0]}: all", "n1", 0.1)]
    assert count([Round("network", 1, 3, faults)]) == 1
    assert count([Round("network", 1, 3, [*faults, *(Fault(f"{kind}: leader, meanwhile", "n1", 0.1) for kind in kinds)])]) == 1
    assert count([Round("network", 1, 3, faults[1:])]) == 1
    assert count([Round("network", 1, 3, faults[1:-1])]) == 0


def test_the_command_says_a_line_a_round_and_exits_with_1_where_something_is_wrong(tmp_path: Path, played: list[tuple[int, int]]) -> None:
    path = str(tmp_path / "report.json")
    done = CliRunner().invoke(command, ["redis", "--count", "3", "--report", path])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].startswith("redis: 2 of 3; round 1, seed 1, 0 s: 3 nodes")
    assert done.stdout.splitlines()[-1] == f"redis: done, see {path}"
    wrong = CliRunner().invoke(command, ["redis", "--count", "99", "--report", path])
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("redis: broken")
    assert wrong.stderr.endswith(f"; see {path}\n")
