"""Fixtures of the command line's tests: a clean environment, the commands in this process, and nodes as real processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner, Result

from redpaxos.cli import cli
from redpaxos.embedded import start_child
from redpaxos.node import Node, NodeConfig, disk_stores
from tests.servers import RedisServer
from transport.opening import open_transport

CLUSTER = "cli"
MEMBERS = ("n1", "n2", "n3")
DEADLINE_SECONDS = 20.0

Redpaxos = Callable[..., Result]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has set for clusters of his own does not concern the tests."""
    for name in [name for name in os.environ if name.startswith("REDPAXOS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def redpaxos() -> Redpaxos:
    """The command line in this process: redpaxos("propose", "x", env={…}, input=…)."""

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(cli, arguments, prog_name="redpaxos", **options)

    return run


@pytest.fixture(scope="module")
def cluster(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redpaxos]:
    """Three nodes of this process behind a real server, and the command line that is told where they are."""
    nodes: list[Node] = []
    for name in MEMBERS:
        config = NodeConfig(name, CLUSTER, MEMBERS)
        nodes.append(Node(config, open_transport(redis_server.unix_url), disk_stores(tmp_path_factory.mktemp(name), config)))
        nodes[-1].start()

    def run(*arguments: str, env: dict[str, str] | None = None, **options: Any) -> Result:
        environment = {"REDPAXOS_CLUSTER": CLUSTER, "REDPAXOS_REDIS": redis_server.unix_url, **(env or {})}
        return CliRunner().invoke(cli, arguments, prog_name="redpaxos", env=environment, **options)

    ask_until(lambda: run("status").exit_code == 0)
    yield run
    for node in nodes:
        node.stop()


class Output:
    """What a process writes to one of its outputs, heard as it comes."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._said = bytearray()
        self._has_ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def read_text(self) -> str:
        """All of it by now, or all there was if the process has ended."""
        with self._changed:
            return self._said.decode()

    def await_text(self, text: str) -> None:
        """Until it has said so; fail if it ends without, or does not in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_ended or text in self.read_text(), DEADLINE_SECONDS)
            assert text in self.read_text(), f"{text!r} was never said: {self.read_text()}"

    def await_end(self) -> None:
        """Until nobody can write to it any more."""
        self._thread.join(DEADLINE_SECONDS)
        self._pipe.close()

    def _listen(self) -> None:
        while part := os.read(self._pipe.fileno(), 65536):
            self._hear(part)
        self._hear(b"")

    def _hear(self, part: bytes) -> None:
        with self._changed:
            self._said += part
            self._has_ended = not part
            self._changed.notify_all()


class NodeProcess:
    """`redpaxos node run` as a process, and what it says."""

    def __init__(self, directory: Path, url: str, name: str, *options: str, cluster: str = CLUSTER) -> None:
        command = [sys.executable, "-m", "redpaxos", "node", "run", name, "--cluster", cluster, "--redis", url]
        command += ["--members", ",".join(MEMBERS), "--data-dir", str(directory / name), *options]
        self.process = start_child(command, subprocess.PIPE, errors=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.log = Output(self.process.stdout), Output(self.process.stderr)

    def await_ready(self) -> None:
        """Until it says so."""
        self.out.await_text("ready")

    def await_end(self) -> int:
        """Its exit code, when it ends by itself."""
        code = self.process.wait(DEADLINE_SECONDS)
        self.out.await_end()
        self.log.await_end()
        return code

    def end(self, how: signal.Signals) -> tuple[int, float]:
        """Its exit code after this signal, and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        return self.await_end(), time.monotonic() - began

    @property
    def last_line(self) -> str:
        """The last that it wrote to standard error."""
        return self.log.read_text().strip().splitlines()[-1]


StartNode = Callable[..., NodeProcess]


@pytest.fixture
def start_node(redis_server: RedisServer, tmp_path: Path) -> Iterator[StartNode]:
    """Starts nodes as processes, on disks of this test; start_node("n1", "--roles", "acceptor", cluster="other")."""
    started: list[NodeProcess] = []

    def start(name: str, *options: str, url: str = redis_server.unix_url, cluster: str = CLUSTER) -> NodeProcess:
        started.append(NodeProcess(tmp_path, url, name, *options, cluster=cluster))
        return started[-1]

    yield start
    for node in started:
        node.process.kill()
        node.await_end()


def ask_until(holds: Callable[[], bool]) -> None:
    """Ask again until the answer is right; fail if it is not in time. What asks waits for answers, so there is no pause in between."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "asked in vain"


def lines_of(result: Result) -> list[dict[str, Any]]:
    """The JSON objects that a command printed, one a line; the tests need no digits that Python refuses to convert."""
    return [json.loads(line, parse_int=lambda digits: int(digits[:4000])) for line in result.stdout.splitlines()]


def said(result: Result) -> str:
    """The one line that a command wrote to standard error."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("redpaxos: ")
    return lines[0]
