"""Known mistakes of the field, as roles: each is the real role with one thing done wrong.

`planted(Acceptor=...)` makes every cast of paxos.casting with the mistaken role while it lasts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from paxos.acceptor import Acceptor, AcceptorMessage
from paxos.archive import Archive
from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.effects import Effects
from paxos.learner import Learner, LearnerMessage
from paxos.messages import Accept, Accepted, Prepare, Promise, Vote
from paxos.proposer import Proposer, ProposerMessage
from paxos.quorum import Quorum
from paxos.records import Promised, Record, RoundUsed, Voted


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

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        super().__init__(group, company, archive)
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

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        super().__init__(group, _quorum_of_one(company), archive)


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
