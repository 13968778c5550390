"""One seed, one run, one result.

    result = run(seed=7)
    assert result.violation is None, result.report()

A run has two parts. In the chaos anything may break, and every invariant is checked at every step. In the calm a quorum of acceptors
and a proposer are alive and well connected, everything else stays dead, and the core must make progress within a bound of virtual time.
"""

from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from paxos.company import STANDARD_MACHINES
from paxos.groups import LOG
from paxos.messages import OutcomeKind
from redpaxos.simulation.judges.histories import judge
from redpaxos.simulation.judges.invariants import Invariants, Violation
from redpaxos.simulation.judges.ledger import Machines
from redpaxos.simulation.judges.observer import Observer
from redpaxos.simulation.judges.told import Told
from redpaxos.simulation.parts.cluster import PRODUCTION, Actors, SimulatedNode, Stage
from redpaxos.simulation.parts.network import Network
from redpaxos.simulation.parts.trace import Trace
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.limits import squeezed
from redpaxos.simulation.plans.plan import CHANNELS, ROUNDS, WALK, ClientPlan, Delivery, Plan, Request
from redpaxos.simulation.plans.swarm import draw
from redpaxos.simulation.runs.faults import Nemesis
from redpaxos.simulation.runs.rounds import RoundNetwork, draw_rounds
from redpaxos.simulation.users.clients import Client

MACHINES: Machines = dict(STANDARD_MACHINES)

_PROBER = "prober"
_STEP_LIMIT = 200_000
_AFTERMATH_SECONDS = 0.3


class Result(Struct):
    """How a run ended."""

    plan: Plan
    violation: Violation | None
    # How often each kind of fault really struck.
    fired: Counter[str]
    # How often each kind of outcome was told to a client.
    outcomes: Counter[str]
    step_count: int
    virtual_seconds: float
    # From the begin of the calm to progress.
    recovery_seconds: float
    chosen_count: int
    trace: Trace
    # Every delivery that was not lost, in the order of sending.
    carried: list[Delivery]
    # Every request, and how it ended.
    told: list[Told]

    def report(self) -> str:
        """One line for people."""
        found = f"{self.violation.invariant}: {self.violation.text}" if self.violation else "no violation"
        return f"seed {self.plan.seed}: {found} ({self.step_count} steps, {self.virtual_seconds:.1f} virtual seconds)"


