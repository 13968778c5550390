"""Damage is found or harmless: a store answers what was written to it, or it says that it is damaged.

Each test damages a copy of a store's files: as a clean close leaves them, or as the death of the process does, with a write-ahead log.
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.storage.base import StoreDamagedError, StoreMismatchError
from actors.storage.sqlite import SqliteStorage
from tests.storage.samples import contents, some_of_each, vote

NAME = "acceptor.sqlite3"
DATABASE, LOG, GUARD = NAME, f"{NAME}-wal", f"{NAME}-guard"
FRAME_BYTES = 4096 + 24

Files = dict[str, bytes]


def open_at(directory: Path) -> SqliteStorage:
    return SqliteStorage.open(directory / NAME, cluster="demo", node="n1")


def files_of(directory: Path) -> Files:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


class Sample:
    """A store's files at three moments, and all that it answered."""

    def __init__(self, directory: Path) -> None:
        store = open_at(directory)
        self.young = files_of(directory)
        for first in range(0, 20, 5):
            store.write([record for number in range(first, first + 5) for record in some_of_each(number)], sync=True)
        self.answers = contents(store)
        self.killed = files_of(directory)
        store.close()
        self.closed = files_of(directory)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return Sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def directory(quick_path: Path) -> Path:
    return quick_path / "damaged"


