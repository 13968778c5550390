"""A run as the kernel saw it: every call that changed a file of the store or asked for a sync, in order, and what the run said."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.storage.crashes.workload import RUNS

_REPOSITORY = Path(__file__).parents[3]
_CALLS = "openat,write,pwrite64,pwritev2,fsync,fdatasync,ftruncate,unlink,rename"
# Whole values, and all in hexadecimal.
_STRACE = ("strace", "-f", "-y", "-xx", "-s", str(1 << 26), "-e", f"trace={_CALLS}")


class Create(NamedTuple):
    """A name that was not there got an empty file."""

    name: str


class Write(NamedTuple):
    """Bytes at a place in a file."""

    name: str
    offset: int
    content: bytes


class Cut(NamedTuple):
    """A file got this size."""

    name: str
    size: int


class Sync(NamedTuple):
    """A file's content is on disk; without a name, the directory's entries are."""

    name: str


class Move(NamedTuple):
    """A file got another name."""

    name: str
    target: str


class Remove(NamedTuple):
    """A name is gone."""

    name: str


class Said(NamedTuple):
    """What the run said of itself."""

    words: tuple[str, ...]


Event = Create | Write | Cut | Sync | Move | Remove | Said


def record(directory: Path, run: str, seed: int, mistake: str = "") -> list[Event]:
    """All lives of a run, one after the other, on one directory."""
    place = directory / "recorded"
    place.mkdir()
    events: list[Event] = []
    for number in range(len(RUNS[run])):
        trace = directory / "trace"
        # Writes are in the trace whether or not anybody reads them.
        life = [sys.executable, "-m", "tests.storage.crashes.workload", str(place), f"{run}/{number}", str(seed), mistake]
        subprocess.run([*_STRACE, "-o", str(trace), *life], cwd=_REPOSITORY, check=True, stdout=subprocess.DEVNULL)
        events += [Said(("life", str(number))), *_read(trace, place)]
        trace.unlink()
    return events


def _read(trace: Path, place: Path) -> Iterator[Event]:
    # Where a file that is written without an offset goes on.
    positions: dict[str, int] = {}
    with trace.open() as lines:
        for line in lines:
            call = re.match(r"\d+ +(\w+)\((.*)\) += +(\d+)", line)
            if call is not None:
                yield from _event(call[1], call[2], place, positions)


def _event(call: str, arguments: str, place: Path, positions: dict[str, int]) -> Iterator[Event]:
    """One successful call, if it is about the store."""
    strings = [_text(found) for found in re.findall(r'"([^"]*)"', arguments)]
    if call == "write" and arguments.startswith("1<"):
        yield Said(tuple(strings[0].decode().split()))
        return
    paths = [found.decode() for found in (strings if call in ("openat", "rename", "unlink") else _descriptors(arguments))]
    names = [path.removeprefix(f"{place}/") for path in paths if path.startswith(f"{place}/")]
    if call in ("fsync", "fdatasync") and paths == [str(place)]:
        yield Sync("")
    elif names:
        yield from _change(call, names, strings, arguments, positions)


def _change(call: str, names: list[str], strings: list[bytes], arguments: str, positions: dict[str, int]) -> Iterator[Event]:
    name = names[0]
    match call:
        case "openat" if "O_CREAT" in arguments:
            positions[name] = 0
            yield Create(name)
            if "O_TRUNC" in arguments:
                yield Cut(name, 0)
        case "write":
            yield Write(name, positions[name], strings[0])
            positions[name] += len(strings[0])
        case "pwrite64":
            yield Write(name, int(arguments.rpartition(",")[2]), strings[0])
        case "pwritev2":
            yield Write(name, int(arguments.rsplit(",", 2)[1]), b"".join(strings))
        case "fsync" | "fdatasync":
            yield Sync(name)
        case "ftruncate":
            yield Cut(name, int(arguments.rpartition(",")[2]))
        case "rename":
            yield Move(name, names[1])
        case "unlink":
            yield Remove(name)


def _descriptors(arguments: str) -> list[bytes]:
    """The path of the file that the first argument is open for."""
    found = re.match(r"\d+<([^>]*)>", arguments)
    return [_text(found[1])] if found else []


def _text(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