class Simulation:
    """A run under way."""

    def __init__(self, plan: Plan, actors: Actors = PRODUCTION, machines: Machines = MACHINES) -> None:
        self.plan = plan
        self._machines = machines
        self.world = World(plan.seed)
        if plan.rounds is None:
            self.network = Network(self.world, plan.links, plan.muted)
        else:
            self.network = RoundNetwork(self.world, plan.rounds, [node.name for node in plan.nodes], plan.muted)
        self.stage = Stage(self.world, self.network, plan.members, plan.settings, plan.secret)
        self.stage.actors = actors
        self.stage.machines = tuple(machines.items())
        self.stage.round_seconds = plan.rounds.seconds if plan.rounds is not None else 0.0
        self.invariants = Invariants(self.stage.quorum, machines)
        self.stage.watch = self.invariants
        self.stage.opened = self.invariants.opened
        self.stage.executed = self.invariants.executed
        self.stage.broken = self._broken
        observer = Observer(self.invariants, self.stage.codec, CHANNELS)
        self.network.look = observer.look
        self.network.mangle = observer.mangle
        self.nodes = {node.name: SimulatedNode(node, self.stage) for node in plan.nodes}
        self.nemesis = Nemesis(plan, self.world, self.network, self.nodes)
        self.nemesis.leader = lambda: observer.leader.node
        self.clients = [Client(client, self.world, self.network, self.stage.codec, self.invariants) for client in plan.clients]
        self.prober = Client(self._probe(), self.world, self.network, self.stage.codec, self.invariants)

    def run(self) -> Result:
        """Let it happen."""
        # Recovery is bounded under the limits of production: a page of one slot takes any time.
        with squeezed(self.plan.limits):
            self._begin()
            self._until(self.plan.chaos_seconds, lambda: False)
        self.prober.start()
        deadline = self.plan.chaos_seconds + self.plan.calm_seconds
        self._until(deadline, self._has_progressed)
        recovery_seconds = self.world.now - self.plan.chaos_seconds if self.nemesis.owes_progress else 0.0
        if self.invariants.violation is None and self.nemesis.owes_progress and not self._has_progressed():
            self.invariants.fail("progress", f"the core did not get on within {self.plan.calm_seconds} s: {self._stuck()}")
        self._until(self.world.now + _AFTERMATH_SECONDS, lambda: False)
        self._judge()
        return self._result(recovery_seconds)

    def _begin(self) -> None:
        self.nemesis.plan_ahead()
        for node in self.nodes.values():
            node.start()
        for client in self.clients:
            client.start()

    def _until(self, time: float, is_over: Callable[[], bool]) -> None:
        """Step on until a time, or until it is over, or an invariant is broken."""
        world, invariants = self.world, self.invariants
        while invariants.violation is None and world.next_time() <= time and not is_over():
            world.step()
            if world.step_count > _STEP_LIMIT:
                invariants.fail("progress", f"{_STEP_LIMIT} steps in {world.now} virtual seconds: messages breed messages")

    def _probe(self) -> ClientPlan:
        """What must succeed in the calm."""
        at, timeout = self.plan.chaos_seconds, self.plan.calm_seconds
        return ClientPlan(
            _PROBER,
            (
                Request(at, "propose", "", "probe-log", b"1", timeout, until_done=True),
                Request(at, "decide", "probe", "probe-decree", b"2", timeout, until_done=True),
                Request(at, "call", "", "probe-session", b"", timeout, until_done=True),
            ),
        )

    def _has_progressed(self) -> bool:
        """The prober was served, and every replica in the core knows everything."""
        if not self.prober.is_done or self.prober.told[-1].outcome is not OutcomeKind.DONE:
            return False
        return all(self._is_complete(self.nodes[name]) for name in self.plan.core)

    def _is_complete(self, node: SimulatedNode) -> bool:
        known = node.stores.get("log")
        return known is None or (node.is_up and known.learned_end(LOG)[0] >= self.invariants.group(LOG).chosen_through)

    def _stuck(self) -> str:
        """What did not get on."""
        told = ", ".join(f"{one.request.id} {one.outcome.name if one.outcome else 'waits'}" for one in self.prober.told)
        behind = " ".join(name for name in self.plan.core if not self._is_complete(self.nodes[name]))
        return f"{told}; behind: {behind or 'nobody'}"

    def _broken(self, node: str, error: BaseException) -> None:
        self.invariants.fail("no node fails by itself", f"{node}: {type(error).__name__}: {error}")

    def _judge(self) -> None:
        if self.invariants.violation is None:
            told = [one for client in (*self.clients, self.prober) for one in client.told]
            if verdict := judge(told, self.invariants.groups, self._machines):
                self.invariants.fail("linearizability", verdict)

    def _result(self, recovery_seconds: float) -> Result:
        told = [one for client in (*self.clients, self.prober) for one in client.told]
        return Result(
            plan=self.plan,
            violation=self.invariants.violation,
            fired=self.world.fired,
            outcomes=Counter(one.outcome.name if one.outcome is not None else "not heard of again" for one in told),
            step_count=self.world.step_count,
            virtual_seconds=self.world.now,
            recovery_seconds=recovery_seconds,
            chosen_count=sum(group.chosen_through for group in self.invariants.groups.values()),
            trace=self.world.trace,
            carried=self.network.carried,
            told=told,
        )


def run(
    seed: int = 0, *, plan: Plan | None = None, actors: Actors = PRODUCTION, scheduler: str = WALK, machines: Machines = MACHINES
) -> Result:
    """Run the plan that this seed has under a scheduler, or the plan that is given, and say how it ended."""
    return Simulation(plan_of(seed, scheduler) if plan is None else plan, actors, machines).run()


def plan_of(seed: int, scheduler: str = WALK) -> Plan:
    """The plan of this seed under a scheduler."""
    return draw_rounds(seed) if scheduler == ROUNDS else draw(seed)