def answers_of(directory: Path, files: Files) -> list[Any] | None:
    """All answers of a store with these files; None if it was found to be damaged."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    try:
        with contextlib.closing(open_at(directory)) as store:
            return contents(store)
    except StoreDamagedError:
        return None


def flips(files: Files, name: str, offsets: range) -> Iterator[tuple[int, Files]]:
    """The files with one bit or one byte of one of them flipped, in turn."""
    for offset in offsets:
        content = bytearray(files[name])
        content[offset] ^= 0xFF if offset % 2 else 1 << offset // 2 % 8
        yield offset, files | {name: bytes(content)}


def check_flips(sample: Sample, directory: Path, files: Files, name: str, offsets: range) -> int:
    """How many flips were found; the others must be harmless."""
    found = 0
    for offset, damaged in flips(files, name, offsets):
        answers = answers_of(directory, damaged)
        assert answers is None or answers == sample.answers, f"byte {offset} of {name}"
        found += answers is None
    return found


def test_without_damage_the_copies_are_believed(sample: Sample, directory: Path) -> None:
    assert answers_of(directory, sample.closed) == sample.answers
    assert answers_of(directory, sample.killed) == sample.answers
    assert set(sample.killed) == {DATABASE, LOG, GUARD}
    assert set(sample.closed) == {DATABASE, GUARD}


def test_a_flip_in_the_database_is_found_or_harmless(sample: Sample, directory: Path) -> None:
    assert check_flips(sample, directory, sample.closed, DATABASE, range(0, len(sample.closed[DATABASE]), 509)) > 50


@pytest.mark.parametrize("offsets", [range(60), range(64, 100), range(2400, 4096, 17)], ids=str)
def test_a_flip_in_the_header_or_the_schema_is_found_or_harmless(sample: Sample, directory: Path, offsets: range) -> None:
    assert check_flips(sample, directory, sample.closed, DATABASE, offsets) > 0


def test_a_flip_in_the_format_is_taken_for_a_later_version(sample: Sample, directory: Path) -> None:
    for _, damaged in flips(sample.closed, DATABASE, range(60, 64)):
        with pytest.raises(StoreMismatchError):
            answers_of(directory, damaged)


def test_every_flip_in_a_synced_log_is_found(sample: Sample, directory: Path) -> None:
    offsets = range(0, len(sample.killed[LOG]), 2999)
    # SQLite does not read the log's sequence number, bytes 12 to 15, which is none of the offsets.
    assert check_flips(sample, directory, sample.killed, LOG, offsets) == len(offsets)


def test_every_flip_in_the_guard_is_found(sample: Sample, directory: Path) -> None:
    offsets = range(len(sample.closed[GUARD]))
    assert check_flips(sample, directory, sample.closed, GUARD, offsets) == len(offsets)


def test_a_database_that_was_cut_is_found(sample: Sample, directory: Path) -> None:
    content = sample.closed[DATABASE]
    for cut in (0, 1, 99, 100, 4095, *range(4096, len(content), 4096), len(content) - 4097):
        assert answers_of(directory, sample.closed | {DATABASE: content[:cut]}) is None, f"the database cut to {cut} bytes"


def test_a_guard_that_was_cut_is_found(sample: Sample, directory: Path) -> None:
    for cut in range(len(sample.closed[GUARD])):
        assert answers_of(directory, sample.closed | {GUARD: sample.closed[GUARD][:cut]}) is None, f"the guard cut to {cut} bytes"


def test_a_synced_log_that_was_cut_is_found(sample: Sample, directory: Path) -> None:
    log = sample.killed[LOG]
    for cut in [0, 1, 31, *range(32, len(log), 5 * FRAME_BYTES), len(log) - FRAME_BYTES, len(log) - 1]:
        assert answers_of(directory, sample.killed | {LOG: log[:cut]}) is None, f"the log cut to {cut} bytes"


@pytest.mark.parametrize("lost", [{DATABASE}, {GUARD}, {LOG}, {DATABASE, LOG}, {LOG, GUARD}, {DATABASE, GUARD}], ids=sorted)
def test_a_file_that_is_gone_is_found(sample: Sample, directory: Path, lost: set[str]) -> None:
    files = {name: content for name, content in sample.killed.items() if name not in lost}
    assert answers_of(directory, files) is None


@pytest.mark.parametrize("lost", [DATABASE, GUARD])
def test_a_file_that_is_gone_after_a_clean_close_is_found(sample: Sample, directory: Path, lost: str) -> None:
    assert answers_of(directory, {name: content for name, content in sample.closed.items() if name != lost}) is None


def test_an_older_copy_of_the_database_is_found(sample: Sample, directory: Path) -> None:
    assert answers_of(directory, sample.young | {GUARD: sample.closed[GUARD]}) is None
    assert answers_of(directory, {DATABASE: sample.young[DATABASE], GUARD: sample.closed[GUARD]}) is None


def test_the_guard_of_another_store_is_found(sample: Sample, directory: Path, tmp_path: Path) -> None:
    open_at(tmp_path).close()
    assert answers_of(directory, sample.closed | {GUARD: files_of(tmp_path)[GUARD]}) is None


def test_an_older_guard_is_harmless(sample: Sample, directory: Path) -> None:
    assert answers_of(directory, sample.closed | {GUARD: sample.young[GUARD]}) == sample.answers


def test_bytes_after_the_end_are_harmless(sample: Sample, directory: Path) -> None:
    assert answers_of(directory, sample.closed | {DATABASE: sample.closed[DATABASE] + b"x" * 5000}) == sample.answers
    assert answers_of(directory, sample.killed | {LOG: sample.killed[LOG] + b"x" * 5000}) == sample.answers


def test_unsynced_writes_that_were_cut_off_are_no_damage(directory: Path, tmp_path: Path) -> None:
    with contextlib.closing(open_at(tmp_path)) as store:
        store.write(some_of_each(1), sync=True)
        answers, synced_bytes = contents(store), (tmp_path / LOG).stat().st_size
        store.write(some_of_each(2), sync=False)
        files = files_of(tmp_path)
    assert answers_of(directory, files | {LOG: files[LOG][:synced_bytes]}) == answers
    assert answers_of(directory, files) not in (answers, None)


def test_a_store_that_voted_before_its_first_close_never_comes_back_empty(directory: Path, tmp_path: Path) -> None:
    with contextlib.closing(open_at(tmp_path)) as store:
        store.write([vote(0)], sync=True)
        files = files_of(tmp_path)
    assert answers_of(directory, {DATABASE: files[DATABASE]}) is None
