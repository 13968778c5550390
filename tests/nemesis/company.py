"""The clients of a run, each a process of its own that ends with its parent, and what they have told so far."""

import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from redpaxos.simulation.linearizability.history import Operation, Outcome
from tests.nemesis.hosts import REPOSITORY

_END_SECONDS = 30.0
# What no node can answer without a quorum; a decree that it has learned it can tell alone.
_WRITES = ("propose", "put", "delete", "compare_and_set_revision")


class Chronicle:
    """Every operation of every client, while it happens. Safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._operations: dict[tuple[str, int], Operation] = {}
        # When each write that is done was invoked and answered, in the order in which it was heard of.
        self._done: list[tuple[int, int]] = []

    def hear(self, client: str, number: int, operation: Operation) -> None:
        """Note what an operation is so far."""
        with self._changed:
            self._operations[client, number] = operation
            if operation.outcome is Outcome.DONE and operation.input[0] in _WRITES and operation.responded is not None:
                self._done.append((operation.invoked, operation.responded))
                self._changed.notify_all()

    def history(self) -> list[Operation]:
        """What is known by now."""
        with self._changed:
            return list(self._operations.values())

    @property
    def done_count(self) -> int:
        """The writes that are done."""
        with self._changed:
            return len(self._done)

    def await_more(self, count: int, timeout_seconds: float) -> None:
        """Until so many more writes are done."""
        with self._changed:
            wanted = len(self._done) + count
            came = self._changed.wait_for(lambda: len(self._done) >= wanted, timeout_seconds)
            assert came, f"{len(self._done) + count - wanted} of {count} writes were done within {timeout_seconds} s"

    def await_progress(self, since_nanoseconds: int, timeout_seconds: float) -> float:
        """Until a write that was invoked after this moment is done; the seconds from that moment to its answer."""
        first: list[int] = []
        seen = 0

        def is_there() -> bool:
            nonlocal seen
            fresh, seen = self._done[seen:], len(self._done)
            first.extend(responded for invoked, responded in fresh if invoked >= since_nanoseconds)
            return bool(first)

        with self._changed:
            assert self._changed.wait_for(is_there, timeout_seconds), f"no write was done within {timeout_seconds} s"
        return (min(first) - since_nanoseconds) / 1e9


class Company:
    """Client processes; use it in a `with` statement."""

    def __init__(self, cluster: str, members: Sequence[str], seed: int, directory: Path) -> None:
        self.chronicle = Chronicle()
        self._cluster = cluster
        self._members = ",".join(members)
        self._seed = seed
        # Where each leaves what it has to complain of.
        self._directory = directory
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        # Who hears each of them.
        self._threads: dict[str, threading.Thread] = {}

    def __enter__(self) -> "Company":
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self._processes):
            self.kill(name)

    def join(self, name: str, url: str, inside: Iterable[str] = ()) -> None:
        """Start a client process, on a host perhaps."""
        arguments = [url, self._cluster, self._members, name, str(self._seed)]
        command = [*inside, sys.executable, "-m", "tests.nemesis.player", *arguments]
        with self._complaints(name).open("ab") as complaints:
            process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints)
        self._processes[name] = process
        assert process.stdout is not None
        thread = threading.Thread(target=self._listen, args=(name, process.stdout))
        thread.start()
        self._threads[name] = thread

    def kill(self, name: str) -> None:
        """kill -9; what it had under way stays unknown."""
        with self._processes.pop(name) as process:
            process.kill()
            self._threads.pop(name).join(_END_SECONDS)

    def finish(self) -> list[Operation]:
        """Let everybody finish what is under way, and return the whole history."""
        for process in self._processes.values():
            assert process.stdin is not None
            process.stdin.close()
        for name, process in self._processes.items():
            assert process.wait(_END_SECONDS) == 0, self._complaints(name).read_text()
        for thread in self._threads.values():
            thread.join(_END_SECONDS)
        return self.chronicle.history()

    def _complaints(self, name: str) -> Path:
        return self._directory / f"{name}.txt"

    def _listen(self, name: str, said: IO[bytes]) -> None:
        decoder = msgspec.json.Decoder(tuple[int, Operation])
        for line in said:
            if line.endswith(b"\n"):
                self.chronicle.hear(name, *decoder.decode(line))
