"""A node that lost its disk, and what becomes of agreement where such a disk is trusted."""

from redpaxos.simulation.plan import ClientPlan, Fault, NodePlan, Plan, Request
from redpaxos.simulation.running import run
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


def test_a_node_that_lost_its_disk_is_refused_by_those_who_knew_the_disk() -> None:
    result = run(plan=FORGOTTEN_DISK)
    assert result.violation is None, result.report()
    assert result.fired["stranger refused"] == 1


def test_two_values_are_chosen_when_a_lost_disk_is_trusted() -> None:
    with planted(BY_NAME["the shell trusts a store that it has never seen under that name"]):
        violation = run(plan=FORGOTTEN_DISK).violation
    assert violation is not None
    assert violation.invariant == "chosen is for ever"
