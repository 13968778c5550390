"""A crowd: a client process that keeps very many writes of a few keys under way at once, while threads of its own read them.

    python -m tests.nemesis.crowd URL CLUSTER NAME SEED WRITES FILE

What it was told is written to FILE when it has ended, as a history in JSON lines. The end of standard input ends the process at once.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from random import Random

import msgspec

import redpaxos
from redpaxos.errors import NotDoneError, OutcomeUnknownError
from redpaxos.kv import CompareAndSet, Delete, Deleted, KeyValueStore, Put, Written
from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Output, read_history, write_history
from tests.nemesis.hosts import REPOSITORY
from tests.nemesis.player import KV

KEY_COUNT = 64
_OUTSTANDING = 128
_READER_COUNT = 3
# Nodes are killed one after the other; whoever waits longer than this may call it unknown.
_PATIENCE_SECONDS = 20.0
_END_SECONDS = 60.0

Ended = Future[object]


class Crowd:
    """Writes from one thread, reads from several; all of it in one history."""

    def __init__(self, store: KeyValueStore, name: str, seed: str) -> None:
        self.history: list[Operation] = []
        self._store = store
        self._name = name
        self._seed = f"{seed}/{name}"
        self._room = threading.Semaphore(_OUTSTANDING)
        self._has_written = threading.Event()
        # Of each key, the revision that was told last, so that many comparisons hold.
        self._revisions: dict[str, int] = {}
        self._failures: list[BaseException] = []

    def run(self, write_count: int) -> None:
        """So many writes, and as many reads as there is time for; raises what should not have been raised."""
        readers = [threading.Thread(target=self._read, args=(f"{self._name}.{number}",)) for number in range(_READER_COUNT)]
        for reader in readers:
            reader.start()
        chance = Random(self._seed)
        for number in range(write_count):
            self._room.acquire()
            self._write(f"crowd/{chance.randrange(KEY_COUNT)}", f"{self._name}-{number}", chance.random())
        for _ in range(_OUTSTANDING):
            self._room.acquire()
        self._has_written.set()
        for reader in readers:
            reader.join()
        if self._failures:
            raise self._failures[0]

    def _write(self, key: str, value: str, drawn: float) -> None:
        if drawn < 0.7:
            command: Put | CompareAndSet | Delete = Put(key, value.encode())
            asked: Input = ("put", value)
        elif drawn < 0.95:
            expected = self._revisions.get(key, 0)
            command, asked = CompareAndSet(key, expected, value.encode()), ("compare_and_set_revision", expected, value)
        else:
            command, asked = Delete(key), ("delete",)
        begun = Operation(self._name, f"{KV}/{key}", asked, invoked=time.monotonic_ns(), outcome=Outcome.UNKNOWN)
        self._store.submit(command, timeout=_PATIENCE_SECONDS).add_done_callback(partial(self._written, key, begun))

    def _written(self, key: str, begun: Operation, ended: Ended) -> None:
        self._end(begun, lambda: self._told(key, ended.result()))
        self._room.release()

    def _told(self, key: str, result: object) -> Output:
        match result:
            case Written(revision):
                self._revisions[key] = revision
                return revision
            case Deleted(revision=revision, count=count):
                self._revisions[key] = 0
                return revision if count else None
            case _:
                # Refused: the comparison did not hold.
                return False

    def _read(self, reader: str) -> None:
        chance = Random(f"{self._seed}/{reader}")
        while not self._has_written.is_set():
            key = f"crowd/{chance.randrange(KEY_COUNT)}"
            begun = Operation(reader, f"{KV}/{key}", ("get",), invoked=time.monotonic_ns(), outcome=Outcome.UNKNOWN)
            self._end(begun, partial(self._get, key))

    def _get(self, key: str) -> Output:
        item = self._store.get(key, timeout=_PATIENCE_SECONDS)
        return (item.value.decode(), item.revision) if item is not None else (None, 0)

    def _end(self, begun: Operation, tell: Callable[[], Output]) -> None:
        """Note how it ended."""
        try:
            output, outcome = tell(), Outcome.DONE
        except NotDoneError:
            output, outcome = None, Outcome.NOT_DONE
        except OutcomeUnknownError:
            self.history.append(begun)
            return
        except BaseException as error:
            self._failures.append(error)
            return
        self.history.append(msgspec.structs.replace(begun, outcome=outcome, output=output, responded=time.monotonic_ns()))


class Crowds:
    """Crowd processes of a run; use it in a `with` statement."""

    def __init__(self, url: str, cluster: str, directory: Path) -> None:
        self._place = (url, cluster)
        self._directory = directory
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Crowds":
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            with process:
                process.kill()

    def start(self, name: str, seed: int, write_count: int) -> None:
        """Begin to write."""
        command = [sys.executable, "-m", "tests.nemesis.crowd", *self._place, name, str(seed), str(write_count), str(self._file(name))]
        self._processes[name] = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE)

    @property
    def are_busy(self) -> bool:
        """Whether any has not ended."""
        return any(process.poll() is None for process in self._processes.values())

    def finish(self) -> list[Operation]:
        """Wait for the end, and return what they were told."""
        for name, process in self._processes.items():
            assert process.wait(_END_SECONDS) == 0, f"{name} was told what it should not have been"
        return [operation for name in self._processes for operation in read_history(self._file(name).read_bytes().splitlines())]

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.jsonl"


def _end_with_its_parent() -> None:
    # Not by sys.stdin, whose lock nobody may hold when the process ends.
    os.read(0, 1)
    os._exit(1)


def main() -> None:
    """Write, read, and leave the history."""
    url, cluster, name, seed, write_count, file = sys.argv[1:]
    threading.Thread(target=_end_with_its_parent, daemon=True).start()
    with redpaxos.connect(url, cluster=cluster) as client:
        crowd = Crowd(client.kv, name, seed)
        crowd.run(int(write_count))
    Path(file).write_bytes(write_history(crowd.history))


if __name__ == "__main__":
    main()
