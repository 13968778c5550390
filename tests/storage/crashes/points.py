"""Crash points: after every call of a recorded run the power fails, and the store is opened on what is left.

What it must then answer is exactly what it would after the first so many writes: at least all that were synced when the power failed, at
most all that were begun. It may not refuse: nothing was damaged.
"""

import contextlib
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import NamedTuple

from actors.storage.base import StorageError
from actors.storage.memory import MemoryStorage
from tests.storage.crashes import planted
from tests.storage.crashes.disk import Disk, Files
from tests.storage.crashes.recording import Event, Said
from tests.storage.crashes.workload import RUNS, answers, batch, open_store


class Known(NamedTuple):
    """What the run had said when the power failed."""

    life: int = 0
    boot_count: int = 0
    store_id: str = ""
    # Writes that must be there, and writes that may.
    synced_count: int = 0
    begun_count: int = 0

    def after(self, words: tuple[str, ...]) -> "Known":
        """With what it says next."""
        match words:
            case ("life", number):
                return self._replace(life=int(number))
            case ("open", boot_count, store_id):
                # An opening syncs all that the life before it left.
                return self._replace(boot_count=int(boot_count), store_id=store_id, synced_count=self.begun_count)
            case ("begin", number):
                return self._replace(begun_count=int(number) + 1)
            case ("synced", number):
                return self._replace(synced_count=int(number) + 1)
            case ("closed",):
                return self._replace(synced_count=self.begun_count)
            case _:
                return self


class Point(NamedTuple):
    """One power failure."""

    # After this event of the recording, in this pass over it.
    event: int
    attempt: int
    files: Files
    known: Known


class Violation(NamedTuple):
    """A point after which the store was wrong."""

    event: int
    attempt: int
    reason: str


class Report(NamedTuple):
    """What an enumeration came to."""

    run: str
    seed: int
    point_count: int
    # How often a point had lost or kept some of what was not synced, rather than all or nothing.
    partial_count: int
    violations: list[Violation]


def enumerate_points(
    events: list[Event], run: str, seed: int, directory: Path, *, count: int, mistake: str = "", stop_after: int = 10
) -> Report:
    """At least `count` different points, and each event once; stops at so many violations."""
    expected = expected_answers(run, seed)
    seen: set[bytes] = set()
    partial_count = 0
    violations: list[Violation] = []
    attempt = 0
    while (attempt < 2 or len(seen) < count) and len(violations) < stop_after:
        for point in points(events, seed, attempt):
            key = _key(point)
            if key in seen or len(violations) >= stop_after or (attempt >= 2 and len(seen) >= count):
                continue
            seen.add(key)
            partial_count += attempt not in (1, 2)
            with planted.made(mistake):
                reason = check(point, run, expected, directory)
            if reason:
                violations.append(Violation(point.event, attempt, reason))
        attempt += 1
    return Report(run, seed, len(seen), partial_count, violations)


def points(events: list[Event], seed: int, attempt: int) -> Iterator[Point]:
    """The disk after each event: as chance has it, or in the passes 1 and 2, with nothing kept and with nothing lost."""
    disk = Disk()
    known = Known()
    for number, event in enumerate(events):
        if isinstance(event, Said):
            known = known.after(event.words)
            continue
        disk.apply(event)
        match attempt:
            case 1:
                files = disk.after_loss()
            case 2:
                files = disk.after_kill()
            case _:
                files = disk.after_failure(Random(f"{seed}/{number}/{attempt}"))
        yield Point(number, attempt, files, known)


def _key(point: Point) -> bytes:
    """Equal for points at which the disk is the same and the same is known."""
    files = sorted((name, sha256(content).digest()) for name, content in point.files.items())
    return sha256(repr((point.known, files)).encode()).digest()


def expected_answers(run: str, seed: int) -> list[bytes]:
    """The answers after the first 0, 1, 2, ... writes."""
    model = MemoryStorage("demo", "n1")
    found = [answers(model)]
    for number in range(RUNS[run][-1].end):
        model.write(batch(seed, number).records, sync=True)
        found.append(answers(model))
    return found


def put(files: Files, directory: Path) -> None:
    """Have nothing but these files in the directory."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)


def check(point: Point, run: str, expected: list[bytes], directory: Path) -> str:
    """What is wrong with the store that is opened on what is left; nothing if all is well."""
    put(point.files, directory)
    known = point.known
    try:
        with contextlib.closing(open_store(directory, RUNS[run][known.life].kind)) as store:
            found = answers(store)
            identity = store.identity
        if identity.boot_count <= known.boot_count or (known.store_id and identity.store_id != known.store_id):
            return f"opening {identity.boot_count} of store {identity.store_id} after {known.boot_count} of {known.store_id}"
    except StorageError as error:
        return f"refused: {error}"
    except Exception as error:  # Whatever a mistake leads to.
        return f"failed: {error!r}"
    if found in expected[known.synced_count : known.begun_count + 1]:
        return ""
    places = [count for count, answer in enumerate(expected) if answer == found]
    return f"answers as after {places or 'no'} writes; {known.synced_count} were synced, {known.begun_count} begun"
