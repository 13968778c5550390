"""A campaign: very many shots, each a function of the seed and its number, so that it can be stopped, gone on with and replayed.

Shots come in blocks. A block has a target of its own, so a shot depends on those before it in its block alone.
"""

import time
from collections.abc import Callable
from random import Random

from msgspec import Struct

from tests.fuzz.range import TARGETS
from tests.fuzz.shots import Shot

BLOCK_COUNT = 250


class Finding(Struct, frozen=True):
    """A shot that was taken wrongly: what was wrong, the shot as it was drawn, and the least payload that shows the same."""

    number: int
    target: str
    way: str
    wrong: str
    channel: str
    payload_hex: str
    shrunk_hex: str


class Result(Struct):
    """What a campaign has done so far."""

    seed: int
    # Shots before this one are done.
    next_number: int = 0
    seconds: float = 0.0
    # How often each way was shot, and each target.
    ways: dict[str, int] = {}
    targets: dict[str, int] = {}
    findings: list[Finding] = []


def run(count: int, seed: int, result: Result | None = None, saw: Callable[[Result], None] = lambda result: None) -> Result:
    """Shoot until `count` shots are done, from where the result stands; whole blocks, `saw` is called after each."""
    result = result or Result(seed)
    while result.next_number < count and not result.findings:
        started = time.monotonic()
        _shoot_block(result)
        result.seconds += time.monotonic() - started
        saw(result)
    return result


def _shoot_block(result: Result) -> None:
    name, shots, take = _block(result.seed, result.next_number // BLOCK_COUNT)
    for number in range(result.next_number, result.next_number + BLOCK_COUNT):
        shot = shots()
        result.ways[shot.way] = result.ways.get(shot.way, 0) + 1
        result.targets[name] = result.targets.get(name, 0) + 1
        if wrong := take(shot):
            shrunk = _shrink(result.seed, number, shot, wrong)
            finding = Finding(number, name, shot.way, wrong, shot.channel, shot.payload.hex(), shrunk.hex())
            result.findings.append(finding)
            break
    result.next_number += BLOCK_COUNT


def _block(seed: int, block: int) -> tuple[str, Callable[[], Shot], Callable[[Shot], str]]:
    """The target of a block, how its shots are drawn, and how it takes them."""
    names = sorted(TARGETS)
    name = names[block % len(names)]
    target = TARGETS[name](Random(f"{seed}/{block}"))
    return name, target.draw, target.shoot


def replay(seed: int, number: int, payload: bytes | None = None) -> tuple[Shot, str]:
    """Shoot the shots of its block up to this one, it with another payload where one is given; what was wrong with the last."""
    _, draw, shoot = _block(seed, number // BLOCK_COUNT)
    for _ in range(number % BLOCK_COUNT):
        shoot(draw())
    shot = draw()
    return shot, shoot(shot if payload is None else Shot(shot.way, shot.channel, payload, shot.expected))


def _shrink(seed: int, number: int, shot: Shot, wrong: str) -> bytes:
    """Leave out parts of the payload as long as the same is wrong with it."""
    payload, length, tries = shot.payload, max(1, len(shot.payload) // 2), 0
    while length and tries < 60:
        for start in range(0, len(payload), length):
            tries += 1
            shorter = payload[:start] + payload[start + length :]
            if replay(seed, number, shorter)[1] == wrong:
                payload = shorter
                break
        else:
            length //= 2
    return payload
