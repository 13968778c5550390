"""What a proposer is doing: nothing, phase 1 or phase 2, each with the state that exists only then (paxos/proposer.py)."""

from msgspec import Struct

from paxos.ballot import Ballot
from paxos.messages import Vote


class Idle(Struct):
    """Not proposing."""


class Preparing(Struct):
    """Phase 1 is under way."""

    ballot: Ballot
    # What was learned when the campaign began; promises must cover every slot from here on.
    first_slot: int
    # How far the votes of each acceptor that promised are known, END_SLOT when all are.
    covered: dict[str, int] = {}
    # The vote with the highest ballot for each slot, among the promises so far.
    votes: dict[int, Vote] = {}


class Leading(Struct):
    """Phase 1 is won; values go out at this ballot until somebody promises a higher one."""

    ballot: Ballot
    # The slot of the next value of our own; above every slot in flight.
    next_slot: int
    # Proposed at this ballot and not learned; a slot's value never changes.
    in_flight: dict[int, bytes]
    in_flight_bytes: int
    # Slots below were in flight when the retry timer was started.
    resend_below: int = 0
    # The first slot that was not learned then.
    stood_at: int = 0
    # Sent again when every slot below resent_end is learned; in order, none twice.
    lost: list[int] = []
    resent_end: int = 0
    # Another node is to lead: nothing more is proposed at this ballot until the hand-over has failed.
    yields: bool = False
