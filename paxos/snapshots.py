"""Snapshots: all that the executor holds at one slot, in parts that are small enough to be written between two drains.

A snapshot is a short cut and never evidence: the log stays, and makes the same state again. So it is believed only if it is whole and
its digest holds, and it is of the store and the machines that are there, and is otherwise left alone: a machine that was added begins
with the log, and so does whoever finds what a removed store has left behind.
Ongaro, "Consensus: Bridging Theory and Practice", section 5.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Protocol

import msgspec
from msgspec import Struct

# Whoever encodes states otherwise has other digests.
_FORMAT = b"3"
PART_BYTES = 128 * 1024
"""A part ends with what fills it."""


class SnapshotPart(Struct, frozen=True, array_like=True, gc=False):
    """One part of the snapshot of the state before `slot`, numbered from 0.

    The last has what it is of, an Origin, and the digest of all contents.
    """

    slot: int
    number: int
    content: bytes
    digest: bytes = b""


class Origin(Struct, frozen=True, array_like=True, gc=False):
    """What a snapshot is of: beside which store it was saved, and of which machines, in order of their names."""

    store_id: str
    machines: tuple[str, ...]


def origin_of(store_id: str, machines: Iterable[str]) -> Origin:
    """What a snapshot of these machines is of, in whatever order they are given."""
    return Origin(store_id, tuple(sorted(machines)))


class Shelf(Protocol):
    """What the snapshot before this life is read from."""

    def saved(self) -> Iterable[SnapshotPart]:
        """The parts that are there, in order; each iteration reads them anew."""
        ...


class Saver:
    """Hands out the parts of one snapshot."""

    def __init__(self, slot: int, contents: Iterator[bytes], origin: Origin) -> None:
        self.slot = slot
        # Of all parts so far.
        self.saved_bytes = 0
        self.is_done = False
        self._contents = contents
        self._origin = origin
        self._count = 0
        self._digest = blake2b(digest_size=16, key=_FORMAT)

    def next_part(self) -> SnapshotPart:
        """The next part; once the last was handed out, none is asked for."""
        content = next(self._contents, None)
        self.is_done = content is None
        content = msgspec.msgpack.encode(self._origin) if content is None else content
        self._digest.update(content)
        part = SnapshotPart(self.slot, self._count, content, self._digest.digest() if self.is_done else b"")
        self._count += 1
        self.saved_bytes += len(content)
        return part


class Verdict(Struct, frozen=True, gc=False):
    """What a snapshot is worth: everything below `slot` is in it. `complaint` says why it cannot be believed; then the slot is 0."""

    slot: int = 0
    saved_bytes: int = 0
    complaint: str = ""


def examine(parts: Iterable[SnapshotPart], end_slot: int, origin: Origin) -> Verdict:
    """Whether a snapshot is whole, as it was written, of this origin, and no newer than a log that ends at this slot.

    No parts are no snapshot.
    """
    digest = blake2b(digest_size=16, key=_FORMAT)
    last: SnapshotPart | None = None
    saved_bytes = 0
    for number, part in enumerate(parts):
        if part.number != number or (last is not None and (last.digest or last.slot != part.slot)):
            return Verdict(complaint=f"part {number} of the snapshot is missing")
        digest.update(part.content)
        saved_bytes += len(part.content)
        last = part
    if last is None:
        return Verdict()
    if not last.digest:
        return Verdict(complaint=f"the snapshot breaks off after part {last.number}")
    if last.digest != digest.digest():
        return Verdict(complaint="the digest of the snapshot does not hold: it is damaged, or of another version of redpaxos")
    if complaint := _differs(msgspec.msgpack.decode(last.content, type=Origin), origin):
        return Verdict(complaint=f"{complaint}: the whole log is executed again")
    if last.slot > end_slot:
        return Verdict(complaint=f"the snapshot is of slot {last.slot}, and the log ends at {end_slot}")
    return Verdict(last.slot, saved_bytes)


def _differs(saved: Origin, mine: Origin) -> str:
    """In what a snapshot is not of this origin; empty if it is."""
    if saved.store_id != mine.store_id:
        return f"the snapshot is of store {saved.store_id}, this one is {mine.store_id}"
    if saved.machines != mine.machines:
        return f"the snapshot is of the machines {', '.join(saved.machines)}, this node has {', '.join(mine.machines)}"
    return ""


def in_parts(values: Iterable[object], sizes: Iterable[int]) -> Iterator[bytes]:
    """Lists of values in MessagePack, each of about a part's size; `sizes` says about how many bytes each value takes."""
    page: list[object] = []
    size = 0
    for value, value_bytes in zip(values, sizes, strict=True):
        page.append(value)
        size += value_bytes
        if size >= PART_BYTES:
            yield msgspec.msgpack.encode(page)
            page, size = [], 0
    if page:
        yield msgspec.msgpack.encode(page)
