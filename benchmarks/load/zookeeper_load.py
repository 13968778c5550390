"""Load on ZooKeeper: one session, as many requests under way as are wanted, each of them one that clients send.

A put is setData on one of many nodes, a decree is create, which fails where somebody was first; a fresh read is sync and, once that is
answered, getData: sent right behind the sync, 3.8.0 now and then leaves it lying until something else arrives. kazoo encodes the
requests; a bare socket sends them, because kazoo's own threads would be the limit.
"""

import itertools
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from benchmarks.load.base import Window
from benchmarks.load.cpu import CpuClock
from benchmarks.load.zookeeper_replies import LENGTH, Replies, ZooKeeperError, answering, is_answer, preceding
from benchmarks.measuring import Job, Sample, histogram

# By name, because they have no types, and type checkers need not have them.
requests: Any = import_module("kazoo.protocol.serialization")
ANYBODY: Any = import_module("kazoo.security").OPEN_ACL_UNSAFE

ROOT = "/bench"
_KEY_COUNT = 1000
_WARM_SECONDS = 2.0
_SESSION_MILLISECONDS = 30_000
_REPLY_SECONDS = 10.0
_CHUNK_BYTES = 256 * 1024
_REQUEST = struct.Struct("!iii")


class ZooKeeperLoad:
    """One process, one thread, one socket, which goes to the leader."""

    def __init__(self, host: str, port: str) -> None:
        self._address = (host, int(port))
        self._make_nodes()
        # Java compiles what runs often; before that nothing is measured.
        self.run(Job("put", 100, _WARM_SECONDS, prefix="warm"))

    def run(self, job: Job) -> Sample:
        """Answer each reply with another request, in a session that lasts as long as the job."""
        with Session(self._address) as session:
            window = Window(job, time.perf_counter())
            cpu = CpuClock(window)
            commands = make_commands(job)
            question = requests.GetData(key(0), False)
            sent: deque[float] = deque()
            free = job.outstanding
            while True:
                now = time.perf_counter()
                cpu.look(now)
                if now < window.end and free:
                    session.send(b"".join(next(commands) for _ in range(free)))
                    sent.extend([now] * free)
                    free = 0
                if not sent:
                    break
                numbers = session.receive()
                now = time.perf_counter()
                session.send(b"".join(frame(number + 1, question) for number in numbers if not is_answer(number)))
                answer_count = sum(map(is_answer, numbers))
                for _ in range(answer_count):
                    window.answered(sent.popleft(), now)
                free += answer_count
        found = window.latencies
        return Sample(len(found), job.seconds, window.total, histogram(found), cpu.seconds)

    def close(self) -> None:
        """Nothing is open between jobs."""

    def _make_nodes(self) -> None:
        """What puts write to and reads read."""
        with Session(self._address) as session:
            for number, path in enumerate([ROOT, *map(key, range(_KEY_COUNT))]):
                session.send(frame(answering(number), requests.Create(path, b"", ANYBODY, 0)))
            done = 0
            while done <= _KEY_COUNT:
                done += len(session.receive())


class Session:
    """A connection with its session; use it in a `with` statement, which ends the session as well."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, _REPLY_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replies = Replies()
        hello = requests.Connect(0, 0, _SESSION_MILLISECONDS, 0, bytes(16), False).serialize()
        self._socket.sendall(LENGTH.pack(len(hello)) + hello)
        length = LENGTH.unpack(self._exactly(LENGTH.size))[0]
        self._exactly(length)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self.send(frame(-1, requests.CloseInstance))
        finally:
            self._socket.close()

    def send(self, data: bytes) -> None:
        """Send frames."""
        self._socket.sendall(data)

    def receive(self) -> list[int]:
        """The numbers of the requests that are answered by what arrives next."""
        return self._replies.feed(self._chunk(_CHUNK_BYTES))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self._chunk(size - len(data))
        return data

    def _chunk(self, size: int) -> bytes:
        chunk = self._socket.recv(size)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        return chunk


def make_commands(job: Job) -> Iterator[bytes]:
    """The first request of one command after the other, ready to be sent."""
    value = b"v" * job.value_bytes
    for number in itertools.count():
        match job.load:
            case "put":
                yield frame(answering(number), requests.SetData(key(number), value, -1))
            case "decree":
                yield frame(answering(number), requests.Create(f"{ROOT}/{job.prefix}-{number}", value, ANYBODY, 0))
            case "read":
                yield frame(preceding(number), requests.Sync(key(0)))
            case _:
                raise ZooKeeperError(f"no load {job.load!r}")


def frame(number: int, request: Any) -> bytes:
    """A request as it travels; its reply has the same number."""
    body: bytes = request.serialize()
    return _REQUEST.pack(len(body) + 8, number, request.type) + body


def key(number: int) -> str:
    """The node that this put writes to."""
    return f"{ROOT}/k{number % _KEY_COUNT}"
