"""The kinds of store on disk, by their names."""

from collections.abc import Callable
from functools import partial

from actors.storage.journaled import JournalStorage
from actors.storage.sqlite import SqliteStorage

OpenStore = Callable[..., SqliteStorage]

JOURNAL_BYTES = 64 * 1024

ON_DISK: dict[str, OpenStore] = {"journal": partial(JournalStorage.open, journal_bytes=JOURNAL_BYTES), "sqlite": SqliteStorage.open}
"""How to open each kind of store on disk; the journal is so small that tests fill it."""
