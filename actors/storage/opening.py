"""Opening a store: create it if there never was one, believe it only after it was checked, and count the opening.

Creation is atomic. The database is built under another name, synced, and renamed; the guard is marked last. So a database without a
mark is one whose creation was cut short, if it was never opened; a mark without a database is a store that was lost.

What a journal has and the database has not is moved into it in the transaction that counts the opening. Then the database alone is the
store, and may become one with a journal or one without: a journal is created before the database's header says that there is one,
and removed after it says that there is none.
"""

import contextlib
import secrets
import sqlite3
from pathlib import Path

import msgspec

from actors.storage.base import StorageError, StoreMismatchError
from actors.storage.database import Database, Owner
from actors.storage.failures import damaged, explained
from actors.storage.files import create_directory, move_durably, sync_entries
from actors.storage.guard import Guard, Mark
from actors.storage.journal import create_journal, read_journal
from actors.storage.schema import (
    APPLICATION_ID,
    INSERT_STORE,
    JOURNALED,
    JOURNALED_PAGE_BYTES,
    PAGE_BYTES,
    PLAIN,
    TABLES,
    is_intact,
    sealed,
)
from paxos.records import Record

# The write-ahead log is moved into the database when it has so many bytes, and the file is cut down to the second number.
CHECKPOINT_BYTES = 4 * 1024 * 1024
_LOG_BYTES = 16 * 1024 * 1024
_CACHE_KIBIBYTES = 16 * 1024
_HEADER_BYTES = 100

# Only this process, by SQLite's own lock as well, which keeps the log's index out of shared memory; strict about what it reads.
_PRAGMAS = f"""
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA cell_size_check = ON;
    PRAGMA journal_size_limit = {_LOG_BYTES};
    PRAGMA cache_size = -{_CACHE_KIBIBYTES};
    PRAGMA temp_store = MEMORY;
"""


_decode = msgspec.msgpack.Decoder(list[Record]).decode


def open_database(path: Path, cluster: str, node: str, *, journal_bytes: int) -> tuple[Database, Guard]:
    """The database of this node's store, with everything in it, and its guard; raises StorageError.

    The store is from here on one with a journal if `journal_bytes` is not 0, which is the size of the journal if one has to be made.
    """
    with contextlib.ExitStack() as undo:
        _prepare_place(path)
        guard = Guard(path)
        undo.callback(guard.close)
        try:
            _create_if_missing(path, cluster, node, guard, JOURNALED_PAGE_BYTES if journal_bytes else PAGE_BYTES)
            connection = _connect_to_existing(path)
            undo.callback(connection.close)
            # SQLite does this for its log, and does not say when it fails.
            sync_entries(path.parent)
            owner = _read_owner(connection, path)
            _check_owner(path, owner, cluster, node)
            database = Database(path, connection, owner)
            has_journal = database.format == JOURNALED or journal_of(path).exists()
            frames = read_journal(journal_of(path), owner.store_id, owner.write_count) if has_journal else []
            write_count = owner.write_count + len(frames)
            _check_mark(path, owner._replace(write_count=write_count), guard)
            database.check()
            records = [record for frame in frames for record in _decode(frame.payload)]
            database.commit(records, owner._replace(boot_count=owner.boot_count + 1, write_count=write_count + 1), sync=True)
            _convert(database, journal_bytes)
            guard.write(Mark(owner.store_id, write_count + 1))
            guard.sync()
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            raise explained(path, error) from error
        undo.pop_all()
    return database, guard


def journal_of(path: Path) -> Path:
    """The journal of a store that has one; SQLite has its own use for the name with "-journal"."""
    return beside(path, "-frames")


def _convert(database: Database, journal_bytes: int) -> None:
    """Have a journal or none, and everything in the database."""
    journal = journal_of(database.path)
    is_journaled = database.format == JOURNALED
    if journal_bytes and not is_journaled:
        create_journal(journal, database.owner.store_id, journal_bytes)
    if bool(journal_bytes) != is_journaled:
        database.set_format(JOURNALED if journal_bytes else PLAIN)
    database.settle()
    if not journal_bytes:
        journal.unlink(missing_ok=True)


def beside(path: Path, suffix: str) -> Path:
    """A companion of the database file."""
    return path.with_name(path.name + suffix)


