"""Opening a store's database: create it if there never was one, and believe it only after it was checked.

Creation is atomic. The database is built under another name, synced, and renamed; the guard is marked last. So a database without a
mark is one whose creation was cut short, if it was never opened; a mark without a database is a store that was lost.
"""

import contextlib
import secrets
import sqlite3
from pathlib import Path
from typing import NamedTuple

from actors.storage.base import StorageError, StoreMismatchError
from actors.storage.failures import damaged, explained
from actors.storage.files import create_directory, move_durably
from actors.storage.guard import Guard, Mark
from actors.storage.schema import APPLICATION_ID, FORMAT, INSERT_STORE, PAGE_BYTES, TABLES, is_intact, sealed

_CHECKPOINT_PAGES = 1000
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
    PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = {_LOG_BYTES};
    PRAGMA cache_size = -{_CACHE_KIBIBYTES};
    PRAGMA temp_store = MEMORY;
"""


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


def beside(path: Path, suffix: str) -> Path:
    """A companion of the database file."""
    return path.with_name(path.name + suffix)


def prepare_place(path: Path) -> None:
    """Have a directory for the store."""
    if path.is_dir():
        raise StorageError(f"{path} is a directory, expected a file: name a file in it")
    try:
        create_directory(path.parent)
    except OSError as error:
        raise explained(path.parent, error) from error


def create_if_missing(path: Path, cluster: str, node: str, guard: Guard) -> None:
    """Build an empty database, unless there is or was one."""
    if path.exists():
        return
    mark = guard.read()
    if mark is not None:
        raise damaged(path, "no database file", f"the store {mark.store_id} that {path.name}-guard tells of")
    for suffix in ("-wal", "-journal"):
        if beside(path, suffix).exists():
            raise damaged(path, f"no database file beside {path.name}{suffix}", "both")
    _build(beside(path, "-new"), Owner(path.name, cluster, node, secrets.token_hex(16), 0, 0))
    move_durably(beside(path, "-new"), path)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to an existing database, with exclusive hold of it and a write-ahead log."""
    _check_header(path)
    connection = _connect(path, "rw")
    try:
        connection.executescript(_PRAGMAS)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def read_owner(connection: sqlite3.Connection, path: Path) -> Owner:
    """The row that says whose store it is."""
    schema = dict(connection.execute("SELECT name, sql FROM sqlite_master"))
    if schema != TABLES:
        raise damaged(path, f"tables {','.join(map(str, schema)) or '(none)'}", f"those of format {FORMAT}: {','.join(TABLES)}")
    rows = connection.execute("SELECT * FROM store").fetchall()
    if len(rows) != 1 or not is_intact("store", rows[0]):
        raise damaged(path, f"{len(rows)} rows that name its owner, or one whose checksum fails", "one row")
    return Owner(*rows[0][:-1])


def check_owner(path: Path, owner: Owner, cluster: str, node: str) -> None:
    """StoreMismatchError unless the store is the one that is asked for."""
    for kind, found, expected in (("cluster", owner.cluster, cluster), ("node", owner.node, node), ("file", owner.name, path.name)):
        if found != expected:
            raise StoreMismatchError(f"{path} belongs to {kind} {found!r}, expected {expected!r}: give each node its own directory")


def check_content(connection: sqlite3.Connection, path: Path) -> None:
    """StoreDamagedError unless the database's structure is sound and every row's checksum holds; reads all of it."""
    complaints = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    if complaints != ["ok"]:
        raise damaged(path, complaints[0].splitlines()[-1], "a sound SQLite database")
    for table in TABLES:
        for row in connection.execute(f"SELECT * FROM {table}"):
            if not is_intact(table, row):
                raise damaged(path, f"a row of {table} whose checksum fails", "the row that was written")


def check_mark(path: Path, owner: Owner, guard: Guard) -> None:
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


def _build(path: Path, owner: Owner) -> None:
    """A complete database without any record; what an earlier attempt left is removed."""
    for suffix in ("", "-wal", "-journal"):
        beside(path, suffix).unlink(missing_ok=True)
    script = "; ".join(
        (
            # Nothing is synced here, because the file as a whole is synced before it gets its name.
            f"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL",
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}",
            *TABLES.values(),
        )
    )
    with contextlib.closing(_connect(path, "rwc")) as connection:
        connection.executescript(script)
        connection.execute(INSERT_STORE, sealed("store", *owner))


def _check_header(path: Path) -> None:
    """What the file says that it is, read before SQLite may touch it; none of these fields ever changes."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        raise damaged(path, f"{len(header)} bytes", "an SQLite database; if this file never was a store, delete it")
    application, version = int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big")
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION_ID or header[18:20] != b"\2\2":
        raise damaged(path, f"a file that begins with {header[:16]!r}", "a redpaxos store")
    if version != FORMAT:
        raise StoreMismatchError(f"{path} has format {version}, expected {FORMAT}: run the version of redpaxos that wrote it")
