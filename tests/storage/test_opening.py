"""Opening the store on disk: it survives, it counts, and it is refused to whom it does not belong."""

import os
import shutil
from pathlib import Path

import pytest

from actors.storage.base import StorageError, StoreDamagedError, StoreInUseError, StoreMismatchError
from actors.storage.sqlite import SqliteStorage
from paxos.errors import InvariantViolation
from tests.storage.kinds import OpenStore
from tests.storage.samples import contents, learned, some_of_each, vote


def copy_as_left_by_a_kill(source: Path, target: Path) -> Path:
    """What the process that holds the store at `source` would leave if it were killed at once."""
    target.mkdir()
    for file in source.parent.glob(f"{source.name}*"):
        shutil.copy(file, target / file.name)
    return target / source.name


def test_everything_survives_a_clean_close(open_store: OpenStore) -> None:
    store = open_store()
    for number in range(12):
        store.write(some_of_each(number), sync=number % 3 == 0)
    before = contents(store)
    store.close()
    assert contents(open_store()) == before


def test_everything_survives_the_death_of_the_process(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    for number in range(12):
        store.write(some_of_each(number), sync=number % 3 == 0)
    survivor = open_store(copy_as_left_by_a_kill(tmp_path / "acceptor.sqlite3", tmp_path / "copy"))
    assert contents(survivor) == contents(store)


def test_each_opening_counts_and_keeps_the_id(open_store: OpenStore) -> None:
    ids = set()
    for boot_count in range(1, 5):
        store = open_store()
        assert store.identity.boot_count == boot_count
        ids.add(store.identity.store_id)
        store.close()
    assert len(ids) == 1


def test_an_opening_counts_even_if_the_process_dies_at_once(open_store: OpenStore, tmp_path: Path) -> None:
    open_store()
    assert open_store(copy_as_left_by_a_kill(tmp_path / "acceptor.sqlite3", tmp_path / "copy")).identity.boot_count == 2


def test_every_store_has_an_id_of_its_own(open_store: OpenStore, tmp_path: Path) -> None:
    assert len({open_store(tmp_path / f"{number}" / "log.sqlite3").identity.store_id for number in range(5)}) == 5


def test_a_missing_directory_is_made(open_store: OpenStore, tmp_path: Path) -> None:
    open_store(tmp_path / "a" / "b ?#%41" / "log.sqlite3").close()
    assert (tmp_path / "a" / "b ?#%41" / "log.sqlite3").is_file()


def test_what_a_cut_short_creation_left_is_no_obstacle(open_store: OpenStore, tmp_path: Path) -> None:
    (tmp_path / "acceptor.sqlite3-new").write_bytes(b"half a database")
    (tmp_path / "acceptor.sqlite3-new-wal").write_bytes(b"half a log")
    (tmp_path / "acceptor.sqlite3-guard").touch()
    assert open_store().identity.boot_count == 1


def test_a_store_in_use_is_refused_in_the_same_process_and_free_after_close(open_store: OpenStore) -> None:
    store = open_store()
    for _ in range(3):
        with pytest.raises(StoreInUseError, match=r"acceptor\.sqlite3 is held by another process: stop it first"):
            open_store()
    store.write([vote(0)], sync=True)
    store.close()
    assert open_store().votes("log", 0, 9, 99) == [vote(0)]


@pytest.mark.parametrize(("kind", "found"), [("cluster", "demo"), ("node", "n1")])
def test_the_store_of_another_is_refused_and_left_alone(open_store: OpenStore, kind: str, found: str) -> None:
    open_store().close()
    with pytest.raises(StoreMismatchError, match=f"belongs to {kind} '{found}', expected 'other'"):
        open_store(**{kind: "other"})
    assert open_store().identity.boot_count == 2


def test_the_store_of_another_actor_of_the_node_is_refused(open_store: OpenStore, tmp_path: Path) -> None:
    open_store().close()
    for suffix in ("", "-guard"):
        (tmp_path / f"acceptor.sqlite3{suffix}").rename(tmp_path / f"log.sqlite3{suffix}")
    with pytest.raises(StoreMismatchError, match=r"belongs to file 'acceptor\.sqlite3', expected 'log\.sqlite3'"):
        open_store(tmp_path / "log.sqlite3")


def test_the_format_of_a_later_version_is_refused(open_store: OpenStore, tmp_path: Path) -> None:
    open_store().close()
    with (tmp_path / "acceptor.sqlite3").open("r+b") as file:
        file.seek(63)
        file.write(b"\x03")
    with pytest.raises(StoreMismatchError, match="has format 3, expected 1 or 2: run the version of redpaxos that wrote it"):
        open_store()


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\0", b"all my photographs" * 1000, bytes(8192)], ids=len)
def test_a_file_that_is_no_store_is_refused_and_left_alone(open_store: OpenStore, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "acceptor.sqlite3"
    path.write_bytes(content)
    with pytest.raises(StoreDamagedError, match=r"acceptor\.sqlite3 is damaged: found .*, expected "):
        open_store()
    assert path.read_bytes() == content


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_log_without_its_database_is_refused_and_left_alone(open_store: OpenStore, tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"acceptor.sqlite3{suffix}").write_bytes(b"log")
    with pytest.raises(StoreDamagedError, match=f"found no database file beside acceptor.sqlite3{suffix}"):
        open_store()
    assert not (tmp_path / "acceptor.sqlite3").exists()


def test_a_path_that_is_a_directory_is_refused(open_store: OpenStore, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a directory, expected a file"):
        open_store(tmp_path)


def test_a_directory_that_cannot_be_made_is_refused(open_store: OpenStore, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file.* cannot be read and written"):
        open_store(tmp_path / "file" / "below" / "log.sqlite3")


def test_a_directory_that_cannot_be_written_is_refused(open_store: OpenStore, tmp_path: Path) -> None:
    if os.geteuid():
        tmp_path.chmod(0o500)
    # Permissions do not stop root, but nobody creates files in /proc.
    directory = tmp_path if os.geteuid() else Path("/proc")
    with pytest.raises(StorageError, match=r"cannot be read and written .*: check"):
        open_store(directory / "log.sqlite3")


def test_every_refusal_is_one_line(open_store: OpenStore, tmp_path: Path) -> None:
    (tmp_path / "bad.sqlite3").write_bytes(b"a\nb\n" * 100)
    open_store()
    for path in (tmp_path, tmp_path / "bad.sqlite3", tmp_path / "acceptor.sqlite3"):
        with pytest.raises(StorageError) as refusal:
            open_store(path)
        assert "\n" not in str(refusal.value)


def test_a_refused_batch_does_not_stop_the_store_nor_reach_the_disk(open_store: OpenStore) -> None:
    store = open_store()
    store.write([learned(0, 1, "a")], sync=True)
    with pytest.raises(InvariantViolation):
        store.write([vote(0), learned(0, 1, value=b"another")], sync=True)
    store.write([vote(1)], sync=True)
    store.close()
    assert open_store().votes("log", 0, 9, 999) == [vote(1)]


def test_a_failed_opening_leaves_the_store_free(tmp_path: Path) -> None:
    path = tmp_path / "acceptor.sqlite3"
    SqliteStorage.open(path, cluster="demo", node="n1").close()
    with pytest.raises(StoreMismatchError):
        SqliteStorage.open(path, cluster="demo", node="n2")
    SqliteStorage.open(path, cluster="demo", node="n1").close()
