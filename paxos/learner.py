"""The learner: how a node knows that a value is chosen.

A value is chosen at a slot when a quorum of distinct acceptors voted for it at one and the same ballot. Votes of different ballots
never add up, and one acceptor is never believed. Another learner is: it has counted, or heard from one that did. Acceptors tell the
proposer alone that they voted; it knows what for, and tells the others what was decided at its ballot. Lamport, "Paxos Made
Simple", section 2.3 (the distinguished learner); ladders 2 and 4 in docs/protocol.md.
"""

from typing import assert_never

from paxos.archive import Archive
from paxos.ballot import Ballot
from paxos.company import Company
from paxos.cues import Begin, Chosen, Expired, Proposed
from paxos.effects import ACCEPTORS, NOTHING, Effects, Send, StartTimer, sending
from paxos.errors import InvariantViolation
from paxos.messages import Accepted, AskChosen, AskVotes, ChosenPage, Decided, Heartbeat, ProbeReply, Vote, VotesPage
from paxos.values import value_digest

LearnerMessage = Proposed | Accepted | Decided | VotesPage | AskChosen | ChosenPage | Heartbeat | ProbeReply | Begin | Expired

CATCH_UP = "catch-up"
_HORIZON_SLOTS = 4096


class _Tally:
    """What is known of one slot that is not learned yet."""

    __slots__ = ("decided", "values", "voters")

    def __init__(self) -> None:
        # At most one value a ballot: a proposer proposes one value with a ballot.
        self.values: dict[Ballot, bytes] = {}
        # Distinct acceptors that voted at each ballot.
        self.voters: dict[Ballot, set[str]] = {}
        # Ballots whose owners say that they were decided.
        self.decided: set[Ballot] = set()


