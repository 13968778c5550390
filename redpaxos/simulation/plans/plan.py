"""The plan of a simulated run: every knob and every fault, written down before it begins.

A plan is a value. The same plan gives the same run, and a shorter plan a simpler one, which is how a failing run is shrunk.
"""

from msgspec import Struct

from actors.channels import Channels
from paxos.settings import Settings
from redpaxos.node import ROLES
from redpaxos.simulation.plans.limits import Limit

CLUSTER = "sim"
CHANNELS = Channels(CLUSTER)

WALK, ROUNDS = "walk", "rounds"
"""The schedulers: one message at a time after a random while, or lossy synchronous rounds."""

MACHINE_VERBS = ("call", "ask", "ask-stale", "watch")
"""Requests whose `key` is a state machine; of all others it is a decree, or empty for the log."""

Delivery = tuple[str, str, int]
"""A delivery on a link, as (from, to, number on that link)."""


class NodePlan(Struct, frozen=True):
    """One node: what it plays, how well it runs, and how much it should lead."""

    name: str
    roles: tuple[str, ...] = ROLES
    # Its timers run this many times as long as they should.
    clock_rate: float = 1.0
    # How long it takes before it looks into its mailbox, at most.
    lag_seconds: float = 0.0
    priority: int = 1


class LinkPlan(Struct, frozen=True):
    """How well every link carries messages: chances from 0 to 1."""

    loss: float = 0.0
    duplication: float = 0.0
    delay_seconds: float = 0.001
    spread_seconds: float = 0.0
    # A message in so many takes up to this much longer: the latecomers.
    late_chance: float = 0.0
    late_seconds: float = 0.0
    reorders: bool = False
    # Chances that publishing raises although, or because, the message got through, or did not.
    error_delivered: float = 0.0
    error_lost: float = 0.0
    corruption: float = 0.0


class RoundPlan(Struct, frozen=True):
    """Synchronous rounds in the place of links: see redpaxos/simulation/runs/rounds.py."""

    seconds: float
    # The chance that a participant hears a node, or a client, in a round.
    heard: float
    heard_clients: float


LEADER = "leader"


class Fault(Struct, frozen=True):
    """Something that goes wrong at a time and, where it lasts, for a time."""

    at: float
    kind: str
    # Names of nodes; LEADER stands for whoever leads the log at that time.
    targets: tuple[str, ...] = ()
    seconds: float = 0.0
    amount: float = 0.0


class Request(Struct, frozen=True):
    """What a client wants: `key` names a decree or a state machine, or is empty for the log; `value` is what is proposed or asked."""

    at: float
    verb: str
    key: str = ""
    id: str = ""
    value: bytes = b""
    timeout: float = 3.0
    # Asked again, as a new request, until it is done.
    until_done: bool = False
    # The only node to read from; empty for whoever answers.
    node: str = ""


class ClientPlan(Struct, frozen=True):
    """One client and what it asks for: one request after the other on each of its lanes, which take them in turns."""

    name: str
    requests: tuple[Request, ...] = ()
    # The only node that it asks about the log and decrees, be it turned away again and again; empty for whom it finds.
    node: str = ""
    lane_count: int = 1
    # Its session ends when nothing of it is executed for so long, and asks again when it is not answered for so long.
    expiry_seconds: float = 60.0
    patience_seconds: float = 0.25


class Plan(Struct, frozen=True):
    """A whole run: chaos first, then calm, in which a connected core must make progress."""

    seed: int
    nodes: tuple[NodePlan, ...]
    members: tuple[str, ...]
    settings: Settings = Settings()
    links: LinkPlan = LinkPlan()
    clients: tuple[ClientPlan, ...] = ()
    faults: tuple[Fault, ...] = ()
    chaos_seconds: float = 3.0
    # Who is alive and connected in the calm: a quorum of acceptors and at least one proposer; the rest stays dead.
    core: tuple[str, ...] = ()
    calm_seconds: float = 30.0
    # Synchronous rounds, or None for a random walk.
    rounds: RoundPlan | None = None
    # Signs every frame where it is not empty.
    secret: bytes = b""
    # Limits of the code that are smaller in this run; see redpaxos/simulation/plans/limits.py.
    limits: tuple[Limit, ...] = ()
    # Deliveries that are left out; only a shrunk plan has any.
    muted: tuple[Delivery, ...] = ()
