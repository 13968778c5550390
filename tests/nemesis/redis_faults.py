"""Redis is killed, emptied, cut, frozen and hidden: no wrong answer, and progress soon after it is itself again."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.nemesis.arena import BACK_SECONDS, REDIS, Arena, Round
from tests.nemesis.hosts import HEAR, SPEAK

_BETWEEN = 10
_FLOOD_BYTES = 300_000


def restart_empty(arena: Arena, chance: Random) -> None:
    """kill -9, a while without any server, and an empty one at the same place."""
    arena.server.kill()
    arena.pause(chance.uniform(0.0, 1.0))
    arena.server.start()


def flush(arena: Arena, chance: Random) -> None:
    """FLUSHALL."""
    arena.server.cli("FLUSHALL")


def cut_connections(arena: Arena, chance: Random) -> None:
    """CLIENT KILL of everybody who listens, who speaks, or both."""
    for kind in chance.choice((("pubsub",), ("normal",), ("normal", "pubsub"))):
        arena.server.cli("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


def overflow(arena: Arena, chance: Random) -> None:
    """Everybody who listens is too slow for a limit this low, once pages are published."""
    arena.server.cli("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32kb 32kb 1")
    for number in range(20):
        arena.server.cli("PUBLISH", f"redpaxos:{{{arena.cluster.name}.0}}:everyone:from:flood", f"{number}" * _FLOOD_BYTES)
    arena.server.cli("CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60")


def freeze(arena: Arena, chance: Random) -> None:
    """SIGSTOP for a while, with every connection open."""
    arena.server.freeze()
    arena.pause(chance.uniform(0.3, 2.5))
    arena.server.thaw()


def hide(arena: Arena, chance: Random) -> None:
    """Packets to it, from it, or both are dropped for a while, with every connection open."""
    arena.hosts.cut(REDIS, *chance.choice(((HEAR,), (SPEAK,), (HEAR, SPEAK))))
    arena.pause(chance.uniform(0.3, 2.5))
    arena.hosts.heal(REDIS)


FAULTS: dict[str, Callable[[Arena, Random], None]] = {
    "killed and restarted empty": restart_empty,
    "FLUSHALL": flush,
    "CLIENT KILL": cut_connections,
    "output buffers cut": overflow,
    "frozen": freeze,
    "black hole": hide,
}


def redis_round(seed: int, count: int, directory: Path, node_count: int = 3) -> Round:
    """Each fault so many times, in drawn order."""
    chance = Random(seed)
    kinds = [kind for kind in FAULTS for _ in range(count)]
    chance.shuffle(kinds)
    with Arena("redis", seed, directory, node_count=node_count, apart=True) as arena:
        for kind in kinds:
            arena.chronicle.await_more(_BETWEEN, BACK_SECONDS)
            FAULTS[kind](arena, chance)
            arena.recovered(kind, [REDIS], BACK_SECONDS)
        return arena.judge()
