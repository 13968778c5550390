"""The shelf: where a replica's snapshot lies, in a file beside its store.

A part is appended to a draft; the last part makes the draft the snapshot, in one step. Nothing is synced: a snapshot is believed only
if its digest holds, and what a power failure spoils costs the time to execute the log again.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from actors.storage.failures import explained
from paxos.snapshots import SnapshotPart

_LENGTH_BYTES = 4

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SnapshotPart).decode


class MemoryShelf:
    """A shelf that lives as long as the object."""

    def __init__(self) -> None:
        self._draft: list[SnapshotPart] = []
        self._saved: list[SnapshotPart] = []

    def save(self, part: SnapshotPart) -> None:
        """Add a part."""
        if part.number == 0:
            self._draft = []
        self._draft.append(part)
        if part.digest:
            self._saved, self._draft = self._draft, []

    def saved(self) -> Iterable[SnapshotPart]:
        """The parts of the snapshot."""
        return list(self._saved)


class FileShelf:
    """A shelf on disk, beside the store of this path."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + "-snapshot")
        self._draft = path.with_name(path.name + "-snapshot-new")

    def save(self, part: SnapshotPart) -> None:
        """Add a part to the draft, which the last part makes the snapshot."""
        payload = _encode(part)
        try:
            with self._draft.open("wb" if part.number == 0 else "ab") as draft:
                draft.write(len(payload).to_bytes(_LENGTH_BYTES, "big") + payload)
            if part.digest:
                self._draft.rename(self._path)
        except OSError as error:
            raise explained(self._draft, error) from error

    def saved(self) -> Iterable[SnapshotPart]:
        """The parts of the snapshot, read anew each time."""
        return _Parts(self._path)


class _Parts:
    """What can be read of a snapshot's file; where it cannot be read any further it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[SnapshotPart]:
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            left = os.fstat(file.fileno()).st_size
            while left:
                length = int.from_bytes(file.read(_LENGTH_BYTES), "big")
                left -= _LENGTH_BYTES + length
                if left < 0:
                    # Whoever checks the parts is to see that something was here.
                    yield SnapshotPart(0, 0, b"")
                    return
                try:
                    yield _decode(file.read(length))
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    yield SnapshotPart(0, 0, b"")
                    return
