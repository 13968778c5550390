"""Known mistakes of the field, as roles: each is the real role with one thing done wrong.

`planted(Acceptor=...)` makes every cast of paxos.casting with the mistaken role while it lasts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from paxos.acceptor import Acceptor, AcceptorMessage
from paxos.admission import GuardedCast
from paxos.archive import Archive
from paxos.ballot import ZERO, Ballot
from paxos.cast import Cast
from paxos.company import Company
from paxos.cues import Message, Withdraw, Withdrawn
from paxos.effects import ACCEPTORS, Effects, Send, sending, telling
from paxos.learner import Learner, LearnerMessage
from paxos.messages import Accept, Accepted, Nack, Prepare, Promise, Vote, WireMessage
from paxos.phases import Idle, Leading, Preparing
from paxos.proposer import Proposer, ProposerMessage
from paxos.quorum import Quorum
from paxos.records import Promised, Record, RoundUsed, Voted
from paxos.replica import Replica
from redpaxos.simulation.scripted.ladder import describe_value


@contextmanager
def planted(**roles: Any) -> Iterator[None]:
    """Cast these classes in the place of the real ones."""
    with patch.multiple("paxos.casting", **roles):
        yield


def _forgetting(effects: Effects, kind: type[Record]) -> Effects:
    return replace(effects, persist=tuple(record for record in effects.persist if not isinstance(record, kind)))


def _quorum_of_one(company: Company) -> Company:
    return replace(company, quorum=Quorum(company.quorum.members, 1, 1))


# ---- acceptors ------------------------------------------------------------------------------------------------------------------


class AcceptsBelowThePromise(Acceptor):
    """Votes for whatever it is asked to vote for."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        promised = self.promised
        if isinstance(message, Accept):
            self.promised = ZERO
        effects = super().handle(source, message)
        self.promised = max(promised, self.promised)
        return effects


class ForgetsThePromise(Acceptor):
    """Answers a Prepare without writing the promise down."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        return _forgetting(super().handle(source, message), Promised)


class ForgetsTheVote(Acceptor):
    """Answers an Accept without writing the vote down."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        return _forgetting(super().handle(source, message), Voted)


class VotesWithoutPromising(Acceptor):
    """Takes an Accept above the promise, and leaves the promise where it was."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        promised = self.promised
        effects = super().handle(source, message)
        if isinstance(message, Accept):
            self.promised = promised
            effects = _forgetting(effects, Promised)
        return effects


class PromisesAnEqualRound(Acceptor):
    """Compares rounds and not nodes, so that two proposers are promised the same round."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        if isinstance(message, Prepare) and message.ballot.round == self.promised.round:
            self.promised = ZERO
        return super().handle(source, message)


class RepliesWithoutVotes(Acceptor):
    """Promises, and keeps what it voted for to itself."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        effects = super().handle(source, message)
        silent = (replace(send, message=replace(send.message, votes=())) for send in effects.send if isinstance(send.message, Promise))
        return replace(effects, send=(*silent, *(send for send in effects.send if not isinstance(send.message, Promise))))


class HearsBeforeItsAdmission(GuardedCast):
    """Takes part with any store, also one that nobody knows."""

    def handle(self, source: str, message: Message) -> Effects:
        return Cast.handle(self, source, message)


# ---- proposers ------------------------------------------------------------------------------------------------------------------


class TakesAnyVote(Proposer):
    """Re-proposes the first vote that it hears of, rather than the one with the highest ballot."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        if isinstance(message, Promise):
            votes = tuple(Vote(vote.slot, ZERO, vote.value) for vote in message.votes)
            message = replace(message, votes=votes)
        return super().handle(source, message)


class IgnoresVotes(Proposer):
    """Proposes its own value, whatever was voted for."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        return super().handle(source, replace(message, votes=()) if isinstance(message, Promise) else message)


class CountsPromisesTwice(Proposer):
    """Counts promises, not the acceptors that they come from."""

    def __init__(self, group: str, company: Company, *others: Any) -> None:
        super().__init__(group, company, *others)
        self.members = sorted(company.quorum.members)
        self.heard_count = 0

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        if isinstance(message, Promise):
            source = self.members[self.heard_count]
            self.heard_count = (self.heard_count + 1) % len(self.members)
        return super().handle(source, message)


class ReusesItsBallot(Proposer):
    """Uses a round without writing down that it did."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        return _forgetting(super().handle(source, message), RoundUsed)