class Learner:
    """One group's learner on one node; it tells `Chosen` in slot order."""

    handles = (Proposed, Accepted, Decided, VotesPage, AskChosen, ChosenPage, Heartbeat, ProbeReply, Begin, Expired)

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        self.group = group
        self._node = company.node
        self._quorum = company.quorum
        self._archive = archive
        self._settings = company.settings
        # Every slot below is learned, and told.
        self.next_slot = archive.learned_end(group)[0]
        # Slots below this are chosen somewhere, as far as was heard; what lies between is missing here.
        self.known_end = self.next_slot
        # Slots from next_slot to the horizon; what lies beyond is left to catch-up, and so are values in excess of a window, so that
        # memory stays bounded.
        self._tallies: dict[int, _Tally] = {}
        # Of all values in there.
        self._noted_bytes = 0
        # Nodes heard to know more than this one; they are asked in turn, so that one that is gone costs one wait.
        self._informed: list[str] = []
        self._asked_count = 0
        # Where it stood when the running catch-up timer was started; -1 while none runs.
        self._waiting_at = -1
        # A page came, and the next was asked for: one is on its way, and takes its time where there is much to do.
        self._is_fetching = False

    def handle(self, source: str, message: LearnerMessage) -> Effects:
        """Count a vote, take a value, or help another learner."""
        match message:
            case Proposed():
                return self._proposed(message)
            case Accepted():
                return self._accepted(source, message)
            case Decided():
                return self._decided(source, message)
            case VotesPage():
                return self._votes_page(source, message)
            case ChosenPage():
                return self._chosen_page(source, message)
            case AskChosen():
                return self._answer(source, message)
            case Heartbeat() | ProbeReply():
                return self._hear_of(source, message.chosen_through)
            case Expired():
                return self._expired(message)
            case Begin():
                return NOTHING
            case _:
                assert_never(message)

    # ---- votes -------------------------------------------------------------------------------------------------------------------

    def _proposed(self, message: Proposed) -> Effects:
        """Keep what is proposed beside us, which comes by no other way; no vote for it can have come before.

        What was, or may still be, chosen at a lower ballot is proposed again now, so its earlier copies need not be kept.
        """
        if (tally := self._tallies.get(message.slot)) is not None:
            if tally.values.get(message.ballot, message.value) != message.value:
                raise self._contradiction(message.slot, message.ballot)
            for ballot in [ballot for ballot in tally.values if ballot < message.ballot]:
                self._noted_bytes -= len(tally.values.pop(ballot))
            tally.voters.pop(message.ballot, None)
        self._note_value(message.slot, message.ballot, message.value, is_own=True)
        return NOTHING

    def _accepted(self, source: str, message: Accepted) -> Effects:
        if source not in self._quorum.members:
            return NOTHING
        if message.value_digest and not self._is_for_ours(message):
            # Its owner counts, or a later life of this node asks again; and whoever asks what was voted for is told the values.
            return NOTHING
        last_slot = min(message.last_slot, self.next_slot + _HORIZON_SLOTS)
        for slot in range(max(message.first_slot, self.next_slot), last_slot + 1):
            self._note_vote(slot, message.ballot, source)
        return self._settle() + self._wait_if_behind()

    def _is_for_ours(self, message: Accepted) -> bool:
        """Whether it is for the value that this node proposed; InvariantViolation if it proposed two, of which it forgot one."""
        tally = self._tallies.get(message.first_slot)
        value = tally.values.get(message.ballot) if tally is not None else None
        if value is None or message.ballot.node != self._node:
            return False
        if value_digest(value) != message.value_digest:
            raise self._contradiction(message.first_slot, message.ballot)
        return True

    def _contradiction(self, slot: int, ballot: Ballot) -> InvariantViolation:
        """Why this node stops: it used its ballot twice, so its store is an old copy."""
        return InvariantViolation(f"{self.group}: votes for two values in slot {slot} at {ballot.shown}")

    def _decided(self, source: str, message: Decided) -> Effects:
        if message.ballot.node != source:
            return NOTHING
        self._note_value(message.slot, message.ballot, message.value)
        if (tally := self._tallies.get(message.slot)) is not None and tally.values.get(message.ballot, message.value) == message.value:
            tally.decided.add(message.ballot)
        return self._settle() + self._hear_of(source, message.slot + 1)

    def _votes_page(self, source: str, message: VotesPage) -> Effects:
        if source not in self._quorum.members:
            return NOTHING
        before = self.next_slot
        for vote in message.votes:
            self._note_value(vote.slot, vote.ballot, vote.value)
            if self.next_slot <= vote.slot <= self.next_slot + _HORIZON_SLOTS and self._contradicts_none(vote):
                self._note_vote(vote.slot, vote.ballot, source)
        effects = self._settle()
        # If there is more, the acceptors have it.
        return effects + self._ask_acceptors() if before < self.next_slot < self.known_end else effects

    def _note_value(self, slot: int, ballot: Ballot, value: bytes, *, is_own: bool = False) -> None:
        """Keep a value, as far as memory goes; what the proposer beside us has in flight is bounded by its own window."""
        if not self.next_slot <= slot <= self.next_slot + _HORIZON_SLOTS:
            return
        values = self._tallies.setdefault(slot, _Tally()).values
        has_room = is_own or slot == self.next_slot or self._noted_bytes + len(value) <= self._settings.window_bytes
        if has_room and ballot not in values:
            values[ballot] = value
            self._noted_bytes += len(value)

    def _contradicts_none(self, vote: Vote) -> bool:
        """Whether no other value is known of its ballot; one that found no room is asked for again."""
        return self._tallies[vote.slot].values.get(vote.ballot, vote.value) == vote.value

    def _note_vote(self, slot: int, ballot: Ballot, acceptor: str) -> None:
        voters = self._tallies.setdefault(slot, _Tally()).voters.setdefault(ballot, set())
        voters.add(acceptor)
        if self._quorum.accepted(voters):
            self.known_end = max(self.known_end, slot + 1)

    def _settle(self) -> Effects:
        """Tell every consecutive slot whose value is known to be chosen."""
        chosen = []
        while (tally := self._tallies.get(self.next_slot)) is not None and (ballot := self._winner(tally)) is not None:
            chosen.append(Chosen(self.next_slot, ballot, tally.values[ballot]))
            self._pass()
        return Effects(tell=tuple(chosen)) if chosen else NOTHING

    def _pass(self) -> None:
        """The next slot is known."""
        tally = self._tallies.pop(self.next_slot, None)
        self._noted_bytes -= sum(map(len, tally.values.values())) if tally is not None else 0
        self.next_slot += 1

    def _winner(self, tally: _Tally) -> Ballot | None:
        """The highest ballot at which a quorum voted, if its value is known."""
        won = [ballot for ballot in tally.values if ballot in tally.decided or self._quorum.accepted(tally.voters.get(ballot, ()))]
        if len(won) < 2:
            return won[0] if won else None
        if len({tally.values[ballot] for ballot in won}) > 1:
            raise InvariantViolation(f"{self.group}: two values chosen for slot {self.next_slot} at {sorted(won)}")
        return max(won)

    # ---- catch-up ----------------------------------------------------------------------------------------------------------------

    def _hear_of(self, source: str, chosen_through: int) -> Effects:
        """Somebody knows that slots are chosen up to here."""
        if chosen_through > self.next_slot and source != self._node:
            self.known_end = max(self.known_end, chosen_through)
            self._informed = [source, *(name for name in self._informed if name != source)][:8]
        return self._wait_if_behind()

    def _wait_if_behind(self) -> Effects:
        if self._waiting_at >= 0 or self.next_slot >= self.known_end:
            return NOTHING
        self._waiting_at = self.next_slot
        patience = self._settings.retry_seconds if self._is_fetching else self._settings.ask_seconds
        return Effects(timers=(StartTimer(CATCH_UP, patience, self._settings.ask_seconds),))

    def _expired(self, message: Expired) -> Effects:
        if message.timer != CATCH_UP:
            return NOTHING
        stuck = self.next_slot == self._waiting_at < self.known_end
        self._waiting_at = -1
        return (self._ask() if stuck else NOTHING) + self._wait_if_behind()

    def _ask(self) -> Effects:
        """Ask the informed nodes in turn, and after each round of them the acceptors."""
        self._is_fetching = False
        turn = self._asked_count % (len(self._informed) + 1)
        self._asked_count += 1
        if turn < len(self._informed):
            return sending(self._informed[turn], AskChosen(self.next_slot))
        return self._ask_acceptors()

    def _ask_acceptors(self) -> Effects:
        last_slot = min(self.known_end - 1, self.next_slot + _HORIZON_SLOTS)
        return sending(ACCEPTORS, AskVotes(self.next_slot, last_slot))

    def _answer(self, source: str, message: AskChosen) -> Effects:
        found = self._archive.learned(self.group, message.first_slot, self._settings.page_bytes)
        page = ChosenPage(message.first_slot, tuple((record.ballot, record.value) for record in found), self.next_slot)
        return sending(source, page)

    def _chosen_page(self, source: str, message: ChosenPage) -> Effects:
        before = self.next_slot
        chosen = []
        for slot, (ballot, value) in enumerate(message.values, message.first_slot):
            if slot == self.next_slot:
                chosen.append(Chosen(slot, ballot, value))
                self._pass()
        effects = Effects(tell=tuple(chosen)) + self._settle()
        if self.next_slot > before:
            was_fetching, self._is_fetching = self._is_fetching, self.next_slot < message.end
            if was_fetching and not self._is_fetching:
                # What is missing from now on is another matter, and need not wait as long as a page may take.
                self._waiting_at = -1
        effects += self._hear_of(source, message.end)
        if self.next_slot > before and self._is_fetching:
            effects += Effects(send=(Send(source, AskChosen(self.next_slot)),))
        return effects
