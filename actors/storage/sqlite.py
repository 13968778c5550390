"""Storage in one SQLite file: what a node promised, voted and learned, across crashes and power failures.

A write is one transaction. A synced one returns after SQLite has synced its write-ahead log (`synchronous=FULL`), and thereby all that
was written before it; an unsynced one leaves that to a later one (`synchronous=NORMAL`). Every
about 4 MB of log, one write also moves the log's content into the database and takes some milliseconds.

Found at opening, as StoreDamagedError: a database or row that does not add up, a database that is gone or was replaced by an older one,
and a write-ahead log that lost synced writes; the last two by the guard file (actors/storage/guard.py). Not found: the loss of the last
synced writes of a store whose guard was lost or set back together with it, as when a whole directory is restored from a backup, and
damage done to them in the seconds before a power failure, if the failure took the guard's last marks too. The store's random id, which
peers remember, tells an emptied directory, and nothing tells a restored one: never restore a node.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from actors.storage import schema
from actors.storage.base import StorageError, StoreDamagedError, StoreIdentity
from actors.storage.database import Database
from actors.storage.failures import damaged, explained
from actors.storage.guard import Guard, Mark
from actors.storage.opening import open_database
from actors.storage.paging import first_page
from actors.storage.schema import Row
from actors.storage.shelf import FileShelf
from paxos.archive import AcceptorState
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.records import Learned, Record, Voted

_NOTHING = AcceptorState(ZERO, 0, ())


class SqliteStorage:
    """One open store; made by open(). Used by one thread at a time; after an error it refuses everything but close()."""

    def __init__(self, database: Database, guard: Guard) -> None:
        self._database = database
        self._path = database.path
        self._guard = guard
        # The first error, or that the store is closed; once there is a reason, nothing is read or written any more.
        self._refusal: StorageError | None = None
        self._closed = False
        owner = database.owner
        self.shelf = FileShelf(database.path)
        self.identity = StoreIdentity(owner.cluster, owner.node, owner.store_id, owner.boot_count)

    @classmethod
    def open(cls, path: Path, *, cluster: str, node: str) -> "SqliteStorage":
        """Open the store of this node, or create it with its directory, and count the opening; raises StorageError."""
        return cls(*open_database(path, cluster, node, journal_bytes=0))

    # ---- writing -----------------------------------------------------------------------------------------------------------------

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        """Apply all records or none; with `sync`, have them and all earlier ones on disk."""
        self._require_open()
        try:
            self._commit(records, self._database.owner.write_count + 1, sync=sync)
        except (sqlite3.Error, OSError, StoreDamagedError) as error:
            self._fail(error)

    def close(self) -> None:
        """Sync and release the store; idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._refusal is None:
                self._settle()
        except (sqlite3.Error, OSError, StoreDamagedError) as error:
            self._fail(error)
        finally:
            self._refusal = self._refusal or StorageError(f"{self._path} is closed")
            self._database.close()
            self._guard.close()

    def _commit(self, records: Sequence[Record], write_count: int, *, sync: bool) -> None:
        """One transaction, after which the database has so many writes."""
        owner = self._database.owner._replace(write_count=write_count)
        self._database.commit(records, owner, sync=sync)
        if sync:
            self._guard.write(Mark(owner.store_id, write_count))

    def _settle(self) -> None:
        """Move everything into the database and sync it, then the guard."""
        self._database.settle()
        self._guard.write(Mark(self._database.owner.store_id, self._database.owner.write_count))
        self._guard.sync()

    # ---- reading -----------------------------------------------------------------------------------------------------------------

    def acceptor_state(self, group: str) -> AcceptorState:
        """The acceptor's promise, its watermark and its votes from there on."""
        self._require_open()
        if not self._has(group):
            return _NOTHING
        promised = self._read_one("promised", schema.READ_PROMISED, group)
        known = self._read_one("known_chosen", schema.READ_KNOWN_CHOSEN, group)
        chosen_through = known[1] if known else 0
        votes = tuple(map(_voted, self._read("voted", schema.READ_VOTED, group, chosen_through, END_SLOT)))
        return AcceptorState(Ballot(promised[1], promised[2]) if promised else ZERO, chosen_through, votes)

    def votes(self, group: str, first_slot: int, last_slot: int, limit_bytes: int) -> list[Voted]:
        """One page of votes in slot order."""
        return first_page(map(_voted, self._read("voted", schema.READ_VOTED, group, first_slot, last_slot)), limit_bytes)

    def round_used(self, group: str) -> int:
        """The highest round that the proposer has reserved."""
        self._require_open()
        row = self._read_one("round_used", schema.READ_ROUND_USED, group) if self._has(group) else None
        return int(row[1]) if row else 0

    def learned(self, group: str, first_slot: int, limit_bytes: int) -> list[Learned]:
        """One page of learned values in slot order."""
        return first_page(map(_learned, self._read("learned", schema.READ_LEARNED, group, first_slot)), limit_bytes)

    def learned_at_revision(self, group: str, revision: int) -> Learned | None:
        """The learned slot that holds the revision, or the last one before it that holds any command."""
        place = self._read_one("revision", schema.READ_REVISION, group, revision)
        if place is None:
            return None
        row = self._read_one("learned", schema.READ_LEARNED_AT, group, place[2])
        if row is None:
            self._fail(damaged(self._path, f"revision {place[1]} of {group} without its slot", f"slot {place[2]}"))
        return _learned(row)

    def learned_end(self, group: str) -> tuple[int, int]:
        """The slot and the revision after the last learned slot; one look-up, since learners learn in order."""
        self._require_open()
        row = self._read_one("learned", schema.READ_LEARNED_LAST, group) if self._has(group) else None
        return (row[1] + 1, row[4] + row[5]) if row else (0, 1)

    def revision_of(self, group: str, command_id: str) -> int | None:
        """The revision at which this command id was executed."""
        row = self._read_one("executed", schema.READ_EXECUTED, group, command_id)
        return int(row[2]) if row else None

    def peer_stores(self) -> dict[str, str]:
        """The id of each peer's store by its name."""
        self._require_open()
        try:
            return {row[0]: row[1] for row in self._database.read("peer", schema.READ_PEERS)}
        except (sqlite3.Error, StoreDamagedError) as error:
            self._fail(error)

    def _has(self, group: str) -> bool:
        """Whether there may be anything of a group."""
        return group in self._database.groups

    def _read_one(self, table: str, statement: str, group: str, *keys: str | int) -> Row | None:
        return next(self._read(table, statement, group, *keys), None)

    def _read(self, table: str, statement: str, group: str, *keys: str | int) -> Iterator[Row]:
        """Rows of a group that are as they were written; a row that is not stops the store."""
        self._require_open()
        try:
            yield from self._database.read_of(group, table, statement, *keys)
        except (sqlite3.Error, StoreDamagedError) as error:
            self._fail(error)

    # ---- stopping ----------------------------------------------------------------------------------------------------------------

    def _require_open(self) -> None:
        if self._refusal is not None:
            raise type(self._refusal)(str(self._refusal))

    def _fail(self, error: sqlite3.Error | OSError | StorageError) -> NoReturn:
        """Stop for good: after an error SQLite may have dropped what it reported on, so that trying again proves nothing."""
        self._refusal = error if isinstance(error, StorageError) else explained(self._path, error)
        raise type(self._refusal)(str(self._refusal)) from error


def _voted(row: Row) -> Voted:
    group, slot, ballot_round, node, value, _ = row
    return Voted(group, slot, Ballot(ballot_round, node), value)


def _learned(row: Row) -> Learned:
    group, slot, ballot_round, node, first_revision, command_count, value, _ = row
    return Learned(group, slot, Ballot(ballot_round, node), value, first_revision, command_count, ())
