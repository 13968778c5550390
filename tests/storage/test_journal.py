"""The journal by itself: which frames are believed."""

from pathlib import Path

import pytest

from actors.storage.base import StoreDamagedError
from actors.storage.journal import SECTOR_BYTES, Journal, create_journal, read_journal
from tests.storage.crashes import planted

STORE = "5" * 32
SECTOR_COUNT = 8


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_journal(tmp_path / "frames", STORE, SECTOR_COUNT * SECTOR_BYTES)
    return tmp_path / "frames"


def append(journal: Journal, *numbers: int, sync: bool = True) -> None:
    """Frames of one sector each, whose payload is their number."""
    for number in numbers:
        journal.append(number, b"%d" % number)
        if sync:
            journal.sync()


def found(path: Path, applied: int) -> list[int]:
    """The numbers of the frames that follow, with the payloads that they were written with."""
    frames = read_journal(path, STORE, applied)
    assert [frame.payload for frame in frames] == [b"%d" % frame.number for frame in frames]
    return [frame.number for frame in frames]


def lose(path: Path, *sectors: int, content: bytes = b"") -> None:
    """Have other bytes in these sectors."""
    with path.open("r+b") as file:
        for sector in sectors:
            file.seek(sector * SECTOR_BYTES)
            file.write(content.ljust(SECTOR_BYTES, b"\0"))


def test_a_fresh_journal_has_no_frames(path: Path) -> None:
    assert found(path, 0) == []


def test_frames_follow_what_the_database_has(path: Path) -> None:
    append(Journal.begin(path, STORE, 3), 4, 5, 6)
    assert found(path, 3) == [4, 5, 6]
    assert found(path, 5) == [6]
    assert found(path, 6) == []
    assert found(path, 9) == []


def test_a_journal_that_misses_what_the_database_lacks_is_damaged(path: Path) -> None:
    append(Journal.begin(path, STORE, 3), 4, 5)
    with pytest.raises(StoreDamagedError, match="found writes from 4 on, expected 3, which is not in the database"):
        read_journal(path, STORE, 2)


def test_a_frame_of_a_former_life_is_not_believed(path: Path) -> None:
    append(Journal.begin(path, STORE, 0), 1, 2, 3)
    journal = Journal.begin(path, STORE, 1)
    assert found(path, 1) == []
    append(journal, 2)
    assert found(path, 1) == [2]


def test_a_frame_of_a_former_round_is_not_believed(path: Path) -> None:
    journal = Journal.begin(path, STORE, 0)
    append(journal, 1, 2, 3, 4)
    journal.begin_again(4)
    append(journal, 5)
    assert found(path, 4) == [5]


def test_a_former_frame_between_two_unsynced_ones_ends_the_row(path: Path) -> None:
    journal = Journal.begin(path, STORE, 0)
    append(journal, 1, 2, 3, 4)
    former = path.read_bytes()[2 * SECTOR_BYTES : 3 * SECTOR_BYTES]
    journal.begin_again(4)
    append(journal, 5, 6, 7, sync=False)
    lose(path, 2, content=former)
    assert found(path, 4) == [5]
    with planted.made("numbers are not checked"):
        assert found(path, 4) == [5, 7]


def test_an_unsynced_tail_is_cut_where_it_was_torn(path: Path) -> None:
    journal = Journal.begin(path, STORE, 0)
    append(journal, 1, 2)
    append(journal, 3, 4, 5, sync=False)
    lose(path, 4)
    assert found(path, 0) == [1, 2, 3]


def test_a_frame_with_a_changed_byte_is_not_believed(path: Path) -> None:
    append(Journal.begin(path, STORE, 0), 1, 2)
    content = path.read_bytes()
    place = content.rindex(b"2", 2 * SECTOR_BYTES, 3 * SECTOR_BYTES)
    path.write_bytes(content[:place] + b"9" + content[place + 1 :])
    assert found(path, 0) == [1]


def test_a_synced_frame_that_is_gone_is_damage_if_a_later_one_tells_of_it(path: Path) -> None:
    append(Journal.begin(path, STORE, 0), 1, 2, 3)
    lose(path, 2)
    with pytest.raises(StoreDamagedError, match="found writes up to 1, expected at least 2: synced writes are lost"):
        read_journal(path, STORE, 0)


@pytest.mark.parametrize("size", [0, 1, 71, SECTOR_BYTES, (SECTOR_COUNT - 1) * SECTOR_BYTES, SECTOR_COUNT * SECTOR_BYTES - 1])
def test_a_journal_that_was_cut_is_damaged_whatever_it_has(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
    with pytest.raises(StoreDamagedError, match=r"expected the journal of store 5+, whole"):
        read_journal(path, STORE, 0)


def test_the_journal_of_another_store_is_damage(path: Path) -> None:
    with pytest.raises(StoreDamagedError, match=r"expected the journal of store 6+, whole"):
        read_journal(path, "6" * 32, 0)


def test_a_journal_says_whether_a_payload_fits(path: Path) -> None:
    journal = Journal.begin(path, STORE, 0)
    room = (SECTOR_COUNT - 1) * SECTOR_BYTES - 32
    assert journal.has_room(room)
    assert not journal.has_room(room + 1)
    append(journal, 1)
    assert journal.has_room(room - SECTOR_BYTES)
    assert not journal.has_room(room - SECTOR_BYTES + 1)
