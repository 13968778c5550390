"""The run that is recorded: one life of a node's store, with the records of an acceptor and of a learner.

    python -m tests.storage.crashes.workload DIRECTORY LIFE SEED [MISTAKE]

It says on its output when it is open, and before and after each write. Which records a write has is a function of the seed and of the
write's number, so that who reads the recording knows them too.
"""

import os
import sys
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from actors.storage import opening
from actors.storage.base import Storage
from actors.storage.journaled import JournalStorage
from actors.storage.sqlite import SqliteStorage
from paxos.ballot import END_SLOT, Ballot
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted
from tests.storage.crashes import planted

NAME = "acceptor.sqlite3"
JOURNAL_BYTES = 16 * 1024
_CHECKPOINT_BYTES = 256 * 1024
GROUPS = ("log", "decree:a", "decree:b")


class Life(NamedTuple):
    """One opening, up to the death of the process or a clean close."""

    kind: str
    first: int
    end: int
    is_closed: bool


class Batch(NamedTuple):
    """One write."""

    records: tuple[Record, ...]
    sync: bool


JOURNALED = (
    Life("journal", 0, 40, is_closed=False),
    Life("journal", 40, 70, is_closed=True),
    Life("journal", 70, 110, is_closed=False),
    Life("journal", 110, 120, is_closed=True),
)
PLAIN = tuple(life._replace(kind="sqlite") for life in JOURNALED)
CONVERTED = (
    Life("sqlite", 0, 10, is_closed=False),
    Life("journal", 10, 30, is_closed=False),
    Life("sqlite", 30, 40, is_closed=True),
    Life("journal", 40, 50, is_closed=False),
)
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
RUNS = {"journal": JOURNALED, "sqlite": PLAIN, "converted": CONVERTED}


def batch(seed: int, number: int) -> Batch:
    """The write of this number; slots and revisions go on from write to write, as a learner's do."""
    chance = Random(f"{seed}/{number}")
    value = chance.randbytes(chance.choice((0, 10, 100, 700, 700, 3000)))
    if number % 25 == 24:
        value = chance.randbytes(2 * JOURNAL_BYTES)  # Larger than a journal.
    group = chance.choice(GROUPS)
    ballot = Ballot(1 + number // 7, "n1")
    ids = ((f"id {number % 40}", 1 + number),)
    records: list[Record] = [Voted("log", chance.randint(max(0, number - 3), number), ballot, value)]
    records += [Learned("log", number, ballot, value, 1 + number, 1, ids)] * chance.randint(0, 2)
    records += [Promised(group, ballot), Voted(group, 0, ballot, value[:50])] * chance.randint(0, 1)
    records += [RoundUsed(group, number), KnownChosen(group, number // 2)] * chance.randint(0, 1)
    records += [PeerStore(f"n{number}/log", f"{number:032x}")] * (number % 10 == 0)
    return Batch(tuple(records), sync=chance.random() < 0.7)


def open_store(directory: Path, kind: str) -> SqliteStorage:
    """The store in this directory."""
    if kind == "journal":
        return JournalStorage.open(directory / NAME, cluster="demo", node="n1", journal_bytes=JOURNAL_BYTES)
    return SqliteStorage.open(directory / NAME, cluster="demo", node="n1")


def answers(store: Storage) -> bytes:
    """What the store answers, so that two that answer alike give the same."""
    found: list[Any] = [store.peer_stores()]
    for group in GROUPS:
        found += [store.acceptor_state(group), store.votes(group, 0, END_SLOT, END_SLOT), store.round_used(group)]
    found += [store.learned("log", 0, END_SLOT), store.learned_end("log"), [store.learned_at_revision("log", number) for number in (1, 50)]]
    found += [store.revision_of("log", f"id {number}") for number in range(40)]
    return sha256(_encode(found)).digest()


def say(line: str) -> None:
    """One write for each line, so that the recording has it in its place."""
    os.write(1, line.encode() + b"\n")


def live(directory: Path, life: Life, seed: int) -> None:
    """Open, write, and close or die."""
    # Small, so that the database is written in the middle of a life too.
    opening.CHECKPOINT_BYTES = _CHECKPOINT_BYTES
    store = open_store(directory, life.kind)
    say(f"open {store.identity.boot_count} {store.identity.store_id}")
    for number in range(life.first, life.end):
        records, sync = batch(seed, number)
        say(f"begin {number}")
        store.write(records, sync=sync)
        say(f"{'synced' if sync else 'written'} {number}")
    if not life.is_closed:
        os._exit(0)
    say("closing")
    store.close()
    say("closed")


if __name__ == "__main__":
    run, life_number, run_seed = sys.argv[2].partition("/")[0], int(sys.argv[2].partition("/")[2]), int(sys.argv[3])
    with planted.made(sys.argv[4] if len(sys.argv) > 4 else ""):
        live(Path(sys.argv[1]), RUNS[run][life_number], run_seed)
