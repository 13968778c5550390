"""ZooKeeper: three servers on the loopback, each with a data directory of its own, loaded at the leader."""

import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.systems.processes import Child, LoadProcess, ProcessError, free_ports, python_load

JAR = Path("/usr/share/java/zookeeper.jar")
# Without it, what a server complains of is lost.
_LOGGER = JAR.with_name("slf4j-simple.jar")
_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
# The memory that its own start script gives it; no file about itself that Java would leave behind; what to complain of.
_OPTIONS = ("-Xmx1000m", "-XX:-UsePerfData", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_READY_SECONDS = 30.0


class ZooKeeperCluster:
    """As its manual starts it on one machine; every default kept, that it syncs what it logs among them."""

    name = "ZooKeeper"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # Of each server: for clients, for followers, for elections.
        self._ports: list[tuple[int, int, int]] = []
        self._servers: list[Child] = []
        self._load: LoadProcess | None = None

    def open(self) -> None:
        """Servers, then a load at the leader: a follower would have to pass every write on."""
        self._directory.mkdir(parents=True)
        ports = free_ports(9)
        self._ports = list(zip(ports[::3], ports[1::3], ports[2::3], strict=True))
        self._servers = [self._start(number) for number in range(3)]
        leader = self._find_leader(time.monotonic() + _READY_SECONDS)
        self._load = python_load(self._directory / "load.log", "zookeeper", "127.0.0.1", str(leader))

    def close(self) -> None:
        """Load, then servers."""
        if self._load is not None:
            self._load.close()
        for server in self._servers:
            server.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The servers."""
        return {"nodes": [server.pid for server in self._servers]}

    def loads(self) -> Sequence[LoadProcess]:
        """One."""
        return [self._load] if self._load is not None else []

    def about(self) -> Mapping[str, str]:
        """Its version, Java's, and what encodes the load."""
        found = subprocess.run(["java", "-version"], check=True, capture_output=True, text=True).stderr.splitlines()
        server = ask(self._ports[0][0], "srvr").partition("\n")[0].removeprefix("Zookeeper version: ").partition("-")[0]
        return {"version": server, "java": found[0], "load": f"encoded by kazoo {version('kazoo')}", "durable": "forceSync=yes"}

    def _start(self, number: int) -> Child:
        home = self._directory / f"s{number + 1}"
        home.mkdir()
        (home / "myid").write_text(f"{number + 1}\n", encoding="ascii")
        settings = self._directory / f"s{number + 1}.cfg"
        settings.write_text(configuration(home, number, self._ports), encoding="utf-8")
        command = [shutil.which("java") or "java", *_OPTIONS, "-cp", f"{JAR}:{_LOGGER}", _MAIN, str(settings)]
        return Child(command, self._directory / f"s{number + 1}.log")

    def _find_leader(self, deadline: float) -> int:
        """The port of the server that leads, once all take part."""
        while time.monotonic() < deadline:
            for server in self._servers:
                server.check()
            modes = {mode_of(ask(ports[0], "srvr")): ports[0] for ports in self._ports}
            if set(modes) == {"leader", "follower"}:
                return modes["leader"]
            time.sleep(0.1)
        raise ProcessError(f"ZooKeeper had no leader within {_READY_SECONDS:.0f} s")


def configuration(home: Path, number: int, ports: Sequence[tuple[int, int, int]]) -> str:
    """The settings of one server: times as in the example that comes with it."""
    lines = ["tickTime=2000", "initLimit=10", "syncLimit=5", "forceSync=yes", "admin.enableServer=false", f"dataDir={home}"]
    lines += ["clientPortAddress=127.0.0.1", f"clientPort={ports[number][0]}"]
    lines += [f"server.{other + 1}=127.0.0.1:{peer}:{election}" for other, (_, peer, election) in enumerate(ports)]
    return "\n".join(lines) + "\n"


def ask(port: int, word: str) -> str:
    """What a server answers to one of its words of four letters; nothing while it does not listen."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2.0) as connection:
            connection.sendall(word.encode())
            with connection.makefile("rb") as answer:
                return answer.read().decode()
    except OSError:
        return ""


def mode_of(answer: str) -> str:
    """Whether a server leads or follows; empty as long as it does neither."""
    modes = [line.removeprefix("Mode: ") for line in answer.splitlines() if line.startswith("Mode: ")]
    return modes[0] if modes else ""
