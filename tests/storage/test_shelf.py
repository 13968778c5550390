"""Shelves: the snapshot is the last that was finished, whatever happened to the next; what is damaged is never taken for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from actors.storage.base import Shelf, StorageError
from actors.storage.shelf import FileShelf, MemoryShelf
from paxos.snapshots import Saver, SnapshotPart, Verdict, examine, origin_of

SLOT = 9
ORIGIN = origin_of("store-1", ("kv",))


@pytest.fixture(params=["memory", "file"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty shelf of each kind."""
    return MemoryShelf() if request.param == "memory" else FileShelf(tmp_path / "log.sqlite3")


def parts_of(slot: int, *contents: bytes) -> list[SnapshotPart]:
    """A whole snapshot."""
    saver = Saver(slot, iter(contents), ORIGIN)
    parts = []
    while not saver.is_done:
        parts.append(saver.next_part())
    return parts


def save(shelf: Shelf, parts: list[SnapshotPart]) -> None:
    """Save these parts."""
    for part in parts:
        shelf.save(part)


def test_nothing_is_on_an_empty_shelf(shelf: Shelf) -> None:
    assert list(shelf.saved()) == []


def test_a_snapshot_is_read_as_it_was_saved_and_as_often_as_one_likes(shelf: Shelf) -> None:
    parts = parts_of(SLOT, b"a", b"b" * 100_000)
    save(shelf, parts)
    saved = shelf.saved()
    assert list(saved) == list(saved) == parts


def test_a_draft_is_no_snapshot_and_the_next_one_begins_anew(shelf: Shelf) -> None:
    first, second = parts_of(SLOT, b"a"), parts_of(SLOT + 1, b"b")
    save(shelf, first)
    save(shelf, second[:-1])
    assert list(shelf.saved()) == first
    save(shelf, second)
    assert list(shelf.saved()) == second


def test_a_snapshot_on_disk_is_there_when_the_shelf_is_made_again(tmp_path: Path) -> None:
    save(FileShelf(tmp_path / "log.sqlite3"), parts_of(SLOT, b"a"))
    assert list(FileShelf(tmp_path / "log.sqlite3").saved()) == parts_of(SLOT, b"a")


def truncated(content: bytes, place: int) -> bytes:
    """As a power failure may leave it."""
    return content[:place]


def flipped(content: bytes, place: int) -> bytes:
    """As an ageing disk may leave it."""
    return content[:place] + bytes((content[place] ^ 0xFF,)) + content[place + 1 :]


@pytest.mark.parametrize("damage", [truncated, flipped])
def test_no_damaged_file_is_believed(tmp_path: Path, damage: Callable[[bytes, int], bytes]) -> None:
    shelf = FileShelf(tmp_path / "log.sqlite3")
    save(shelf, parts_of(SLOT, b"first", b"second"))
    file = tmp_path / "log.sqlite3-snapshot"
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(damage(whole, place))
        verdict = examine(shelf.saved(), SLOT, ORIGIN)
        assert verdict.complaint or (verdict == Verdict() and place == 0), place


def test_a_shelf_that_cannot_be_written_is_as_fatal_as_any_other_fault(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"log\.sqlite3-snapshot-new"):
        FileShelf(tmp_path / "gone" / "log.sqlite3").save(SnapshotPart(SLOT, 0, b""))
