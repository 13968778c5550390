"""What went wrong with a store, in one line that names the file and says what to do."""

import errno
import sqlite3
from pathlib import Path

from actors.storage.base import StorageError, StoreDamagedError, StoreInUseError

_NEW_NAME = "never use this store again: the node is lost to its cluster, and the others go on without it"
# A statement that SQLite does not understand, while the statements are constants, is a database that is not what it says.
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_TOOBIG", "SQLITE_ERROR")
_HELD = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_REFUSED = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")


def damaged(path: Path, found: str, expected: str) -> StoreDamagedError:
    """The store holds something that was never written, or lacks something that was."""
    found = " ".join(found.split())[:200]
    return StoreDamagedError(f"{path} is damaged: found {found}, expected {expected}; {_NEW_NAME}")


def held(path: Path) -> StoreInUseError:
    """Another process, or another part of this one, has the store open."""
    return StoreInUseError(f"{path} is held by another process: stop it first, or give this node a directory of its own")


def explained(path: Path, error: sqlite3.Error | OSError | UnicodeDecodeError) -> StorageError:
    """The vendor's error as ours."""
    if isinstance(error, UnicodeDecodeError):
        return damaged(path, str(error), "UTF-8")
    if isinstance(error, OSError):
        return _refused(path, error.strerror or str(error)) if error.errno != errno.ENOSPC else _full(path, str(error.strerror))
    # Without a name it is the sqlite3 module that could not make sense of a row.
    name: str = getattr(error, "sqlite_errorname", "SQLITE_CORRUPT")
    if name.startswith(_HELD):
        return held(path)
    if name.startswith(_DAMAGED):
        return damaged(path, str(error), "a sound SQLite database")
    if name.startswith("SQLITE_FULL"):
        return _full(path, str(error))
    if name.startswith(_REFUSED):
        return _refused(path, str(error))
    return StorageError(f"{path} failed with {name} ({error}): check the disk, then start the node again")


def _full(path: Path, reason: str) -> StorageError:
    return StorageError(f"{path} has no room left ({reason}): free space on its disk, then start the node again")


def _refused(path: Path, reason: str) -> StorageError:
    return StorageError(f"{path} cannot be read and written ({reason}): check that its directory exists, its permissions, and the mount")
