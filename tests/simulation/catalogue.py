"""Mistakes that implementations of consensus have made, each in the words of our own code."""

from actors.base import RoleActor
from paxos.acceptor import Acceptor
from paxos.admission import Admission, GuardedCast
from paxos.errand import Errand
from paxos.intake import Intake
from paxos.learner import Learner
from paxos.proposer import Proposer
from paxos.quorum import Quorum
from paxos.replica import Replica
from tests.simulation.planting import Bug

PROMISES, AGREEMENT, FOR_EVER = ("promises",), ("agreement", "outcomes"), ("chosen is for ever", "agreement")
WRITE = """    if binding:
        self._wiring.storage.write(records, sync=True)
"""

FORGETFUL_INTAKE = Bug(
    "an intake does not recognise what was executed",
    Intake,
    "_admit",
    (("(entry := self._entry(command.id)) is not None", "(entry := self._entry(command.id)) is not None and False"),),
    (),
)

HASTY_ACCEPTOR = Bug(
    "an acceptor takes part before it is admitted",
    GuardedCast,
    "handle",
    (("if self._admission.is_admitted:", "if True:"),),
    FOR_EVER,
    800,
)

TRUSTING_ACCEPTOR = Bug(
    "an acceptor gets acquainted with a second store of a member",
    Admission,
    "_meet",
    (("if known != message.store_id:", "if False:"),),
    FOR_EVER,
    beside=HASTY_ACCEPTOR,
)

TRUSTING_SHELL = Bug(
    "the shell trusts a store that it has never seen under that name",
    RoleActor,
    "_is_known",
    (("elif known != envelope.store_id:", "elif False:"),),
    FOR_EVER,
    beside=TRUSTING_ACCEPTOR,
)

ADMISSION_BUGS = (
    HASTY_ACCEPTOR,
    Bug(
        "a store is admitted by the first who knows it",
        Quorum,
        "admits",
        (("len(acquainted) >= self.admit_count", "bool(acquainted) or not self.admit_count"),),
        FOR_EVER,
        800,
    ),
)

