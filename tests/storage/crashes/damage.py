"""Damage: bytes that flip and files that are cut. A store answers what was written to it, or says that it is damaged.

Two moments of a small store are damaged, both after the death of the process. In the first the guard knows of every synced write, so that
nothing that was synced may be missing. In the second the guard was set back, as a power failure does that loses its last marks: then the
writes of the last sync alone may be taken for unsynced ones, because nothing on the disk tells them apart. That moment is for stores with a
journal only: SQLite takes whatever it cannot read of its write-ahead log for unsynced.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from actors.storage.base import StoreDamagedError, StoreMismatchError
from tests.storage.crashes import planted
from tests.storage.crashes.disk import Disk, Files
from tests.storage.crashes.points import Known, expected_answers, put
from tests.storage.crashes.recording import Event, Said
from tests.storage.crashes.workload import NAME, RUNS, answers, open_store

_JOURNAL, _GUARD = f"{NAME}-frames", f"{NAME}-guard"


class Moment(NamedTuple):
    """A store's files, and how many writes their answers may tell of."""

    name: str
    files: Files
    least: int
    most: int


class DamageReport(NamedTuple):
    """What became of each flip and each cut: found and refused, harmless, or, which may not be, believed."""

    refused_count: int
    harmless_count: int
    believed: list[str]


def moments(events: list[Event], run: str) -> list[Moment]:
    """The end of the first life, with the guard as it then was, and as it was at the opening."""
    disk = Disk()
    known = Known()
    # Writes that were synced before the last sync.
    settled_count = 0
    old_guard = b""
    for event in events:
        if isinstance(event, Said):
            if event.words == ("life", "1"):
                break
            before, known = known, known.after(event.words)
            settled_count = before.synced_count if known.synced_count > before.synced_count else settled_count
            old_guard = old_guard or (disk.after_kill()[_GUARD] if event.words[0] == "open" else b"")
        else:
            disk.apply(event)
    files = disk.after_kill()
    exact = Moment("exact guard", files, known.synced_count, known.begun_count)
    if RUNS[run][0].kind == "sqlite":
        return [exact]
    return [exact, Moment("old guard", files | {_GUARD: old_guard}, settled_count, known.begun_count)]


def damaged(moment: Moment, chance: Random, stride: int) -> Iterator[tuple[str, Files]]:
    """Every `stride`th byte flipped, in the journal and the guard a hundred times as many, and cuts in every file."""
    for name, content in moment.files.items():
        step = max(1, stride // 100) if name in (_JOURNAL, _GUARD) else stride
        for offset in range(chance.randrange(step), len(content), step):
            flipped = bytearray(content)
            flipped[offset] ^= 0xFF if offset % 2 else 1 << offset // 2 % 8
            yield f"byte {offset} of {name} flipped", moment.files | {name: bytes(flipped)}
        for size in sorted({0, 1, *range(chance.randrange(10 * step), len(content), 10 * step), len(content) - 1} - {len(content)}):
            yield f"{name} cut to {size} bytes", moment.files | {name: content[:size]}
        yield f"{name} gone", {other: kept for other, kept in moment.files.items() if other != name}


def enumerate_damage(
    events: list[Event], run: str, seed: int, directory: Path, *, stride: int, mistake: str = "", stop_after: int = 10
) -> DamageReport:
    """Both moments with every damage; stops at so many that were believed."""
    expected = expected_answers(run, seed)
    refused_count = harmless_count = 0
    believed: list[str] = []
    for moment in moments(events, run):
        for what, files in damaged(moment, Random(seed), stride):
            put(files, directory)
            with planted.made(mistake):
                found = _found(directory, RUNS[run][0].kind)
            if found is None:
                refused_count += 1
            elif found in expected[moment.least : moment.most + 1]:
                harmless_count += 1
            else:
                believed.append(f"{moment.name}: {what}")
                if len(believed) >= stop_after:
                    return DamageReport(refused_count, harmless_count, believed)
    return DamageReport(refused_count, harmless_count, believed)


def _found(directory: Path, kind: str) -> bytes | None:
    """What the store answers, or None if it was refused."""
    try:
        with contextlib.closing(open_store(directory, kind)) as store:
            return answers(store)
    except (StoreDamagedError, StoreMismatchError):
        return None
