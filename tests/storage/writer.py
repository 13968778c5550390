"""A process that opens a store and writes to it, for tests that kill it, starve it or watch its system calls.

    python -m tests.storage.writer KIND hold PATH       opens, says so, and waits for the end of its input
    python -m tests.storage.writer KIND loop PATH       writes votes for slots 0, 1, 2, ... and says each slot once its vote is synced
    python -m tests.storage.writer KIND sequence PATH   writes synced, unsynced, and synced again, and says so before and after each

KIND is `journal` or `sqlite`. `loop` takes a last argument: no file of this process may grow beyond so many bytes. What it says is a
line of its output each.
"""

import itertools
import os
import resource
import sys
from pathlib import Path

from actors.storage.base import StorageError
from actors.storage.sqlite import SqliteStorage
from tests.storage.kinds import ON_DISK
from tests.storage.samples import vote

VALUE_BYTES = 2000


def say(line: str) -> None:
    """One write for each line, so that a line said is a line in the pipe."""
    os.write(1, line.encode() + b"\n")


def hold(store: SqliteStorage) -> None:
    """Do nothing."""
    say("open")
    sys.stdin.read()


def loop(store: SqliteStorage) -> None:
    """Write until killed or refused; once refused, try once more."""
    try:
        for slot in itertools.count():
            store.write([vote(2 * slot, b"%d" % slot * VALUE_BYTES)], sync=False)
            store.write([vote(2 * slot + 1, b"%d" % slot * VALUE_BYTES)], sync=True)
            say(str(2 * slot + 1))
    except StorageError as error:
        say(f"refused: {error}")
    try:
        store.write([], sync=True)
    except StorageError as error:
        say(f"again: {error}")


def sequence(store: SqliteStorage) -> None:
    """Three writes, each between two lines."""
    for number, sync in enumerate((True, False, False, True)):
        say(f"begin {number}")
        store.write([vote(number)], sync=sync)
        say(f"end {number}")


def main() -> None:
    """Do what the arguments say."""
    kind, what, path, *limit = sys.argv[1:]
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    store = ON_DISK[kind](Path(path), cluster="demo", node="n1")
    {"hold": hold, "loop": loop, "sequence": sequence}[what](store)
    store.close()


if __name__ == "__main__":
    main()
