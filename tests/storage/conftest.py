"""Stores to test: one of each kind for the contract, and the store of one node on disk."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from actors.storage.base import Storage
from actors.storage.memory import MemoryStorage
from actors.storage.sqlite import SqliteStorage
from tests.storage.kinds import ON_DISK, OpenStore


@pytest.fixture(params=ON_DISK)
def store_kind(request: pytest.FixtureRequest) -> str:
    """Each kind of store on disk."""
    return str(request.param)


@pytest.fixture
def open_store(tmp_path: Path, store_kind: str) -> Iterator[OpenStore]:
    """Opens stores of node n1 in cluster demo, in this test's directory unless told otherwise, and closes them after the test."""
    opened: list[SqliteStorage] = []

    def open_one(path: Path = tmp_path / "acceptor.sqlite3", *, cluster: str = "demo", node: str = "n1") -> SqliteStorage:
        opened.append(ON_DISK[store_kind](path, cluster=cluster, node=node))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A directory in memory, where there is one: for tests that open hundreds of stores and lose no power."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="storage-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture(params=["memory", *ON_DISK])
def store(request: pytest.FixtureRequest, quick_path: Path) -> Iterator[Storage]:
    """An empty store of each kind."""
    open_one = ON_DISK.get(request.param)
    empty: Storage = open_one(quick_path / "store.sqlite3", cluster="demo", node="n1") if open_one else MemoryStorage("demo", "n1")
    yield empty
    empty.close()
