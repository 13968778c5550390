"""Nodes are killed, frozen, and started again: leaders, followers, two at once, all; and now and then a client is killed."""

from pathlib import Path
from random import Random

from tests.nemesis.arena import Arena, Round, victims_of
from tests.nemesis.crowd import Crowds

BACK_AFTER_KILL_SECONDS = 15.0
"""A killed node is a process that has to start again, on a machine that may be busy."""
_FAIL_OVER_SECONDS = 5.0
_BETWEEN = 30

WHO = ("leader", "follower", "two", "leader", "all")


def kill_round(seed: int, kill_count: int, directory: Path, node_count: int = 3) -> Round:
    """kill -9 of at least so many nodes, with frozen ones in between, and at last of all."""
    chance = Random(seed)
    with Arena("kills", seed, directory, node_count=node_count) as arena:
        killed, turn = node_count, 0
        while killed < kill_count:
            arena.chronicle.await_more(_BETWEEN, BACK_AFTER_KILL_SECONDS)
            killed += len(_kill(arena, WHO[turn % len(WHO)], chance))
            if turn % 2:
                arena.chronicle.await_more(_BETWEEN, BACK_AFTER_KILL_SECONDS)
                freeze(arena, WHO[(turn // 2) % len(WHO)], chance)
            if turn % 3 == 1:
                arena.replace_client()
            turn += 1
        arena.chronicle.await_more(_BETWEEN, BACK_AFTER_KILL_SECONDS)
        arena.kill(*arena.members)
        arena.start(*arena.members)
        arena.recovered("kill -9 of all at the end", arena.members, BACK_AFTER_KILL_SECONDS)
        return arena.judge()


def crowd_round(seed: int, write_count: int, directory: Path, node_count: int = 3) -> Round:
    """Nodes are killed and frozen while two crowds write and read; at last everybody is killed."""
    chance = Random(seed)
    with (
        Arena("crowd", seed, directory, node_count=node_count, client_count=1) as arena,
        Crowds(arena.url, arena.cluster.name, directory) as crowds,
    ):
        for name in ("crowd-1", "crowd-2"):
            crowds.start(name, seed, write_count // 2)
        turn = 0
        while crowds.are_busy:
            arena.pause(chance.uniform(0.5, 3.0))
            hurt = _kill if turn % 2 else freeze
            hurt(arena, WHO[turn // 2 % len(WHO)], chance)
            turn += 1
        told = crowds.finish()
        arena.kill(*arena.members)
        arena.start(*arena.members)
        arena.recovered("kill -9 of all at the end", arena.members, BACK_AFTER_KILL_SECONDS)
        return arena.judge(told)


def kill_count_of(rounds: list[Round]) -> int:
    """How many processes of nodes were killed."""
    return sum(fault.target.count(",") + 1 for one in rounds for fault in one.faults if fault.kind.startswith("kill"))


def _kill(arena: Arena, who: str, chance: Random) -> list[str]:
    """Kill some; those that are left go on alone where they can, before the others come back."""
    victims = victims_of(arena, who, chance)
    arena.kill(*victims)
    if 2 * len(victims) < len(arena.members) and chance.random() < 0.5:
        arena.recovered(f"kill -9 of {who}, which stays away", victims, _FAIL_OVER_SECONDS)
        arena.start(*victims)
    else:
        arena.start(*victims)
        arena.recovered(f"kill -9 of {who}", victims, BACK_AFTER_KILL_SECONDS)
    return victims


def freeze(arena: Arena, who: str, chance: Random) -> None:
    """SIGSTOP for a while, SIGCONT; a majority goes on meanwhile."""
    victims = victims_of(arena, who, chance)
    arena.freeze(*victims)
    if 2 * len(victims) < len(arena.members):
        arena.recovered(f"SIGSTOP of {who}", victims, _FAIL_OVER_SECONDS)
    arena.pause(chance.uniform(0.2, 2.0))
    arena.thaw(*victims)
    arena.recovered(f"SIGCONT of {who}", victims, _FAIL_OVER_SECONDS)
