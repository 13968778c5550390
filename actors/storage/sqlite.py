"""The store on disk: one SQLite file, one connection, one owner.

WAL with synchronous=FULL: a synced write is on disk when it returns. Every row carries a checksum of its contents, so a flipped byte is
never believed. The lock is held as long as the store is open, so two processes never vote from one disk.
"""

import os
import secrets
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from actors.storage.base import StorageError, StoreDamagedError, StoreIdentity, StoreInUseError, StoreMismatchError
from paxos.archive import AcceptorState
from paxos.ballot import ZERO, Ballot
from paxos.errors import InvariantViolation
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted

_FORMAT = 1
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE promised (grp TEXT PRIMARY KEY, round INTEGER, node TEXT, crc INTEGER) WITHOUT ROWID;
CREATE TABLE voted (grp TEXT, slot INTEGER, round INTEGER, node TEXT, value BLOB, crc INTEGER, PRIMARY KEY (grp, slot)) WITHOUT ROWID;
CREATE TABLE round_used (grp TEXT PRIMARY KEY, round INTEGER, crc INTEGER) WITHOUT ROWID;
CREATE TABLE known_chosen (grp TEXT PRIMARY KEY, chosen_through INTEGER, crc INTEGER) WITHOUT ROWID;
CREATE TABLE learned (grp TEXT, slot INTEGER, round INTEGER, node TEXT, value BLOB, first_revision INTEGER, command_count INTEGER,
    crc INTEGER, PRIMARY KEY (grp, slot)) WITHOUT ROWID;
