"""Whole clusters of the production actors under faults, every invariant at every step: no violation, whatever the seed."""

import hashlib
import os
import subprocess
import sys

import pytest
from msgspec import json

from paxos.quorum import majority
from redpaxos.simulation.fleet import run_fleet, run_seeds
from redpaxos.simulation.plan import ClientPlan, NodePlan, Plan, Request
from redpaxos.simulation.running import run
from redpaxos.simulation.swarm import draw

CHUNK = 50
FAULT_KINDS = 30

FINGERPRINT = """
import hashlib
from redpaxos.simulation.running import run
for seed in (3, 7, 11, 20, 31, 46):
    result = run(seed)
    print(seed, result.step_count, hashlib.sha256("\\n".join(result.trace.lines()).encode()).hexdigest())
"""


@pytest.mark.parametrize("first_seed", range(0, 400, CHUNK))
def test_no_invariant_breaks_and_the_core_progresses(first_seed: int) -> None:
    summary = run_seeds(range(first_seed, first_seed + CHUNK))
    assert summary.violations == {}
    assert summary.chosen_count > CHUNK


def test_faults_of_many_kinds_strike_and_every_outcome_is_told() -> None:
    summary = run_seeds(range(400, 500))
    assert summary.violations == {}
    assert len(summary.fired) >= FAULT_KINDS, sorted(summary.fired)
    assert {"DONE", "NOT_DONE", "UNKNOWN", "UNDECIDED", "REJECTED"} <= set(summary.outcomes)


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
    plan = draw(12)
    assert run(plan=json.decode(json.encode(plan), type=Plan)).step_count == run(12).step_count


def test_plans_can_be_run_and_their_cores_can_progress() -> None:
    for plan in map(draw, range(300)):
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
