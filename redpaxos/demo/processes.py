"""The stage of the demo proper: a real server, and a process for each node, as one would run them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from redpaxos.demo.stage import CLUSTER, NODES, Stage
from redpaxos.embedded import EmbeddedServer, end_child, start_child
from transport.opening import open_transport

if TYPE_CHECKING:
    from redis import Redis

    from transport.base import Transport

_STOP_SECONDS = 2.0


class ProcessStage(Stage):
    """Everything is a child of this process, and dies with it."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="redpaxos-demo-")
        self._server = EmbeddedServer()
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def _config(self) -> Path:
        return Path(self._directory.name) / "demo.toml"

    def open(self) -> str:
        """Start the server, and write down for nodes and users where it is."""
        self._server.start()
        members = ", ".join(f'"{node}"' for node in NODES)
        self._config.write_text(f'cluster = "{CLUSTER}"\nmembers = [{members}]\nredis = "{self._server.url}"\n')
        with self._server.client() as client:
            about = client.info("server")
        version = f"Valkey {about['valkey_version']}" if "valkey_version" in about else f"Redis {about['redis_version']}"
        return f"{version}, process {self._server.pid}"

    def start(self, node: str) -> str:
        """`redpaxos node run`, in a process of its own."""
        command = [sys.executable, "-m", "redpaxos", "node", "run", node]
        command += ["--config", str(self._config), "--data-dir", str(Path(self._directory.name) / node)]
        # What the user has set for clusters of his own does not concern this one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REDPAXOS_")}
        with self._log(node).open("ab") as log:
            self._nodes[node] = start_child(command, log.fileno(), environment=environment)
        return f"process {self._nodes[node].pid}"

    def kill(self, node: str) -> str:
        """What the kernel does to a process that took too much memory, or to all when the power fails."""
        process = self._nodes.pop(node)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return f"kill -9 {process.pid}"

    def failure(self, node: str) -> str:
        """The last that it wrote, if it has ended."""
        process = self._nodes.get(node)
        if process is not None and process.poll() is None:
            return ""
        written = self._log(node).read_text(errors="replace").strip().splitlines()
        return written[-1] if written else "it wrote nothing"

    def redis(self) -> "Redis":
        """redis-py, over the server's socket."""
        return self._server.client()

    def transport(self) -> "Transport":
        """What the nodes use as well."""
        return open_transport(self._server.url)

    def close(self) -> None:
        """The nodes first, while there is a server to leave."""
        for process in self._nodes.values():
            process.terminate()
        for process in self._nodes.values():
            end_child(process, _STOP_SECONDS)
        self._nodes.clear()
        self._server.close()
        self._directory.cleanup()

    def invitation(self, program: str) -> list[tuple[str, str]]:
        """Watch, propose, and look around."""
        proposal = '\'{"value": "Hello, Paxos!"}\''
        propose = f"{program} propose 'Hello, Paxos!' --config {self._config}"
        if shutil.which("redis-cli"):
            propose = f"redis-cli -s {self._server.socket} PUBLISH redpaxos:{CLUSTER}:propose {proposal}"
        nodes = ", ".join(f"{process.pid} ({node})" for node, process in sorted(self._nodes.items()))
        return [
            (f"{program} log tail --config {self._config}", "watch what is chosen"),
            (propose, "have something chosen"),
            (f"{program} status --config {self._config}", f"see who leads; then kill -9 one of {nodes}, and look again"),
        ]

    def _log(self, node: str) -> Path:
        return Path(self._directory.name) / f"{node}.log"
