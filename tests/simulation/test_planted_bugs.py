"""A check must be able to fail: mistakes in the real code, each found by the simulator's own seeds within a stated number of them."""

import pytest

from redpaxos.simulation.minimize import Minimizer
from redpaxos.simulation.plan import ClientPlan, Fault, NodePlan, Plan, Request
from redpaxos.simulation.running import Result, run
from redpaxos.simulation.story import picture
from redpaxos.simulation.swarm import draw
from tests.simulation.catalogue import ADMISSION_BUGS, BUGS, TRUSTING_SHELL
from tests.simulation.planting import Bug, plant

NAMES = ("n1", "n2", "n3")

FORGOTTEN_DISK = Plan(
    seed=1,
    nodes=tuple(NodePlan(name) for name in NAMES),
    members=NAMES,
    core=("n2", "n3"),
    clients=(
        # Its vote for this one is what n3 knows the store by.
        ClientPlan("c0", (Request(0.5, "propose", "", "first", b"0"),)),
        ClientPlan("c1", (Request(1.0, "decide", "d", "blue", b"1"),), "n2"),
        ClientPlan("c2", (Request(2.0, "decide", "d", "red", b"2"),), "n3"),
    ),
    # n3 hears nothing of the decision; who made it with n2 comes back on an empty disk, and n2 is away.
    faults=(
        Fault(0.9, "isolated", ("n3", "n1", "n2"), 0.6),
        Fault(1.3, "wipe", ("n1",), 0.02),
        Fault(1.3, "crash", ("n2",), 9.0),
    ),
    chaos_seconds=3.0,
)
"""Everybody has heard n1's store before it is lost."""

UNHEARD_DISK = Plan(
    seed=1,
    nodes=tuple(NodePlan(name) for name in NAMES),
    members=NAMES,
    core=("n2", "n3"),
    clients=(
        ClientPlan("c1", (Request(1.0, "decide", "d", "blue", b"1"),), "n2"),
        ClientPlan("c2", (Request(2.6, "decide", "d", "red", b"2"),), "n3"),
    ),
    # n3 is not there when the others start, and n2, who remembers n1's store, not when it comes back empty.
    faults=(
        Fault(0.0, "isolated", ("n3", "n1", "n2"), 2.0),
        Fault(1.8, "crash", ("n2",), 9.0),
        Fault(1.9, "wipe", ("n1",), 0.05),
    ),
    chaos_seconds=3.0,
)
"""Nobody who is there has ever heard of n1's store."""


def first_failing(bug: Bug) -> Result | None:
    """The first run among the seeds of this bug that breaks an invariant."""
    results = map(run, range(bug.seed_count))
    return next((result for result in results if result.violation is not None), None)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_breaks_an_invariant_within_its_seeds(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(bug, monkeypatch)
    found = first_failing(bug)
    assert found is not None
    assert found.violation is not None
    assert found.violation.invariant in bug.breaks, found.report()


def test_a_node_that_lost_its_disk_is_refused_by_those_who_knew_the_disk() -> None:
    result = run(plan=FORGOTTEN_DISK)
    assert result.violation is None, result.report()
    assert result.fired["stranger refused"] == 1


def test_two_values_are_chosen_when_a_lost_disk_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(TRUSTING_SHELL, monkeypatch)
    violation = run(plan=FORGOTTEN_DISK).violation
    assert violation is not None
    assert violation.invariant == "chosen is for ever"


def test_a_disk_that_nobody_heard_of_is_not_admitted_in_place_of_another() -> None:
    result = run(plan=UNHEARD_DISK)
    assert result.violation is None, result.report()
    assert result.fired["wipe"] == 1


@pytest.mark.parametrize("bug", ADMISSION_BUGS, ids=lambda bug: bug.name)
def test_seeds_that_lose_a_disk_where_it_hurts_find_out_who_takes_part_too_soon(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(bug, monkeypatch)
    forgetting = [seed for seed in range(bug.seed_count) if [fault.kind for fault in draw(seed).faults] == ["split", "crash", "wipe"]]
    violations = (run(seed).violation for seed in forgetting)
    found = next((violation for violation in violations if violation is not None), None)
    assert found is not None
    assert found.invariant in bug.breaks


@pytest.mark.parametrize("bug", ADMISSION_BUGS, ids=lambda bug: bug.name)
def test_two_values_are_chosen_when_a_disk_that_nobody_heard_of_takes_part(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(bug, monkeypatch)
    violation = run(plan=UNHEARD_DISK).violation
    assert violation is not None
    assert violation.invariant == "chosen is for ever"


def test_a_failing_run_shrinks_to_a_few_messages_and_still_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    bug = next(bug for bug in BUGS if bug.name == "a proposer is content with any promise")
    plant(bug, monkeypatch)
    failing = first_failing(bug)
    assert failing is not None
    small = Minimizer(failing, run_count=120).minimize()
    assert small.violation is not None
    assert small.violation.invariant == "chosen is for ever"
    assert len(small.carried) - len(small.plan.muted) < len(failing.carried) / 4
    assert "chosen is for ever" in picture(small)
