"""Fixtures of the command line's tests: a clean environment, the commands in this process, and nodes as real processes."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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

    await_true(lambda: run("status").exit_code == 0)
    yield run
    for node in nodes:
        node.stop()


class NodeProcess:
    """`redpaxos node run` as a process, with what it prints in files."""

    def __init__(self, directory: Path, url: str, name: str, *options: str, cluster: str = CLUSTER) -> None:
        self.out = directory / f"{name}.out"
        self.log = directory / f"{name}.log"
        command = [sys.executable, "-m", "redpaxos", "node", "run", name, "--cluster", cluster, "--redis", url]
        command += ["--members", ",".join(MEMBERS), "--data-dir", str(directory / name), *options]
        with self.out.open("wb") as out, self.log.open("wb") as log:
            self.process = start_child(command, out.fileno(), errors=log.fileno())

    def await_ready(self) -> None:
        """Until it says so."""
        await_true(lambda: "ready" in self.out.read_text() or self.process.poll() is not None)
        assert "ready" in self.out.read_text(), self.log.read_text()

    def await_end(self) -> int:
        """Its exit code, when it ends by itself."""
        return self.process.wait(DEADLINE_SECONDS)

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
        if node.process.poll() is None:
            node.end(signal.SIGKILL)


def await_true(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fail if it does not in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    pause = 0.01
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(pause)


def lines_of(result: Result) -> list[dict[str, Any]]:
    """The JSON objects that a command printed, one a line; the tests need no digits that Python refuses to convert."""
    return [json.loads(line, parse_int=lambda digits: int(digits[:4000])) for line in result.stdout.splitlines()]


def said(result: Result) -> str:
    """The one line that a command wrote to standard error."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("redpaxos: ")
    return lines[0]
