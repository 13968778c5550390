"""The floor: what a hop and a sync cost by themselves, on this machine and in this run.

A hop is a payload's way from one process through the server to another, by the fastest client that Python allows, back to back so that
nothing has cooled down. A sync is one small write to a preallocated file and fdatasync. No protocol over this server and this disk
answers a durable command in less than four hops (command, Accept, Accepted, answer) and one sync.
"""

import os
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from msgspec import Struct

from benchmarks.load.wire import Wire
from benchmarks.systems.processes import Child

HOP_COUNT = 4
_WARM_COUNT = 200


class Floor(Struct, frozen=True):
    """Seconds, medians; `together` is a sync while two others sync files of their own, as three nodes on one disk do."""

    hop: float
    sync: float
    sync_together: float

    @property
    def command(self) -> float:
        """The least that a durable command can take; a busy machine may show either sync slower than it is."""
        return HOP_COUNT * self.hop + min(self.sync, self.sync_together)


def measure_hop(url: str, log: Path, seconds: float) -> float:
    """Half of a round trip between two processes, the median."""
    wire = Wire(url, "floor:pong*")
    echo = Child([sys.executable, "-m", "benchmarks.floor", url], log)
    try:
        return _ping(wire, echo, seconds)
    finally:
        echo.close()
        wire.close()


def measure_sync(directory: Path, seconds: float, file_count: int = 1) -> float:
    """A write of 512 bytes with its fdatasync, the median of all files."""
    times: list[float] = []
    threads = [threading.Thread(target=_sync_for, args=(directory / f"sync-{number}", seconds, times)) for number in range(file_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return median(times)


def measure_floor(url: str, directory: Path, seconds: float) -> Floor:
    """All three, in about this time."""
    share = seconds / 3
    return Floor(measure_hop(url, directory / "echo.log", share), measure_sync(directory, share), measure_sync(directory, share, 3))


def _ping(wire: Wire, echo: Child, seconds: float) -> float:
    while True:
        wire.send([("floor:ping", b"x" * 100)])
        if wire.receive(0.05):
            break
        echo.check()
    while wire.receive(0.05):  # The answers to the pings before it was ready.
        pass
    times = [time.perf_counter()]
    while times[-1] - times[0] < seconds or len(times) < 2 * _WARM_COUNT:
        wire.send([("floor:ping", b"x" * 100)])
        wire.receive(None)
        times.append(time.perf_counter())
    return median(later - earlier for earlier, later in pairwise(times[_WARM_COUNT:])) / 2


def _sync_for(path: Path, seconds: float, times: list[float]) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.posix_fallocate(descriptor, 0, 1 << 22)
    os.pwrite(descriptor, bytes(1 << 22), 0)
    os.fsync(descriptor)
    begin = now = time.perf_counter()
    number = 0
    while now - begin < seconds:
        os.pwrite(descriptor, b"s" * 512, number % 8192 * 512)
        os.fdatasync(descriptor)
        number += 1
        before, now = now, time.perf_counter()
        times.append(now - before)
    os.close(descriptor)
    path.unlink()


def _echo(url: str) -> None:
    wire = Wire(url, "floor:ping*")
    while True:
        for payload in wire.receive(None):
            wire.send([("floor:pong", payload)])


if __name__ == "__main__":
    _echo(sys.argv[1])
