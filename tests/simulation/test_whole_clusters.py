"""Whole clusters of the production actors under faults, every invariant at every step: no violation, whatever the seed."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import json

from paxos.quorum import majority
from redpaxos.simulation.plans.kinds import CONSEQUENCES, FAULTS
from redpaxos.simulation.plans.plan import ROUNDS, WALK, ClientPlan, NodePlan, Plan, Request
from redpaxos.simulation.plans.swarm import draw
from redpaxos.simulation.runs.fleet import PART_COUNT, Campaign, Summary, core_count, run_fleet
from redpaxos.simulation.runs.rounds import draw_rounds
from redpaxos.simulation.runs.running import run

SCHEDULES = {WALK: 1600, ROUNDS: 400}
"""How many schedules of whole clusters a run of the tests plays, by scheduler."""

FINGERPRINT = """
import hashlib
from redpaxos.simulation.runs.rounds import draw_rounds
from redpaxos.simulation.runs.running import run
for seed, scheduler in ((3, "walk"), (7, "walk"), (20, "walk"), (46, "walk"), (3, "rounds"), (4, "rounds")):
    result = run(seed, scheduler=scheduler)
    print(seed, result.step_count, hashlib.sha256("\\n".join(result.trace.lines()).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def campaigns() -> dict[str, Summary]:
    """All the schedules of a test run, summed up by scheduler."""
    campaigns = {scheduler: Campaign(0, run_count, scheduler) for scheduler, run_count in SCHEDULES.items()}
    for campaign in campaigns.values():
        assert sum(1 for _ in campaign.go_on(core_count())) == -(-campaign.run_count // PART_COUNT)
    return {scheduler: campaign.summary for scheduler, campaign in campaigns.items()}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scheduler", SCHEDULES)
def test_no_invariant_breaks_and_the_core_progresses(scheduler: str, campaigns: dict[str, Summary]) -> None:
    summary = campaigns[scheduler]
    assert summary.violations == {}
    assert summary.run_count == SCHEDULES[scheduler]
    assert summary.chosen_count > 4 * summary.run_count


@pytest.mark.timeout(900)
def test_every_kind_of_fault_strikes_and_every_outcome_is_told(campaigns: dict[str, Summary]) -> None:
    fired = campaigns[WALK].fired
    assert [name for name in FAULTS if not fired[name]] == []
    assert set(fired) | set(campaigns[ROUNDS].fired) <= set(FAULTS) | set(CONSEQUENCES)
    assert {"DONE", "NOT_DONE", "UNKNOWN", "UNDECIDED", "REJECTED"} <= set(campaigns[WALK].outcomes)


def test_the_same_seed_gives_the_same_trace_whatever_the_hash_seed() -> None:
    prints = {
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT], env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=True, capture_output=True
        ).stdout
        for hash_seed in ("0", "1", "4711")
    }
    assert len(prints) == 1


def test_the_same_seed_gives_the_same_trace_again_in_one_process() -> None:
    def fingerprint(seed: int) -> str:
        return hashlib.sha256("\n".join(run(seed).trace.lines()).encode()).hexdigest()

    assert [fingerprint(seed) for seed in (1, 2, 3)] == [fingerprint(seed) for seed in (1, 2, 3)]


def test_a_fleet_of_processes_finds_what_one_finds() -> None:
    alone, together = [sum_of(jobs) for jobs in (1, 2)]
    assert alone == together


def sum_of(jobs: int) -> tuple[int, int, int]:
    """What 40 runs came to."""
    parts = list(run_fleet(range(40), jobs))
    return sum(part.run_count for part in parts), sum(part.step_count for part in parts), sum(part.chosen_count for part in parts)


def test_a_plan_survives_being_written_down() -> None:
    for plan in (draw(12), draw_rounds(12)):
        assert run(plan=json.decode(json.encode(plan), type=Plan)).step_count == run(plan=plan).step_count


def test_plans_can_be_run_and_their_cores_can_progress() -> None:
    for plan in (*map(draw, range(300)), *map(draw_rounds, range(100))):
        plan.settings.checked()
        acceptors = [name for name in plan.core if name in plan.members]
        assert majority(plan.members).accepted(acceptors)
        assert any("proposer" in node.roles for node in plan.nodes if node.name in plan.core)


def test_a_healthy_cluster_serves_at_once_and_tells_one_order() -> None:
    names = ("n1", "n2", "n3")
    clients = tuple(
        ClientPlan(f"c{number}", tuple(Request(1.0, "propose", "", f"c{number}-{count}", b"1") for count in range(10)))
        for number in range(3)
    )
    plan = Plan(seed=5, nodes=tuple(map(NodePlan, names)), members=names, core=names, clients=clients, chaos_seconds=2.0)
    result = run(plan=plan)
    assert result.violation is None, result.report()
    assert result.outcomes == {"DONE": 33}
    assert result.recovery_seconds < 0.5


def test_a_campaign_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, halted = Campaign(0, 30), Campaign(0, 30)
    for _ in whole.go_on(1):
        pass
    next(halted.go_on(1))
    halted.save(tmp_path / "runs.json")
    resumed = Campaign.load(tmp_path / "runs.json")
    assert resumed.next_seed == PART_COUNT
    for _ in resumed.go_on(1):
        pass
    assert resumed.summary == whole.summary


def test_a_file_that_holds_no_campaign_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text("{}")
    with pytest.raises(ValueError, match=r"runs\.json"):
        Campaign.load(tmp_path / "runs.json")
