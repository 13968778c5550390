"""Storage in an SQLite file with a journal in front of it (actors/storage/journal.py): the default.

A write goes to the journal, and a synced one costs one small write and one sync. The database gets the same records later, many writes in
one transaction that nobody waits for a sync of: what it loses by a power failure, the journal still has. Until then they wait in
memory, at most about 256 KB of them; whoever asks for something of a group for which any wait makes them go to the database first, so that
the database answers. When the journal is full, one such transaction is synced, and the journal begins again.

What is found at opening, and what is not, is as with SQLite alone (actors/storage/sqlite.py), with "journal" for "write-ahead log".
"""

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from actors.storage import schema
from actors.storage.base import StoreDamagedError
from actors.storage.database import Database
from actors.storage.failures import explained
from actors.storage.guard import Guard, Mark
from actors.storage.journal import JOURNAL_BYTES, Journal
from actors.storage.opening import journal_of, open_database
from actors.storage.schema import Row
from actors.storage.sqlite import SqliteStorage
from paxos.errors import InvariantViolation
from paxos.records import Learned, PeerStore, Record

_WAITING_COUNT = 1024
_WAITING_BYTES = 256 * 1024
_GROUP_COUNT = 8192

_encode = msgspec.msgpack.Encoder().encode


class JournalStorage(SqliteStorage):
    """One open store; made by open(). Used by one thread at a time; after an error it refuses everything but close()."""

    def __init__(self, database: Database, guard: Guard, journal: Journal) -> None:
        super().__init__(database, guard)
        self._journal = journal
        # The number of the last write; the database has those up to its owner's `write_count`.
        self._number = database.owner.write_count
        # What the database has not, in order.
        self._waiting: list[Record] = []
        # In bytes of the journal and in rows of the database, about.
        self._waiting_bytes = self._waiting_count = 0
        self._waiting_groups: set[str] = set()
        # The revisions of ids that wait; where the database has another for one, that one is older and holds.
        self._waiting_ids: dict[tuple[str, str], int] = {}
        # How much of the most may wait, from a half on; stores that are written alike differ in it, so that they rarely pause together.
        self._patience = 1 - zlib.crc32(self.identity.store_id.encode()) / 2**33
        # Of groups that learned lately, the slot from which on nothing is learned.
        self._ends: dict[str, int] = {}
        self._peers = super().peer_stores()

    @classmethod
    def open(cls, path: Path, *, cluster: str, node: str, journal_bytes: int = JOURNAL_BYTES) -> "JournalStorage":
        """Open the store of this node, or create it with its directory, and count the opening; raises StorageError."""
        database, guard = open_database(path, cluster, node, journal_bytes=journal_bytes)
        with contextlib.ExitStack() as undo:
            undo.callback(guard.close)
            undo.callback(database.close)
            try:
                journal = Journal.begin(journal_of(path), database.owner.store_id, database.owner.write_count)
            except OSError as error:
                raise explained(journal_of(path), error) from error
            store = cls(database, guard, journal)
            undo.pop_all()
        return store

    # ---- writing -----------------------------------------------------------------------------------------------------------------

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        """Apply all records or none; with `sync`, have them and all earlier ones on disk."""
        self._require_open()
        fresh = self._fresh(records)
        payload = _encode(fresh)
        try:
            if not self._journal.has_room(len(payload)):
                self._apply(sync=True)
                self._journal.begin_again(self._number)
            if self._journal.has_room(len(payload)):
                self._append(payload, sync=sync)
                self._wait_with(fresh, len(payload))
            else:
                self._commit(fresh, self._number + 1, sync=True)
                self._journal.begin_again(self._number + 1)
            self._number += 1
            self._notice(fresh)
            if max(self._waiting_count / _WAITING_COUNT, self._waiting_bytes / _WAITING_BYTES) >= self._patience:
                self._apply(sync=False)
        except (sqlite3.Error, OSError, StoreDamagedError) as error:
            self._fail(error)

    def close(self) -> None:
        """Sync and release the store; idempotent."""
        if self._closed:
            return
        try:
            super().close()
        finally:
            self._journal.close()

    def _append(self, payload: bytes, *, sync: bool) -> None:
        self._journal.append(self._number + 1, payload)
        if sync:
            self._journal.sync()
            self._guard.write(Mark(self.identity.store_id, self._number + 1))

    def _wait_with(self, records: Sequence[Record], size: int) -> None:
        """Keep records for the database, and know what is asked of them."""
        self._waiting += records
        self._waiting_bytes += size
        self._waiting_count += 1
        for record in records:
            if isinstance(record, PeerStore):
                continue
            self._waiting_groups.add(record.group)
            if isinstance(record, Learned) and record.new_ids:
                self._waiting_count += len(record.new_ids)
                for command_id, revision in record.new_ids:
                    self._waiting_ids.setdefault((record.group, command_id), revision)

    def _apply(self, *, sync: bool) -> None:
        """Let the database have all that waits."""
        waiting, self._waiting = self._waiting, []
        self._waiting_count = self._waiting_bytes = 0
        self._waiting_groups.clear()
        self._waiting_ids.clear()
        self._commit(waiting, self._number, sync=sync)

    def _settle(self) -> None:
        # Moving all into the database proper syncs it.
        self._apply(sync=False)
        super()._settle()

    # ---- contradictions ----------------------------------------------------------------------------------------------------------

    def _fresh(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records but those that say again what is known; InvariantViolation if one contradicts it."""
        if not any(isinstance(record, Learned | PeerStore) for record in records):
            return records
        fresh: list[Record] = []
        values: dict[tuple[str, int], bytes] = {}
        peers: dict[str, str] = {}
        for record in records:
            match record:
                case Learned(group, slot, _, value):
                    known = values.get((group, slot), self._learned_value(group, slot))
                    values[group, slot] = value
                    if known is not None and known != value:
                        raise InvariantViolation(f"{group}: slot {slot} was learned with another value")
                    fresh += [record] if known is None else []
                case PeerStore(name, store_id):
                    recorded = peers.setdefault(name, self._peers.get(name, store_id))
                    if recorded != store_id:
                        raise InvariantViolation(f"{name} has store {store_id}, recorded is {recorded}")
                    fresh += [record] if name not in self._peers else []
                case _:
                    fresh.append(record)
        return fresh

    def _learned_value(self, group: str, slot: int) -> bytes | None:
        """What was learned for a slot; asks the database only for slots below the last one, which learners never repeat."""
        if group not in self._ends:
            if len(self._ends) >= _GROUP_COUNT:
                self._ends.clear()
            self._ends[group] = self.learned_end(group)[0]
        found = self.learned(group, slot, 0) if slot < self._ends[group] else []
        return found[0].value if found and found[0].slot == slot else None

    def _notice(self, records: Sequence[Record]) -> None:
        """Keep what the next write is compared with."""
        for record in records:
            if isinstance(record, Learned) and record.group in self._ends:
                self._ends[record.group] = max(record.slot + 1, self._ends[record.group])
            elif isinstance(record, PeerStore):
                self._peers[record.store] = record.store_id

    # ---- reading -----------------------------------------------------------------------------------------------------------------

    def revision_of(self, group: str, command_id: str) -> int | None:
        """The revision at which this command id was executed; asked often, so that nothing is moved for it."""
        row = next(super()._read("executed", schema.READ_EXECUTED, group, command_id), None)
        return int(row[2]) if row else self._waiting_ids.get((group, command_id))

    def peer_stores(self) -> dict[str, str]:
        """The id of each peer's store by its name."""
        self._require_open()
        return dict(self._peers)

    def _has(self, group: str) -> bool:
        return group in self._waiting_groups or super()._has(group)

    def _read(self, table: str, statement: str, group: str, *keys: str | int) -> Iterator[Row]:
        """Rows of the database, after it has what waits for this group."""
        self._require_open()
        if group in self._waiting_groups:
            try:
                self._apply(sync=False)
            except (sqlite3.Error, OSError, StoreDamagedError) as error:
                self._fail(error)
        return super()._read(table, statement, group, *keys)
