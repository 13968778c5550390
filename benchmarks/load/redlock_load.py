"""Load on pottery's Redlock: a thread for each outstanding lock, which takes it and gives it back, as an application does."""

import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import redis

from benchmarks.load.base import Window
from benchmarks.load.cpu import CpuClock, watch
from benchmarks.measuring import Job, Sample, histogram

# By name, because type checkers need not have it.
Redlock: Any = import_module("pottery").Redlock


class RedlockLoad:
    """One process, with a client of each server."""

    def __init__(self, *urls: str) -> None:
        self._servers = [redis.Redis.from_url(url) for url in urls]

    def run(self, job: Job) -> Sample:
        """Take and release, one after the other; nobody else wants the same lock."""
        window = Window(job, time.perf_counter())
        cpu = CpuClock(window)
        locks = [Redlock(key=f"{job.prefix}-{number}", masters=self._servers) for number in range(job.outstanding)]
        with ThreadPoolExecutor(job.outstanding) as pool:
            working = [pool.submit(_work, lock, window) for lock in locks]
            watch(cpu, window)
            for each in working:
                each.result()
        found = window.latencies
        return Sample(len(found), job.seconds, window.total, histogram(found), cpu.seconds)

    def close(self) -> None:
        """Close the connections."""
        for server in self._servers:
            server.close()


def _work(lock: Any, window: Window) -> None:
    while (sent_at := time.perf_counter()) < window.end:
        if not lock.acquire():
            raise RuntimeError(f"{lock.key} was not acquired")
        lock.release()
        window.answered(sent_at, time.perf_counter())
