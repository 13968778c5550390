"""Cues: what the roles of one cast tell each other, and what the shell tells them. They never leave their actor."""

from msgspec import Struct

from paxos.ballot import Ballot, NodeName, Slot
from paxos.messages import Result, WireMessage
from paxos.values import Action, Command, Entry


class Begin(Struct, frozen=True, gc=False):
    """From the shell, once: the group is live on this node."""


class Expired(Struct, frozen=True, gc=False):
    """From the shell: the timer of this name ran out."""

    timer: str


class Chosen(Struct, frozen=True, gc=False):
    """From the learner, in slot order and once a slot: this value is chosen."""

    slot: Slot
    ballot: Ballot
    value: bytes


class Proposed(Struct, frozen=True, gc=False):
    """From the proposer: it asks acceptors to vote for this value, at its own ballot."""

    slot: Slot
    ballot: Ballot
    value: bytes


class Executed(Struct, frozen=True, gc=False):
    """From the replica: the slot was executed and gave these entries; commands that repeat an id gave none.

    `results` are those of operations, each for the client named; `digest` summarises all state after the slot, and `clock` is the
    log's clock there.
    """

    slot: Slot
    ballot: Ballot
    entries: tuple[Entry, ...]
    repeated: tuple[Command, ...]
    results: tuple[tuple[str, Result], ...] = ()
    digest: int = 0
    clock: int = 0


class Resumed(Struct, frozen=True, gc=False):
    """From the replica, at its start: it executed the log from this slot on, since it had a snapshot of what is below.

    `complaint` says why the snapshot that it found was not believed; then the slot is 0.
    """

    slot: Slot
    complaint: str

    def __str__(self) -> str:
        return f"executes the log from slot {self.slot} on: {self.complaint or 'its snapshot has what is below'}"


class Stopping(Struct, frozen=True, gc=False):
    """From the shell: nothing more is executed in this life."""


class Propose(Struct, frozen=True, gc=False):
    """From the intake to the proposer: get these commands chosen."""

    commands: tuple[Action, ...]


class Withdraw(Struct, frozen=True, gc=False):
    """From the intake to the proposer: do not propose these any more, unless they already were."""

    commands: tuple[Command, ...]


class Withdrawn(Struct, frozen=True, gc=False):
    """From the proposer: these were never proposed and never will be."""

    commands: tuple[Action, ...]


class Knock(Struct, frozen=True, gc=False):
    """From the shell: somebody published this at the JSON door; `eager` where this node should act rather than wait for another.

    `command` is None where the caller only asks what was decided.
    """

    command: Command | None
    eager: bool


class Inspect(Struct, frozen=True, gc=False):
    """From the intake to the proposer of a decree: find out whether anything may have been chosen."""


class Undecided(Struct, frozen=True, gc=False):
    """From the proposer of a decree: a quorum has voted for nothing."""


class Contradicted(Struct, frozen=True, gc=False):
    """From the proposer of a decree: acceptors voted for two values at one ballot, whose owner forgot that it had used it."""

    ballot: Ballot

    def __str__(self) -> str:
        return f"votes for two values at {self.ballot.shown}: node {self.ballot.node} came back with an old log store"


class Lead(Struct, frozen=True, gc=False):
    """From the election to the proposer: campaign, with a ballot above this one."""

    above: Ballot


class Resign(Struct, frozen=True, gc=False):
    """From the election to the proposer: a quorum is out of reach; stop leading."""


class Elected(Struct, frozen=True, gc=False):
    """From the proposer: phase 1 is won, or needed none; slots from `free_slot` on hold nothing of an earlier ballot."""

    ballot: Ballot
    free_slot: Slot

    def __str__(self) -> str:
        return f"leads with ballot {self.ballot.shown}, slots are free from {self.free_slot} on"


class Deposed(Struct, frozen=True, gc=False):
    """From the proposer: it no longer leads or campaigns; `by` is the ballot that it lost to, or its own where it gave up itself."""

    by: Ballot

    def __str__(self) -> str:
        return f"steps down at ballot {self.by.shown}"


class Following(Struct, frozen=True, gc=False):
    """From the election: another node leads, or nobody does (an empty name)."""

    leader: NodeName

    def __str__(self) -> str:
        return f"follows {self.leader or 'nobody'}"


class Admitted(Struct, frozen=True, gc=False):
    """From the admission, once: this store may promise and vote; these have it on their disks."""

    by: tuple[NodeName, ...]

    def __str__(self) -> str:
        return f"is admitted by {', '.join(self.by) or 'itself, the only member'}"


class Yield(Struct, frozen=True, gc=False):
    """From the hand-over to the proposer: propose nothing more until Resume, and say when nothing is in flight."""

    heir: NodeName

    def __str__(self) -> str:
        return f"hands over to {self.heir}"


class Drained(Struct, frozen=True, gc=False):
    """From the proposer that yields: all that it proposed is chosen."""


class Resume(Struct, frozen=True, gc=False):
    """From the hand-over to the proposer: nobody took over, go on."""

    def __str__(self) -> str:
        return "leads on, since nobody took over"


class Succeed(Struct, frozen=True, gc=False):
    """From the heir to the election: the owner of this ballot wants this node to lead in its place."""

    ballot: Ballot

    def __str__(self) -> str:
        return f"succeeds ballot {self.ballot.shown}, as its owner asks"


class Retire(Struct, frozen=True, gc=False):
    """From the shell: this node is about to stop, so it should lead no more."""


class Retired(Struct, frozen=True, gc=False):
    """From the hand-over to the shell: this node does not lead, and may stop."""


LocalMessage = (
    Begin
    | Expired
    | Chosen
    | Proposed
    | Executed
    | Resumed
    | Stopping
    | Propose
    | Withdraw
    | Withdrawn
    | Knock
    | Inspect
    | Undecided
    | Contradicted
    | Lead
    | Resign
    | Elected
    | Deposed
    | Following
    | Admitted
    | Yield
    | Drained
    | Resume
    | Succeed
    | Retire
    | Retired
)
"""What passes between the roles of one cast."""

Message = WireMessage | LocalMessage
