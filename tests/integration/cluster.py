"""Real nodes for tests: processes of the command line, on disks of their own, around a real server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import redpaxos
from redpaxos.client import Client, Decision
from redpaxos.embedded import start_child
from redpaxos.errors import RedpaxosError
from tests.servers import RedisServer

DEADLINE_SECONDS = 20.0
MEMBERS = ("n1", "n2", "n3")


class Cluster:
    """Nodes of one cluster; those that still run are killed at the end."""

    def __init__(
        self,
        server: RedisServer,
        directory: Path,
        members: Iterable[str] = MEMBERS,
        name: str = "test",
        *,
        url: str = "",
        inside: Callable[[str], Sequence[str]] = lambda node: (),
    ) -> None:
        self.server = server
        # Where the nodes find the server, if not over its Unix socket.
        self.url = url or server.unix_url
        # What to put before the command of a node, to start it somewhere else.
        self.inside = inside
        self.directory = directory
        self.members = tuple(members)
        self.name = name
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: object) -> None:
        for node in list(self._processes):
            self.kill(node)

    def start(self, *nodes: str, roles: str = "acceptor,proposer,learner") -> None:
        """Start these nodes, or all members."""
        for node in nodes or self.members:
            with self.log(node).open("ab") as log:
                self._processes[node] = start_child(self.command(node, roles), log.fileno())

    def command(self, node: str, roles: str = "acceptor,proposer,learner") -> list[str]:
        """The command line that runs a node."""
        options = ["--cluster", self.name, "--members", ",".join(self.members), "--redis", self.url, "--roles", roles]
        return [
            *self.inside(node),
            sys.executable,
            "-m",
            "redpaxos",
            "node",
            "run",
            node,
            *options,
            "--data-dir",
            str(self.directory / node),
        ]

    def log(self, node: str) -> Path:
        """What the node printed."""
        self.directory.mkdir(exist_ok=True)
        return self.directory / f"{node}.txt"

    def kill(self, *nodes: str) -> None:
        """kill -9, all at once."""
        for node in nodes:
            self._processes[node].kill()
        for node in nodes:
            self._processes.pop(node).wait(DEADLINE_SECONDS)

    def terminate(self, node: str) -> tuple[int, float]:
        """SIGTERM; the exit code, and the seconds it took."""
        process = self._processes.pop(node)
        started = time.monotonic()
        process.terminate()
        return process.wait(DEADLINE_SECONDS), time.monotonic() - started

    def signal(self, node: str, how: signal.Signals) -> None:
        """Freeze or thaw a node."""
        os.kill(self._processes[node].pid, how)

    def resident_megabytes(self, node: str) -> float:
        """How much memory a node takes."""
        status = Path(f"/proc/{self._processes[node].pid}/status").read_text()
        (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes) / 1024

    def is_running(self, node: str) -> bool:
        """Whether it has not ended by itself."""
        return self._processes[node].poll() is None

    def exit_code(self, node: str) -> int:
        """Wait for a node to end by itself."""
        return self._processes.pop(node).wait(DEADLINE_SECONDS)

    def client(self) -> Client:
        """A client of its own connections."""
        return redpaxos.connect(self.server.unix_url, cluster=self.name)

    def settle(self, client: Client) -> None:
        """Wait until the group answers, with a decision that costs nothing but a slot."""
        eventually(lambda: client.propose("settled", timeout=2.0))

    def logs(self, client: Client, nodes: Iterable[str] = ()) -> list[list[Decision]]:
        """The log of each node, once all have as much as the one that has most."""
        names = tuple(nodes) or self.members
        end = max(client.end_revision(node=node) for node in names)
        for node in names:
            eventually(lambda node=node: _require(client.end_revision(node=node) >= end))  # type: ignore[misc]
        return [list(client.log(node=node)) for node in names]


def eventually(act: Callable[[], object], deadline_seconds: float = DEADLINE_SECONDS) -> float:
    """Repeat until it succeeds; the seconds that took."""
    started = time.monotonic()
    while True:
        try:
            act()
        except (RedpaxosError, AssertionError):
            if time.monotonic() - started > deadline_seconds:
                raise
        else:
            return time.monotonic() - started


def _require(holds: bool) -> None:
    assert holds
