"""`python -m benchmarks storage`: what a write to a store costs, with a journal and without.

Both stores get the same writes, in short rounds that take turns, so that what else the machine does touches both alike. CPU is that of
this process, with its share of what is moved into the database later; a sync's own work counts where the kernel does it for the caller.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from statistics import median

from msgspec import Struct
from rich.table import Column, Table

from actors.storage.base import Storage
from paxos.ballot import Ballot
from paxos.records import Learned, Promised, Record, Voted
from redpaxos.node import STORAGES

_BALLOT = Ballot(3, "n2")
_COMMANDS = 100


class Kind(Struct, frozen=True):
    """One sort of write."""

    # "votes" of one log, "decrees" with a promise and a vote each, or "learned" slots of 100 commands, which need no sync.
    what: str
    per_write: int
    value_bytes: int


class Figures(Struct, frozen=True):
    """Medians over the rounds."""

    per_second: float
    cpu_micros: float
    p50_micros: float
    p99_micros: float


KINDS = [
    *(Kind("votes", per_write, value_bytes) for per_write in (1, 100, 1000) for value_bytes in (64, 1024)),
    Kind("votes", 1, 8192),
    Kind("decrees", 1, 64),
    Kind("decrees", 100, 64),
    Kind("learned", 1, 8192),
]


def run_storage(
    round_count: int, seconds: float, note: Callable[[str], None], data_directory: Path | None
) -> dict[str, dict[str, Figures]]:
    """Every kind of write, by its name, on every kind of store, by its name."""
    directory = Path(tempfile.mkdtemp(prefix="redpaxos-storage-", dir=data_directory))
    try:
        return {_name(kind): _compare(kind, directory, round_count, seconds, note) for kind in KINDS}
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def storage_table(results: dict[str, dict[str, Figures]]) -> Table:
    """One row for each kind of write and of store."""
    table = Table("a write of", "store", *(Column(what, justify="right") for what in ("writes/s", "CPU", "p50", "p99")))
    for name, by_store in results.items():
        for store, each in by_store.items():
            micros = (f"{value:,.0f} µs" for value in (each.cpu_micros, each.p50_micros, each.p99_micros))
            table.add_row(name, store, f"{each.per_second:,.0f}", *micros)
    return table


def _name(kind: Kind) -> str:
    return f"{kind.per_write:,} {kind.what} of {kind.value_bytes:,} B"


def _compare(kind: Kind, directory: Path, round_count: int, seconds: float, note: Callable[[str], None]) -> dict[str, Figures]:
    note(_name(kind))
    place = directory / _name(kind).replace(" ", "-")
    stores = {name: make.open(place / f"{name}.sqlite3", cluster="bench", node="n1") for name, make in STORAGES.items()}
    batches = {name: _batches(kind) for name in stores}
    rounds: dict[str, list[Figures]] = {name: [] for name in stores}
    for _ in range(round_count):
        for name, store in stores.items():
            rounds[name].append(_round(store, batches[name], seconds, sync=kind.what != "learned"))
    for store in stores.values():
        store.close()
    shutil.rmtree(place)
    return {name: _middle(figures) for name, figures in rounds.items()}


def _round(store: Storage, batches: Iterator[list[Record]], seconds: float, *, sync: bool) -> Figures:
    """Write for so long; making the records is not counted."""
    times: list[float] = []
    cpu = 0.0
    while sum(times) < seconds:
        records = next(batches)
        cpu_before, before = time.process_time(), time.perf_counter()
        store.write(records, sync=sync)
        times.append(time.perf_counter() - before)
        cpu += time.process_time() - cpu_before
    times.sort()
    return Figures(len(times) / sum(times), cpu / len(times) * 1e6, times[len(times) // 2] * 1e6, times[len(times) * 99 // 100] * 1e6)


def _batches(kind: Kind) -> Iterator[list[Record]]:
    numbers = count()
    while True:
        yield [record for _ in range(kind.per_write) for record in _records(kind, next(numbers))]


def _records(kind: Kind, number: int) -> list[Record]:
    value = number.to_bytes(8, "big") * (kind.value_bytes // 8)
    if kind.what == "votes":
        return [Voted("log", number, _BALLOT, value)]
    if kind.what == "decrees":
        return [Promised(f"decree:{number}", _BALLOT), Voted(f"decree:{number}", 0, _BALLOT, value)]
    first = 1 + number * _COMMANDS
    ids = tuple((f"{first + index:x}-of-a-client", first + index) for index in range(_COMMANDS))
    return [Learned("log", number, _BALLOT, value, first, _COMMANDS, ids)]


def _middle(rounds: Sequence[Figures]) -> Figures:
    return Figures(*(median(getattr(each, field) for each in rounds) for field in Figures.__struct_fields__))
