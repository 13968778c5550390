"""`redpaxos sim`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest

from paxos.learner import Learner
from tests.cli.conftest import Redpaxos


@pytest.fixture
def credulous_learners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learners that believe the first acceptor they hear."""
    monkeypatch.setattr(
        Learner, "_winner", lambda learner, tally: max((ballot for ballot in tally.voters if ballot in tally.values), default=None)
    )


def test_a_run_of_many_seeds_says_what_struck_and_what_was_found(redpaxos: Redpaxos) -> None:
    result = redpaxos("sim", "run", "--seed", "3", "--runs", "5")
    assert result.exit_code == 0, result.output
    assert "5 runs," in result.output
    assert "kinds of fault struck" in result.output
    assert "0 violations" in result.output


def test_what_a_run_found_can_be_had_as_one_json_object(redpaxos: Redpaxos) -> None:
    result = redpaxos("sim", "run", "--seed", "3", "--runs", "2", "--jobs", "1", "-o", "json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["run_count"], summary["violations"]) == (2, {})
    assert summary["step_count"] > 0 < summary["chosen_count"]
    assert sum(summary["fired"].values()) > 0


def test_a_replay_prints_the_trace_and_the_ladder_of_a_seed(redpaxos: Redpaxos) -> None:
    result = redpaxos("sim", "replay", "--seed", "3", "--trace", "--ladder")
    assert result.exit_code == 0, result.output
    assert "nemesis        calm: the core is" in result.output
    assert "seed 3: no violation" in result.output


def test_a_seed_that_does_not_fail_cannot_be_shrunk(redpaxos: Redpaxos) -> None:
    result = redpaxos("sim", "shrink", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert "no violation" in result.output


@pytest.mark.usefixtures("credulous_learners")
def test_a_violation_is_named_with_its_seed_and_is_a_definite_no(redpaxos: Redpaxos) -> None:
    result = redpaxos("sim", "run", "--seed", "0", "--runs", "3")
    assert result.exit_code == 3, result.output
    assert "seed 0: " in result.output


@pytest.mark.usefixtures("credulous_learners")
def test_a_failing_seed_shrinks_to_a_ladder(redpaxos: Redpaxos) -> None:
    result = redpaxos("sim", "shrink", "--seed", "0", "--budget", "100")
    assert result.exit_code == 3, result.output
    assert "Accept " in result.output


def test_runs_that_were_kept_in_a_file_go_on_from_there(redpaxos: Redpaxos, tmp_path: Path) -> None:
    kept = str(tmp_path / "runs.json")
    assert redpaxos("sim", "run", "--scheduler", "rounds", "--runs", "2", "--jobs", "1", "--resume", kept).exit_code == 0
    again = redpaxos("sim", "run", "--resume", kept)
    assert again.exit_code == 0, again.output
    assert "2 runs," in again.output
    (tmp_path / "other.json").write_text("[]")
    assert redpaxos("sim", "run", "--resume", str(tmp_path / "other.json")).exit_code == 2


def test_there_is_no_bar_where_nobody_looks(redpaxos: Redpaxos) -> None:
    assert redpaxos("sim", "run", "--runs", "1", "--jobs", "1").stderr == ""
