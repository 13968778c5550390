"""The soak: for an hour at a time everything befalls five nodes, their server and their hosts, in drawn order, and their memory stays
what it was.

Two of the nodes are never killed, so that what they hold in memory is as old as the soak. What nodes keep up to a bound, the latest
changes and decrees above all, is filled before the soak begins: otherwise it would grow for hours, and hide what has no bound.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from random import Random
from statistics import fmean
from threading import Semaphore

from msgspec import Struct

from paxos.machines.kv_messages import KeyValueResult
from redpaxos.client import Client
from redpaxos.kv import Put
from tests.nemesis.arena import BACK_SECONDS, REDIS, Arena, Round, victims_of
from tests.nemesis.kills import BACK_AFTER_KILL_SECONDS, freeze
from tests.nemesis.network_faults import TROUBLES, WHO, befall
from tests.nemesis.redis_faults import FAULTS

NODE_COUNT = 5
_SPARED_COUNT = 2
_WRITES_BETWEEN_STRIKES = 20
# More than nodes keep of each: changes of the store, and decrees in each of two actors.
CHANGE_COUNT = 130_000
DECREE_COUNT = 1_500
_OUTSTANDING = 512
_FILLED_KEYS = 1000
_FILL_SECONDS = 60.0
_STRIKES_BETWEEN_READINGS = 100
# What nodes may take in the last eighth of the time, over the fourth eighth; the first three are for what a process takes until it is
# warm.
MOST_GROWTH = 1.25
_EIGHTHS = 8


class Memory(Struct):
    """The resident memory of the nodes that are never killed, a sample after each fault."""

    # Seconds since the beginning, and the megabytes of each.
    samples: list[tuple[float, list[float]]] = []

    @property
    def eighths(self) -> list[list[float]]:
        """What each node took on average in each eighth of the time; fewer where there was no sample in one."""
        end = self.samples[-1][0] if self.samples else 0.0
        parts: list[list[list[float]]] = [[] for _ in range(_EIGHTHS)]
        for seconds, megabytes in self.samples:
            parts[min(int(_EIGHTHS * seconds / (end or 1.0)), _EIGHTHS - 1)].append(megabytes)
        return [[round(fmean(column), 1) for column in zip(*part, strict=True)] for part in parts if part]

    @property
    def growth(self) -> float:
        """The most that any of them took at the end, over what it took once it was warm; infinite where there is too little to tell."""
        eighths = self.eighths
        if len(eighths) < _EIGHTHS:
            return math.inf
        return max(late / early for early, late in zip(eighths[3], eighths[-1], strict=True))


def fill(client: Client, change_count: int, decree_count: int) -> None:
    """Have so many changes made and decrees decided, of few keys and many names; `check_filled` looks whether they are there."""
    store, room = client.kv, Semaphore(_OUTSTANDING)
    failures: list[BaseException] = []

    def finish(put: Future[KeyValueResult]) -> None:
        try:
            put.result()
        except BaseException as error:
            failures.append(error)
        finally:
            room.release()

    for number in range(change_count):
        room.acquire()
        put = Put(_filled_key(number), _filled_value(number))
        store.submit(put, timeout=_FILL_SECONDS).add_done_callback(finish)
    for _ in range(_OUTSTANDING):
        room.acquire()
    assert not failures, failures[0]
    with ThreadPoolExecutor(16) as pool:
        for decided in pool.map(lambda number: client.decide(f"filled-{number}", number, timeout=_FILL_SECONDS), range(decree_count)):
            assert decided.mine


def check_filled(client: Client, change_count: int, decree_count: int) -> None:
    """Each key has the last value that it was given, and each decree the value that won."""
    last = {_filled_key(number): _filled_value(number) for number in range(change_count)}
    assert {item.key: item.value for item in client.kv.items("filled/", timeout=_FILL_SECONDS)} == last
    for number in range(decree_count):
        assert client.decision(f"filled-{number}", timeout=_FILL_SECONDS).value == number


def _filled_key(number: int) -> str:
    return f"filled/{number % _FILLED_KEYS}"


def _filled_value(number: int) -> bytes:
    return b"%0100d" % number


def soak_round(seed: int, minutes: float, directory: Path, *, change_count: int = CHANGE_COUNT, decree_count: int = DECREE_COUNT) -> Round:
    """Kills, frozen nodes, troubles of the server and of hosts, in drawn order, for so long."""
    chance = Random(seed)
    memory = Memory()
    with Arena("soak", seed, directory, node_count=NODE_COUNT, apart=True) as arena:
        fill(arena.client, change_count, decree_count)
        arena.first_revision = arena.client.kv.ls(limit=0).revision + 1
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < 60 * minutes:
            arena.chronicle.await_more(_WRITES_BETWEEN_STRIKES, BACK_SECONDS)
            chance.choice(STRIKES)(arena, chance)
            memory.samples.append((round(elapsed, 1), [arena.cluster.resident_megabytes(node) for node in _spared(arena)]))
            if len(memory.samples) % _STRIKES_BETWEEN_READINGS == 0:
                arena.read_changes()
        check_filled(arena.client, change_count, decree_count)
        done = arena.judge()
    done.memory = memory.samples
    done.soaked_seconds = elapsed
    return done


def check_memory(done: Round) -> None:
    """AssertionError if nodes took more and more, or if the soak was too short to tell."""
    memory = Memory(done.memory)
    assert memory.growth <= MOST_GROWTH, f"seed {done.seed}: memory grew to {memory.growth:.2f} times of what it was: {memory.eighths}"


def minutes_of(rounds: list[Round]) -> int:
    """How long it has been soaked, the filling and the judging apart."""
    return int(sum(one.soaked_seconds for one in rounds) / 60)


def _spared(arena: Arena) -> tuple[str, ...]:
    return arena.members[-_SPARED_COUNT:]


def _kill_some(arena: Arena, chance: Random) -> None:
    """kill -9 of one node or two, which start again at once or after the others have gone on without them."""
    victims = chance.sample(arena.members[:-_SPARED_COUNT], chance.randint(1, 2))
    arena.kill(*victims)
    if chance.random() < 0.5:
        arena.recovered("kill -9 of some, which stay away", victims, BACK_SECONDS)
    arena.start(*victims)
    arena.recovered("kill -9 of some", victims, BACK_AFTER_KILL_SECONDS)
    arena.await_all()


def _freeze_some(arena: Arena, chance: Random) -> None:
    freeze(arena, chance.choice(("leader", "follower", "two", "all")), chance)


def _hurt_the_server(arena: Arena, chance: Random) -> None:
    kind = chance.choice(tuple(FAULTS))
    FAULTS[kind](arena, chance)
    arena.recovered(kind, [REDIS], BACK_SECONDS)


def _trouble_hosts(arena: Arena, chance: Random) -> None:
    who = chance.choice(WHO)
    befall(arena, chance.choice(tuple(TROUBLES)), who, victims_of(arena, who, chance), chance)


STRIKES: tuple[Callable[[Arena, Random], None], ...] = (_kill_some, _freeze_some, _hurt_the_server, _trouble_hosts)
