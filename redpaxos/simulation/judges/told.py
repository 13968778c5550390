"""What a client was told: one request, and how it ended."""

from msgspec import Struct

from paxos.messages import OutcomeKind
from paxos.values import Entry
from redpaxos.simulation.plans.plan import Request


class Told(Struct):
    """One request, and how it ended; an outcome of None has not ended, or never will."""

    client: str
    request: Request
    # Moments of the world.
    invoked: int
    responded: int = 0
    outcome: OutcomeKind | None = None
    entries: tuple[Entry, ...] = ()
    # What a machine answered, and how many slots of the log were chosen by then.
    body: bytes = b""
    chosen_through: int = 0
