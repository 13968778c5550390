"""A PySyncObj node that can put itself under load, as an application that embeds it does; without an address of its own an observer.

Its own thread does the work and calls back when a command is applied here; each callback sends the next command.
"""

import threading
import time
from importlib import import_module
from typing import Any

from benchmarks.load.base import Window
from benchmarks.load.cpu import CpuClock
from benchmarks.measuring import Job, Sample, histogram

# By name, because it has no types, and type checkers need not have it.
pysyncobj: Any = import_module("pysyncobj")

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    # A command goes out as soon as it arrives.
    "at once": {"appendEntriesUseBatch": False},
    # Commands go out together, two milliseconds apart.
    "batches": {"appendEntriesUseBatch": True, "appendEntriesPeriod": 0.002, "autoTickPeriod": 0.002},
}
WHO_LEADS = "who leads"
"""A job that measures nothing: `total` is 1 where the node leads and every other node is connected."""


class Store(pysyncobj.SyncObj):  # type: ignore[misc]
    """A dictionary on every node."""

    def __init__(self, address: str | None, partners: list[str], configuration: str) -> None:
        self.values: dict[str, str] = {}
        super().__init__(address, partners, pysyncobj.SyncObjConf(**CONFIGURATIONS[configuration]))

    @pysyncobj.replicated  # type: ignore[untyped-decorator]
    def put(self, key: str, value: str) -> None:
        """Set a key."""
        self.values[key] = value


class PySyncObjLoad:
    """One node."""

    def __init__(self, address: str, partners: str, configuration: str) -> None:
        self._store = Store(address or None, partners.split(","), configuration)

    def run(self, job: Job) -> Sample:
        """Keep commands under way, all of them each its own."""
        if job.load == WHO_LEADS:
            leads = self._store.isReady() and bool(self._store._isLeader())  # noqa: SLF001 - its documented way to ask.
            return Sample(0, job.seconds, int(leads), {}, 0.0)
        window = Window(job, time.perf_counter())
        cpu = CpuClock(window)
        loop = _Loop(self._store, job, window)
        loop.start()
        while (now := time.perf_counter()) < window.end:
            cpu.look(now)
            time.sleep(0.05)
        loop.done.wait(5.0)
        found = window.latencies
        return Sample(len(found), job.seconds, window.total, histogram(found), cpu.seconds, loop.failed)

    def close(self) -> None:
        """End the node."""
        self._store.destroy()


class _Loop:
    """Commands under way; its methods are called by the node's thread, but for the start."""

    def __init__(self, store: Store, job: Job, window: Window) -> None:
        self._store = store
        self._window = window
        self._value = "v" * job.value_bytes
        self._prefix = job.prefix
        self._number = 0
        self._under_way = job.outstanding
        self.failed = 0
        self.done = threading.Event()

    def start(self) -> None:
        """The first of them."""
        for _ in range(self._under_way):
            self._send()

    def _send(self) -> None:
        sent_at = time.perf_counter()
        self._number += 1

        def applied(result: Any, error: int) -> None:
            now = time.perf_counter()
            if error == pysyncobj.FAIL_REASON.SUCCESS:
                self._window.answered(sent_at, now)
            else:
                self.failed += 1
            if now < self._window.end:
                self._send()
                return
            self._under_way -= 1
            if self._under_way == 0:
                self.done.set()

        self._store.put(f"{self._prefix}-{self._number % 100_000}", self._value, callback=applied)
