"""A store becomes one with a journal, or one without, when it is opened, and keeps all that it has."""

import itertools
import shutil
from pathlib import Path

import pytest

from actors.storage.base import StoreDamagedError
from tests.storage.kinds import ON_DISK
from tests.storage.samples import contents, some_of_each

NAME = "acceptor.sqlite3"
JOURNAL = f"{NAME}-frames"


def left_by_a_kill(directory: Path, target: Path, kind: str) -> list[object]:
    """Open a store in one directory, write to it, and copy its files to the other as the death of the process would leave them."""
    store = ON_DISK[kind](directory / NAME, cluster="demo", node="n1")
    first = store.round_used("log") + 1
    for number in range(first, first + 6):
        store.write(some_of_each(number), sync=number % 3 == 0)
    answers = contents(store)
    shutil.copytree(directory, target)
    store.close()
    return answers


@pytest.mark.parametrize("kinds", [*itertools.product(ON_DISK, repeat=3)], ids="-".join)
def test_whatever_the_kinds_and_however_it_ends_nothing_is_lost(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    ids = set()
    for life, kind in enumerate(kinds):
        answers = left_by_a_kill(tmp_path / f"{life}", tmp_path / f"{life + 1}", kind)
        for other in ON_DISK:
            copy = shutil.copytree(tmp_path / f"{life + 1}", tmp_path / f"{life}-{other}")
            store = ON_DISK[other](copy / NAME, cluster="demo", node="n1")
            assert contents(store) == answers
            assert store.identity.boot_count == life + 2
            assert (copy / JOURNAL).exists() == (other == "journal")
            ids.add(store.identity.store_id)
            store.close()
    assert len(ids) == 1


def test_a_store_with_a_journal_is_not_one_without_it(tmp_path: Path) -> None:
    left_by_a_kill(tmp_path / "1", tmp_path / "2", "journal")
    (tmp_path / "2" / JOURNAL).unlink()
    for kind in ON_DISK:
        with pytest.raises(StoreDamagedError, match=f"{JOURNAL} is damaged: found no such file"):
            ON_DISK[kind](tmp_path / "2" / NAME, cluster="demo", node="n1")


def test_a_journal_without_its_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b"frames")
    with pytest.raises(StoreDamagedError, match=f"found no database file beside {JOURNAL}"):
        ON_DISK["sqlite"](tmp_path / NAME, cluster="demo", node="n1")
    assert (tmp_path / JOURNAL).read_bytes() == b"frames"
