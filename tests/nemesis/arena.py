"""Where the nemesis plays: a server, nodes and clients, all of them processes, on hosts of their own where the network matters."""

import json
import signal
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

from msgspec import Struct, field

from redpaxos.client import Client
from redpaxos.kv import Change
from redpaxos.simulation.linearizability.history import Operation
from tests.integration.cluster import Cluster, eventually
from tests.nemesis.company import Chronicle, Company
from tests.nemesis.hosts import Hosts
from tests.nemesis.judge import changes_since, complaints, gather, keep
from tests.servers import RedisServer

REDIS = "redis"
BACK_SECONDS = 5.0
"""How soon there is progress after Redis or a network is itself again."""
_START_SECONDS = 30.0


class Fault(Struct, frozen=True):
    """One thing that the nemesis did, and how long it was until a write that was asked for afterwards was done."""

    kind: str
    target: str
    back_seconds: float


class Round(Struct):
    """What one run came to."""

    engine: str
    seed: int
    node_count: int
    faults: list[Fault] = field(default_factory=list)
    operation_count: int = 0
    acknowledged_count: int = 0
    unknown_count: int = 0
    seconds: float = 0.0
    # Of a soak: seconds since its start, and the resident megabytes of each node that was never killed.
    memory: list[tuple[float, list[float]]] = field(default_factory=list)
    # Of a soak: how long it struck.
    soaked_seconds: float = 0.0


class Arena:
    """A running cluster with clients; use it in a `with` statement, hurt it, and have it judged."""

    def __init__(self, engine: str, seed: int, directory: Path, *, node_count: int = 3, client_count: int = 2, apart: bool = False) -> None:
        self.round = Round(engine, seed, node_count)
        self.members = tuple(f"n{number}" for number in range(1, node_count + 1))
        self.clients = tuple(f"c{number}" for number in range(1, client_count + 1))
        # Names are given out once.
        self._client_count = client_count
        # What to put before the command of a node when it is started next.
        self.under: dict[str, tuple[str, ...]] = {}
        self._directory = directory
        self._apart = apart
        # Changes before it are not judged: the store does not keep them all, where very many were made.
        self.first_revision = 1
        # Those from there on that were read already, for the same reason.
        self._changes: list[Change] = []
        self._parts = ExitStack()
        self._began = time.monotonic()

    def __enter__(self) -> "Arena":
        with ExitStack() as parts:
            if self._apart:
                self.hosts = parts.enter_context(Hosts([REDIS, *self.members, *self.clients]))
                place = {"address": self.hosts.address(REDIS), "inside": self.hosts.inside(REDIS)}
                self.server = parts.enter_context(RedisServer("--protected-mode", "no", **place))  # type: ignore[arg-type]
            else:
                self.server = parts.enter_context(RedisServer())
            self.cluster = parts.enter_context(Cluster(self.server, self._directory, self.members, url=self.url, inside=self._inside))
            self.company = parts.enter_context(Company(self.cluster.name, self.members, self.round.seed, self._directory))
            self.client: Client = parts.enter_context(self.cluster.client())
            self.cluster.start()
            for client in self.clients:
                self.company.join(client, self.url, self._inside(client))
            self.chronicle.await_more(10, _START_SECONDS)
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._parts.close()

    @property
    def url(self) -> str:
        """Where nodes and clients find the server."""
        return self.server.url if self._apart else self.server.unix_url

    @property
    def chronicle(self) -> Chronicle:
        """What the clients tell."""
        return self.company.chronicle

    def leader(self) -> str:
        """The node that leads."""
        found: list[str] = []

        def find() -> None:
            found[:] = [report["node"] for report in self.client.status(timeout=0.5) if report.get("phase") == "leading"]
            assert found, "nobody leads"

        eventually(find)
        return found[0]

    def await_all(self) -> None:
        """Until every node answers: only then do the others of a majority suffice again."""

        def answer() -> None:
            assert {report["node"] for report in self.client.status(timeout=0.5)} == set(self.members)

        eventually(answer)

    def kill(self, *nodes: str) -> None:
        """kill -9."""
        self.cluster.kill(*nodes)

    def start(self, *nodes: str) -> None:
        """Start nodes that were killed."""
        self.cluster.start(*nodes)

    def replace_client(self) -> None:
        """kill -9 of a client process, whose requests stay unknown for ever, and another one after it."""
        first, *others = self.clients
        self._client_count += 1
        self.company.kill(first)
        self.clients = (*others, f"c{self._client_count}")
        self.company.join(self.clients[-1], self.url)

    def freeze(self, *nodes: str) -> None:
        """SIGSTOP."""
        for node in nodes:
            self.cluster.signal(node, signal.SIGSTOP)

    def thaw(self, *nodes: str) -> None:
        """SIGCONT."""
        for node in nodes:
            self.cluster.signal(node, signal.SIGCONT)

    def pause(self, seconds: float) -> None:
        """Let a fault last."""
        threading.Event().wait(seconds)

    def recovered(self, kind: str, targets: Sequence[str], within_seconds: float) -> None:
        """From now on there has to be progress within this time; note what was done and how long it took."""
        took = self.chronicle.await_progress(time.monotonic_ns(), within_seconds)
        self.round.faults.append(Fault(kind, ",".join(targets), round(took, 3)))

    def read_changes(self) -> None:
        """Read what was changed since the last time, before the store drops it; where more is changed than it keeps."""
        self._changes += changes_since(self.client, self.first_revision + len(self._changes))

    def judge(self, others: Iterable[Operation] = ()) -> Round:
        """All faults are over: read everything again, and hold the clients' histories against it, and what others were told."""
        history = [*self.company.finish(), *others]
        evidence = gather(self.cluster, self.client, history, self.first_revision, self._changes)
        found = complaints(evidence)
        self.round.operation_count = len(history)
        self.round.acknowledged_count = len(evidence.acknowledged)
        self.round.unknown_count = sum(operation.outcome == "unknown" for operation in history)
        self.round.seconds = round(time.monotonic() - self._began, 1)
        if found:
            kept = keep(evidence, self._directory)
            raise AssertionError(f"seed {self.round.seed}: " + "; ".join(found[:20]) + f" (see {json.dumps([str(one) for one in kept])})")
        return self.round

    def _inside(self, name: str) -> tuple[str, ...]:
        return (*(self.hosts.inside(name) if self._apart else ()), *self.under.get(name, ()))


def victims_of(arena: Arena, who: str, chance: Random) -> list[str]:
    """The nodes that are meant by `leader`, `follower`, `two`, `minority` or `all`."""
    match who:
        case "all":
            return list(arena.members)
        case "two":
            return chance.sample(arena.members, 2)
        case "minority":
            return chance.sample(arena.members, (len(arena.members) - 1) // 2)
        case "leader":
            return [arena.leader()]
        case _:
            leader = arena.leader()
            return [chance.choice([node for node in arena.members if node != leader])]
