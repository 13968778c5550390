"""Whole clusters in which a node's disk fails or fills up under load: that node stops and says why, the others go on, it comes back."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from redpaxos.simulation.linearizability.history import Operation, Outcome
from tests.nemesis.arena import Arena, Round, victims_of
from tests.nemesis.disk_faults import CALLS

_BETWEEN = 20
_BACK_SECONDS = 15.0
_FAIL_OVER_SECONDS = 5.0
# On one disk of tmpfs: as large as it is at first, and what is left of it when the node has started.
_ROOM_BYTES, _LEFT_BYTES = 256 * 1024 * 1024, 1024 * 1024
_FILLING_BYTES, _FILLING_COUNT = 60_000, 2_000


def failing_disk_round(seed: int, count: int, directory: Path, node_count: int = 3) -> Round:
    """So many times, a node starts with a disk that will fail at a drawn call, and starts again with one that does not."""
    chance = Random(seed)
    with Arena("disk", seed, directory, node_count=node_count) as arena:
        for number in range(count):
            arena.chronicle.await_more(_BETWEEN, _BACK_SECONDS)
            error = ("EIO", "ENOSPC")[number % 2]
            (victim,) = victims_of(arena, ("leader", "follower")[(number + number // 2) % 2], chance)
            _stop_by_fault(arena, victim, error, chance.randint(1, 60))
            arena.recovered(f"disk fails with {error}", [victim], _FAIL_OVER_SECONDS)
            arena.start(victim)
        arena.chronicle.await_more(_BETWEEN, _BACK_SECONDS)
        return arena.judge()


def _stop_by_fault(arena: Arena, victim: str, error: str, position: int) -> None:
    """Have it restart on the failing disk, and wait for its end, which it has to explain."""
    arena.kill(victim)
    faults = ",".join(("pwrite64", "pwritev2", "fsync", "fdatasync"))
    # With -D the node is our own child, and strace is not.
    strace = ("strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={','.join(CALLS)}")
    arena.under[victim] = (*strace, "-e", f"inject={faults}:error={error}:when={position}+")
    arena.start(victim)
    del arena.under[victim]
    _expect_explained_end(arena, victim)


def _expect_explained_end(arena: Arena, victim: str) -> str:
    code = arena.cluster.exit_code(victim)
    last = arena.cluster.log(victim).read_text().strip().splitlines()[-1]
    assert code == 1, f"{victim} ended with {code}: {last}"
    assert str(arena.cluster.directory / victim) in last, f"{victim} does not say where its disk failed: {last}"
    return last


def full_disk_round(seed: int, directory: Path, node_count: int = 3) -> Round:
    """A node's disk fills up; there is room again, and it goes on."""
    chance = Random(seed)
    victim = chance.choice([f"n{number}" for number in range(1, node_count + 1)])
    with (
        _small_disk(directory / victim) as resize,
        Arena("full disk", seed, directory, node_count=node_count, client_count=1) as arena,
    ):
        used = os.statvfs(directory / victim)
        resize((used.f_blocks - used.f_bfree) * used.f_frsize + _LEFT_BYTES)
        _fill(arena, victim)
        assert "has no room left" in _expect_explained_end(arena, victim)
        arena.recovered("disk is full", [victim], _FAIL_OVER_SECONDS)
        resize(_ROOM_BYTES)
        arena.start(victim)
        arena.chronicle.await_more(_BETWEEN, _BACK_SECONDS)
        return arena.judge()


def _fill(arena: Arena, victim: str) -> None:
    """Put large values until the node has stopped."""
    for number in range(_FILLING_COUNT):
        if not arena.cluster.is_running(victim):
            return
        value = f"{number}-".ljust(_FILLING_BYTES, "x")
        invoked = time.monotonic_ns()
        done = arena.client.kv.put(f"own/filling-{number}", value, timeout=_BACK_SECONDS)
        filled = Operation("filling", f"kv/own/filling-{number}", ("put", value), done.revision, invoked, time.monotonic_ns(), Outcome.DONE)
        arena.chronicle.hear("filling", number, filled)
    raise AssertionError(f"{_FILLING_COUNT} values did not fill the disk of {victim}")


class _Disk:
    """A disk of tmpfs, which can be made smaller and larger while it is used."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __call__(self, size_bytes: int) -> None:
        _run("mount", "-o", f"remount,size={size_bytes}", str(self._place))


@contextmanager
def _small_disk(place: Path) -> Iterator[_Disk]:
    place.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={_ROOM_BYTES},mode=700", "tmpfs", str(place))
    try:
        yield _Disk(place)
    finally:
        _run("umount", "--lazy", str(place))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
