"""A disk that fails at one system call of a node's life: at each position there is, with each error there is.

The node stops and says why. What it said before, promises, votes and what was chosen, its stores still know when the disk is mended.
"""

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from paxos.ballot import Ballot
from redpaxos.node import NodeConfig, disk_stores
from tests.nemesis.hosts import REPOSITORY
from tests.nemesis.life import CLUSTER, NODE, tell_of_life

CALLS = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "rename")
"""Every way of changing what is on a disk that a store may use, but for making and removing files."""
ERRORS = ("EIO", "ENOSPC", "KILL")
"""What befalls the call; at KILL the process dies instead of making it."""

_LIFE_SECONDS = 30.0
_END_SLOT = 2**40
_PAGE_BYTES = 2**30

Said = list[dict[str, Any]]

# Lives may be struck by several threads. A child that one of them makes has, until it is another program, every file that is open
# here, and so the lock of a store that was closed meanwhile.
_no_store_is_open = threading.Lock()


class Position(NamedTuple):
    """One system call of a life, and what becomes of it."""

    call: str
    number: int
    error: str

    @property
    def injection(self) -> str:
        """As strace is told of it."""
        effect = "signal=KILL" if self.error == "KILL" else f"error={self.error}"
        return f"inject={self.call}:{effect}:when={self.number}"


def positions(storage: str, directory: Path) -> list[Position]:
    """Every position of a life in which nothing fails."""
    said, trace = _live(storage, directory, f"trace={','.join(CALLS)}")
    assert said[-1] == {"ended": "well"}, said[-1]
    counts = Counter(match[1] for line in trace.splitlines() if (match := re.match(r"\d+ +(\w+)\(", line)))
    return [Position(call, number, error) for call in CALLS for number in range(1, counts[call] + 1) for error in ERRORS]


def choose(every: list[Position], count: int, seed: int) -> list[Position]:
    """So many of them, drawn, of each call as many as there are or as of the others."""
    chance = Random(seed)
    parts = [[position for position in every if position.call == call] for call in CALLS]
    for part in parts:
        chance.shuffle(part)
    turns = [part[turn] for turn in range(len(every)) for part in parts if turn < len(part)]
    return turns[:count]


def strike(position: Position, storage: str, directory: Path, file: str = "") -> str:
    """Live with this fault; what the node said when it stopped. AssertionError if it did, said or forgot what it may not.

    If a file is named, only calls that concern it are counted.
    """
    said, trace = _live(storage, directory, f"trace={position.call},fsync", position.injection, file=file)
    if position.error == "KILL":
        assert "killed by SIGKILL" in trace, f"{position}: it was not killed"
        why = "killed"
    else:
        assert "(INJECTED)" in trace, f"{position}: the fault did not come to pass"
        assert said, f"{position}: it ended without a word"
        why = str(said[-1].get("why", "went on"))
        stopped = said[-1].get("ended") == "stopped"
        assert stopped or _may_go_on(trace, directory / NODE), f"{position}: it went on: {said[-1]}"
        assert not stopped or str(directory) in why, f"{position}: it does not say where: {why}"
    with _no_store_is_open:
        complaints = list(forgotten(said, storage, directory))
    assert not complaints, f"{position}: {complaints}"
    return why


def _may_go_on(trace: str, directory: Path) -> bool:
    """Whether it was a call on a snapshot, without which the log is executed again, or a sync of the directory that was made up for.

    SQLite keeps such a failure to itself; then a later sync has to succeed.
    """
    failed = next(line for line in trace.splitlines() if "(INJECTED)" in line)
    this = re.escape(f"<{directory}>")
    synced = re.search(rf"sync\(\d+{this}\) += -1 .*\(INJECTED\)(?s:.*)\bfsync\(\d+{this}\) += 0", trace)
    return "-snapshot" in failed or synced is not None


def _live(storage: str, directory: Path, *orders: str, file: str = "") -> tuple[Said, str]:
    """A life under strace: what was said, and the trace."""
    directory.mkdir(parents=True, exist_ok=True)
    trace = directory / "trace"
    mouth, ear = socket.socketpair()
    with mouth, ear:
        # The quick way of tracing does not deliver signals.
        quick = [] if any("signal" in order for order in orders) else ["--seccomp-bpf"]
        only = ["-P", str(directory / NODE / file)] if file else []
        strace = ["strace", "-f", "-y", *quick, *only, "-o", str(trace), *(word for order in orders for word in ("-e", order))]
        life = [sys.executable, "-B", "-m", "tests.nemesis.life", str(directory / NODE), storage, str(mouth.fileno())]
        with _no_store_is_open:
            process = subprocess.Popen([*strace, *life], cwd=REPOSITORY, pass_fds=[mouth.fileno()], stderr=subprocess.PIPE, text=True)
        with process:
            mouth.close()
            lines = ear.makefile().read().splitlines()
            _, complaints = process.communicate(timeout=_LIFE_SECONDS)
    said = [json.loads(line) for line in lines]
    assert process.returncode in (0, -9), complaints
    return said, trace.read_text()


def forgotten(said: Said, storage: str, directory: Path) -> Iterator[str]:
    """What the stores have forgotten, now that nothing fails any more."""
    config = NodeConfig(NODE, CLUSTER, (NODE,), storage=storage)
    acceptor = disk_stores(directory / NODE, config)("acceptor")
    for one in said:
        if one.get("said") == "promise" and acceptor.acceptor_state(one["group"]).promised < Ballot(*one["ballot"]):
            yield f"forgotten: {one}"
        elif one.get("said") == "vote":
            votes = {vote.slot: vote.ballot for vote in acceptor.votes(one["group"], 0, _END_SLOT, _PAGE_BYTES)}
            if any(votes.get(slot, Ballot(0, "")) < Ballot(*one["ballot"]) for slot in range(one["slots"][0], one["slots"][1] + 1)):
                yield f"forgotten: {one}"
    acceptor.close()
    again: Said = []
    tell_of_life(directory / NODE, storage, again.append)
    if again[-1] != {"ended": "well"}:
        yield f"it does not come back: {again[-1]}"
    known = [_bare(one) for one in again if one.get("said") == "chosen"]
    yield from (f"chosen and forgotten: {one}" for one in said if one.get("said") == "chosen" and _bare(one) not in known)


def _bare(chosen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chosen.items() if name != "repeated"}


def strike_afresh(position: Position, storage: str, directory: Path) -> str:
    """The same in a directory of its own, which is kept where something is wrong."""
    place = directory / "-".join(map(str, (storage, *position)))
    why = strike(position, storage, place)
    shutil.rmtree(place)
    return why
