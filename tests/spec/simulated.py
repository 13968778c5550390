"""Traces of simulated runs: everything that the nodes published, in order."""

from msgspec.structs import replace

from actors.channels import Channels
from paxos.codec import Envelope
from paxos.errors import MalformedError
from redpaxos.simulation.parts.cluster import PRODUCTION, Actors
from redpaxos.simulation.parts.network import Endpoint
from redpaxos.simulation.plans.limits import squeezed
from redpaxos.simulation.plans.plan import Plan
from redpaxos.simulation.plans.swarm import draw
from redpaxos.simulation.runs.running import Simulation
from tests.spec.validation import Shape


def plan_of(seed: int, *, event_bound: float = 1.5) -> Plan | None:
    """The plan of this seed if the model can speak of it: the nodes keep their disks, and the run is short."""
    plan = draw(seed)
    if any(fault.kind in ("wipe", "wrong disk") for fault in plan.faults):
        return None
    return replace(plan, chaos_seconds=min(plan.chaos_seconds, event_bound))


def shape_of(plan: Plan) -> Shape:
    """Who votes and who is there."""
    return Shape(tuple(sorted(plan.members)), tuple(sorted(node.name for node in plan.nodes)))


def said(plan: Plan, actors: Actors = PRODUCTION) -> list[Envelope]:
    """Every envelope that a node of the run published."""
    envelopes: list[Envelope] = []
    with squeezed(plan.limits):
        simulation = Simulation(plan, actors)
        look = simulation.network.look

        def listen(endpoint: Endpoint, channel: str, payload: bytes) -> object:
            if endpoint.name in simulation.nodes and Channels.sender(channel) == endpoint.name:
                try:
                    envelopes.append(simulation.stage.codec.decode(payload))
                except MalformedError:
                    raise AssertionError(f"a node published what does not decode: {payload!r}") from None
            return look(endpoint, channel, payload)

        simulation.network.look = listen
        simulation.run()
    return envelopes
