"""The port that every store fulfils, and its errors.

StorageError
 +- StoreMismatchError   the store belongs to another cluster, node or role, or to a newer version of redpaxos
 +- StoreInUseError      another process holds the store
 +- StoreDamagedError    the store holds something that was never written

Every storage error is fatal for its node: a write that failed may not be retried, because a failed sync may have dropped the page
that it reported on.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

from paxos.archive import AcceptorState
from paxos.records import Learned, Record, Voted
from paxos.snapshots import SnapshotPart


class StorageError(Exception):
    """Base of every storage error; the message is one line that names the file and what to do."""


class StoreMismatchError(StorageError):
    """The store is somebody else's."""


class StoreInUseError(StorageError):
    """Another process holds the store."""


class StoreDamagedError(StorageError):
    """The store does not hold what was written to it."""


class StoreIdentity(Struct, frozen=True):
    """Who owns a store: fixed when it is created, and checked whenever it is opened."""

    cluster: str
    node: str
    # Drawn at random when the store is created, so that an empty or swapped disk is told from the old one.
    store_id: str
    # 1 at creation and one more at each opening: the incarnation in every envelope the owner sends, beside the store's id.
    boot_count: int

    @property
    def incarnation(self) -> int:
        """Tells this life from all others under the owner's name, of this store or of another; below 2^62."""
        return (zlib.crc32(self.store_id.encode()) << 30) + self.boot_count


class Shelf(Protocol):
    """Keeps one snapshot, and the next one as it grows. Part 0 begins a draft, and drops the one that was not finished."""

    def save(self, part: SnapshotPart) -> None:
        """Add a part; the last one replaces the snapshot by the draft. StorageError is as fatal as any other."""
        ...

    def saved(self) -> Iterable[SnapshotPart]:
        """The parts of the snapshot, as far as they can be read; each iteration reads them anew."""
        ...


class Storage(Protocol):
    """Atomic durable batches for one actor, and the reads that its roles need. Not thread-safe: one owner.

    Every method but close() raises StorageError once the store is closed or an error has occurred, whatever asks: the first error stands.
    """

    @property
    def identity(self) -> StoreIdentity:
        """Who owns this store."""
        ...

    @property
    def shelf(self) -> Shelf:
        """Where snapshots of what the records make are kept, beside the records."""
        ...

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        """Apply all records or none.

        With `sync` they are on disk when this returns. Without, they are when a later synced write returns, and may be lost, last
        first, by a power failure before that. Any StorageError is fatal, and leaves unknown whether the records are on disk.

        Promised and Voted replace, KnownChosen and RoundUsed never fall, a slot that was learned and a peer store that was recorded
        stay as they are. Learning another value for such a slot, or recording another id for such a peer, is an InvariantViolation.
        """
        ...

    def acceptor_state(self, group: str) -> AcceptorState:
        """The acceptor's promise, its watermark and its votes from there on; zero values for an unknown group."""
        ...

    def votes(self, group: str, first_slot: int, last_slot: int, limit_bytes: int) -> list[Voted]:
        """Votes in slot order within both bounds inclusive, cut where they exceed the limit, but at least one if there is any.

        A record counts its value and 64 bytes.
        """
        ...

    def round_used(self, group: str) -> int:
        """The highest round that the proposer has reserved for the group; 0 if none."""
        ...

    def learned(self, group: str, first_slot: int, limit_bytes: int) -> list[Learned]:
        """Learned values in slot order from `first_slot`, cut as in votes(); `new_ids` is left empty."""
        ...

    def learned_at_revision(self, group: str, revision: int) -> Learned | None:
        """The learned slot with the greatest `first_revision` at or below `revision` that holds any command, or None."""
        ...

    def learned_end(self, group: str) -> tuple[int, int]:
        """The slot and the revision after the last learned slot, as learners learn in order; (0, 1) for an unknown group."""
        ...

    def revision_of(self, group: str, command_id: str) -> int | None:
        """The revision at which this command id was executed, or None."""
        ...

    def peer_stores(self) -> dict[str, str]:
        """The id of each peer's store by its name, as first recorded."""
        ...

    def close(self) -> None:
        """Sync and release the store; idempotent."""
        ...
