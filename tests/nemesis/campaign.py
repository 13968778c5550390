"""Rounds of an engine until it has done as much as it was asked for, written down after each, so that it can be stopped and continued."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import NamedTuple

import msgspec
from msgspec import Struct

from tests.nemesis.arena import Fault, Round
from tests.nemesis.disk_faults import choose, positions, strike_afresh
from tests.nemesis.kills import crowd_round, kill_count_of, kill_round
from tests.nemesis.network_faults import TROUBLES, network_round
from tests.nemesis.node_disks import failing_disk_round, full_disk_round
from tests.nemesis.redis_faults import FAULTS, redis_round
from tests.nemesis.soak import check_memory, minutes_of, soak_round

STORAGES = ("journal", "sqlite")
_KILLS_A_ROUND, _TIMES_A_ROUND, _POSITIONS_A_ROUND, _DISKS_A_ROUND, _MINUTES_A_ROUND, _WRITES_A_ROUND = 40, 5, 20, 6, 60, 60_000


class Engine(NamedTuple):
    """What it does in a round of this number and seed, and what counts."""

    run: Callable[[int, int, Path], Round]
    count: Callable[[list[Round]], int]
    unit: str
    # AssertionError if something is wrong with a round that came to its end; it is kept in the report.
    check: Callable[[Round], None] = lambda _: None


class Report(Struct):
    """What was done so far, and with which seed it began; round `n` has the seed `seed + n`."""

    engine: str
    unit: str
    seed: int
    goal: int = 0
    count: int = 0
    rounds: list[Round] = []
    # What went wrong, with the directory in which everything was kept; a round that broke off is done again when it is continued.
    violations: list[str] = []

    @property
    def slowest_seconds(self) -> float:
        """How long it took at most until there was progress again."""
        return max((fault.back_seconds for one in self.rounds for fault in one.faults), default=0.0)


def node_count_of(number: int) -> int:
    """Three nodes, and every other time five."""
    return 5 if number % 2 else 3


def positions_round(number: int, seed: int, directory: Path, count: int = _POSITIONS_A_ROUND, jobs: int = 2) -> Round:
    """So many positions of one kind of store, the next that earlier rounds have not had; each on a disk of its own."""
    began = monotonic()
    storage = STORAGES[number % len(STORAGES)]
    every = positions(storage, directory / "counted")
    first = number // len(STORAGES) * count
    chosen = choose(every, len(every), seed - number)[first : first + count]

    def strike_one(place: int) -> Fault:
        started = monotonic()
        strike_afresh(chosen[place], storage, directory)
        return Fault(f"{chosen[place].error} at {chosen[place].call} {chosen[place].number}", storage, round(monotonic() - started, 3))

    with ThreadPoolExecutor(jobs) as pool:
        faults = list(pool.map(strike_one, range(len(chosen))))
    return Round("positions", seed, 1, faults, seconds=round(monotonic() - began, 1))


def _fewest(kinds: dict[str, object]) -> Callable[[list[Round]], int]:
    """How often the rarest kind of fault came to pass."""

    def count(rounds: list[Round]) -> int:
        done = Counter(fault.kind.partition(":")[0] for one in rounds for fault in one.faults if not fault.kind.endswith("meanwhile"))
        return min(done[kind] for kind in kinds)

    return count


def _fault_count(rounds: list[Round]) -> int:
    return sum(len(one.faults) for one in rounds)


ENGINES: dict[str, Engine] = {
    "kills": Engine(
        lambda number, seed, directory: kill_round(seed, _KILLS_A_ROUND, directory, node_count_of(number)),
        kill_count_of,
        "nodes killed with kill -9, every acknowledged write read again",
    ),
    "crowd": Engine(
        lambda number, seed, directory: crowd_round(seed, _WRITES_A_ROUND, directory, node_count_of(number)),
        lambda rounds: sum(one.operation_count for one in rounds),
        "operations, hundreds of them at a time, while nodes are killed; every history is linearizable",
    ),
    "redis": Engine(
        lambda number, seed, directory: redis_round(seed, _TIMES_A_ROUND, directory, node_count_of(number)),
        _fewest(dict(FAULTS)),
        "times each: killed and restarted empty, FLUSHALL, CLIENT KILL, output buffers cut, frozen, black hole",
    ),
    "network": Engine(
        lambda number, seed, directory: network_round(seed, _TIMES_A_ROUND, directory, node_count_of(number)),
        _fewest(dict(TROUBLES)),
        "times each: hosts that cannot speak, cannot hear, are cut off, lose packets, are slow, are narrow",
    ),
    "positions": Engine(positions_round, _fault_count, "system calls of a life, each failing or the last"),
    "disks": Engine(
        lambda number, seed, directory: failing_disk_round(seed, _DISKS_A_ROUND, directory, node_count_of(number)),
        _fault_count,
        "nodes of running clusters whose disk failed",
    ),
    "full-disks": Engine(
        lambda number, seed, directory: full_disk_round(seed, directory, node_count_of(number)),
        _fault_count,
        "nodes of running clusters whose disk filled up",
    ),
    "soak": Engine(
        lambda number, seed, directory: soak_round(seed, _MINUTES_A_ROUND, directory),
        minutes_of,
        "minutes in which all of that befalls five nodes, whose memory must stay what it was",
        check_memory,
    ),
}


def pursue(name: str, goal: int, seed: int, path: Path) -> Iterator[Report]:
    """The report after each round until the goal is reached; what it holds already is not done again."""
    engine = ENGINES[name]
    report = _read(path, Report(name, engine.unit, seed))
    report.goal = goal
    while engine.count(report.rounds) < goal:
        number = len(report.rounds)
        directory = Path(mkdtemp(prefix="nemesis-"))
        try:
            report.rounds.append(engine.run(number, report.seed + number, directory))
            engine.check(report.rounds[-1])
        except AssertionError as error:
            report.violations.append(f"round {number}, seed {report.seed + number}, {directory}: {error}")
            raise
        finally:
            report.count = engine.count(report.rounds)
            _write(path, report)
        shutil.rmtree(directory)
        yield report


def _read(path: Path, fresh: Report) -> Report:
    """What an earlier run left, which has to be of the same engine."""
    if not path.exists():
        return fresh
    known = msgspec.json.decode(path.read_bytes(), type=Report)
    if known.engine != fresh.engine:
        raise ValueError(f"{path} is of the engine {known.engine}, expected {fresh.engine}")
    return known


def _write(path: Path, report: Report) -> None:
    """Whole or not at all, so that whoever stops it loses one round at most."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    beside.replace(path)
