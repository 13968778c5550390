"""The port of a load, and the process that serves one.

A load process says `{"ready": true}`, then takes one Job a line on its standard input and answers each with one Sample a line. A load
in another language speaks the same lines.
"""

import sys
from typing import IO, Protocol

import msgspec

from benchmarks.measuring import Job, Sample


class Load(Protocol):
    """Something that can carry out a job; used by one thread."""

    def run(self, job: Job) -> Sample:
        """Carry it out; everything that was sent is answered, or given up, on return."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


def serve(load: Load, jobs: IO[str] | None = None, samples: IO[str] | None = None) -> None:
    """Answer jobs until there are no more."""
    output = samples or sys.stdout
    print('{"ready": true}', file=output, flush=True)
    try:
        for line in jobs or sys.stdin:
            sample = load.run(msgspec.json.decode(line, type=Job))
            print(msgspec.json.encode(sample).decode(), file=output, flush=True)
    finally:
        load.close()


class Window:
    """The measured part of a job: what is answered before it warms up, what is answered after it is not counted."""

    def __init__(self, job: Job, now: float) -> None:
        self.begin = now + min(0.2, 0.2 * job.seconds)
        self.end = self.begin + job.seconds
        self.latencies: list[float] = []
        self.total = 0

    def answered(self, sent_at: float, now: float) -> None:
        """Note an answer."""
        self.total += 1
        if self.begin <= now < self.end:
            self.latencies.append(now - sent_at)
