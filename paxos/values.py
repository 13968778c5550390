"""Values: what clients want in the log, what a slot carries, and what comes out of it."""

from hashlib import blake2b

from msgspec import Struct

from paxos.ballot import Ballot, NodeName, Revision, Slot


class Command(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """What a client wants in the log: `value` is JSON text as the client wrote it; an `id` that is not empty executes once."""

    id: str
    value: bytes


class Open(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """A client wants a session, which ends when nothing of it is executed for so long by the log's clock.

    `nonce` tells the client which of its requests is answered.
    """

    client: NodeName
    nonce: Slot
    expiry_milliseconds: Slot


class Operation(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The session's command for a state machine, executed once; operations numbered below `settled` were answered.

    An empty `machine` only keeps the session alive; the result of one that no node has is empty.
    """

    session: Slot
    number: Slot
    settled: Slot
    machine: NodeName
    body: bytes


class Close(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """A client that ends is done with its session, which ends here."""

    session: Slot


Action = Command | Open | Operation | Close
"""What a slot's value carries."""


class Batch(Struct, frozen=True, array_like=True, gc=False):
    """The value of a slot: actions that travel together, under the ballot that first proposed them. Without any it is a NOOP.

    `stamp` is the log's clock in milliseconds as the leader moves it on, by what elapsed while it led; the highest stamp so far
    counts. `witness` is a slot that the leader had executed, with the digest of all state after it, so that replicas notice when they
    differ; a digest of 0 says nothing.
    """

    ballot: Ballot
    actions: tuple[Action, ...]
    stamp: Slot = 0
    witness: tuple[Slot, Slot] = (0, 0)


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """One executed command: `revision` 1, 2, 3 … is its place in the order, the same on every node, as is everything here."""

    revision: Revision
    slot: Slot
    ballot: Ballot
    id: str
    value: bytes


def value_digest(value: bytes) -> int:
    """A number below 2**62 that tells this value of a slot from others; never 0, which says nothing."""
    return int.from_bytes(blake2b(value, digest_size=8).digest(), "big") >> 2 | 1
