"""Draws a plan from a seed: every knob, anew for each run.

Swarm testing: a run that has every feature hides as much as one that has none, so each run draws which faults it has at all, then how
often. Groce and others, "Swarm Testing" (2012).
"""

from random import Random

from msgspec.structs import replace

from paxos.quorum import majority
from paxos.settings import Settings
from redpaxos.node import ROLES
from redpaxos.simulation.plans.amnesia import lose_a_memory
from redpaxos.simulation.plans.cuts import LINKS
from redpaxos.simulation.plans.duels import duel_for_decrees, duel_for_the_log, duel_for_the_store
from redpaxos.simulation.plans.kinds import AFTER, BEFORE, BURSTS, ERROR, FULL
from redpaxos.simulation.plans.limits import draw_limits
from redpaxos.simulation.plans.plan import LEADER, Fault, LinkPlan, NodePlan, Plan
from redpaxos.simulation.plans.workloads import draw_clients

_CLOCK_FAULTS = ("fast clock", "slow clock", "clock jump")
_DISK_FAULTS = (BEFORE, AFTER, ERROR, FULL, "slow disk")
_NODE_FAULTS = ("crash", "restart loop", "stop", "power cut while sending", "pause", "slow node", *_CLOCK_FAULTS, *_DISK_FAULTS)
_SERVER_FAULTS = (*BURSTS, "server down", "server killed", "server frozen", "subscriptions lost")
_PARTICIPANT_FAULTS = ("garbage frame", "subscriber cut off")


def draw(seed: int) -> Plan:
    """The plan of this seed."""
    chance = Random(f"plan {seed}")
    kind = chance.random()
    plan = draw_any(chance, seed)
    if kind < 0.2:
        return duel_for_decrees(plan, chance)
    if kind < 0.32:
        return duel_for_the_log(plan, chance)
    if kind < 0.52:
        return duel_for_the_store(plan, chance)
    if kind < 0.57:
        return lose_a_memory(plan, chance)
    return rank(plan, chance) if kind < 0.65 else plan


def rank(plan: Plan, chance: Random) -> Plan:
    """The same nodes, but some should rather lead and soon say so, and one never does where another proposer of the core can."""
    priorities = {node.name: chance.choice((1, 1, 2, 3)) for node in plan.nodes}
    able = [node.name for node in plan.nodes if node.name in plan.core and "proposer" in node.roles]
    if len(able) > 1 and chance.random() < 0.4:
        priorities[chance.choice(able)] = 0
    nodes = tuple(replace(node, priority=priorities[node.name]) for node in plan.nodes)
    return replace(plan, nodes=nodes, limits=(*plan.limits, ("paxos.heir", "_FIRST_BEATS", chance.choice((1, 3)))))


def draw_any(chance: Random, seed: int) -> Plan:
    """Any cluster, any fault, any request."""
    nodes, members = _draw_nodes(chance)
    core = _draw_core(chance, nodes, members)
    # Most runs are short, because many short ones meet more than a few long ones, and some faults take long to do harm.
    chaos_seconds = chance.uniform(0.4, 1.2) if chance.random() < 0.75 else chance.uniform(1.5, 3.0)
    settings = _draw_settings(chance)
    return Plan(
        seed=seed,
        nodes=nodes,
        members=members,
        settings=settings,
        links=_draw_links(chance),
        clients=draw_clients(chance, chaos_seconds, nodes),
        faults=_draw_faults(chance, [node.name for node in nodes], core, chaos_seconds),
        chaos_seconds=chaos_seconds,
        core=core,
        # A few election timeouts, what clients and messages that are still under way may take, and a few waits, by the slowest clock,
        # of a learner that asks for what it missed and has asked somebody who is away or knows no more.
        calm_seconds=5.0
        + 4 * (settings.election_timeout_seconds + settings.election_jitter_seconds)
        + 8 * settings.ask_seconds * max(node.clock_rate for node in nodes),
        limits=draw_limits(chance),
        secret=b"secret" if chance.random() < 0.2 else b"",
    )


def _draw_nodes(chance: Random) -> tuple[tuple[NodePlan, ...], tuple[str, ...]]:
    """Roles together, spread over nodes of their own, or any mixture."""
    layout = chance.choice(("together", "together", "spread", "mixed"))
    roles: dict[str, tuple[str, ...]] = {}
    if layout == "together":
        roles = {f"n{number}": ROLES for number in range(1, chance.choice((1, 2, 3, 3, 3, 3, 4, 5, 5, 6, 7)) + 1)}
    elif layout == "spread":
        roles = {f"a{number}": ("acceptor",) for number in range(1, chance.choice((1, 2, 3, 3, 4)) + 1)}
        roles |= {f"p{number}": ("proposer",) for number in range(1, chance.choice((1, 2, 2, 3)) + 1)}
        roles |= {f"l{number}": ("learner",) for number in range(1, chance.choice((0, 0, 1, 2)) + 1)}
    else:
        for number in range(1, chance.randint(2, 6) + 1):
            roles[f"n{number}"] = tuple(sorted(chance.sample(ROLES, chance.randint(1, 3))))
        roles["n1"] = tuple(sorted({*roles["n1"], "acceptor"}))
        roles["n2"] = tuple(sorted({*roles["n2"], "proposer"}))
    drifts, lags = chance.random() < 0.3, chance.choice((0.0, 0.0, 0.002, 0.02))
    nodes = tuple(
        NodePlan(name, played, clock_rate=chance.uniform(0.7, 1.4) if drifts else 1.0, lag_seconds=lags * chance.random())
        for name, played in roles.items()
    )
    return nodes, tuple(name for name, played in roles.items() if "acceptor" in played)


