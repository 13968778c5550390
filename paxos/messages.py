"""Every message that crosses the transport: a closed union, one struct a message.

Names and numbers (1a, 1b, 2a, 2b) follow Lamport, "Paxos Made Simple", and the ladders in docs/protocol.md. What the roles of one actor
tell each other is in paxos/cues.py. A message is a tree of values, so there are no cycles for the garbage collector to look for: `gc=False`
here and wherever else a frozen struct holds only such values.
"""

from enum import IntEnum

from msgspec import Struct

from paxos.ballot import Ballot, Digest, NodeName, Priority, Revision, Slot
from paxos.store_messages import Acquainted, Introduce, Stranger
from paxos.succession_messages import Canvass, Ready, Resigned, TakeOver
from paxos.values import Close, Command, Entry, Open, Operation

# ---- phase 1 and phase 2 --------------------------------------------------------------------------------------------------------


class Prepare(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """1a, to the acceptors: promise this ballot for every slot, and tell me your votes from `first_slot` on."""

    ballot: Ballot
    first_slot: Slot


class Vote(Struct, frozen=True, array_like=True, gc=False):
    """The value that an acceptor accepted for a slot, at the ballot given."""

    slot: Slot
    ballot: Ballot
    value: bytes


class Promise(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """1b, to the proposer: no lower ballot any more, and all my votes from `first_slot` up to, not including, `end_slot`."""

    ballot: Ballot
    first_slot: Slot
    end_slot: Slot
    votes: tuple[Vote, ...]


class Accept(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """2a, to the acceptors: vote for this value; every slot below `chosen_through` is chosen."""

    ballot: Ballot
    slot: Slot
    value: bytes
    chosen_through: Slot


class Accepted(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """2b, to the proposer: I voted at this ballot in every slot of the range, both ends included.

    Of a decree it says for which value: nobody promised a first ballot, so a proposer on an old copy of its store may use one twice.
    """

    ballot: Ballot
    first_slot: Slot
    last_slot: Slot
    value_digest: Digest = 0


class Decided(Struct, frozen=True, array_like=True, tag=46, gc=False):
    """From the owner of this ballot, which has counted for itself: a quorum voted at it for this value."""

    ballot: Ballot
    slot: Slot
    value: bytes


class Nack(Struct, frozen=True, array_like=True, tag=5, gc=False):
    """Refusal of a Prepare or Accept at `ballot`: the acceptor has promised `promised`."""

    ballot: Ballot
    promised: Ballot


# ---- election -------------------------------------------------------------------------------------------------------------------


class Heartbeat(Struct, frozen=True, array_like=True, tag=6, gc=False):
    """To everyone: the owner of this ballot leads, with this priority, and every slot below `chosen_through` is chosen."""

    ballot: Ballot
    chosen_through: Slot
    priority: Priority = 1


class Echo(Struct, frozen=True, array_like=True, tag=7, gc=False):
    """To the leader: this acceptor hears the heartbeats of that ballot, and of no higher one."""

    ballot: Ballot


class Probe(Struct, frozen=True, array_like=True, tag=8, gc=False):
    """To the acceptors, before a campaign disturbs anyone, or from a learner that hears no leader: do you hear one?"""

    number: Slot


class ProbeReply(Struct, frozen=True, array_like=True, tag=9, gc=False):
    """To who asked: whether a leader is heard here, the highest ballot heard, up to where slots are chosen, and its own priority."""

    number: Slot
    hears_leader: bool
    highest: Ballot
    chosen_through: Slot
    priority: Priority = 0


# ---- catch-up -------------------------------------------------------------------------------------------------------------------


class AskChosen(Struct, frozen=True, array_like=True, tag=10, gc=False):
    """To one learner: what was chosen from this slot on?"""

    first_slot: Slot


class ChosenPage(Struct, frozen=True, array_like=True, tag=11, gc=False):
    """The chosen values of consecutive slots from `first_slot` on, each with the ballot it was chosen at; the sender knows `end`."""

    first_slot: Slot
    values: tuple[tuple[Ballot, bytes], ...]
    end: Slot


class AskVotes(Struct, frozen=True, array_like=True, tag=12, gc=False):
    """To the acceptors, when no learner knows: what did you vote for in this range, both ends included?"""

    first_slot: Slot
    last_slot: Slot


class VotesPage(Struct, frozen=True, array_like=True, tag=13, gc=False):
    """One acceptor's votes. They count for a learner as its Accepted messages would, ballot by ballot."""

    votes: tuple[Vote, ...]


# ---- clients --------------------------------------------------------------------------------------------------------------------


class OutcomeKind(IntEnum):
    """How a request ended. Only UNKNOWN leaves open whether the command is or will be in the log."""

    DONE = 0
    REJECTED = 1
    NOT_DONE = 2
    UNKNOWN = 3
    REDIRECT = 4
    UNDECIDED = 5


class Locate(Struct, frozen=True, array_like=True, tag=14, gc=False):
    """From a client to every proposer: who are you, and who leads?"""


class Located(Struct, frozen=True, array_like=True, tag=15, gc=False):
    """A proposer is here, in the life that `incarnation` names; `leader` is the node it follows or is, empty if it knows none.

    `members` are those that vote.
    """

    leader: NodeName
    incarnation: Slot
    members: tuple[NodeName, ...] = ()


class Submit(Struct, frozen=True, array_like=True, tag=16, gc=False):
    """From a client to one life of one proposer: have these commands chosen. Each is answered by an Outcome of its own.

    `attempt` is a number that the client never uses twice. A proposer in another life ignores it: it cannot tell what became of it.
    """

    commands: tuple[Command, ...]
    attempt: Slot
    incarnation: Slot


class Query(Struct, frozen=True, array_like=True, tag=17, gc=False):
    """From a client to one life of one proposer of a decree: what won, if anything did? Answered by an Outcome with this id."""

    id: str
    attempt: Slot
    incarnation: Slot


class Outcome(Struct, frozen=True, array_like=True, tag=18, gc=False):
    """To the client: how the command with this id ended. `entries` holds the winner when DONE, and is empty otherwise.

    `leader` is where to go on REDIRECT, and a hint otherwise. `attempts` are those that this answers: after NOT_DONE or REDIRECT
    nothing of them is left anywhere.
    """

    id: str
    kind: OutcomeKind
    entries: tuple[Entry, ...]
    reason: str
    leader: NodeName
    attempts: tuple[Slot, ...]


class ReadLog(Struct, frozen=True, array_like=True, tag=19, gc=False):
    """From a client to one learner: the entries from this revision on; with `waits`, as soon as there is one.

    `number` comes back in the answer.
    """

    number: Slot
    first_revision: Revision
    waits: bool = False


class LogPage(Struct, frozen=True, array_like=True, tag=20, gc=False):
    """Consecutive entries, as many as fit a page; `end_revision` is the first revision that this learner has not executed."""

    number: Slot
    entries: tuple[Entry, ...]
    end_revision: Revision


class Call(Struct, frozen=True, array_like=True, tag=24, gc=False):
    """From a client to one life of the leader: execute these, each once. Answered by Results, or as a whole by Turned.

    The end of a session is not answered: one that is not told to end ends by itself.
    """

    actions: tuple[Open | Operation | Close, ...]
    attempt: Slot
    incarnation: Slot


class ResultKind(IntEnum):
    """What became of an operation."""

    DONE = 0
    OPENED = 1
    # The session has ended: the operation was not executed now, and an earlier attempt of it may have been.
    EXPIRED = 2
    # It can never be executed; the body says why.
    REJECTED = 3
    # It was not executed, and under this number never will be; the body says why.
    REFUSED = 4


class Result(Struct, frozen=True, array_like=True, gc=False):
    """What became of the operation of this number; for an opened session `number` is the nonce."""

    session: Slot
    number: Slot
    kind: ResultKind
    body: bytes


class Results(Struct, frozen=True, array_like=True, tag=25, gc=False):
    """To the client: what became of operations; whoever has executed every slot below `end_slot` has executed them."""

    results: tuple[Result, ...]
    end_slot: Slot = 0


class Turned(Struct, frozen=True, array_like=True, tag=26, gc=False):
    """To the client: this attempt was turned away, and nothing of it is left here; `leader` is where to go, if that is known."""

    attempt: Slot
    reason: str
    leader: NodeName


class Read(Struct, frozen=True, array_like=True, tag=27, gc=False):
    """From a client to one node: ask the machine. A fresh answer reflects every write that was answered before the question was put.

    Any other is given as soon as every slot below `from_slot` is executed there, and reflects at least these.

    With `waits`, the machine answers as soon as it has something to say; asked again under the same number, it waits once.
    """

    number: Slot
    machine: NodeName
    question: bytes
    fresh: bool
    waits: bool = False
    from_slot: Slot = 0


class Answer(Struct, frozen=True, array_like=True, tag=28, gc=False):
    """To the client: the answer, which reflects every slot below `end_slot`; not `known` where the node cannot tell, but another may.

    An answer that is not `known` has a body only if there is no such machine, and says so in it.
    """

    number: Slot
    known: bool
    body: bytes
    end_slot: Slot = 0


class Confirm(Struct, frozen=True, array_like=True, tag=29, gc=False):
    """From the leader to the acceptors: have you promised nothing above this ballot?"""

    ballot: Ballot
    number: Slot


class Confirmed(Struct, frozen=True, array_like=True, tag=30, gc=False):
    """To the leader: nothing above its ballot was promised here when this was sent."""

    ballot: Ballot
    number: Slot


class AskSlot(Struct, frozen=True, array_like=True, tag=31, gc=False):
    """From another replica to the leader: up to which slot must I have executed for a fresh read?"""

    number: Slot


class FreshSlot(Struct, frozen=True, array_like=True, tag=32, gc=False):
    """To the replica: whoever has executed every slot below `end_slot` reads what was written before it asked."""

    number: Slot
    end_slot: Slot


class Transfer(Struct, frozen=True, array_like=True, tag=44, gc=False):
    """From a client to one life of the leader: have this node lead instead. Answered by Transferred."""

    heir: NodeName
    attempt: Slot
    incarnation: Slot


class Transferred(Struct, frozen=True, array_like=True, tag=45, gc=False):
    """To the client: what became of it. DONE where the node leads; `leader` is who does, as far as is known."""

    attempt: Slot
    kind: OutcomeKind
    reason: str
    leader: NodeName


class Inquire(Struct, frozen=True, array_like=True, tag=21, gc=False):
    """From anyone to every actor: how are you?"""


class Report(Struct, frozen=True, array_like=True, tag=22, gc=False):
    """An actor's state as one JSON object."""

    json: bytes


WireMessage = (
    Prepare
    | Promise
    | Accept
    | Accepted
    | Decided
    | Nack
    | Heartbeat
    | Echo
    | Probe
    | ProbeReply
    | AskChosen
    | ChosenPage
    | AskVotes
    | VotesPage
    | Locate
    | Located
    | Submit
    | Query
    | Outcome
    | ReadLog
    | LogPage
    | Call
    | Results
    | Turned
    | Read
    | Answer
    | Confirm
    | Confirmed
    | AskSlot
    | FreshSlot
    | Transfer
    | Transferred
    | Canvass
    | Ready
    | TakeOver
    | Resigned
    | Inquire
    | Report
    | Stranger
    | Introduce
    | Acquainted
)
