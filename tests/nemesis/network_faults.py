"""The network between hosts is slow, lossy, narrow, cut one way or both, for some or for all."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from tests.nemesis.arena import BACK_SECONDS, Arena, Round, victims_of
from tests.nemesis.hosts import HEAR, SPEAK

_BETWEEN = 10
# Hosts that go on have this long for one more write while the fault lasts.
_MEANWHILE_SECONDS = 10.0


class Trouble:
    """A kind of fault: whom it may befall, and whether those who are spared have to go on meanwhile."""

    def __init__(self, begin: Callable[[Arena, Sequence[str], Random], None], *, all_go_on: bool = False) -> None:
        self.begin = begin
        # Nobody is cut off, so there is progress whoever is hurt.
        self.all_go_on = all_go_on


def cut(*ways: str) -> Callable[[Arena, Sequence[str], Random], None]:
    """Drop all packets one way or both."""

    def begin(arena: Arena, victims: Sequence[str], chance: Random) -> None:
        for victim in victims:
            arena.hosts.cut(victim, *ways)

    return begin


def lose(arena: Arena, victims: Sequence[str], chance: Random) -> None:
    """Drop a share of all packets that a host hears and speaks."""
    for victim in victims:
        arena.hosts.cut(victim, share=chance.uniform(0.01, 0.1))


def delay(arena: Arena, victims: Sequence[str], chance: Random) -> None:
    """Every packet takes a while, and none as long as the other, so that they overtake each other; some come twice."""
    arena.hosts.weather(*victims, delay_seconds=chance.uniform(0.005, 0.03), jitter_seconds=0.01, loss=0.005, repetition=0.02)


def narrow(arena: Arena, victims: Sequence[str], chance: Random) -> None:
    """A host can hardly speak."""
    for victim in victims:
        arena.hosts.narrow(victim, chance.randint(200, 1000))


TROUBLES: dict[str, Trouble] = {
    "cannot speak": Trouble(cut(SPEAK)),
    "cannot hear": Trouble(cut(HEAR)),
    "cut off": Trouble(cut(HEAR, SPEAK)),
    "loses packets": Trouble(lose, all_go_on=True),
    "slow, in disorder": Trouble(delay, all_go_on=True),
    "narrow": Trouble(narrow),
}


WHO = ("leader", "follower", "all", "minority")


def network_round(seed: int, count: int, directory: Path, node_count: int = 3) -> Round:
    """Each trouble so many times, in drawn order: the leader's, a follower's, everybody's."""
    chance = Random(seed)
    kinds = [kind for kind in TROUBLES for _ in range(count)]
    chance.shuffle(kinds)
    with Arena("network", seed, directory, node_count=node_count, apart=True) as arena:
        for number, kind in enumerate(kinds):
            arena.chronicle.await_more(_BETWEEN, BACK_SECONDS)
            who = WHO[number % len(WHO)]
            befall(arena, kind, who, victims_of(arena, who, chance), chance)
        return arena.judge()


def befall(arena: Arena, kind: str, who: str, victims: Sequence[str], chance: Random) -> None:
    """Let it last, with progress meanwhile where a majority is spared; it has to come soon when it is over."""
    trouble = TROUBLES[kind]
    trouble.begin(arena, victims, chance)
    if trouble.all_go_on or 2 * len(victims) < len(arena.members):
        arena.recovered(f"{kind}: {who}, meanwhile", victims, _MEANWHILE_SECONDS)
    arena.pause(chance.uniform(0.2, 2.0))
    arena.hosts.heal(*victims)
    arena.hosts.calm()
    if trouble.begin is narrow:
        for victim in victims:
            arena.hosts.widen(victim)
    arena.recovered(f"{kind}: {who}", victims, BACK_SECONDS)