def _draw_core(chance: Random, nodes: tuple[NodePlan, ...], members: tuple[str, ...]) -> tuple[str, ...]:
    """A quorum of acceptors, a proposer, and perhaps more."""
    core = set(chance.sample(members, majority(members).accept_count))
    proposers = [node.name for node in nodes if "proposer" in node.roles]
    if not core & set(proposers):
        core.add(chance.choice(proposers))
    core |= {node.name for node in nodes if chance.random() < 0.3}
    return tuple(node.name for node in nodes if node.name in core)


def _draw_settings(chance: Random) -> Settings:
    heartbeat = chance.choice((0.1, 0.2, 0.3))
    timeout = heartbeat * chance.choice((2.0, 2.5, 4.0))
    tight = chance.random() < 0.5
    return Settings(
        heartbeat_seconds=heartbeat,
        election_timeout_seconds=timeout,
        # Candidates that wait for nearly the same time collide, again and again.
        election_jitter_seconds=chance.choice((0.05, 0.3 * timeout, 0.6 * timeout, timeout)),
        retry_seconds=chance.choice((0.05, 0.25, 0.6)),
        backoff_base_seconds=chance.choice((0.001, 0.02, 0.1)),
        backoff_cap_seconds=chance.choice((0.05, 1.0)),
        patience_seconds=chance.choice((0.5, 1.0, 3.0)),
        ask_seconds=chance.choice((0.02, 0.05, 0.3)),
        batch_bytes=chance.choice((1, 40, 1000)) if tight else 64 * 1024,
        window_slots=chance.choice((1, 2, 5)) if tight else 64,
        window_bytes=chance.choice((1, 100, 10_000)) if tight else 8 * 1024 * 1024,
        waiting_bytes=chance.choice((300, 600, 10_000)) if tight else 64 * 1024 * 1024,
        value_bytes=chance.choice((16, 1024)) if tight else 1024 * 1024,
        page_bytes=chance.choice((1, 64, 512)) if tight else 256 * 1024,
        snapshot_bytes=chance.choice((1, 300, 16 * 1024 * 1024)),
    )


def _draw_links(chance: Random) -> LinkPlan:
    def some(*levels: float) -> float:
        return chance.choice((0.0, *levels))

    errors = chance.random() < 0.2
    return LinkPlan(
        loss=some(0.02, 0.1, 0.3),
        duplication=some(0.05, 0.3),
        delay_seconds=chance.choice((0.0, 0.001, 0.01)),
        spread_seconds=some(0.005, 0.05, 0.4),
        late_chance=some(0.02, 0.1),
        late_seconds=chance.choice((0.5, 2.0)),
        reorders=chance.random() < 0.7,
        error_delivered=chance.choice((0.0, 0.05)) if errors else 0.0,
        error_lost=chance.choice((0.0, 0.05)) if errors else 0.0,
    )


# ---- faults ----------------------------------------------------------------------------------------------------------------------


def _draw_faults(chance: Random, names: list[str], core: tuple[str, ...], chaos_seconds: float) -> tuple[Fault, ...]:
    kinds = [kind for kind in (*_NODE_FAULTS, *_SERVER_FAULTS, *_PARTICIPANT_FAULTS, *LINKS) if chance.random() < 0.25]
    count = chance.choice((0, 2, 6, 12))
    faults = [_draw_fault(chance, chance.choice(kinds), names, chaos_seconds) for _ in range(count) if kinds]
    spare = [name for name in names if name not in core]
    if spare and chance.random() < 0.25:
        kind = chance.choice(("wipe", "wrong disk", "old copy"))
        faults.append(Fault(chance.uniform(0.1, chaos_seconds), kind, (chance.choice(spare),), chance.uniform(0.0, 0.3)))
    return tuple(sorted(faults, key=lambda fault: fault.at))


def _draw_fault(chance: Random, kind: str, names: list[str], chaos_seconds: float) -> Fault:
    at, seconds = chance.uniform(0.0, chaos_seconds), chance.choice((0.02, 0.2, 0.6, 1.2)) * chance.uniform(0.5, 1.5)
    amount = {
        "slow node": chance.choice((0.02, 0.2)),
        "fast clock": chance.choice((0.3, 0.6)),
        "slow clock": chance.choice((2.0, 4.0)),
        "clock jump": chance.choice((-1.0, 0.5, 3.0, 3600.0)),
        "slow disk": chance.choice((0.005, 0.05, 0.3)),
        "restart loop": chance.choice((0.02, 0.1)),
        "duplication burst": chance.choice((0.5, 1.0)),
        "delay burst": chance.choice((0.1, 0.5)),
        "reordering burst": chance.choice((0.1, 0.5)),
        "frame corrupted": chance.choice((0.1, 0.5)),
        "power cut while sending": float(chance.choice((0, 0, 1, 2, 5))),
        "storm": chance.choice((0.3, 0.7, 1.0)),
        "patchwork": chance.choice((0.02, 0.05, 0.2)),
        "split": float(chance.randint(1, max(1, len(names) - 1))),
    }.get(kind, 0.0)
    if kind in LINKS:
        targets = chance.sample(names, len(names))
    elif kind in _SERVER_FAULTS:
        targets = []
    elif kind == "crash":
        targets = chance.sample(names, chance.choice((1, 1, 1, chance.randint(1, len(names)), len(names))))
    else:
        targets = [chance.choice(names)]
    if targets and len(targets) < len(names) and chance.random() < 0.4:
        targets[0] = LEADER
    elif kind in LINKS and chance.random() < 0.4:
        targets = [LEADER, *targets]
    return Fault(at, kind, tuple(targets), seconds, amount)
