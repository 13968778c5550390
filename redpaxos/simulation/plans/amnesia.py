"""Plans in which a disk is lost where it hurts: nobody who is there remembers it.

Some nodes are cut off while the others decide; one of those who decided comes back on an empty disk, the rest of them are away, and only
then the cut heals. Whoever believes the empty disk makes a majority that knows nothing of the decision. Random faults hardly ever strike
in this order.
"""

from random import Random

from msgspec.structs import replace

from paxos.quorum import majority
from redpaxos.simulation.plans.plan import ClientPlan, Fault, LinkPlan, NodePlan, Plan, Request

_DECREE_COUNT = 4


def lose_a_memory(plan: Plan, chance: Random) -> Plan:
    """Three or five whole nodes, of which a bare majority decides, forgets and goes away."""
    names = [f"n{number}" for number in range(1, chance.choice((3, 3, 5)) + 1)]
    chance.shuffle(names)
    size = majority(names).accept_count
    deciding, others = names[:size], names[size:]
    forgetful, rest = deciding[0], deciding[1:]
    cut_at, decided_at = chance.choice((0.0, 0.0, 0.3, 0.9)), 1.2
    lost_at = decided_at + chance.uniform(0.1, 0.6)
    healed_at = lost_at + chance.uniform(-0.1, 0.3)
    faults = (
        Fault(cut_at, "split", tuple(names), healed_at - cut_at, float(size)),
        Fault(lost_at, "crash", tuple(rest), 9.0),
        Fault(lost_at, "wipe", (forgetful,), chance.uniform(0.0, 0.1)),
    )
    clients = (
        _asking("c1", chance.choice(deciding), b"1", decided_at),
        _asking("c2", chance.choice(others), b"2", healed_at + 0.1),
    )
    return replace(
        plan,
        nodes=tuple(NodePlan(name) for name in sorted(names)),
        members=tuple(sorted(names)),
        links=LinkPlan(delay_seconds=0.001, spread_seconds=chance.choice((0.0, 0.01)), loss=chance.choice((0.0, 0.02)), reorders=True),
        clients=clients,
        faults=faults,
        chaos_seconds=healed_at + 1.5,
        core=tuple(sorted((*rest, *others))),
    )


def _asking(name: str, node: str, value: bytes, at: float) -> ClientPlan:
    """A client that has decrees decided, of a node of its own, and then something put in the log."""
    wants = tuple(Request(at, "decide", f"d{number}", f"{name}-{number}", value, 0.3) for number in range(_DECREE_COUNT))
    return ClientPlan(name, (*wants, Request(at, "propose", "", name, value, 0.5)), node)
