"""What a proposer is doing: nothing, phase 1 or phase 2, each with the state that exists only then (paxos/proposer.py)."""

from collections.abc import Iterable

from msgspec import Struct

from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.messages import Vote

_RESEND_SLOTS = 16


class Idle(Struct):
    """Not proposing."""

    @property
    def ballot(self) -> Ballot:
        """None that is used."""
        return ZERO


class Preparing(Struct):
    """Phase 1 is under way."""

    ballot: Ballot
    # What was learned when the campaign began; promises must cover every slot from here on.
    first_slot: int
    # How far the votes of each acceptor that promised are known, END_SLOT when all are.
    covered: dict[str, int] = {}
    # The vote with the highest ballot for each slot, among the promises that are believed.
    votes: dict[int, Vote] = {}
    # What each acceptor that promised has voted for; kept for a decree only, which has one slot.
    given: dict[str, tuple[Vote, ...]] = {}
    # Acceptors that promised and do not count, because more of the others voted for another value at the same ballot.
    doubted: frozenset[str] = frozenset()

    @property
    def complete(self) -> list[str]:
        """The acceptors that promised, and all of whose votes are known and in no doubt."""
        known = [acceptor for acceptor, end_slot in self.covered.items() if end_slot == END_SLOT]
        return [acceptor for acceptor in known if acceptor not in self.doubted] if self.doubted else known

    def contradicting(self, votes: Iterable[Vote]) -> Vote | None:
        """A vote for another value than one that is known, at the same ballot: a proposer used the ballot twice."""
        told = [known for given in self.given.values() for known in given]
        for vote in votes:
            if any(_contradict(vote, known) for known in (*told, self.votes.get(vote.slot, vote))):
                return vote
        return None

    def believe_the_most(self) -> None:
        """Believe the most acceptors of which no two voted for different values at one ballot, and doubt the others."""
        backers = self._backers()
        believed = {acceptor for values in backers.values() for acceptor in max(values.values(), key=len)}
        self.doubted = frozenset(acceptor for acceptor, votes in self.given.items() if votes and acceptor not in believed)
        self.votes = {}
        for acceptor in sorted(believed):
            self.keep(self.given[acceptor])

    def _backers(self) -> dict[Ballot, dict[bytes, set[str]]]:
        """Who voted for each value at each ballot, of a decree."""
        backers: dict[Ballot, dict[bytes, set[str]]] = {}
        for acceptor, votes in self.given.items():
            for vote in votes:
                backers.setdefault(vote.ballot, {}).setdefault(vote.value, set()).add(acceptor)
        return backers

    def keep(self, votes: Iterable[Vote]) -> None:
        """Note votes; of two at one ballot, the first."""
        for vote in votes:
            known = self.votes.get(vote.slot)
            if known is None or known.ballot < vote.ballot:
                self.votes[vote.slot] = vote


class Leading(Struct):
    """Phase 1 is won, or needed none; values go out at this ballot until somebody promises a higher one."""

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

    def launch(self, slot: int, value: bytes) -> None:
        """The value is proposed for the slot."""
        self.in_flight[slot] = value
        self.in_flight_bytes += len(value)

    def land(self, slot: int) -> bytes | None:
        """What was in flight in the slot, which is learned now."""
        value = self.in_flight.pop(slot, None)
        if value is not None:
            self.in_flight_bytes -= len(value)
        return value

    def late(self, next_slot: int) -> list[int]:
        """What to send again of that which was in flight when the retry timer was started; a part, where acceptors are only slow."""
        late = sorted(slot for slot in self.in_flight if slot < self.resend_below)
        # Where more got through than what was sent again, acceptors are slow, and more of the same would not help them.
        is_moving = next_slot > max(self.stood_at, self.resent_end)
        self.lost = late[:_RESEND_SLOTS] if is_moving else late
        return self._next_lost()

    def more_lost(self, next_slot: int) -> list[int]:
        """What to send again as soon as the part before it got through: a whole window need not wait for a retry each part."""
        if not self.lost or next_slot < self.resent_end:
            return []
        self.lost = [slot for slot in self.lost if slot in self.in_flight]
        return self._next_lost()

    def _next_lost(self) -> list[int]:
        part, self.lost = self.lost[:_RESEND_SLOTS], self.lost[_RESEND_SLOTS:]
        self.resent_end = max(part, default=0) + 1
        return part


def _contradict(one: Vote, other: Vote) -> bool:
    """Whether they are for two values in one slot at one ballot."""
    return one.slot == other.slot and one.ballot == other.ballot and one.value != other.value
