"""Load on one Redis: SETs on one connection, as many under way as are wanted; Redis syncs once for all that it reads at a time."""

import time
from collections import deque

import hiredis

from benchmarks.load.base import Window
from benchmarks.load.cpu import CpuClock
from benchmarks.load.wire import command, connect
from benchmarks.measuring import Job, Sample, histogram

_CHUNK_BYTES = 256 * 1024
_KEY_COUNT = 100_000


class RedisLoad:
    """One process, one thread, one socket."""

    def __init__(self, url: str) -> None:
        self._socket = connect(url)

    def run(self, job: Job) -> Sample:
        """Answer each reply with another SET."""
        window = Window(job, time.perf_counter())
        cpu = CpuClock(window)
        parser = hiredis.Reader()
        value = b"v" * job.value_bytes
        sent: deque[float] = deque()
        number = 0
        free = job.outstanding
        while True:
            now = time.perf_counter()
            cpu.look(now)
            if now < window.end and free:
                self._socket.sendall(b"".join(command(b"SET", b"k%d" % (n % _KEY_COUNT), value) for n in range(number, number + free)))
                sent.extend([now] * free)
                number, free = number + free, 0
            if not sent:
                break
            parser.feed(self._socket.recv(_CHUNK_BYTES))
            now = time.perf_counter()
            while (reply := parser.gets()) is not False:
                if isinstance(reply, hiredis.ReplyError):
                    raise reply
                window.answered(sent.popleft(), now)
                free += 1
        found = window.latencies
        return Sample(len(found), job.seconds, window.total, histogram(found), cpu.seconds)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