CREATE INDEX learned_by_revision ON learned (grp, first_revision, slot) WHERE command_count > 0;
CREATE TABLE command_id (grp TEXT, id TEXT, revision INTEGER, crc INTEGER, PRIMARY KEY (grp, id)) WITHOUT ROWID;
CREATE TABLE peer (store TEXT PRIMARY KEY, store_id TEXT, crc INTEGER) WITHOUT ROWID;
"""
_encoder = msgspec.msgpack.Encoder()


class SqliteStorage:
    """Made by open(); close() releases the lock."""

    def __init__(self, path: Path, connection: sqlite3.Connection, identity: StoreIdentity) -> None:
        self._path = path
        self._connection = connection
        self._identity = identity
        # The first failure; after it nothing is written any more.
        self._failure: BaseException | None = None
        self._syncs = True
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, cluster: str, node: str) -> "SqliteStorage":
        """Open the store, or create it; StorageError says in one line what is wrong with it."""
        with _translated(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() and Path(f"{path}-wal").exists():
                raise StoreDamagedError(
                    f"{path}: its -wal file is there and the store is not; restore it, or start under a name never used"
                )
            fresh = not path.exists()
            connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=64)
            try:
                identity = _enter(path, connection, cluster, node)
            except BaseException:
                connection.close()
                raise
            if fresh:
                _sync_directory(path.parent)
            return cls(path, connection, identity)

    @property
    def identity(self) -> StoreIdentity:
        return self._identity

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        if self._failure is not None:
            raise StorageError(f"{self._path}: not used any more since: {self._failure}")
        try:
            with _translated(self._path):
                self._switch(sync)
                self._connection.execute("BEGIN IMMEDIATE")
                for record in records:
                    self._apply(record)
                self._connection.execute("COMMIT")
        except BaseException as error:
            self._failure = error
            raise

    def _switch(self, sync: bool) -> None:
        """Sync the log at the next commit, or leave that to a later one."""
        if sync != self._syncs:
            self._connection.execute(f"PRAGMA synchronous={'FULL' if sync else 'NORMAL'}")
            self._syncs = sync

    def _apply(self, record: Record) -> None:
        match record:
            case Promised(group, ballot):
                self._put("promised", group, *ballot)
            case Voted(group, slot, ballot, value):
                self._put("voted", group, slot, *ballot, value)
            case RoundUsed(group, number):
                self._put("round_used", group, max(number, self.round_used(group)))
            case KnownChosen(group, chosen_through):
                self._put("known_chosen", group, max(chosen_through, self._known_chosen(group)))
            case PeerStore(store, store_id):
                if self.peer_stores().get(store, store_id) != store_id:
                    raise InvariantViolation(f"{self._path}: {store} is remembered under another id than {store_id}")
                self._put("peer", store, store_id)
            case Learned():
                self._learn(record)

    def _learn(self, record: Learned) -> None:
        known = self._one("learned", "SELECT * FROM learned WHERE grp = ? AND slot = ?", record.group, record.slot)
        if known is not None:
            if known[4] != record.value:
                raise InvariantViolation(f"{self._path}: slot {record.slot} of {record.group} has two chosen values")
            return
        self._put("learned", record.group, record.slot, *record.ballot, record.value, record.first_revision, record.command_count)
        for command_id, revision in record.new_ids:
            self._put("command_id", record.group, command_id, revision)

    def acceptor_state(self, group: str) -> AcceptorState:
        promised = self._one("promised", "SELECT * FROM promised WHERE grp = ?", group)
        through = self._known_chosen(group)
        rows = self._all("voted", "SELECT * FROM voted WHERE grp = ? AND slot >= ? ORDER BY slot", group, through)
        return AcceptorState(Ballot(*promised[1:3]) if promised else ZERO, through, tuple(_voted(row) for row in rows))

    def votes(self, group: str, first_slot: int, last_slot: int, limit_bytes: int) -> list[Voted]:
        rows = self._all("voted", "SELECT * FROM voted WHERE grp = ? AND slot BETWEEN ? AND ? ORDER BY slot", group, first_slot, last_slot)
        return [_voted(row) for row in _cut(rows, limit_bytes)]

    def round_used(self, group: str) -> int:
        row = self._one("round_used", "SELECT * FROM round_used WHERE grp = ?", group)
        return int(row[1]) if row else 0

    def learned(self, group: str, first_slot: int, limit_bytes: int) -> list[Learned]:
        rows = self._all("learned", "SELECT * FROM learned WHERE grp = ? AND slot >= ? ORDER BY slot", group, first_slot)
        return [_learned(row) for row in _cut(rows, limit_bytes)]

    def learned_at_revision(self, group: str, revision: int) -> Learned | None:
        query = "SELECT * FROM learned WHERE grp = ? AND first_revision <= ? AND command_count > 0 ORDER BY first_revision DESC, slot DESC LIMIT 1"
        row = self._one("learned", query, group, revision)
        return _learned(row) if row else None

    def learned_end(self, group: str) -> tuple[int, int]:
        row = self._one("learned", "SELECT * FROM learned WHERE grp = ? ORDER BY slot DESC LIMIT 1", group)
        return (row[1] + 1, row[5] + row[6]) if row else (0, 1)

    def revision_of(self, group: str, command_id: str) -> int | None:
        row = self._one("command_id", "SELECT * FROM command_id WHERE grp = ? AND id = ?", group, command_id)
        return row[2] if row else None

    def peer_stores(self) -> dict[str, str]:
        return {row[0]: row[1] for row in self._all("peer", "SELECT * FROM peer ORDER BY store")}

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with _translated(self._path):
            if self._failure is None:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()

    def _known_chosen(self, group: str) -> int:
        row = self._one("known_chosen", "SELECT * FROM known_chosen WHERE grp = ?", group)
        return int(row[1]) if row else 0

    def _put(self, table: str, *values: object) -> None:
        marks = ",".join("?" * (len(values) + 1))
        self._connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", (*values, _checksum(table, values)))

    def _one(self, table: str, query: str, *values: object) -> tuple | None:  # type: ignore[type-arg]
        return next(self._all(table, query, *values), None)

    def _all(self, table: str, query: str, *values: object) -> Iterator[tuple]:  # type: ignore[type-arg]
        with _translated(self._path):
            for row in self._connection.execute(query, values):
                if row[-1] != _checksum(table, row[:-1]):
                    raise StoreDamagedError(f"{self._path}: a row of {table} has changed since it was written; restore the disk")
                yield row


def _enter(path: Path, connection: sqlite3.Connection, cluster: str, node: str) -> StoreIdentity:
    """Take the lock, check or create the schema, and count one more opening."""
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=2000")
    connection.execute("BEGIN IMMEDIATE")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables == 0:
        connection.execute("COMMIT")
        connection.executescript("BEGIN IMMEDIATE;" + _SCHEMA)
        created = (("format", _FORMAT), ("cluster", cluster), ("node", node), ("store_id", secrets.token_hex(8)), ("boot_count", 0))
        connection.executemany("INSERT INTO meta VALUES (?, ?)", created)
    else:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreDamagedError(f"{path}: damaged ({verdict}); restore it, or start under a name never used")
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    if meta["format"] != _FORMAT:
        raise StoreMismatchError(f"{path}: format {meta['format']}, this redpaxos knows {_FORMAT}; use the one that wrote it")
    for name, wanted in (("cluster", cluster), ("node", node)):
        if meta[name] != wanted:
            raise StoreMismatchError(f"{path}: belongs to {name} {meta[name]!r}, not {wanted!r}; give the directory of {wanted!r}")
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'boot_count'")
    connection.execute("COMMIT")
    return StoreIdentity(cluster, node, meta["store_id"], meta["boot_count"] + 1)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "") or ""
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise StoreInUseError(f"{path}: another process uses it; stop that one first") from error
        if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_SCHEMA")):
            raise StoreDamagedError(f"{path}: damaged ({error}); restore it, or start under a name never used") from error
        raise StorageError(f"{path}: {error} ({code})") from error
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checksum(table: str, values: Sequence[object]) -> int:
    return zlib.crc32(_encoder.encode(values), zlib.crc32(table.encode()))


def _voted(row: tuple) -> Voted:  # type: ignore[type-arg]
    return Voted(row[0], row[1], Ballot(row[2], row[3]), row[4])


def _learned(row: tuple) -> Learned:  # type: ignore[type-arg]
    return Learned(row[0], row[1], Ballot(row[2], row[3]), row[4], row[5], row[6], ())


def _cut(rows: Iterator[tuple], limit_bytes: int) -> Iterator[tuple]:  # type: ignore[type-arg]
    """As many rows as fit the limit, at least one."""
    size = 0
    for row in rows:
        if size and size + len(row[4]) > limit_bytes:
            return
        size += len(row[4]) + 64
        yield row