def _prepare_place(path: Path) -> None:
    """Have a directory for the store."""
    if path.is_dir():
        raise StorageError(f"{path} is a directory, expected a file: name a file in it")
    try:
        create_directory(path.parent)
    except OSError as error:
        raise explained(path.parent, error) from error


def _create_if_missing(path: Path, cluster: str, node: str, guard: Guard, page_bytes: int) -> None:
    """Build an empty database, unless there is or was one."""
    if path.exists():
        return
    mark = guard.read()
    if mark is not None:
        raise damaged(path, "no database file", f"the store {mark.store_id} that {path.name}-guard tells of")
    for suffix in ("-wal", "-journal", "-frames"):
        if beside(path, suffix).exists():
            raise damaged(path, f"no database file beside {path.name}{suffix}", "both")
    _build(beside(path, "-new"), Owner(path.name, cluster, node, secrets.token_hex(16), 0, 0), page_bytes)
    move_durably(beside(path, "-new"), path)


def _connect_to_existing(path: Path) -> sqlite3.Connection:
    """A connection to an existing database, with exclusive hold of it and a write-ahead log."""
    _check_header(path)
    connection = _connect(path, "rw")
    try:
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        connection.executescript(f"{_PRAGMAS} PRAGMA wal_autocheckpoint = {CHECKPOINT_BYTES // page_bytes}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _read_owner(connection: sqlite3.Connection, path: Path) -> Owner:
    """The row that says whose store it is."""
    schema = dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    if schema != TABLES:
        raise damaged(path, f"tables {','.join(map(str, schema)) or '(none)'}", ",".join(TABLES))
    rows = connection.execute("SELECT * FROM store").fetchall()
    if len(rows) != 1 or not is_intact("store", rows[0]):
        raise damaged(path, f"{len(rows)} rows that name its owner, or one whose checksum fails", "one row")
    return Owner(*rows[0][:-1])


def _check_owner(path: Path, owner: Owner, cluster: str, node: str) -> None:
    """StoreMismatchError unless the store is the one that is asked for."""
    for kind, found, expected in (("cluster", owner.cluster, cluster), ("node", owner.node, node), ("file", owner.name, path.name)):
        if found != expected:
            raise StoreMismatchError(f"{path} belongs to {kind} {found!r}, expected {expected!r}: give each node its own directory")


def _check_mark(path: Path, owner: Owner, guard: Guard) -> None:
    """StoreDamagedError if the guard knows of synced writes that the database does not; marks a store that was just created."""
    mark = guard.read()
    if mark is None and owner.boot_count == 0:
        guard.write(Mark(owner.store_id, owner.write_count))
        guard.sync()
    elif mark is None:
        raise damaged(path, f"{path.name}-guard missing or empty", f"the mark of store {owner.store_id}")
    elif mark.store_id != owner.store_id:
        raise damaged(path, f"store {owner.store_id}", f"{mark.store_id} as in {path.name}-guard")
    elif mark.write_count > owner.write_count:
        raise damaged(path, f"{owner.write_count} writes", f"at least {mark.write_count} as in {path.name}-guard: synced writes are lost")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=0, isolation_level=None, check_same_thread=False)


def _build(path: Path, owner: Owner, page_bytes: int) -> None:
    """A complete database without any record; what an earlier attempt left is removed."""
    for suffix in ("", "-wal", "-journal"):
        beside(path, suffix).unlink(missing_ok=True)
    script = "; ".join(
        (
            # Nothing is synced here, because the file as a whole is synced before it gets its name.
            f"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA page_size = {page_bytes}; PRAGMA journal_mode = WAL",
            f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {PLAIN}",
            *TABLES.values(),
            "COMMIT",
        )
    )
    with contextlib.closing(_connect(path, "rwc")) as connection:
        connection.executescript(script)
        connection.execute(INSERT_STORE, sealed("store", *owner))
        # Closing does this too, and does not say when it fails.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _check_header(path: Path) -> None:
    """What the file says that it is, read before SQLite may touch it; only the format ever changes, and both are known."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise damaged(path, f"{len(header)} bytes", "an SQLite database")
    application, version = int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big")
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION_ID or header[18:20] != b"\2\2":
        raise damaged(path, f"a file that begins with {header[:16]!r}", "a redpaxos store")
    if version not in (PLAIN, JOURNALED):
        raise StoreMismatchError(f"{path} has format {version}, expected {PLAIN} or {JOURNALED}: run the version of redpaxos that wrote it")
