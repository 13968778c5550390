"""The acceptor: the memory of Paxos.

It promises to refuse every ballot below the highest it has seen, and votes for values at ballots that it has not promised away. A
promise and a vote are on disk before they are spoken of. Lamport, "Paxos Made Simple", section 2.2, P1a and P2c; ladders 1 and 2
in docs/protocol.md.
"""

from collections.abc import Iterable
from typing import assert_never

from paxos.archive import Archive
from paxos.ballot import END_SLOT, Ballot
from paxos.codec import Letter
from paxos.effects import NOTHING, Effects, Send, sending
from paxos.groups import is_decree
from paxos.messages import Accept, Accepted, AskVotes, Confirm, Confirmed, Heartbeat, Nack, Prepare, Promise, Vote, VotesPage
from paxos.records import KnownChosen, Promised, Record, Voted
from paxos.values import value_digest

AcceptorMessage = Prepare | Accept | AskVotes | Confirm | Heartbeat

_PAGE_BYTES = 256 * 1024
_WATERMARK_STRIDE = 256


class Acceptor:
    """One group's acceptor on one node."""

    handles = (Prepare, Accept, AskVotes, Confirm, Heartbeat)

    def __init__(self, group: str, archive: Archive) -> None:
        state = archive.acceptor_state(group)
        self.group = group
        # Never falls; at or above the ballot of every vote.
        self.promised = state.promised
        # Every slot below is chosen: its vote is rarely asked for, and is read from the archive.
        self.chosen_through = state.chosen_through
        # The latest vote of each slot, but for those that the archive has and nobody is likely to ask for; a vote's ballot never falls.
        self.votes = {vote.slot: Vote(vote.slot, vote.ballot, vote.value) for vote in state.votes}
        # Slots below the watermark whose latest vote was written in an earlier drain, so that the archive answers for them.
        self._settled: set[int] = set()
        # The watermark on disk; it trails, because forgetting it costs nothing but memory.
        self._written_through = state.chosen_through
        self._archive = archive

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        """Answer a proposer's 1a or 2a, or a learner that is far behind."""
        match message:
            case Prepare():
                return self._prepare(source, message)
            case Accept():
                return self._accept(source, message)
            case AskVotes():
                return self._recall(source, message)
            case Confirm():
                return self._confirm(source, message)
            case Heartbeat():
                return self._refuse_to_follow(source, message)
            case _:
                assert_never(message)

    def flush(self) -> Effects:
        """At the end of a drain: let go of the votes that the archive has, and mark those that it is about to have."""
        for slot in self._settled:
            del self.votes[slot]
        self._settled = {slot for slot in self.votes if slot < self.chosen_through}
        if self.chosen_through < self._written_through + _WATERMARK_STRIDE:
            return NOTHING
        self._written_through = self.chosen_through
        return Effects(persist=(KnownChosen(self.group, self.chosen_through),))

    def _prepare(self, source: str, message: Prepare) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:
            return sending(source, Nack(message.ballot, self.promised))
        promise = Send(source, self._votes_from(message.ballot, message.first_slot))
        return Effects(persist=self._promise(message.ballot), send=(promise,))

    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:
            return sending(source, Nack(message.ballot, self.promised))
        digest = value_digest(message.value) if is_decree(self.group) else 0
        accepted = Send(source, Accepted(message.ballot, message.slot, message.slot, digest))
        vote = Vote(message.slot, message.ballot, message.value)
        known = self.votes.get(message.slot)
        if known is not None and known.ballot == vote.ballot:
            # A second value at one ballot is from a proposer that forgot its first. The vote stands, as long as it is remembered here, and
            # the proposer is told, or it would ask for ever.
            return Effects(send=(accepted,)) if known == vote else sending(source, Nack(message.ballot, self.promised))
        promise = self._promise(message.ballot)
        self.votes[message.slot] = vote
        self._settled.discard(message.slot)
        self.chosen_through = max(self.chosen_through, message.chosen_through)
        return Effects(persist=(*promise, Voted(self.group, vote.slot, vote.ballot, vote.value)), send=(accepted,))

    def _recall(self, source: str, message: AskVotes) -> Effects:
        found = self._archive.votes(self.group, message.first_slot, message.last_slot, _PAGE_BYTES)
        return sending(source, VotesPage(tuple(Vote(vote.slot, vote.ballot, vote.value) for vote in found)))

    def _confirm(self, source: str, message: Confirm) -> Effects:
        """Tell a leader whether it still is one, as far as this acceptor's promise goes."""
        if message.ballot < self.promised or message.ballot.node != source:
            return sending(source, Nack(message.ballot, self.promised))
        return sending(source, Confirmed(message.ballot, message.number))

    def _refuse_to_follow(self, source: str, message: Heartbeat) -> Effects:
        """Tell a leader that its ballot was promised away, since one that has nothing to propose would not notice."""
        preempted = message.ballot < self.promised and message.ballot.node == source
        return sending(source, Nack(message.ballot, self.promised)) if preempted else NOTHING

    def _promise(self, ballot: Ballot) -> tuple[Record, ...]:
        if ballot == self.promised:
            return ()
        self.promised = ballot
        return (Promised(self.group, ballot),)

    def _votes_from(self, ballot: Ballot, first_slot: int) -> Promise:
        """The promise: one page of votes, the old ones from the archive first."""
        page = self._archive.votes(self.group, first_slot, self.chosen_through - 1, _PAGE_BYTES) if first_slot < self.chosen_through else []
        end_slot = page[-1].slot + 1 if page else END_SLOT
        votes = {vote.slot: Vote(vote.slot, vote.ballot, vote.value) for vote in page}
        votes |= {slot: vote for slot, vote in self.votes.items() if first_slot <= slot < end_slot}
        found, end_slot = _first_page([votes[slot] for slot in sorted(votes)], end_slot)
        return Promise(ballot, first_slot, end_slot, tuple(found))


def _first_page(votes: list[Vote], end_slot: int) -> tuple[list[Vote], int]:
    """The votes that fit one page, at least one, and the slot up to where they are all; a promise that fits no frame is never heard."""
    size = 0
    for index, vote in enumerate(votes):
        size += len(vote.value)
        if index > 0 and size > _PAGE_BYTES:
            return votes[:index], vote.slot
    return votes, end_slot


def merge_accepted(letters: Iterable[Letter]) -> list[Letter]:
    """Replace runs of Accepted for consecutive slots of one group and ballot by one range, the rest kept in order."""
    merged: list[Letter] = []
    for letter in letters:
        joined = _join(merged[-1], letter) if merged else None
        if joined is None:
            merged.append(letter)
        else:
            merged[-1] = joined
    return merged


def _join(last: Letter, letter: Letter) -> Letter | None:
    """Two acknowledgements as one, if the second takes up where the first ends."""
    match last.message, letter.message:
        case Accepted(ballot, first_slot, end, 0), Accepted(second, start, last_slot, 0) if (
            last.group == letter.group and ballot == second and end + 1 == start
        ):
            return Letter(last.group, Accepted(ballot, first_slot, last_slot))
        case _:
            return None
