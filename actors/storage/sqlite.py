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

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, assert_never

from actors.storage import opening, schema
from actors.storage.base import StorageError, StoreIdentity
from actors.storage.failures import damaged, explained
from actors.storage.guard import Guard, Mark
from actors.storage.opening import Owner
from actors.storage.paging import first_page
from actors.storage.schema import Row, sealed
from paxos.archive import AcceptorState
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.errors import InvariantViolation
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted


class SqliteStorage:
    """One open store; made by open(). Used by one thread at a time; after an error it refuses everything but close()."""

    def __init__(self, path: Path, connection: sqlite3.Connection, guard: Guard, owner: Owner) -> None:
        self._path = path
        self._connection = connection
        self._guard = guard
        # As in the database, after the last write.
        self._owner = owner
        # Whether SQLite syncs at each commit, as it was last told to.
        self._syncing = True
        # The first error, or that the store is closed; once there is a reason, nothing is read or written any more.
        self._refusal: StorageError | None = None
        self._closed = False
        self.identity = StoreIdentity(owner.cluster, owner.node, owner.store_id, owner.boot_count)

    @classmethod
    def open(cls, path: Path, *, cluster: str, node: str) -> "SqliteStorage":
        """Open the store of this node, or create it with its directory, and count the opening; raises StorageError."""
        with contextlib.ExitStack() as undo:
            opening.prepare_place(path)
            guard = Guard(path)
            undo.callback(guard.close)
            try:
                opening.create_if_missing(path, cluster, node, guard)
                connection = opening.connect(path)
                undo.callback(connection.close)
                owner = opening.read_owner(connection, path)
                opening.check_owner(path, owner, cluster, node)
                opening.check_mark(path, owner, guard)
                opening.check_content(connection, path)
            except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
                raise explained(path, error) from error
            store = cls(path, connection, guard, owner._replace(boot_count=owner.boot_count + 1))
            store.write((), sync=True)
            try:
                store._settle()
            except (sqlite3.Error, OSError) as error:
                raise explained(path, error) from error
            undo.pop_all()
        return store

    # ---- writing -----------------------------------------------------------------------------------------------------------------

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        """Apply all records or none; with `sync`, have them and all earlier ones on disk."""
        self._require_open()
        owner = self._owner._replace(write_count=self._owner.write_count + 1)
        try:
            self._set_syncing(sync)
            self._commit(records, owner)
            if sync:
                self._guard.write(Mark(owner.store_id, owner.write_count))
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        self._owner = owner

    def close(self) -> None:
        """Sync and release the store; idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._refusal is None:
                self._settle()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        finally:
            self._refusal = self._refusal or StorageError(f"{self._path} is closed")
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._guard.close()

    def _commit(self, records: Sequence[Record], owner: Owner) -> None:
        """One transaction, rolled back whole if a record is refused."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for record in records:
                self._apply(record)
            self._execute(schema.UPDATE_STORE, "store", *owner)
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _apply(self, record: Record) -> None:
        match record:
            case Voted(group, slot, ballot, value):
                self._execute(schema.PUT_VOTED, "voted", group, slot, *ballot, value)
            case KnownChosen(group, chosen_through):
                self._execute(schema.RAISE_KNOWN_CHOSEN, "known_chosen", group, chosen_through)
            case Learned():
                self._learn(record)
            case Promised(group, ballot):
                self._execute(schema.PUT_PROMISED, "promised", group, *ballot)
            case RoundUsed(group, round_used):
                self._execute(schema.RAISE_ROUND_USED, "round_used", group, round_used)
            case PeerStore():
                self._meet(record)
            case _:
                assert_never(record)

    def _learn(self, record: Learned) -> None:
        """Add a slot, the place of its revisions, and the ids that it executed first."""
        group, slot, first = record.group, record.slot, record.first_revision
        columns = (group, slot, *record.ballot, first, record.command_count, record.value)
        if not self._execute(schema.ADD_LEARNED, "learned", *columns):
            known = self._read_one("learned", schema.READ_LEARNED_AT, group, slot)
            if known is None or known[6] != record.value:
                raise InvariantViolation(f"{group}: slot {slot} was learned with another value")
            return
        if record.command_count:
            self._execute(schema.ADD_REVISION, "revision", group, first, slot)
        rows = [sealed("executed", group, command_id, revision) for command_id, revision in record.new_ids]
        self._connection.executemany(schema.ADD_EXECUTED, rows)

    def _meet(self, record: PeerStore) -> None:
        """Remember the first id of a peer's store."""
        if not self._execute(schema.ADD_PEER, "peer", record.store, record.store_id):
            known = self._read_one("peer", schema.READ_PEER, record.store)
            if known is None or known[1] != record.store_id:
                raise InvariantViolation(f"{record.store} has store {record.store_id}, recorded is {known and known[1]}")

    def _execute(self, statement: str, table: str, *columns: Any) -> int:
        """Write one row, and return how many changed."""
        return self._connection.execute(statement, sealed(table, *columns)).rowcount

    def _set_syncing(self, sync: bool) -> None:
        if sync != self._syncing:
            # A script is never taken from the statement cache, from which a PRAGMA that acts when it is compiled would not act again.
            self._connection.executescript(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
            self._syncing = sync

    def _settle(self) -> None:
        """Move everything into the database and sync it, then the guard."""
        self._set_syncing(True)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._guard.write(Mark(self._owner.store_id, self._owner.write_count))
        self._guard.sync()

    # ---- reading -----------------------------------------------------------------------------------------------------------------

    def acceptor_state(self, group: str) -> AcceptorState:
        """The acceptor's promise, its watermark and its votes from there on."""
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
        row = self._read_one("round_used", schema.READ_ROUND_USED, group)
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
        row = self._read_one("learned", schema.READ_LEARNED_LAST, group)
        return (row[1] + 1, row[4] + row[5]) if row else (0, 1)

    def revision_of(self, group: str, command_id: str) -> int | None:
        """The revision at which this command id was executed."""
        row = self._read_one("executed", schema.READ_EXECUTED, group, command_id)
        return int(row[2]) if row else None

    def peer_stores(self) -> dict[str, str]:
        """The id of each peer's store by its name."""
        return {row[0]: row[1] for row in self._read("peer", schema.READ_PEERS)}

    def _read_one(self, table: str, statement: str, *keys: str | int) -> Row | None:
        return next(self._read(table, statement, *keys), None)

    def _read(self, table: str, statement: str, *keys: str | int) -> Iterator[Row]:
        """Rows that are as they were written; a row that is not stops the store."""
        self._require_open()
        try:
            for row in self._connection.execute(statement, keys):
                self._require_intact(table, row)
                yield row
        except sqlite3.Error as error:
            self._fail(error)

    def _require_intact(self, table: str, row: Row) -> None:
        if not schema.is_intact(table, row):
            self._fail(damaged(self._path, f"a row of {table} whose checksum fails", "the row that was written"))

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
