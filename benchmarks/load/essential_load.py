"""Single decrees by essential-paxos: one proposer, three acceptors and a learner in one process, as roles_load.py has them of us.

Its package is called `paxos` as well, so this process finds it where ours would be (systems/pure_roles.py). Its roles begin with None for
an id, and compare it with ids, which Python 3 refuses: they are given one here that is below all others.
"""

from collections import deque
from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.load.one_by_one import decide_for
from benchmarks.measuring import Job, Sample

# By name, because it has no types, and where types are checked `paxos` is ours.
essential: Any = import_module("paxos.essential")

VOTERS = ("a1", "a2", "a3")
PROPOSER = "p1"
QUORUM_SIZE = 2
BEFORE_ALL = essential.ProposalID(0, "")

Mail = deque[tuple[Callable[..., None], tuple[Any, ...]]]


class Messenger(essential.Messenger):  # type: ignore[misc]
    """What one of them sends."""

    def __init__(self, name: str, stage: "Stage") -> None:
        self._name = name
        self._stage = stage

    def send_prepare(self, proposal_id: Any) -> None:
        """To all acceptors."""
        for acceptor in self._stage.acceptors:
            self._stage.mail.append((acceptor.recv_prepare, (self._name, proposal_id)))

    def send_promise(self, proposer_uid: str, proposal_id: Any, previous_id: Any, accepted_value: Any) -> None:
        """To the proposer."""
        self._stage.mail.append((self._stage.proposer.recv_promise, (self._name, proposal_id, previous_id, accepted_value)))

    def send_accept(self, proposal_id: Any, proposal_value: Any) -> None:
        """To all acceptors."""
        for acceptor in self._stage.acceptors:
            self._stage.mail.append((acceptor.recv_accept_request, (self._name, proposal_id, proposal_value)))

    def send_accepted(self, proposal_id: Any, accepted_value: Any) -> None:
        """To the learner."""
        self._stage.mail.append((self._stage.learner.recv_accepted, (self._name, proposal_id, accepted_value)))


class Stage:
    """The roles of one decree, and what is under way between them."""

    def __init__(self) -> None:
        self.mail: Mail = deque()
        self._messengers = {name: Messenger(name, self) for name in (PROPOSER, *VOTERS)}
        # What a learner does when it knows is nothing here.
        self._silent = essential.Messenger()

    def decide(self, name: str, value: bytes) -> bool:
        """Whether the learner knows the value, once nothing is under way; a decree has no name here."""
        self.proposer = self._make_proposer()
        self.acceptors = [self._make_acceptor(voter) for voter in VOTERS]
        self.learner = self._make_learner()
        self.proposer.set_proposal(value)
        self.proposer.prepare()
        while self.mail:
            hear, what = self.mail.popleft()
            hear(*what)
        return bool(self.learner.final_value == value)

    def _make_proposer(self) -> Any:
        proposer = essential.Proposer()
        proposer.messenger = self._messengers[PROPOSER]
        proposer.proposer_uid = PROPOSER
        proposer.quorum_size = QUORUM_SIZE
        proposer.last_accepted_id = BEFORE_ALL
        return proposer

    def _make_acceptor(self, name: str) -> Any:
        acceptor = essential.Acceptor()
        acceptor.messenger = self._messengers[name]
        acceptor.promised_id = acceptor.accepted_id = BEFORE_ALL
        return acceptor

    def _make_learner(self) -> Any:
        learner = essential.Learner()
        learner.messenger = self._silent
        learner.quorum_size = QUORUM_SIZE
        # As if everybody had voted once before all ballots; that proposal is one more than there are votes to take back.
        learner.acceptors = dict.fromkeys(VOTERS, BEFORE_ALL)
        learner.proposals = {BEFORE_ALL: [0, len(VOTERS) + 1, None]}
        return learner


class EssentialLoad:
    """One decree at a time."""

    def run(self, job: Job) -> Sample:
        """Decide, one after the other."""
        return decide_for(job, Stage().decide)

    def close(self) -> None:
        """Nothing is open."""
