"""The simulated network: one endpoint a node or client, and links that lose, repeat, delay and reorder.

It keeps the contract of transport/base.py and is as bad as that allows, and in one way worse: where a plan wants it, a payload is corrupted
so that whoever gets it must notice. Each directed link between two endpoints has chance of its own. A link that is cut loses what is sent
while it is cut; what is under way arrives, and if the life that it was meant for is over, at the next one of the same name.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.plan import Delivery, LinkPlan
from transport.base import Deliver, TransportClosedError, TransportDownError, TransportError

Look = Callable[["Endpoint", str, bytes], object]
"""Called for every payload that is published; returns what the trace says of it."""


Mangle = Callable[[bytes, float], bytes]
"""Corrupts a payload, by a number drawn from 0 to 1, so that it can be noticed."""


class PowerCutError(BaseException):
    """The node dies at this very instruction; no code of its own may catch it."""


class _Link(Struct):
    """One direction between two endpoints."""

    chance: Callable[[], float]
    # Deliveries so far, to name them.
    count: int = 0
    # Nothing arrives before this where the link keeps the order.
    last_due: float = 0.0


class Parcel(Struct):
    """One payload on its way."""

    source: "Endpoint"
    channel: str
    payload: bytes
    # What the trace says of it.
    seen: object
    # When it leaves its sender.
    sent: float


class Network:
    """All endpoints, and which links are cut."""

    def __init__(self, world: World, links: LinkPlan, muted: Iterable[Delivery] = ()) -> None:
        self.world = world
        # How good the links are at this time, and how good they are in fair weather.
        self.plan = links
        self._fair = links
        # What is worse for a while, each with the number of its burst.
        self._bursts: dict[int, dict[str, float]] = {}
        self._burst_count = 0
        self.look: Look = lambda endpoint, channel, payload: payload
        # Set while the server in the middle is away: publishing fails, certainly and at once.
        self.is_down = False
        # Set while the server in the middle is frozen, to when it goes on; everything waits until then.
        self.frozen_until = 0.0
        self.mangle: Mangle = lambda payload, drawn: payload[: int(len(payload) * drawn)]
        # Payloads sent before this are lost when they would arrive: the server was killed, and had them.
        self.killed_at = -1.0
        # Every delivery that was not lost, as (from, to, number on that link), in the order of sending.
        self.carried: list[Delivery] = []
        # How many faults cut each link at this time.
        self.cuts: Counter[tuple[str, str]] = Counter()
        self._muted = frozenset(muted)
        # Until when any endpoint has lost its subscriptions.
        self._deaf_until = 0.0
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
        self._bursts.clear()
        self._deaf_until = 0.0
        self.plan = self._fair = LinkPlan(delay_seconds=0.001, spread_seconds=0.004)

    def worsen(self, changes: dict[str, float]) -> Callable[[], None]:
        """Make the links worse in these respects; returns what ends it."""
        self._burst_count += 1
        number = self._burst_count
        self._bursts[number] = changes
        self._change_weather()

        def end() -> None:
            if self._bursts.pop(number, None) is not None:
                self._change_weather()

        return end

    def _change_weather(self) -> None:
        self.plan = self._fair
        for changes in self._bursts.values():
            worse = {name: max(value, getattr(self.plan, name)) for name, value in changes.items()}
            self.plan = replace(self.plan, **worse)

    def deafen(self, names: Iterable[str], draw_seconds: Callable[[], float]) -> None:
        """Forget the subscriptions of these endpoints; each has them again when it has noticed."""
        for endpoint in self._endpoints:
            if endpoint.name in names:
                endpoint.deaf_until = max(endpoint.deaf_until, self.world.now + draw_seconds())
                self._deaf_until = max(self._deaf_until, endpoint.deaf_until)

    @property
    def names(self) -> list[str]:
        """Who has an endpoint."""
        return [endpoint.name for endpoint in self._endpoints]

    def rewire(self) -> None:
        """Subscriptions have changed."""
        self._routes.clear()
        self._endpoints = [endpoint for endpoint in self._endpoints if not endpoint.is_closed]

    def publish(self, source: "Endpoint", channel: str, payload: bytes) -> None:
        """Hand a payload to whoever is subscribed, link by link."""
        fate = self._fate()
        if fate == "down":
            raise TransportDownError("the simulated server is down")
        sent = max(self.world.now, source.busy_until)
        parcel = Parcel(source, channel, payload, self.look(source, channel, payload), sent)
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
            # Everybody subscribes to a channel by its name, or by all of it up to the sender's.
            names = {channel, f"{channel[: channel.rfind(':') + 1]}*"}
            found = [(endpoint, deliver) for endpoint in self._endpoints for name, deliver in endpoint.subscriptions if name in names]
            route = self._routes[channel] = found
        return route

    def _carry(self, parcel: Parcel, target: "Endpoint", deliver: Deliver) -> None:
        """Decide what becomes of one payload on one link."""
        key = (parcel.source.name, target.name)
        link = self._link(*key)
        link.count += 1
        # Every delivery takes two draws, so that leaving one out does not change the next; their later digits serve as further draws.
        fate, pace = link.chance(), link.chance()
        is_troubled = self.cuts or self._muted or fate < self.plan.loss or self._deaf_until > self.world.now
        if is_troubled and self._is_lost(target, (*key, link.count), fate):
            self.world.note(f"{key[0]} -x {key[1]}", parcel.seen)
            return
        self.carried.append((*key, link.count))
        if self.plan.corruption and fate * 10_009 % 1 < self.plan.corruption:
            self.world.fired["frame corrupted"] += 1
            bad = self.mangle(parcel.payload, pace * 1009 % 1)
            parcel = Parcel(parcel.source, parcel.channel, bad, f"{len(bad)} corrupted bytes", parcel.sent)
        self._send(link, self._delay(pace), parcel, target, deliver)
        if fate * 997 % 1 < self.plan.duplication:
            self.world.fired["duplication"] += 1
            self._send(link, self._delay(pace * 10_007 % 1), parcel, target, deliver)

    def _link(self, source: str, target: str) -> _Link:
        link = self._links.get((source, target))
        if link is None:
            link = self._links[source, target] = _Link(self.world.stream(f"link {source} {target}").random)
        return link

    def _is_lost(self, target: "Endpoint", delivery: Delivery, drawn: float) -> bool:
        if self.cuts.get(delivery[:2]):
            self.world.fired["message into a cut link"] += 1
            return True
        if target.deaf_until > self.world.now:
            self.world.fired["message to a lost subscription"] += 1
            return True
        if drawn < self.plan.loss:
            self.world.fired["loss"] += 1
            return True
        return delivery in self._muted

    def _delay(self, drawn: float) -> float:
        plan = self.plan
        delay = plan.delay_seconds + plan.spread_seconds * drawn * drawn
        if drawn * 997 % 1 < plan.late_chance:
            self.world.fired["late message"] += 1
            delay += plan.late_seconds * (drawn * 1_000_003 % 1)
        return delay

    def _send(self, link: _Link, delay: float, parcel: Parcel, target: "Endpoint", deliver: Deliver) -> None:
        world = self.world
        due = max(parcel.sent, self.frozen_until) + delay
        if not self.plan.reorders:
            due = link.last_due = max(due, link.last_due)
        elif due < link.last_due:
            world.fired["reordering"] += 1
        else:
            link.last_due = due
        self._arrive_at(due, parcel, target, deliver)

    def _arrive_at(self, due: float, parcel: Parcel, target: "Endpoint", deliver: Deliver) -> None:
        world = self.world

        def arrive() -> None:
            if parcel.sent <= self.killed_at:
                world.fired["loss in a killed server"] += 1
            elif parcel.source.died_at < parcel.sent:
                world.fired["message of the dead"] += 1
            elif not target.is_closed:
                world.note(f"{parcel.source.name} -> {target.name}", parcel.seen)
                deliver(parcel.channel, parcel.payload)
            else:
                self._arrive_at_heirs(parcel, target.name)

        world.at(due, arrive)

    def _arrive_at_heirs(self, parcel: Parcel, name: str) -> None:
        """Whoever lives under that name when it arrives, and is subscribed then, hears it, as from a sender that was slow to publish."""
        for endpoint, deliver in self._route(parcel.channel):
            if endpoint.name == name and endpoint.deaf_until <= self.world.now:
                self.world.fired["message across lives"] += 1
                self.world.note(f"{parcel.source.name} -> {name}", parcel.seen)
                deliver(parcel.channel, parcel.payload)


class Endpoint:
    """One participant's transport."""

    def __init__(self, network: Network, name: str) -> None:
        self.name = name
        self.is_closed = False
        self.subscriptions: list[tuple[str, Deliver]] = []
        # Publishes that go well before the power is cut; below 0 it is not.
        self.publishes_left = -1
        # It hears nothing until then, because its subscriptions are lost.
        self.deaf_until = 0.0
        # What it publishes leaves then, because a disk is busy, and does not leave when it is closed before.
        self.busy_until = 0.0
        self.died_at = math.inf
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
        self.died_at = min(self.died_at, self._network.world.now)
        self._network.rewire()

    def _refuse_when_closed(self) -> None:
        if self.is_closed:
            raise TransportClosedError("the endpoint is closed")
