"""What a node writes to its disk: the durable part of each role's state.

A role returns records in its effects; the shell writes all records of one drain in one atomic batch. `Promised`, `Voted` and
`RoundUsed` must be on disk before anything that depends on them is sent. `Learned` and `KnownChosen` repeat what a quorum of
acceptors holds, so losing the last of them costs a catch-up and never an answer.

A store may keep a record as the array of its name and its fields, so both are part of what lies on disks.
"""

from msgspec import Struct

from paxos.ballot import Ballot


class Promised(Struct, frozen=True, array_like=True, tag="Promised", gc=False):
    """An acceptor's promise: it refuses every lower ballot of the group."""

    group: str
    ballot: Ballot


class Voted(Struct, frozen=True, array_like=True, tag="Voted", gc=False):
    """An acceptor's vote: it accepted this value for the slot at this ballot, and replaces an earlier vote."""

    group: str
    slot: int
    ballot: Ballot
    value: bytes


class RoundUsed(Struct, frozen=True, array_like=True, tag="RoundUsed", gc=False):
    """A proposer's round: it has used, or is about to use, every round up to this one."""

    group: str
    round: int


class KnownChosen(Struct, frozen=True, array_like=True, tag="KnownChosen", gc=False):
    """An acceptor was told that every slot below `chosen_through` is chosen."""

    group: str
    chosen_through: int


class Learned(Struct, frozen=True, array_like=True, tag="Learned", gc=False):
    """A learner knows the chosen value of the slot; its commands have the `command_count` revisions from
    `first_revision` on; commands that repeated an earlier id have none.

    `new_ids` are the ids of its commands that executed here for the first time, each with its revision.
    """

    group: str
    slot: int
    ballot: Ballot
    value: bytes
    first_revision: int
    command_count: int
    new_ids: tuple[tuple[str, int], ...]


class PeerStore(Struct, frozen=True, array_like=True, tag="PeerStore", gc=False):
    """The random id of a peer's store, `NODE/acceptor` or `NODE/log`; another id under the same name is a forgotten disk.

    `NODE/introduced` is the acceptor's store that introduced itself, which may not be the one that is admitted in the end. Names that begin
    with a slash tell of the own store: that it is admitted, and by whom it is known (`/acquainted/NODE`).
    """

    store: str
    store_id: str


ADMITTED = "/admitted"
"""The name, which no node bears, of the PeerStore that says of its own store that it is admitted."""

Record = Promised | Voted | RoundUsed | KnownChosen | Learned | PeerStore

LAZY = (Learned, KnownChosen)
"""Records that alone need no sync before the next message goes out."""
