"""Mistakes in the stores that the engine must find, each by the name of what it does wrong."""

# A mistake is made inside of what it is made in.
# ruff: noqa: SLF001

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from actors.storage import files, journal, opening
from actors.storage.guard import Mark
from actors.storage.journal import Frame
from actors.storage.journaled import JournalStorage

_read_frame = journal._frame_at
_apply = JournalStorage._apply


def _nothing(*_: Any) -> None:
    """Sync nothing."""


def _sync_then_append(store: Any, payload: bytes, *, sync: bool) -> None:
    if sync:
        store._journal.sync()
        store._guard.write(Mark(store.identity.store_id, store._number))
    store._journal.append(store._number + 1, payload)


def _mark_then_sync(store: Any, payload: bytes, *, sync: bool) -> None:
    store._journal.append(store._number + 1, payload)
    if sync:
        store._guard.write(Mark(store.identity.store_id, store._number + 1))
        store._journal.sync()


def _begin_early(store: Any, *, sync: bool) -> None:
    """Begin the journal again when the database has its records but has not synced them."""
    _apply(store, sync=False)


def _believe(content: bytes, offset: int, mark: bytes) -> Frame | None:
    """A frame without a look at its checksum."""
    begin = offset + 32
    if begin > len(content) or content[offset : offset + 8] != mark:
        return None
    _, number, synced_through, length = journal._HEADER.unpack_from(content, offset)
    return Frame(number, synced_through, content[begin : begin + length]) if begin + length <= len(content) else None


def _row_of_any(content: bytes, mark: bytes) -> Iterator[Frame]:
    """Frames that lie behind each other, whatever their numbers."""
    offset = journal.SECTOR_BYTES
    while (frame := _read_frame(content, offset, mark)) is not None:
        yield frame
        offset += -(-(32 + len(frame.payload)) // journal.SECTOR_BYTES) * journal.SECTOR_BYTES


def _nowhere(content: bytes, mark: bytes) -> Iterator[Frame]:
    """See no frame behind a hole."""
    return iter(())


def _create_in_place(path: Path, store_id: str, size: int) -> None:
    with path.open("wb") as file:
        file.write(journal._top(store_id, size, bytes(8)).ljust(size, b"\0"))


Patch = tuple[Any, str, Callable[..., Any]]

MISTAKES: dict[str, Patch] = {
    "the sync is left out": (journal, "sync_content", _nothing),
    "the sync comes before the write": (JournalStorage, "_append", _sync_then_append),
    "the guard is marked before the sync": (JournalStorage, "_append", _mark_then_sync),
    "the journal begins again too early": (JournalStorage, "_apply", _begin_early),
    "a rename without a sync of the directory": (files, "sync_entries", _nothing),
    "the journal is made in its place": (opening, "create_journal", _create_in_place),
    "the checksum is not checked": (journal, "_frame_at", _believe),
    "numbers are not checked": (journal, "_row", _row_of_any),
    "the tail is cut in the middle": (journal, "_anywhere", _nowhere),
}

IN_READING = {"the checksum is not checked", "numbers are not checked", "the tail is cut in the middle"}
"""Those that are made when a store is opened; the others change what is on the disk."""


@contextmanager
def made(mistake: str) -> Iterator[None]:
    """Have it made, if it is named, wherever the store is opened, written or read."""
    if not mistake:
        yield
        return
    module, name, wrong = MISTAKES[mistake]
    with patch.object(module, name, wrong):
        yield
