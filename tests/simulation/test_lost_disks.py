"""A node that lost its disk, and what becomes of agreement where such a disk is trusted."""

import pytest

from paxos.messages import OutcomeKind
from redpaxos.simulation.plans.plan import ClientPlan, Fault, LinkPlan, NodePlan, Plan, Request
from redpaxos.simulation.plans.swarm import draw
from redpaxos.simulation.runs.running import run
from tests.planted.catalogue.all import BY_NAME
from tests.planted.planting import planted

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

WRONG_DISK = Plan(
    seed=1,
    nodes=(*(NodePlan(name, ("acceptor",)) for name in ("n1", "n2")), NodePlan("n3"), NodePlan("p1", ("proposer",))),
    members=NAMES,
    core=("n1", "n2", "p1"),
    clients=(
        ClientPlan("c1", (Request(1.0, "decide", "d", "blue", b"1"),), "n3"),
        ClientPlan("c2", (Request(2.8, "decide", "d", "red", b"2"),), "p1"),
    ),
    # p1 hears nothing of n1 before it is started on an empty disk, while nobody is there who could refuse that.
    faults=(
        Fault(0.0, "isolated", ("p1", "n1", "n2", "n3"), 1.6),
        Fault(1.4, "crash", ("n3",), 9.0),
        Fault(1.4, "crash", ("n2",), 1.2),
        Fault(1.5, "wrong disk", ("n1",), 1.0),
    ),
    chaos_seconds=3.0,
)
"""Who is left to propose has first heard n1 with a disk that is not its own."""

MEANT_FOR_ANOTHER_STORE = tuple(
    Plan(
        seed=seed,
        nodes=tuple(NodePlan(name) for name in NAMES),
        members=NAMES,
        core=("n2", "n3"),
        clients=(
            ClientPlan("c1", tuple(Request(0.8, "decide", f"d{number}", f"blue{number}", b"1", 0.5) for number in range(25)), "n1", 8),
            ClientPlan("c2", tuple(Request(1.15, "decide", f"d{number}", f"red{number}", b"2", 2.0) for number in range(25)), "n1", 8),
        ),
        links=LinkPlan(duplication=0.9, late_chance=0.5, late_seconds=2.0, reorders=True),
        # n1 cannot be heard when it comes back with the ballots that it had, and late answers to its former store arrive.
        faults=(Fault(1.0, "one way", NAMES, 3.0), Fault(1.01, "wipe", ("n1",), 0.05)),
        chaos_seconds=4.0,
    )
    for seed in range(1, 6)
)
"""Promises and votes that are late and repeated reach a proposer that asked for none of them."""

TRUSTING = (
    "the shell trusts a store that it has never seen under that name",
    "an acceptor gets acquainted with a second store of a member",
)
TOO_SOON = ("an acceptor takes part before it is admitted", "a store is admitted by the first who knows it")


def test_a_node_that_lost_its_disk_is_refused_by_those_who_knew_the_disk() -> None:
    result = run(plan=FORGOTTEN_DISK)
    assert result.violation is None, result.report()
    assert result.fired["stranger refused"] == 1


def test_two_values_are_chosen_when_a_lost_disk_is_trusted() -> None:
    with planted(*(BY_NAME[name] for name in (*TRUSTING, TOO_SOON[0]))):
        violation = run(plan=FORGOTTEN_DISK).violation
    assert violation is not None
    assert violation.invariant == "chosen is for ever"


def test_a_disk_that_nobody_heard_of_is_not_admitted_in_place_of_another() -> None:
    result = run(plan=UNHEARD_DISK)
    assert result.violation is None, result.report()
    assert result.fired["wipe"] == 1


def test_a_node_that_has_its_own_disk_back_is_heard_by_those_who_first_heard_it_with_another() -> None:
    result = run(plan=WRONG_DISK)
    assert result.violation is None, result.report()
    assert (result.fired["wrong disk"], result.fired["stranger refused"]) == (1, 0)
    assert [one.outcome for one in result.told if one.request.id in ("blue", "red")] == [OutcomeKind.DONE] * 2


def test_answers_that_were_meant_for_a_lost_store_elect_nobody() -> None:
    for plan in MEANT_FOR_ANOTHER_STORE:
        result = run(plan=plan)
        assert result.violation is None, result.report()
        assert result.fired["message across lives"] > 0
        assert result.fired["wipe"] == 1


@pytest.mark.parametrize("name", TOO_SOON)
def test_two_values_are_chosen_when_a_disk_that_nobody_heard_of_takes_part(name: str) -> None:
    with planted(BY_NAME[name]):
        violation = run(plan=UNHEARD_DISK).violation
    assert violation is not None
    assert violation.invariant == "chosen is for ever"


@pytest.mark.parametrize("name", TOO_SOON)
def test_seeds_that_lose_a_disk_where_it_hurts_find_out_who_takes_part_too_soon(name: str) -> None:
    forgetting = [seed for seed in range(800) if [fault.kind for fault in draw(seed).faults] == ["split", "crash", "wipe"]]
    with planted(BY_NAME[name]):
        violations = (run(seed).violation for seed in forgetting)
        found = next((violation for violation in violations if violation is not None), None)
    assert found is not None
    assert found.invariant in ("chosen is for ever", "agreement")
