"""redpaxos as its users run it: one server, three nodes as processes, durable acceptors on a real disk."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.systems.processes import Child, LoadProcess, python_load
from redpaxos.client import Client
from tests.servers import RedisServer
from transport.opening import open_transport

CLUSTER = "bench"
_READY_SECONDS = 20.0


class RedpaxosCluster:
    """`redpaxos node run`, as often as there are nodes, over a Unix socket or TCP."""

    def __init__(self, directory: Path, *, socket: str = "unix", node_count: int = 3, client_count: int = 3, secret: bytes = b"") -> None:
        self.name = f"redpaxos, {'Unix socket' if socket == 'unix' else 'TCP'}{', signed' if secret else ''}"
        self._secret = secret
        self._directory = directory
        self._socket = socket
        self._names = [f"n{number + 1}" for number in range(node_count)]
        self._client_count = client_count
        self._server = RedisServer()
        self._nodes: list[Child] = []
        self._loads: list[LoadProcess] = []

    @property
    def url(self) -> str:
        """Where its server is."""
        return self._server.unix_url if self._socket == "unix" else self._server.url

    @property
    def _secret_file(self) -> Path:
        return self._directory / "secret"

    def open(self) -> None:
        """Server, nodes, a first command, loads."""
        self._directory.mkdir(parents=True)
        self._secret_file.write_bytes(self._secret)
        self._server.start()
        self._nodes = [self._start(name) for name in self._names]
        with Client(open_transport(self.url), CLUSTER, secret=self._secret) as client:
            client.propose("first", timeout=_READY_SECONDS)
        for _ in range(self._client_count):
            self._loads.append(python_load(self._directory / "load.log", "socket", self.url, CLUSTER, self._secret.hex()))

    def close(self) -> None:
        """Loads, nodes, server."""
        for load in self._loads:
            load.close()
        for node in self._nodes:
            node.close()
        self._server.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The nodes and the server."""
        return {"nodes": [node.pid for node in self._nodes], "redis": [self._server.pid]}

    def loads(self) -> Sequence[LoadProcess]:
        """One process a client."""
        return self._loads

    def about(self) -> Mapping[str, str]:
        """Which server, and what is durable."""
        info = self._server.cli("INFO", "server")
        version = info.get("valkey_version") or info.get("redis_version")
        return {"server": f"{info.get('server_name', 'redis')} {version}", "storage": "journal, fdatasync"}

    def _start(self, name: str) -> Child:
        command = [sys.executable, "-m", "redpaxos", "node", "run", name, "--members", ",".join(self._names)]
        command += ["--cluster", CLUSTER, "--redis", self.url, "--data-dir", str(self._directory / name)]
        command += ["--secret-file", str(self._secret_file)] if self._secret else []
        environment = {key: value for key, value in os.environ.items() if not key.startswith("REDPAXOS_")}
        return Child(command, self._directory / f"{name}.log", environment=environment)


class InProcessCluster:
    """Three nodes and their clients in one process; `kind` is memory or fakeredis."""

    def __init__(self, directory: Path, kind: str) -> None:
        self.name = "redpaxos in one process, " + ("memory transport" if kind == "memory" else "fakeredis")
        self._log = directory / f"{kind}.log"
        self._kind = kind
        self._load: LoadProcess | None = None

    def open(self) -> None:
        """One process."""
        self._load = python_load(self._log, "in-process", self._kind)

    def close(self) -> None:
        """End it."""
        if self._load is not None:
            self._load.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The load itself, which is the cluster as well."""
        return {"all": [load.pid for load in self.loads()]}

    def loads(self) -> Sequence[LoadProcess]:
        """The one process, which plays all clients."""
        return [self._load] if self._load is not None else []

    def about(self) -> Mapping[str, str]:
        """Nothing is durable here."""
        return {"storage": "memory"}
