"""One SQLite database: records in as one transaction, rows out as they were written.

Its errors are sqlite3's, and StoreDamagedError for a row that does not add up; whoever owns it stops at the first.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, assert_never

from actors.storage import schema
from actors.storage.failures import damaged
from actors.storage.groups import Groups
from actors.storage.schema import Row, sealed
from paxos.errors import InvariantViolation
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted


class Owner(NamedTuple):
    """The one row of the table `store`."""

    # The file's name: an acceptor's store may not be taken for a log.
    name: str
    cluster: str
    node: str
    store_id: str
    boot_count: int
    # One more with each write; the guard has the count of the last synced one.
    write_count: int


class Database:
    """An open database with its owner."""

    def __init__(self, path: Path, connection: sqlite3.Connection, owner: Owner) -> None:
        self.path = path
        # Every group that has a row, and perhaps others.
        self.groups = Groups()
        # As in the database, after the last transaction.
        self.owner = owner
        self._connection = connection
        # Whether SQLite syncs at each commit, as it was last told to.
        self._syncing = True

    def commit(self, records: Sequence[Record], owner: Owner, *, sync: bool) -> None:
        """One transaction, rolled back whole if a record is refused; with `sync`, it and all before are on disk."""
        self._set_syncing(sync)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._put_all(records)
            self._put_one(schema.UPDATE_STORE, "store", *owner)
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        self.owner = owner

    def check(self) -> None:
        """StoreDamagedError unless the database's structure is sound and every row's checksum holds; reads all of it."""
        complaints = [str(row[0]) for row in self._connection.execute("PRAGMA quick_check(1)")]
        if complaints != ["ok"]:
            raise damaged(self.path, complaints[0].splitlines()[-1], "a sound SQLite database")
        for table in schema.TABLES:
            group = ""
            for row in self.read(table, f"SELECT * FROM {table}"):
                if row[0] != group and table not in schema.WITHOUT_GROUP:
                    group = row[0]
                    self.groups.add(group)

    def read_of(self, group: str, table: str, statement: str, *keys: str | int) -> Iterator[Row]:
        """Rows of one group; none without a look if it has none."""
        return self.read(table, statement, group, *keys) if group in self.groups else iter(())

    def read(self, table: str, statement: str, *keys: str | int) -> Iterator[Row]:
        """Rows that are as they were written."""
        for row in self._connection.execute(statement, keys):
            if not schema.is_intact(table, row):
                raise damaged(self.path, f"a row of {table} whose checksum fails", "the row that was written")
            yield row

    @property
    def format(self) -> int:
        """Which format the store has."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def set_format(self, number: int) -> None:
        """Have it called so from here on; a transaction of its own."""
        self._set_syncing(True)
        self._connection.execute(f"PRAGMA user_version = {number}")

    def settle(self) -> None:
        """Move everything from the write-ahead log into the database, and sync it."""
        self._set_syncing(True)
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Let go of it; idempotent."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _put_all(self, records: Sequence[Record]) -> None:
        """Records of different types lie in different tables, so that their order does not matter, and rows of a table go in at once."""
        rows: dict[str, list[Row]] = {}
        for record in records:
            if not isinstance(record, PeerStore):
                self.groups.add(record.group)
            match record:
                case Voted(group, slot, ballot, value):
                    rows.setdefault("voted", []).append(sealed("voted", group, slot, *ballot, value))
                case KnownChosen(group, chosen_through):
                    rows.setdefault("known_chosen", []).append(sealed("known_chosen", group, chosen_through))
                case Learned():
                    self._learn(record)
                case Promised(group, ballot):
                    rows.setdefault("promised", []).append(sealed("promised", group, *ballot))
                case RoundUsed(group, round_used):
                    rows.setdefault("round_used", []).append(sealed("round_used", group, round_used))
                case PeerStore():
                    self._meet(record)
                case _:
                    assert_never(record)
        for table, sealed_rows in rows.items():
            self._connection.executemany(schema.PUT[table], sealed_rows)

    def _learn(self, record: Learned) -> None:
        """Add a slot, the place of its revisions, and the ids that it executed first."""
        group, slot, first = record.group, record.slot, record.first_revision
        columns = (group, slot, *record.ballot, first, record.command_count, record.value)
        if not self._put_one(schema.ADD_LEARNED, "learned", *columns):
            known = next(self.read("learned", schema.READ_LEARNED_AT, group, slot), None)
            if known is None or known[6] != record.value:
                raise InvariantViolation(f"{group}: slot {slot} was learned with another value")
            return
        if record.command_count:
            self._put_one(schema.ADD_REVISION, "revision", group, first, slot)
        rows = [sealed("executed", group, command_id, revision) for command_id, revision in record.new_ids]
        self._connection.executemany(schema.ADD_EXECUTED, rows)

    def _meet(self, record: PeerStore) -> None:
        """Remember the first id of a peer's store."""
        if not self._put_one(schema.ADD_PEER, "peer", record.store, record.store_id):
            known = next(self.read("peer", schema.READ_PEER, record.store), None)
            if known is None or known[1] != record.store_id:
                raise InvariantViolation(f"{record.store} has store {record.store_id}, recorded is {known and known[1]}")

    def _put_one(self, statement: str, table: str, *columns: str | int | bytes) -> int:
        """Write one row, and return how many changed."""
        return self._connection.execute(statement, sealed(table, *columns)).rowcount

    def _set_syncing(self, sync: bool) -> None:
        if sync != self._syncing:
            # A script is never taken from the statement cache, from which a PRAGMA that acts when it is compiled would not act again.
            self._connection.executescript(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
            self._syncing = sync
