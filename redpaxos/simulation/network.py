"""The simulated network: one endpoint a node or client, and links that lose, repeat, delay and reorder.

It keeps the contract of transport/base.py and is as bad as that allows: it never alters a payload and never invents one. Each directed
link between two endpoints has chance of its own. A link that is cut loses what is sent while it is cut; what is under way arrives.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from redpaxos.simulation.plan import Delivery, LinkPlan
from redpaxos.simulation.world import World
from transport.base import Deliver, TransportClosedError, TransportDownError, TransportError
from transport.names import is_prefix

Look = Callable[["Endpoint", str, bytes], object]
"""Called for every payload that is published; returns what the trace says of it."""


class PowerCutError(BaseException):
    """The node dies at this very instruction; no code of its own may catch it."""


class _Link(Struct):
    """One direction between two endpoints."""

    chance: Callable[[], float]
    # Deliveries so far, to name them.
    count: int = 0
    # Nothing arrives before this where the link keeps the order.
    last_due: float = 0.0


class _Parcel(Struct):
    """One payload on its way."""

    source: str
    channel: str
    payload: bytes
    # What the trace says of it.
    seen: object
    sent: float


class Network:
    """All endpoints, and which links are cut."""

    def __init__(self, world: World, links: LinkPlan, muted: Iterable[Delivery] = ()) -> None:
        self.world = world
        self.plan = links
        self.look: Look = lambda endpoint, channel, payload: payload
        # Set while the server in the middle is away: publishing fails, certainly and at once.
        self.is_down = False
        # Set while the server in the middle is frozen, to when it goes on; everything waits until then.
        self.frozen_until = 0.0
        # Extra chance of loss, while a storm lasts.
        self.storm = 0.0
        # Payloads sent before this are lost when they would arrive: the server was killed, and had them.
        self.killed_at = -1.0
        # Every delivery that was not lost, as (from, to, number on that link), in the order of sending.
        self.carried: list[Delivery] = []
        # How many faults cut each link at this time.
        self.cuts: Counter[tuple[str, str]] = Counter()
        self._muted = frozenset(muted)
        self._endpoints: list[Endpoint] = []
        self._links: dict[tuple[str, str], _Link] = {}
        self._routes: dict[str, list[tuple[Endpoint, Deliver]]] = {}
        self._errors = world.stream("publish errors")

    def endpoint(self, name: str) -> "Endpoint":
        """A new endpoint; an earlier one of the same name is best closed."""
        endpoint = Endpoint(self, name)
        self._endpoints.append(endpoint)
        return endpoint

    def calm(self) -> None:
        """From here on the links are good: quick, and without loss; what is under way arrives as it would have."""
        self.plan = LinkPlan(delay_seconds=0.001, spread_seconds=0.004)

    def rewire(self) -> None:
        """Subscriptions have changed."""
        self._routes.clear()
        self._endpoints = [endpoint for endpoint in self._endpoints if not endpoint.is_closed]

    def publish(self, source: "Endpoint", channel: str, payload: bytes) -> None:
        """Hand a payload to whoever is subscribed, link by link."""
        fate = self._fate()
        if fate == "down":
            raise TransportDownError("the simulated server is down")
        parcel = _Parcel(source.name, channel, payload, self.look(source, channel, payload), self.world.now)
        if fate != "lost":
            for endpoint, deliver in self._route(channel):
                self._carry(parcel, endpoint, deliver)
        if fate:
            raise TransportError(f"a simulated error; the payload was {fate}")

    def _fate(self) -> str:
        """Whether publishing raises, and what became of the payload."""
        if self.is_down:
            self.world.fired["publish while the server is down"] += 1
            return "down"
        plan = self.plan
        if plan.error_delivered or plan.error_lost:
            drawn = self._errors.random()
            if drawn < plan.error_delivered:
                self.world.fired["publish error, delivered"] += 1
                return "delivered"
            if drawn < plan.error_delivered + plan.error_lost:
                self.world.fired["publish error, lost"] += 1
                return "lost"
        return ""

    def _route(self, channel: str) -> list[tuple["Endpoint", Deliver]]:
        route = self._routes.get(channel)
        if route is None:
            route = self._routes[channel] = [
                (endpoint, deliver) for endpoint in self._endpoints for name, deliver in endpoint.subscriptions if _fits(name, channel)
            ]
        return route

    def _carry(self, parcel: _Parcel, target: "Endpoint", deliver: Deliver) -> None:
        """Decide what becomes of one payload on one link."""
        key = (parcel.source, target.name)
        link = self._links.get(key)
        if link is None:
            link = self._links[key] = _Link(self.world.stream(f"link {parcel.source} {target.name}").random)
        link.count += 1
        # Every delivery takes two draws, so that leaving one out does not change the next; their later digits serve as further draws.
        fate, pace = link.chance(), link.chance()
        if (self.cuts or self._muted or fate < self.plan.loss + self.storm) and self._is_lost(key, link.count, fate):
            self.world.note(f"{parcel.source} -x {target.name}", parcel.seen)
            return
        self.carried.append((*key, link.count))
        self._send(link, self._delay(pace), parcel, target, deliver)
        if fate * 997 % 1 < self.plan.duplication:
            self.world.fired["duplication"] += 1
            self._send(link, self._delay(pace * 10_007 % 1), parcel, target, deliver)

    def _is_lost(self, key: tuple[str, str], number: int, drawn: float) -> bool:
        if self.cuts.get(key):
            self.world.fired["message into a cut link"] += 1
            return True
        if drawn < self.plan.loss:
            self.world.fired["loss"] += 1
            return True
        if drawn < self.plan.loss + self.storm:
            self.world.fired["loss in a storm"] += 1
            return True
        return (*key, number) in self._muted

    def _delay(self, drawn: float) -> float:
        plan = self.plan
        delay = plan.delay_seconds + plan.spread_seconds * drawn * drawn
        if drawn * 997 % 1 < plan.late_chance:
            self.world.fired["late message"] += 1
            delay += plan.late_seconds * (drawn * 1_000_003 % 1)
        return delay

    def _send(self, link: _Link, delay: float, parcel: _Parcel, target: "Endpoint", deliver: Deliver) -> None:
        world = self.world
        due = max(parcel.sent, self.frozen_until) + delay
        if not self.plan.reorders:
            due = link.last_due = max(due, link.last_due)
        elif due < link.last_due:
            world.fired["reordering"] += 1
        else:
            link.last_due = due

        def arrive() -> None:
            if parcel.sent <= self.killed_at:
                world.fired["loss in a killed server"] += 1
            elif not target.is_closed:
                world.note(f"{parcel.source} -> {target.name}", parcel.seen)
                deliver(parcel.channel, parcel.payload)

        world.at(due, arrive)


class Endpoint:
    """One participant's transport."""

    def __init__(self, network: Network, name: str) -> None:
        self.name = name
        self.is_closed = False
        self.subscriptions: list[tuple[str, Deliver]] = []
        # Publishes that go well before the power is cut; below 0 it is not.
        self.publishes_left = -1
        self._network = network

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        """Hear a channel or, with a final `*`, a prefix; see the port."""
        self._refuse_when_closed()
        self.subscriptions.append((channel, deliver))
        self._network.rewire()

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload to the links; see the port."""
        self._refuse_when_closed()
        if self.publishes_left >= 0:
            self.publishes_left -= 1
            if self.publishes_left < 0:
                raise PowerCutError
        self._network.publish(self, channel, payload)

    def publish_together(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """One after the other; see the port."""
        for channel, payload in frames:
            self.publish(channel, payload)

    def close(self) -> None:
        """Hear nothing more; idempotent."""
        self.is_closed = True
        self._network.rewire()

    def _refuse_when_closed(self) -> None:
        if self.is_closed:
            raise TransportClosedError("the endpoint is closed")


def _fits(name: str, channel: str) -> bool:
    return name == channel or (is_prefix(name) and channel.startswith(name[:-1]))
