"""The guard file beside a store: one process at a time, and a witness of what was synced.

SQLite reads a write-ahead log up to the first frame that does not add up, and takes the rest for a write that a crash cut short. A log
that lost its tail, a flipped byte in it, or an older copy of the database thus open without complaint, with promises forgotten. The
guard remembers, outside of the database, how many writes were synced; a database that knows of fewer has lost some.

It is written after each synced write and not synced itself, which costs microseconds. So it is exact after the death of the process,
after a clean close, and some seconds after the write; a power failure may leave it older than the database, never younger.
"""

import fcntl
import os
import zlib
from pathlib import Path

from msgspec import Struct

from actors.storage.failures import damaged, explained, held
from actors.storage.files import sync_descriptor

_LABEL = "redpaxos-guard"


class Mark(Struct, frozen=True):
    """At least `write_count` writes of the store with this id were on disk."""

    store_id: str
    write_count: int


class Guard:
    """Holds the store at `path` from construction to close(); StoreInUseError if somebody else does."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + "-guard")
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explained(self._path, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise (held(path) if isinstance(error, BlockingIOError) else explained(self._path, error)) from error

    def read(self) -> Mark | None:
        """The last mark, or None if there never was one."""
        content = os.pread(self._descriptor, 256, 0)
        if not content:
            return None
        fields = content.decode("ascii", errors="replace").split(" ")
        if len(fields) == 4 and fields[0] == _LABEL and fields[2].isdecimal():
            mark = Mark(fields[1], int(fields[2]))
            if content == _line(mark):
                return mark
        raise damaged(self._path, repr(content[:96]), f"one line that begins with {_LABEL}")

    def write(self, mark: Mark) -> None:
        """Replace the mark, which is a single small write of constant length."""
        os.pwrite(self._descriptor, _line(mark), 0)

    def sync(self) -> None:
        """Have the mark on disk."""
        sync_descriptor(self._descriptor)

    def close(self) -> None:
        """Let somebody else hold the store; once."""
        os.close(self._descriptor)


def _line(mark: Mark) -> bytes:
    text = f"{_LABEL} {mark.store_id} {mark.write_count:020}"
    return f"{text} {zlib.crc32(text.encode()):08x}\n".encode()
