"""etcd: three members on the loopback, each with a data directory of its own, loaded by a compiled client at the leader."""

import json
import os
import platform
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.systems.processes import Child, LoadProcess, ProcessError, free_ports

LOAD_PROGRAM = Path(__file__).parents[1] / "peers" / "build" / "etcd-load"
_READY_SECONDS = 20.0


class EtcdCluster:
    """As its manual starts it on one machine; every default kept."""

    name = "etcd"

    def __init__(self, directory: Path, client_count: int = 1) -> None:
        self._directory = directory
        self._client_count = client_count
        # Of each member: for the others, for clients.
        self._ports: list[tuple[int, int]] = []
        self._members: list[Child] = []
        self._loads: list[LoadProcess] = []

    def open(self) -> None:
        """Members, then loads at the leader: a follower would have to pass every write on."""
        self._directory.mkdir(parents=True)
        ports = free_ports(6)
        self._ports = list(zip(ports[::2], ports[1::2], strict=True))
        self._members = [self._start(number) for number in range(3)]
        leader = self._find_leader(time.monotonic() + _READY_SECONDS)
        for _ in range(self._client_count):
            self._loads.append(LoadProcess([str(LOAD_PROGRAM), leader], self._directory / "load.log"))

    def close(self) -> None:
        """Loads, then members."""
        for load in self._loads:
            load.close()
        for member in self._members:
            member.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The members."""
        return {"nodes": [member.pid for member in self._members]}

    def loads(self) -> Sequence[LoadProcess]:
        """One process a client."""
        return self._loads

    def about(self) -> Mapping[str, str]:
        """Its version, and its load's."""
        version = subprocess.run(["etcd", "--version"], check=True, capture_output=True, text=True).stdout.splitlines()
        go = next((line for line in version if line.startswith("Go Version")), "")
        return {"version": version[0].removeprefix("etcd Version: "), "go": go.removeprefix("Go Version: "), "durable": "synced log"}

    def _start(self, number: int) -> Child:
        peer, client = (f"http://127.0.0.1:{port}" for port in self._ports[number])
        everyone = ",".join(f"m{other}=http://127.0.0.1:{ports[0]}" for other, ports in enumerate(self._ports))
        command = [shutil.which("etcd") or "etcd", "--name", f"m{number}", "--data-dir", str(self._directory / f"m{number}")]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--listen-client-urls", client]
        command += ["--advertise-client-urls", client, "--initial-cluster", everyone, "--initial-cluster-state", "new"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ETCD_")}
        if platform.machine() == "aarch64":
            environment["ETCD_UNSUPPORTED_ARCH"] = "arm64"
        return Child(command, self._directory / f"m{number}.log", environment=environment)

    def _find_leader(self, deadline: float) -> str:
        while time.monotonic() < deadline:
            for member, ports in zip(self._members, self._ports, strict=True):
                member.check()
                if _leads(ports[1]):
                    return f"127.0.0.1:{ports[1]}"
            time.sleep(0.1)
        raise ProcessError(f"etcd had no leader within {_READY_SECONDS:.0f} s")


def _leads(port: int) -> bool:
    """Whether this member says that it leads."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v3/maintenance/status", data=b"{}")
    try:
        with urllib.request.urlopen(request, timeout=2.0) as answer:
            status = json.load(answer)
    except OSError:
        return False
    return bool(status.get("leader")) and status["leader"] == status["header"]["member_id"]