class ProposesAfterOnePromise(Proposer):
    """Takes one promise for a quorum."""

    def __init__(self, group: str, company: Company, *others: Any) -> None:
        super().__init__(group, _quorum_of_one(company), *others)


class CountsForEver(Proposer):
    """Counts all that it hears, to no end."""

    heard_count = 0

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        self.heard_count += 1
        return super().handle(source, message)


# ---- learners -------------------------------------------------------------------------------------------------------------------


class BelievesOneAcceptor(Learner):
    """Takes one vote for a quorum."""

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        super().__init__(group, _quorum_of_one(company), archive)


class AddsBallotsTogether(Learner):
    """Counts every vote for the first ballot that it hears a value of."""

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        super().__init__(group, company, archive)
        self.first_ballot: Ballot | None = None

    def handle(self, source: str, message: LearnerMessage) -> Effects:
        if isinstance(message, Accept):
            self.first_ballot = self.first_ballot or message.ballot
        if isinstance(message, Accepted):
            message = replace(message, ballot=self.first_ballot or message.ballot)
        return super().handle(source, message)


class CountsVotesTwice(Learner):
    """Counts votes, not the acceptors that they come from."""

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        super().__init__(group, company, archive)
        self.members = sorted(company.quorum.members)
        self.heard_count = 0

    def handle(self, source: str, message: LearnerMessage) -> Effects:
        if isinstance(message, Accepted):
            source = self.members[self.heard_count]
            self.heard_count = (self.heard_count + 1) % len(self.members)
        return super().handle(source, message)


# ---- mistakes that take a script to see -----------------------------------------------------------------------------------------


class RefusesAnEqualBallot(Acceptor):
    """Takes an Accept only above its promise, so that whoever was promised a ballot cannot use it."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        if isinstance(message, Accept) and message.ballot == self.promised:
            return sending(source, Nack(message.ballot, self.promised))
        return super().handle(source, message)


class TakesNullForNothing(Acceptor):
    """Forgets to report a vote for a value that looks like none."""

    def handle(self, source: str, message: AcceptorMessage) -> Effects:
        effects = super().handle(source, message)
        return replace(effects, send=tuple(replace(send, message=self._without_null(send.message)) for send in effects.send))

    @staticmethod
    def _without_null(message: WireMessage) -> WireMessage:
        if not isinstance(message, Promise):
            return message
        return replace(message, votes=tuple(vote for vote in message.votes if describe_value(vote.value) not in ("''", "null")))


class ReconsidersOnALatePromise(Proposer):
    """Proposes again when a late promise tells of a vote."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        leads = isinstance(self.phase, Leading) and isinstance(message, Promise) and message.ballot == self.phase.ballot
        effects = super().handle(source, message)
        if not leads or not isinstance(message, Promise):
            return effects
        again = (Accept(message.ballot, vote.slot, vote.value, self.next_slot) for vote in message.votes)
        return effects + Effects(send=tuple(Send(ACCEPTORS, accept) for accept in again))


class CountsPromisesOfAnyBallot(Proposer):
    """Takes a promise for an earlier ballot as one for the present one."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        if isinstance(message, Promise) and isinstance(self.phase, Preparing):
            message = replace(message, ballot=self.phase.ballot)
        return super().handle(source, message)


class GoesUpByOne(Proposer):
    """Does not heed the ballot that it lost to."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        if isinstance(message, Nack):
            message = replace(message, promised=Ballot(message.ballot.round, "~"))
        return super().handle(source, message)


class HeedsAnyNack(Proposer):
    """Steps down for a refusal of a ballot that it no longer uses."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        if isinstance(message, Nack) and not isinstance(self.phase, Idle):
            message = Nack(self.phase.ballot, max(message.promised, Ballot(self.phase.ballot.round, "~")))
        return super().handle(source, message)


class DisownsWhatItProposed(Proposer):
    """Says that a command was never proposed, when it was and did not succeed in time."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        effects = super().handle(source, message)
        return effects + telling(Withdrawn(message.commands)) if isinstance(message, Withdraw) else effects


class LeavesGaps(Proposer):
    """Re-proposes what it finds, and nothing between."""

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        effects = super().handle(source, message)
        kept = (send for send in effects.send if not (isinstance(send.message, Accept) and describe_value(send.message.value) == "NOOP"))
        return replace(effects, send=tuple(kept))


class ForgetsIds(Replica):
    """Executes a command whenever it is chosen."""

    def _revision_of(self, command_id: str) -> int:
        return 0
