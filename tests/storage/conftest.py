"""Stores to test: one of each kind for the contract, and the store of one node on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from actors.storage.base import Storage
from actors.storage.memory import MemoryStorage
from actors.storage.sqlite import SqliteStorage

OpenStore = Callable[..., SqliteStorage]


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[OpenStore]:
    """Opens stores of node n1 in cluster demo, in this test's directory unless told otherwise, and closes them after the test."""
    opened: list[SqliteStorage] = []

    def open_one(path: Path = tmp_path / "acceptor.sqlite3", *, cluster: str = "demo", node: str = "n1") -> SqliteStorage:
        opened.append(SqliteStorage.open(path, cluster=cluster, node=node))
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


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, open_store: OpenStore, quick_path: Path) -> Storage:
    """An empty store of each kind."""
    return MemoryStorage("demo", "n1") if request.param == "memory" else open_store(quick_path / "store.sqlite3")
