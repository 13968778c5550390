"""Plans in which proposers fight: what random clusters and random requests hardly ever bring about.

A mistake in phase 1 or 2 shows only when several proposers are at it at once and none gets through: votes for different values, at
different ballots, with nobody seeing all of them. In a duel each client has a proposer of its own, all want the same at the same moment,
and a patchwork of cut links lets each message reach another part of the nodes. That gives twenty times as many contested slots a step.
"""

from random import Random

from msgspec.structs import replace

from paxos.quorum import majority
from paxos.settings import Settings
from redpaxos.simulation.plans.plan import LEADER, ClientPlan, Fault, LinkPlan, NodePlan, Plan, Request
from redpaxos.simulation.plans.workloads import draw_store_clients


def duel_for_decrees(plan: Plan, chance: Random) -> Plan:
    """Many decrees, one after the other, each wanted by every proposer's own client at once."""
    nodes, members, proposers = _ring(chance)
    gap_seconds = chance.choice((0.05, 0.05, 0.1))
    count = chance.randint(8, 20)
    clients = []
    for number in range(1, chance.choice((2, 3, 3, 5)) + 1):
        requests = [_want(chance, number, index, 0.2 + index * gap_seconds, gap_seconds) for index in range(count)]
        clients.append(ClientPlan(f"c{number}", tuple(requests), proposers[number % len(proposers)]))
    return _fought(replace(plan, nodes=nodes, members=members, clients=tuple(clients)), chance, 0.4 + count * gap_seconds)


def _want(chance: Random, number: int, index: int, at: float, gap_seconds: float) -> Request:
    """A decision, at the same moment for all, or a question somewhat later."""
    if chance.random() < 0.2:
        return Request(at + gap_seconds * chance.random(), "query", f"d{index}", f"c{number}-{index}", b"", gap_seconds)
    return Request(at, "decide", f"d{index}", f"c{number}-{index}", b"%d" % chance.randint(0, 9), gap_seconds)


def duel_for_the_log(plan: Plan, chance: Random) -> Plan:
    """Elections so hasty that several nodes lead, or think so, most of the time."""
    nodes, members, _ = _ring(chance)
    clients = []
    for number in range(1, chance.randint(2, 4) + 1):
        requests = [
            Request(0.1, "propose", "", f"c{number}-{index}" if chance.random() < 0.6 else f"shared-{index}", b"%d" % index, 0.2)
            for index in range(chance.randint(2, 8))
        ]
        clients.append(ClientPlan(f"c{number}", tuple(requests)))
    fought = replace(plan, nodes=nodes, members=members, settings=_hasty(plan.settings, chance), clients=tuple(clients))
    return _fought(fought, chance, 0.8)


def duel_for_the_store(plan: Plan, chance: Random) -> Plan:
    """The same, with sessions that operate on the key-value store and read it everywhere meanwhile.

    In half of them whoever leads is alone for a while, again and again, and its clock may be slow, so that it does not know it.
    """
    nodes, members, _ = _ring(chance)
    settings, clients = _hasty(plan.settings, chance), draw_store_clients(chance, 0.7, nodes)
    hasty = tuple(replace(client, patience_seconds=chance.choice((0.02, 0.05))) for client in clients)
    fought = _fought(replace(plan, nodes=nodes, members=members, settings=settings, clients=hasty), chance, 0.7)
    if chance.random() < 0.5:
        return fought
    names = tuple(node.name for node in nodes)
    slow = tuple(replace(node, clock_rate=chance.choice((1.0, 1.0, 4.0))) for node in nodes)
    alone = [Fault(number * 0.15, chance.choice(("isolated", "one way", "split")), (LEADER, *names), 0.12, 1.0) for number in (1, 2, 3, 4)]
    return replace(fought, nodes=slow, faults=tuple(alone), links=LinkPlan(delay_seconds=0.001, spread_seconds=0.004, reorders=True))


def _hasty(settings: Settings, chance: Random) -> Settings:
    """Settings under which whoever is not heard for a moment is taken for dead."""
    heartbeat = chance.choice((0.02, 0.05))
    return replace(
        settings,
        heartbeat_seconds=heartbeat,
        election_timeout_seconds=2 * heartbeat,
        election_jitter_seconds=chance.choice((0.01, 0.05, 0.5 * heartbeat, heartbeat)),
        retry_seconds=chance.choice((0.02, 0.1)),
        patience_seconds=chance.choice((0.1, 0.5)),
    )


def _ring(chance: Random) -> tuple[tuple[NodePlan, ...], tuple[str, ...], list[str]]:
    """Three or five whole nodes, or three acceptors and three proposers; with the members and the proposers."""
    if chance.random() < 0.3:
        acceptors, proposers = ["a1", "a2", "a3"], ["p1", "p2", "p3"]
        roles = [NodePlan(name, ("acceptor",)) for name in acceptors] + [NodePlan(name, ("proposer",)) for name in proposers]
        return tuple(roles), tuple(acceptors), proposers
    names = [f"n{number}" for number in range(1, chance.choice((3, 3, 5)) + 1)]
    return tuple(NodePlan(name) for name in names), tuple(names), names


def _fought(plan: Plan, chance: Random, chaos_seconds: float) -> Plan:
    """The plan with links and faults that a fight needs."""
    names = tuple(node.name for node in plan.nodes)
    faults = [Fault(0.1, "patchwork", names, chaos_seconds, chance.choice((0.01, 0.03, 0.1)))] if chance.random() < 0.7 else []
    kinds = [kind for kind in ("crash", "power cut while sending", "power cut after a write", "wipe") if chance.random() < 0.2]
    faults += [_strike(chance, kind, names, chaos_seconds) for kind in kinds]
    members = plan.members[: majority(plan.members).accept_count]
    core = tuple(name for name in names if name in members or name not in plan.members)
    links = LinkPlan(
        loss=chance.choice((0.0, 0.1, 0.2)),
        duplication=chance.choice((0.0, 0.1)),
        delay_seconds=0.001,
        spread_seconds=chance.choice((0.005, 0.01, 0.03)),
        late_chance=chance.choice((0.0, 0.1)),
        late_seconds=0.2,
        reorders=True,
    )
    safe = [fault for fault in faults if fault.kind != "wipe" or fault.targets[0] not in core]
    return replace(plan, links=links, faults=tuple(safe), chaos_seconds=chaos_seconds, core=core)


def _strike(chance: Random, kind: str, names: tuple[str, ...], chaos_seconds: float) -> Fault:
    at, seconds = chance.uniform(0.2, chaos_seconds), chance.uniform(0.0, 0.2)
    return Fault(at, kind, (chance.choice(names),), seconds, chance.randint(0, 3))
