"""Decrees in one process, one after the other: the same loop around us and around others."""

import time
from collections.abc import Callable

from benchmarks.load.base import Window
from benchmarks.load.cpu import CpuClock
from benchmarks.measuring import Job, Sample, histogram

Decide = Callable[[str, bytes], bool]
"""Has a decree of this name and value decided; whether its learner knows the value then."""


def decide_for(job: Job, decide: Decide) -> Sample:
    """As many as there is time for."""
    window = Window(job, time.perf_counter())
    cpu = CpuClock(window)
    value = b"v" * job.value_bytes
    number = 0
    while (begun_at := time.perf_counter()) < window.end:
        cpu.look(begun_at)
        if not decide(f"{job.prefix}-{number}", value):
            raise RuntimeError(f"decree {number} was not learned")
        window.answered(begun_at, time.perf_counter())
        number += 1
    found = window.latencies
    return Sample(len(found), job.seconds, window.total, histogram(found), cpu.seconds)
