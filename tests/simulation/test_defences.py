"""Healthy clusters in which one thing is guarded twice: it holds, and would if one of its guards were gone."""

from redpaxos.simulation.plans.plan import ClientPlan, NodePlan, Plan, Request
from redpaxos.simulation.runs.running import run

NAMES = ("n1", "n2", "n3")


def test_a_command_that_is_asked_for_again_is_executed_once() -> None:
    clients = (
        ClientPlan("c0", (Request(1.0, "propose", "", "same", b"0"),)),
        ClientPlan("c1", (Request(2.0, "propose", "", "same", b"0"),)),
    )
    plan = Plan(seed=1, nodes=tuple(map(NodePlan, NAMES)), members=NAMES, core=NAMES, clients=clients, chaos_seconds=3.0)
    result = run(plan=plan)
    assert result.violation is None, result.report()
    assert set(result.outcomes) == {"DONE"}
