"""Simulated clients: a line, a session, and one or more lanes on each of which one thing is asked after the other.

What a client asked, what it was told and when becomes the history that is judged at the end.
"""

import itertools

from paxos.calls import CallSettings
from paxos.codec import Codec
from paxos.messages import Located, Results, Turned, WireMessage
from redpaxos.simulation.judges.invariants import Invariants
from redpaxos.simulation.judges.told import Told
from redpaxos.simulation.parts.network import Network
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.plan import ClientPlan
from redpaxos.simulation.users.lanes import Home, Lane
from redpaxos.simulation.users.lines import SimulatedLine, SimulatedSession


class Client:
    """One client, with an endpoint of its own."""

    def __init__(self, plan: ClientPlan, world: World, network: Network, codec: Codec, invariants: Invariants) -> None:
        self.name = plan.name
        chance = world.stream(f"client {plan.name}")
        self._line = SimulatedLine(plan.name, network, codec, chance, self._hear)
        numbers = itertools.count(chance.getrandbits(48))
        settings = CallSettings(expiry_seconds=plan.expiry_seconds, first_patience_seconds=plan.patience_seconds)
        self._session = SimulatedSession(self._line, world, numbers, settings)
        self._home = Home(plan, world, self._line, self._session, numbers, chance, invariants)
        self._lanes = [Lane(self._home, plan.requests[first :: plan.lane_count], self._rest) for first in range(plan.lane_count)]

    @property
    def told(self) -> list[Told]:
        """What it asked and what it was told, in the order of asking."""
        return self._home.told

    @property
    def is_done(self) -> bool:
        """Whether all its requests have ended."""
        return all(lane.is_done for lane in self._lanes)

    def start(self) -> None:
        """Begin with the first request of every lane."""
        for lane in self._lanes:
            lane.start()

    def _rest(self) -> None:
        """A lane is done: close the session after the last."""
        if self.is_done:
            self._session.close()

    def _hear(self, group: str, source: str, message: WireMessage) -> None:
        if isinstance(message, Located | Results | Turned):
            self._session.put(source, message)
        for lane in self._lanes:
            lane.hear(group, source, message)
