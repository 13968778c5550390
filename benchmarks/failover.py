"""`python -m benchmarks failover`: the leader goes, again and again, under load; for how long is no write answered?

Real nodes on disks of their own, and clients in threads that each put the next value when the last was answered. The gap of a round is the
longest time between two answers from just before the leader goes until long after another leads. Every acknowledged write is
read back at the end.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median

from msgspec import Struct
from rich.console import Console

from benchmarks.conditions import gather, load_average
from benchmarks.systems.processes import Child, ProcessError
from redpaxos.client import Client
from redpaxos.errors import NotDoneError, OutcomeUnknownError
from tests.servers import RedisServer
from transport.opening import open_transport

CLUSTER = "failover"
NAMES = ("n1", "n2", "n3")
HOW = ("kill", "stop", "transfer")
_AFTER_SECONDS = 0.7
_DEADLINE_SECONDS = 20.0
_POLL_SECONDS = 0.01


class Plan(Struct, frozen=True):
    """What goes wrong, how often, and how many writes are outstanding meanwhile."""

    how: str = "kill"
    round_count: int = 50
    outstanding: int = 16
    # Writes that are answered before each round.
    steady_count: int = 200


class Outcome(Struct, frozen=True):
    """The gap of each round in seconds, and under what conditions."""

    conditions: dict[str, str]
    gaps: list[float]
    # Writes that were answered, and those of them that were read back.
    acknowledged_count: int
    found_count: int


class Load:
    """Threads that write, each one thing after the other."""

    def __init__(self, url: str, thread_count: int) -> None:
        # When each answer came, and how many writes each key saw.
        self.times: list[float] = []
        self.acknowledged: dict[str, int] = {}
        self._client = Client(open_transport(url), CLUSTER)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(f"key-{number}",), daemon=True) for number in range(thread_count)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def _run(self, key: str) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                self._client.kv.put(key, b"%d" % number, timeout=_DEADLINE_SECONDS)
            except (NotDoneError, OutcomeUnknownError):
                continue
            self.times.append(time.monotonic())
            self.acknowledged[key] = number


class Nodes:
    """Three nodes behind a server of their own."""

    def __init__(self, server: RedisServer, directory: Path) -> None:
        self.url = server.unix_url
        self._directory = directory
        self._children: dict[str, Child] = {}

    def __enter__(self) -> "Nodes":
        for name in NAMES:
            self.start(name)
        return self

    def __exit__(self, *error: object) -> None:
        for child in self._children.values():
            child.close()

    def start(self, name: str) -> None:
        """One node, as a process."""
        command = [sys.executable, "-m", "redpaxos", "node", "run", name, "--members", ",".join(NAMES), "--cluster", CLUSTER]
        command += ["--redis", self.url, "--data-dir", str(self._directory / name)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("REDPAXOS_")}
        self._children[name] = Child(command, self._directory / f"{name}.log", environment=environment)

    def pid(self, name: str) -> int:
        """Its process id."""
        return self._children[name].pid

    def send(self, name: str, how: signal.Signals) -> None:
        """A signal to a node, which ends by it; it is not waited for."""
        os.kill(self._children[name].pid, how)

    def await_end(self, name: str) -> None:
        """Until its process has ended."""
        self._children[name].process.wait(_DEADLINE_SECONDS)


def run_failover(plan: Plan, note: Callable[[str], None], data_directory: Path | None = None) -> Outcome:
    """Start everything, let leaders go, read everything back, and end everything."""
    directory = Path(tempfile.mkdtemp(prefix="redpaxos-failover-", dir=data_directory))
    conditions = gather(directory) | {"rounds": f"{plan.round_count}, by {plan.how}", "outstanding": str(plan.outstanding)}
    try:
        with RedisServer() as server, Nodes(server, directory) as nodes, Client(open_transport(server.unix_url), CLUSTER) as client:
            client.propose("first", timeout=_DEADLINE_SECONDS)
            with Load(server.unix_url, plan.outstanding) as load:
                gaps = []
                for number in range(plan.round_count):
                    note(f"round {number + 1} of {plan.round_count}")
                    gaps.append(_round(plan, nodes, client, load))
                    note(f"round {number + 1} of {plan.round_count}: {gaps[-1] * 1000:.0f} ms")
            found = {key: read.value for key in load.acknowledged if (read := client.kv.get(key)) is not None}
        kept = sum(int(found.get(key, b"0")) >= number for key, number in load.acknowledged.items())
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    conditions["load average after"] = load_average()
    return Outcome(conditions, gaps, len(load.times), kept)


def _round(plan: Plan, nodes: Nodes, client: Client, load: Load) -> float:
    """Let the leader go once; for how long nobody was answered."""
    count = len(load.times)
    _await(lambda: len(load.times) > count + plan.steady_count and len(_reports(client)) == len(NAMES), "a steady load on all nodes")
    leader = next(name for name, report in _reports(client).items() if report["leader"] == name)
    first = len(load.times)
    begun_at = time.monotonic()
    if plan.how == "transfer":
        client.transfer_lead(NAMES[(NAMES.index(leader) + 1) % len(NAMES)])
    else:
        nodes.send(leader, signal.SIGKILL if plan.how == "kill" else signal.SIGTERM)
    _await(lambda: bool(load.times) and load.times[-1] > begun_at + _AFTER_SECONDS, "an answer")
    answers = [begun_at, *(answered for answered in load.times[first:] if answered > begun_at)]
    if plan.how != "transfer":
        nodes.await_end(leader)
        nodes.start(leader)
    return max(later - earlier for earlier, later in pairwise(answers))


def _reports(client: Client) -> Mapping[str, Mapping[str, str]]:
    """What the proposers say of themselves, where one leads and the others follow it."""
    reports = {report["node"]: report for report in client.status(timeout=0.3) if report["kind"] == "proposer"}
    leaders = {report["leader"] for report in reports.values()}
    return reports if len(leaders) == 1 and "" not in leaders else {}


def _await(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise ProcessError(f"waited {_DEADLINE_SECONDS} s for {what}")
        time.sleep(_POLL_SECONDS)


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Conditions, and the figures."""
    for name, value in outcome.conditions.items():
        console.print(f"{name:>26}  {value}", highlight=False)
    gaps = sorted(outcome.gaps)
    console.print(
        f"\nno write was answered for, median {median(gaps) * 1000:.0f} ms, worst {gaps[-1] * 1000:.0f} ms, best {gaps[0] * 1000:.0f} ms; "
        f"{outcome.acknowledged_count:,} writes were answered, and of {outcome.found_count} keys each has its last one",
        highlight=False,
    )
