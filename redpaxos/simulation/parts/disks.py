"""Simulated disks: what was synced survives a crash, what was not may not, and writing may fail.

A disk is a journal of batches. Opening it replays the journal into a store, so that what a store remembers is what its disk holds. A
batch that was not synced may be lost at a crash, the last ones first, as the port of storage says.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

from actors.storage.base import StorageError, StoreDamagedError
from actors.storage.memory import MemoryStorage
from actors.storage.shelf import MemoryShelf
from paxos.records import Record
from redpaxos.simulation.parts.network import PowerCutError
from redpaxos.simulation.plans.kinds import AFTER, BEFORE, ERROR, FULL


class Watch(Protocol):
    """Sees everything that is written."""

    def written(self, disk: "Disk", records: Sequence[Record]) -> None:
        """These were written, in this order; they may not survive a crash yet."""
        ...

    def durable(self, disk: "Disk", records: Sequence[Record]) -> None:
        """These were written before, and are on disk from here on."""
        ...


class Disk:
    """One store's disk; it outlives crashes of its node."""

    def __init__(self, cluster: str, node: str, store: str, store_id: str, watch: Watch) -> None:
        self.cluster = cluster
        self.node = node
        self.store = store
        self.store_id = store_id
        self.boot_count = 0
        # Outlives crashes too.
        self.shelf = MemoryShelf()
        # What happens at the next write, one of the words above; empty for nothing.
        self.next_fault = ""
        # How long a sync takes, and who is told when it has taken that long.
        self.sync_seconds = 0.0
        self.busy: Callable[[float], None] = lambda seconds: None
        # It holds an old copy of what was written, and the guard beside it knows.
        self.is_old_copy = False
        # Called when that has happened.
        self.struck: Callable[[str], None] = lambda fault: None
        self._batches: list[tuple[Record, ...]] = []
        # Batches before this one are durable.
        self._durable_count = 0
        self._watch = watch

    def open(self) -> "SimulatedStorage":
        """Open the store for one more life of its node."""
        if self.is_old_copy:
            raise StoreDamagedError(f"{self.node}/{self.store}: its guard counts more writes than it holds")
        self.boot_count += 1
        return SimulatedStorage(self)

    def append(self, records: Sequence[Record], *, sync: bool) -> None:
        """Add a batch to the journal."""
        fault = self.next_fault
        if fault:
            self.next_fault = ""
            self.struck(fault)
        if fault == BEFORE:
            raise PowerCutError
        if fault == FULL:
            raise StorageError(f"{self.node}/{self.store}: simulated {fault}")
        self._batches.append(tuple(records))
        if fault == ERROR:
            # Nobody knows whether a write whose sync failed is on disk.
            raise StorageError(f"{self.node}/{self.store}: simulated {fault}")
        self._watch.written(self, records)
        if sync:
            self.sync()
            if self.sync_seconds:
                self.busy(self.sync_seconds)
        if fault == AFTER:
            raise PowerCutError

    def sync(self) -> None:
        """Make everything durable."""
        fresh = self._batches[self._durable_count :]
        self._durable_count = len(self._batches)
        for records in fresh:
            self._watch.durable(self, records)

    def lose_power(self, chance: Random) -> int:
        """Lose some of what was not synced, the last batches first; returns how many."""
        unsynced = len(self._batches) - self._durable_count
        lost = chance.randint(0, unsynced)
        if lost:
            del self._batches[-lost:]
        # What was kept by luck is as good as synced from here on.
        self.sync()
        self.next_fault = ""
        return lost

    def restore_old_copy(self) -> None:
        """Hold an old copy, which actors/storage/guard.py notices when the store is opened."""
        self.is_old_copy = bool(self._batches)

    def replay(self) -> list[tuple[Record, ...]]:
        """Every batch, oldest first."""
        return self._batches


class SimulatedStorage(MemoryStorage):
    """A store on a simulated disk, for one life of its node."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.cluster, disk.node, disk.store_id, disk.boot_count, disk.shelf)
        self._disk = disk
        for records in disk.replay():
            super().write(records, sync=True)

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        super().write(records, sync=sync)
        self._disk.append(records, sync=sync)

    def close(self) -> None:
        self._disk.sync()
        super().close()
