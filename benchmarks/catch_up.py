"""`python -m benchmarks catch-up`: a node comes back that was away for very many commands, under load.

Real nodes on disks of their own, and one client that keeps so many puts outstanding. A follower is killed, the others go on, and it is
started again: how long until it has everything, how much memory did that take, and how much slower were the others meanwhile? The last is
a matter of cores too: where all nodes share two, whatever the one that comes back does is taken from the others.
"""

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from msgspec import Struct
from rich.console import Console

from benchmarks.conditions import gather, load_average
from benchmarks.failover import CLUSTER, NAMES, Nodes
from benchmarks.systems.processes import ProcessError
from redpaxos.client import Client
from redpaxos.kv import Put
from tests.servers import RedisServer
from transport.opening import open_transport

_KEY_COUNT = 100_000
_DEADLINE_SECONDS = 600.0
_POLL_SECONDS = 0.25
# Whoever is so few slots behind follows.
_FOLLOWS_SLOTS = 64


class Plan(Struct, frozen=True):
    """For how many commands the node is away, how many are outstanding, and for how long the load is measured without it and after it."""

    command_count: int = 1_000_000
    outstanding: int = 100
    value_bytes: int = 64
    steady_seconds: float = 10.0


class Outcome(Struct, frozen=True):
    """Seconds, commands a second, and megabytes of resident memory, and under what conditions."""

    conditions: dict[str, str]
    # Until it heard its channels, store read and checked; and from then on until it followed.
    start_seconds: float
    catch_up_seconds: float
    behind_slots: int
    with_all: float
    without_it: float
    while_catching_up: float
    after: float
    # Of the node that was away: before, at the most, and after; of the leader: before it came back, and after.
    node_megabytes: tuple[float, float, float]
    leader_megabytes: tuple[float, float]


class Load:
    """One client that keeps so many puts outstanding."""

    def __init__(self, url: str, plan: Plan) -> None:
        self.done_count = 0
        self._plan = plan
        self._client = Client(open_transport(url), CLUSTER)
        self._room = threading.Semaphore(plan.outstanding)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.close()

    def rate(self, seconds: float) -> float:
        """Commands a second over so long from here on."""
        begun_at, count = time.monotonic(), self.done_count
        time.sleep(seconds)
        return (self.done_count - count) / (time.monotonic() - begun_at)

    def _run(self) -> None:
        value = b"x" * self._plan.value_bytes
        number = 0
        while not self._stop.is_set():
            self._room.acquire()
            number += 1
            put = Put(f"key-{number % _KEY_COUNT:06}", value)
            self._client.kv.submit(put, timeout=_DEADLINE_SECONDS).add_done_callback(self._done)

    def _done(self, future: "Future[Any]") -> None:
        self._room.release()
        self.done_count += future.exception() is None


class Stage(Struct):
    """What is measured, and with what."""

    nodes: Nodes
    client: Client
    load: Load
    note: Callable[[str], None]

    def slots(self) -> dict[str, int]:
        """How far each node is."""
        return {report["node"]: report["slot"] for report in self.client.status(timeout=0.3) if report["kind"] == "proposer"}

    def megabytes(self, name: str, what: str = "VmRSS") -> float:
        """A node's resident memory as it is, or with VmHWM as it was at the most."""
        status = Path(f"/proc/{self.nodes.pid(name)}/status").read_text()
        return int(status.partition(f"{what}:")[2].split()[0]) / 1024


def run_catch_up(plan: Plan, note: Callable[[str], None], data_directory: Path | None = None) -> Outcome:
    """Start everything, let a node miss something and come back, and end everything."""
    directory = Path(tempfile.mkdtemp(prefix="redpaxos-catch-up-", dir=data_directory))
    conditions = gather(directory) | {
        "away for": f"{plan.command_count:,} commands, {plan.outstanding} outstanding, values of {plan.value_bytes} bytes"
    }
    try:
        with RedisServer() as server, Nodes(server, directory) as nodes, Client(open_transport(server.unix_url), CLUSTER) as client:
            client.propose("first", timeout=_DEADLINE_SECONDS)
            with Load(server.unix_url, plan) as load:
                return _measure(plan, Stage(nodes, client, load, note), conditions)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _measure(plan: Plan, stage: Stage, conditions: dict[str, str]) -> Outcome:
    load = stage.load
    stage.note("all three nodes")
    _await(lambda: load.done_count > 0 and len(stage.slots()) == len(NAMES), "a steady load on all nodes")
    with_all = load.rate(plan.steady_seconds)
    leader = next(report["leader"] for report in stage.client.status() if report.get("leader"))
    away = next(name for name in NAMES if name != leader)
    before = stage.megabytes(away)
    _miss(plan.command_count, stage, away)
    without_it = load.rate(plan.steady_seconds)
    leader_before = stage.megabytes(leader)
    begun_at, count = time.monotonic(), load.done_count
    heard_at, behind_slots = _come_back(stage, away, leader)
    ended_at = time.monotonic()
    while_catching_up = (load.done_count - count) / (ended_at - begun_at)
    after = load.rate(plan.steady_seconds)
    conditions["load average after"] = load_average()
    return Outcome(
        conditions,
        heard_at - begun_at,
        ended_at - heard_at,
        behind_slots,
        with_all,
        without_it,
        while_catching_up,
        after,
        (before, stage.megabytes(away, "VmHWM"), stage.megabytes(away)),
        (leader_before, stage.megabytes(leader)),
    )


def _miss(command_count: int, stage: Stage, away: str) -> None:
    """Let a node be away for so many commands."""
    stage.nodes.send(away, signal.SIGKILL)
    stage.nodes.await_end(away)
    wanted = stage.load.done_count + command_count
    while (left := wanted - stage.load.done_count) > 0:
        stage.note(f"{away} is away: {left:,} commands to go")
        time.sleep(_POLL_SECONDS)


def _come_back(stage: Stage, away: str, leader: str) -> tuple[float, int]:
    """Start it again, and return when it follows: when it was heard first, and how many slots it was behind then."""
    stage.nodes.start(away)
    heard: list[tuple[float, int]] = []

    def follows() -> bool:
        slots = stage.slots()
        if away not in slots or leader not in slots:
            return False
        behind_slots = slots[leader] - slots[away]
        heard.append((time.monotonic(), behind_slots))
        stage.note(f"{away} is back, {behind_slots:,} slots behind")
        return behind_slots <= _FOLLOWS_SLOTS

    _await(follows, f"{away} to follow")
    return heard[0]


def _await(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise ProcessError(f"waited {_DEADLINE_SECONDS:.0f} s for {what}")
        time.sleep(_POLL_SECONDS)


def print_catch_up(outcome: Outcome, console: Console) -> None:
    """Conditions, and the figures."""
    for name, value in outcome.conditions.items():
        console.print(f"{name:>26}  {value}", highlight=False)
    before, most, after = outcome.node_megabytes
    console.print(
        f"\n{outcome.behind_slots:,} slots behind, it followed {outcome.start_seconds:.1f} s (to start) and "
        f"{outcome.catch_up_seconds:.1f} s (to catch up) after it was started\n"
        f"commands a second: {outcome.with_all:,.0f} with all nodes, {outcome.without_it:,.0f} without it, "
        f"{outcome.while_catching_up:,.0f} while it came back, {outcome.after:,.0f} after\n"
        f"resident memory in MB: {before:.0f} before it went, {most:.0f} at the most, {after:.0f} after; the leader "
        f"{outcome.leader_megabytes[0]:.0f} before, {outcome.leader_megabytes[1]:.0f} after",
        highlight=False,
    )
