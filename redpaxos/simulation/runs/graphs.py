"""Link graphs: which nodes still reach which, one way at a time, and whether a log gets on under them.

A node is *quorum-connected* when its links to and from a quorum of nodes, itself among them, are whole. Wherever there is one, somebody
leads and values are chosen within a few election time-outs, whoever led before and whatever else is cut. Where there is none, nothing
is asked but that nothing wrong is chosen. The cases: Ng, Haridi, Carbone, "Omni-Paxos" (2023), section 2.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import permutations
from random import Random

from msgspec import Struct

from paxos.groups import LOG
from paxos.messages import OutcomeKind
from paxos.records import ADMITTED, PeerStore
from paxos.settings import Settings
from redpaxos.simulation.parts.cluster import SimulatedNode
from redpaxos.simulation.plans.plan import ClientPlan, LinkPlan, NodePlan, Plan, Request
from redpaxos.simulation.runs.running import Simulation
from redpaxos.simulation.users.clients import Client

Pair = tuple[str, str]
Graph = frozenset[Pair]
"""The directed links that are cut."""

TIMEOUTS = 4
"""So many election time-outs, each with its whole jitter, a group may take."""

_SETTLED_SECONDS = 2.0
_LINKS = LinkPlan(delay_seconds=0.001, spread_seconds=0.004)


class Verdict(Struct, frozen=True):
    """What came of a run under a graph."""

    # Empty where everything held.
    fault: str
    # From the cut until a value was chosen; below 0 where none was within the bound.
    seconds: float


def names_of(size: int) -> tuple[str, ...]:
    """The nodes of a cluster."""
    return tuple(f"n{number + 1}" for number in range(size))


def all_graphs(size: int) -> Iterator[Graph]:
    """Every set of directed links that may be cut: 64 for three nodes."""
    links = list(permutations(names_of(size), 2))
    for number in range(2 ** len(links)):
        yield frozenset(link for place, link in enumerate(links) if number >> place & 1)


def some_graphs(size: int, count: int, seed: int) -> Iterator[Graph]:
    """So many of them, drawn with any density."""
    chance = Random(f"graphs {seed}")
    links = list(permutations(names_of(size), 2))
    for _ in range(count):
        share = chance.uniform(0.1, 0.9)
        yield frozenset(link for link in links if chance.random() < share)


def kept(size: int, *whole: Pair) -> Graph:
    """The graph in which only these links are whole, both ways."""
    both = {*whole, *((b, a) for a, b in whole)}
    return frozenset(permutations(names_of(size), 2)) - both


def is_quorum_connected(graph: Graph, node: str, size: int) -> bool:
    """Whether the node reaches a majority, itself included, and is reached by it."""
    whole = [other for other in names_of(size) if other != node and not {(node, other), (other, node)} & graph]
    return len(whole) + 1 > size // 2


def has_core(graph: Graph, size: int) -> bool:
    """Whether any node is quorum-connected."""
    return any(is_quorum_connected(graph, node, size) for node in names_of(size))


class GraphRun:
    """One cluster under one graph."""

    def __init__(self, size: int, seed: int, settings: Settings | None = None) -> None:
        self.names = names_of(size)
        settings = settings or Settings()
        self.bound_seconds = TIMEOUTS * (settings.election_timeout_seconds + settings.election_jitter_seconds)
        nodes = tuple(NodePlan(name) for name in self.names)
        clients = tuple(self._client(name) for name in ("before", "meanwhile", "under", "after"))
        self._simulation = Simulation(Plan(seed, nodes, self.names, settings, _LINKS, clients))
        self._before, self._meanwhile, self._under, self._after = self._simulation.clients
        for node in self._simulation.nodes.values():
            _admit(node)
            node.start()

    @staticmethod
    def _client(name: str) -> ClientPlan:
        """Who asks, as a new request each time, until it is done."""
        return ClientPlan(name, (Request(0.0, "propose", "", name, b'"%s"' % name.encode(), 1.0, until_done=True),))

    @property
    def leader(self) -> str:
        """Who leads, as was last heard of."""
        return self._simulation.nemesis.leader()

    @property
    def round(self) -> int:
        """The highest round that any node used: it grows with every campaign."""
        return max(node.stores["log"].round_used(LOG) for node in self._simulation.nodes.values())

    def settle(self) -> None:
        """Let somebody lead while all links are whole."""
        self._before.start()
        self._until(self._simulation.world.now + _SETTLED_SECONDS, lambda: _is_done(self._before))

    def outdate(self, node: str) -> None:
        """Have something chosen that this node knows nothing of."""
        alone = {pair for pair in permutations(self.names, 2) if node in pair}
        self._simulation.network.cuts.update(alone)
        self._meanwhile.start()
        self._until(self._simulation.world.now + self.bound_seconds, lambda: _is_done(self._meanwhile))
        self._simulation.network.cuts.clear()

    def judge(self, graph: Graph) -> Verdict:
        """Cut the links, ask for a value, mend them, and ask for another."""
        size = len(self.names)
        world, cuts = self._simulation.world, self._simulation.network.cuts
        cuts.clear()
        cuts.update(graph)
        cut_at = world.now
        self._under.start()
        self._until(cut_at + self.bound_seconds, lambda: _is_done(self._under))
        seconds = world.now - cut_at if _is_done(self._under) else -1.0
        if has_core(graph, size) and seconds < 0:
            return Verdict(f"nothing was chosen within {self.bound_seconds:.2f} s of {describe(graph)}{self._broken()}", seconds)
        cuts.clear()
        self._after.start()
        self._until(world.now + self.bound_seconds, lambda: _is_done(self._after))
        if not _is_done(self._after):
            return Verdict(
                f"nothing was chosen within {self.bound_seconds:.2f} s after it was mended: {describe(graph)}{self._broken()}", seconds
            )
        return Verdict(self._broken(), seconds)

    def _until(self, time: float, is_over: Callable[[], bool]) -> None:
        world = self._simulation.world
        while world.next_time() <= time and not is_over() and self._simulation.invariants.violation is None:
            world.step()

    def _broken(self) -> str:
        violation = self._simulation.invariants.violation
        return f"; {violation.invariant}: {violation.text}" if violation is not None else ""

    def trace(self) -> list[str]:
        """What happened, a line an event."""
        return list(self._simulation.world.trace.lines())


def _admit(node: SimulatedNode) -> None:
    """As after a first start with all links whole, which a new member needs before any can be cut."""
    store = node.disk("acceptor").open()
    store.write((PeerStore(ADMITTED, store.identity.store_id),), sync=True)
    store.close()


def _is_done(client: Client) -> bool:
    """Whether a client's one request was answered as done."""
    return bool(client.told) and client.told[-1].outcome is OutcomeKind.DONE


def describe(graph: Iterable[Pair]) -> str:
    """The cut links."""
    return "cut " + (", ".join(f"{source}->{target}" for source, target in sorted(graph)) or "nothing")
