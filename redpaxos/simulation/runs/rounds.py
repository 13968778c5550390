"""Lossy synchronous rounds: the second scheduler, which reaches other faults than the random walk.

Time passes in rounds. What a node sends in one round arrives in the next, at a random subset of the others, in any order, and each actor
takes all of it in one drain; nodes crash and come back between rounds. So loss is correlated as it is where a link or a node is bad, and
many nodes act at once on different views, which a walk that delivers one message at a time hardly ever brings about. Charron-Bost and
Schiper, "The Heard-Of model: computing in distributed systems with benign faults" (2009).
"""

from collections.abc import Iterable
from random import Random

from msgspec.structs import replace

from paxos.settings import Settings
from redpaxos.simulation.parts.network import Endpoint, Network, Parcel
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.duels import duel_for_decrees, duel_for_the_log, duel_for_the_store
from redpaxos.simulation.plans.plan import ClientPlan, Delivery, Fault, LinkPlan, Plan, RoundPlan
from redpaxos.simulation.plans.swarm import draw_any
from transport.base import Deliver

_ROUND_SECONDS = 0.02
_PATIENT_ROUNDS = 20
# A probe, its answer, a prepare and its promise take a round each; whoever waits for less overtakes itself again and again.
_ELECTION_ROUNDS = 4
_HASTY_CALM = 4
# Messages of a round arrive in the first part of the next; what they lead to happens in the middle of it.
_ARRIVAL_SHARE = 0.4


class RoundNetwork(Network):
    """Delivers what was sent in one round at the begin of the next, to those who hear the sender in it."""

    def __init__(self, world: World, rounds: RoundPlan, nodes: Iterable[str], muted: Iterable[Delivery] = ()) -> None:
        super().__init__(world, LinkPlan(), muted)
        self._rounds = rounds
        self._nodes = frozenset(nodes)
        self._is_calm = False
        self._heard: dict[tuple[int, str], frozenset[str]] = {}

    def calm(self) -> None:
        """From here on everybody hears everybody."""
        super().calm()
        self._is_calm = True

    def _carry(self, parcel: Parcel, target: Endpoint, deliver: Deliver) -> None:
        source = parcel.source.name
        link = self._link(source, target.name)
        link.count += 1
        delivery = (source, target.name, link.count)
        place = link.chance()
        number = int(self.world.now / self._rounds.seconds)
        if delivery in self._muted or not self._hears(target.name, source, number):
            self.world.fired["unheard in a round"] += 1
            self.world.note(f"{source} -x {target.name}", parcel.seen)
            return
        self.carried.append(delivery)
        self._arrive_at((number + 1 + _ARRIVAL_SHARE * place) * self._rounds.seconds, parcel, target, deliver)

    def _hears(self, target: str, source: str, number: int) -> bool:
        """Whether this one is among those that hear a node in a round; nodes hear themselves, and clients most of the time."""
        if self._is_calm or target == source:
            return True
        heard = self._heard.get((number, source))
        if heard is None:
            chance = self.world.stream(f"round {number} {source}")
            share = self._rounds.heard if source in self._nodes else self._rounds.heard_clients
            heard = self._heard[number, source] = frozenset(name for name in self.names if chance.random() < share)
        return target in heard


def draw_rounds(seed: int) -> Plan:
    """The plan of this seed for synchronous rounds: duels for decrees, for the log or for the store."""
    chance = Random(f"rounds {seed}")
    duel = chance.choice((duel_for_decrees, duel_for_the_log, duel_for_the_store))
    plan = duel(draw_any(chance, seed), chance)
    names = [node.name for node in plan.nodes]
    rounds = RoundPlan(_ROUND_SECONDS, heard=chance.choice((0.3, 0.5, 0.7, 0.9)), heard_clients=chance.choice((0.7, 1.0)))
    crashes = chance.choice((0.0, 0.005, 0.02))
    count = int(plan.chaos_seconds / _ROUND_SECONDS)
    settings = _settings(plan.settings, chance)
    is_hasty = settings.election_timeout_seconds < _ELECTION_ROUNDS * _ROUND_SECONDS
    return replace(
        plan,
        calm_seconds=plan.calm_seconds * (_HASTY_CALM if is_hasty else 1),
        nodes=tuple(replace(node, clock_rate=1.0, lag_seconds=0.0) for node in plan.nodes),
        settings=settings,
        links=LinkPlan(),
        clients=tuple(_patient(client) for client in plan.clients),
        faults=tuple(_crash(chance, name, number) for number in range(1, count) for name in names if chance.random() < crashes),
        rounds=rounds,
    )


def _patient(client: ClientPlan) -> ClientPlan:
    """A client that waits some rounds for an answer, and asks for other things meanwhile."""
    requests = tuple(replace(request, timeout=max(request.timeout, _PATIENT_ROUNDS * _ROUND_SECONDS)) for request in client.requests)
    return replace(client, requests=requests, lane_count=max(client.lane_count, 4))


def _crash(chance: Random, name: str, number: int) -> Fault:
    """A node is away from the begin of one round to that of another."""
    kind = chance.choice(("crash", "crash", "power cut while sending"))
    return Fault(number * _ROUND_SECONDS, kind, (name,), chance.randint(1, 10) * _ROUND_SECONDS, float(chance.randint(0, 2)))


def _settings(settings: Settings, chance: Random) -> Settings:
    """Times in rounds: whoever waits does so for a few of them."""
    heartbeat = chance.choice((1, 2, 4))
    seconds = _ROUND_SECONDS
    return replace(
        settings,
        heartbeat_seconds=heartbeat * seconds,
        election_timeout_seconds=heartbeat * chance.choice((2, 3)) * seconds,
        election_jitter_seconds=heartbeat * chance.choice((2, 4)) * seconds,
        retry_seconds=chance.choice((2, 5)) * seconds,
        backoff_base_seconds=chance.choice((0.1, 1)) * seconds,
        backoff_cap_seconds=chance.choice((2, 10)) * seconds,
        patience_seconds=chance.choice((10, 50)) * seconds,
        ask_seconds=chance.choice((1, 4)) * seconds,
    )