BUGS = (
    Bug(
        "an acceptor forgets its promise when it restarts",
        Acceptor,
        "__init__",
        (("state.promised", "Ballot(0, '')"),),
        PROMISES,
    ),
    Bug(
        "an acceptor forgets its votes when it restarts",
        Acceptor,
        "__init__",
        (("for vote in state.votes", "for vote in ()"),),
        (*PROMISES, *FOR_EVER),
    ),
    Bug(
        "an acceptor accepts below its promise",
        Acceptor,
        "_accept",
        (("message.ballot < self.promised or ", ""),),
        PROMISES,
    ),
    Bug(
        "an acceptor promises below its promise",
        Acceptor,
        "_prepare",
        (("message.ballot < self.promised or ", ""),),
        PROMISES,
    ),
    Bug(
        "an Accept above the promise does not raise it",
        Acceptor,
        "_accept",
        (("promise = self._promise(message.ballot)", "promise = ()"),),
        PROMISES,
    ),
    Bug(
        "an acceptor keeps its votes to itself",
        Acceptor,
        "_votes_from",
        (("tuple(found)", "()"),),
        PROMISES,
    ),
    Bug(
        "an acceptor forgets to look for old votes on its disk",
        Acceptor,
        "_votes_from",
        (("if first_slot < self.chosen_through else []", "if False else []"),),
        PROMISES,
        600,
    ),
    Bug(
        "a learner counts votes and not acceptors",
        Learner,
        "_note_vote",
        (("voters.add(acceptor)", "voters.add(f'{acceptor}{len(voters)}')"),),
        AGREEMENT,
    ),
    Bug(
        "a learner adds up votes of different ballots",
        Learner,
        "_note_vote",
        ((".voters.setdefault(ballot, set())", ".voters.setdefault(max([ballot, *self._tallies[slot].voters]), set())"),),
        AGREEMENT,
        600,
    ),
    Bug(
        "a learner believes one acceptor",
        Learner,
        "_winner",
        (("self._quorum.accepted(voters) and", "voters and"),),
        AGREEMENT,
    ),
    Bug(
        "a proposer takes the first vote it hears of",
        Proposer,
        "_promised",
        ((" or phase.votes[vote.slot].ballot < vote.ballot", ""),),
        FOR_EVER,
        400,
    ),
    Bug(
        "a proposer takes the vote of the lowest ballot",
        Proposer,
        "_promised",
        (("].ballot < vote.ballot", "].ballot > vote.ballot"),),
        FOR_EVER,
        400,
    ),
    Bug(
        "a proposer does not heed the votes it hears of",
        Proposer,
        "_elected",
        (("found[slot].value if slot in found else noop", "noop"),),
        (*FOR_EVER, "no node fails by itself"),
    ),
    Bug(
        "a proposer is content with any promise",
        Proposer,
        "_promised",
        (("self._quorum.prepared(complete)", "complete"),),
        FOR_EVER,
    ),
    Bug(
        "a proposer counts promises of other ballots",
        Proposer,
        "_promised",
        ((" or message.ballot != phase.ballot", ""),),
        (*FOR_EVER, "linearizability"),
        800,
    ),
    Bug(
        "a proposer starts again at round 0",
        Proposer,
        "__init__",
        (("archive.round_used(group)", "0"),),
        ("ballots",),
    ),
    Bug(
        "a proposer uses a round that is not on disk",
        Proposer,
        "_campaign",
        (("persist=(RoundUsed(self.group, self.round_used),),", ""),),
        ("durable first",),
    ),
    Bug(
        "a proposer sends another value at the same ballot",
        Proposer,
        "_resend",
        (("phase.in_flight[slot], self", "encode_batch(phase.ballot, ()), self"),),
        ("one value a ballot",),
    ),
    Bug(
        "a proposer never sends again",
        Proposer,
        "_resend",
        (("match self.phase:", "return NOTHING\n    match self.phase:"),),
        ("progress",),
        200,
    ),
    Bug(
        "the shell sends before it writes",
        RoleActor,
        "_perform",
        ((WRITE, ""), ("    if records and not binding:", WRITE + "    if records and not binding:")),
        ("durable first",),
    ),
    Bug(
        "the shell does not sync",
        RoleActor,
        "_perform",
        (("sync=True", "sync=False"),),
        ("durable first",),
    ),
    Bug(
        "a replica executes an id twice",
        Replica,
        "_append",
        (("if command.id and self._revision_of(command.id):", "if False:"),),
        ("one log", "outcomes"),
        200,
        FORGETFUL_INTAKE,
    ),
    Bug(
        "a replica forgets what it executed in this drain",
        Replica,
        "_revision_of",
        (("self._unwritten.get(command_id) or ", ""),),
        ("one log", "outcomes"),
        400,
        FORGETFUL_INTAKE,
    ),
    Bug(
        "a replica counts repeated commands",
        Replica,
        "handle",
        (("self.next_revision += len(entries)", "self.next_revision += len(batch.actions)"),),
        ("one log", "outcomes"),
        200,
        FORGETFUL_INTAKE,
    ),
    Bug(
        "a node calls a command not done that it has proposed",
        Intake,
        "_sweep",
        (("if request.handed:", "if False:"),),
        ("outcomes",),
        200,
    ),
    Bug(
        "a leader that lost calls its commands not done",
        Intake,
        "_disown",
        (("OutcomeKind.UNKNOWN", "OutcomeKind.NOT_DONE"),),
        ("outcomes",),
        200,
    ),
    Bug(
        "a client takes one refusal for all",
        Errand,
        "_answered",
        (("return NOTHING if self.open_attempts else self._end(message)", "return self._end(message)"),),
        ("outcomes",),
        400,
    ),
)
