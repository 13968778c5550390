"""The journal in front of a database: one preallocated file, in which a synced write is one small write and one sync.

    sector 0       the label, the store's id, the file's size, the life's mark, and their checksum
    sector 1 ...   frames, each from the begin of a sector: a header, and the records of one write in MessagePack

A frame's header has the mark of the life that wrote it, the write's number, the number up to which writes were synced when it was
written, the payload's length, and a CRC-32 over all of these and the payload. When the file is full, and the database has durably all that
is in it, writing begins at sector 1 again.

An old frame is never believed: frames count as long as each has the number after the one before, numbers only grow, and the mark is drawn
at random at each opening, when the database has everything, so that neither a former life nor a value that somebody made up can follow on.
What ends the row of frames is the end of an unsynced tail only if nothing that is left says that a later write was synced: neither
a frame behind it, nor the guard. Otherwise it is damage.

Assumed of the disk: a sector of 512 bytes is written whole or not at all. No two frames share one, so a torn write harms no other.
"""

import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from actors.storage.failures import damaged, explained
from actors.storage.files import move_durably, sync_content

SECTOR_BYTES = 512
JOURNAL_BYTES = 4 * 1024 * 1024

_LABEL = b"redpaxos-journal-1"
_MARK_BYTES = 8
_TOP = Struct(f"<20s32sQ{_MARK_BYTES}s")
# Mark, number, synced through, length; the checksum follows.
_HEADER = Struct(f"<{_MARK_BYTES}sQQI")
_CHECKSUM = Struct("<I")
_FRAME_BYTES = _HEADER.size + _CHECKSUM.size


class Frame(NamedTuple):
    """One write, as the journal has it."""

    number: int
    # The last write that was known to be on disk when this one was written.
    synced_through: int
    payload: bytes


class Journal:
    """One open journal; made by begin(). Its errors are OSErrors, for its owner to explain."""

    def __init__(self, descriptor: int, size: int, mark: bytes, synced_through: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._mark = mark
        # Writes up to this number are on disk, here or in the database.
        self._synced_through = synced_through
        # The last write that was appended.
        self._number = synced_through
        # Where the next frame begins: a multiple of SECTOR_BYTES.
        self._offset = SECTOR_BYTES

    @classmethod
    def begin(cls, path: Path, store_id: str, number: int) -> "Journal":
        """Begin a life, after the database has durably all writes up to this number."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            mark = secrets.token_bytes(_MARK_BYTES)
            size = os.fstat(descriptor).st_size
            os.pwrite(descriptor, _top(store_id, size, mark), 0)
            sync_content(descriptor)
            return cls(descriptor, size, mark, number)
        except BaseException:
            os.close(descriptor)
            raise

    def has_room(self, payload_bytes: int) -> bool:
        """Whether a payload of this size fits behind the others."""
        return self._offset + _FRAME_BYTES + payload_bytes <= self._size

    def append(self, number: int, payload: bytes) -> None:
        """Add the next write, which has this number; not on disk before sync()."""
        header = _HEADER.pack(self._mark, number, self._synced_through, len(payload))
        checksum = _CHECKSUM.pack(zlib.crc32(payload, zlib.crc32(header)))
        size = _FRAME_BYTES + len(payload)
        written = os.pwritev(self._descriptor, (header, checksum, payload), self._offset)
        if written != size:
            raise OSError(f"{written} of {size} bytes written")
        self._number = number
        self._offset += -(-size // SECTOR_BYTES) * SECTOR_BYTES

    def sync(self) -> None:
        """Return when all that was appended is on disk."""
        sync_content(self._descriptor)
        self._synced_through = self._number

    def begin_again(self, number: int) -> None:
        """Write from the begin of the file on, because the database has durably all writes up to this number."""
        self._synced_through = self._number = number
        self._offset = SECTOR_BYTES

    def close(self) -> None:
        """Let go of the file; once."""
        os.close(self._descriptor)


def create_journal(path: Path, store_id: str, size: int) -> None:
    """Make a journal without frames, which after a power failure is there whole or not at all."""
    fresh = path.with_name(path.name + "-new")
    with fresh.open("wb") as file:
        # Written, not reserved: the first write to a reserved block changes the file's map, which a sync then has to write too.
        file.write(_top(store_id, size, secrets.token_bytes(_MARK_BYTES)).ljust(size, b"\0"))
    move_durably(fresh, path)


def read_journal(path: Path, store_id: str, applied: int) -> list[Frame]:
    """The writes that follow the `applied` ones of the database; StoreDamagedError if a frame tells of a synced one that is missing."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise damaged(path, "no such file", f"the journal of store {store_id}") from error
    except OSError as error:
        raise explained(path, error) from error
    mark = content[_TOP.size - _MARK_BYTES : _TOP.size]
    if content[: _TOP.size + _CHECKSUM.size] != _top(store_id, len(content), mark):
        raise damaged(path, f"{len(content)} bytes that begin with {content[:64]!r}", f"the journal of store {store_id}, whole")
    row = list(_row(content, mark))
    followers = [frame for frame in row if frame.number > applied]
    if followers and followers[0].number != applied + 1:
        raise damaged(path, f"writes from {followers[0].number} on", f"{applied + 1}, which is not in the database")
    last = followers[-1].number if followers else applied
    synced_through = max((frame.synced_through for frame in _anywhere(content, mark)), default=0)
    if synced_through > last:
        raise damaged(path, f"writes up to {last}", f"at least {synced_through}: synced writes are lost")
    return followers


def _top(store_id: str, size: int, mark: bytes) -> bytes:
    """What sector 0 begins with; a file of another size has lost what told of synced writes."""
    top = _TOP.pack(_LABEL, store_id.encode(), size, mark)
    return top + _CHECKSUM.pack(zlib.crc32(top))


def _row(content: bytes, mark: bytes) -> Iterator[Frame]:
    """Frames from the first sector on, as long as their numbers follow on each other."""
    offset = SECTOR_BYTES
    number = 0
    while (frame := _frame_at(content, offset, mark)) is not None and number in (0, frame.number - 1):
        yield frame
        number = frame.number
        offset += -(-(_FRAME_BYTES + len(frame.payload)) // SECTOR_BYTES) * SECTOR_BYTES


def _anywhere(content: bytes, mark: bytes) -> Iterator[Frame]:
    """Every whole frame of this life, wherever it lies."""
    for offset in range(SECTOR_BYTES, len(content), SECTOR_BYTES):
        if content.startswith(mark, offset) and (frame := _frame_at(content, offset, mark)) is not None:
            yield frame


def _frame_at(content: bytes, offset: int, mark: bytes) -> Frame | None:
    """The frame that begins here, if there is a whole one."""
    begin = offset + _FRAME_BYTES
    if begin > len(content):
        return None
    found, number, synced_through, length = _HEADER.unpack_from(content, offset)
    if found != mark or begin + length > len(content):
        return None
    payload = content[begin : begin + length]
    (checksum,) = _CHECKSUM.unpack_from(content, offset + _HEADER.size)
    header = content[offset : offset + _HEADER.size]
    return Frame(number, synced_through, payload) if checksum == zlib.crc32(payload, zlib.crc32(header)) else None
