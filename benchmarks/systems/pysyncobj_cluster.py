"""PySyncObj: three nodes in memory only, which is its fastest; the load is in the leader's own process, as in an application.

An observer in a process of its own, the other way to load it, did as much at best, because the leader has to send it the log as well.
"""

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import Job
from benchmarks.systems.processes import LoadProcess, ProcessError, free_ports, python_load

_WHO_LEADS = Job("who leads", 0, 0.0)
_READY_SECONDS = 20.0


class PySyncObjCluster:
    """In one of its configurations: `at once` or `batches` (pysyncobj_load.py)."""

    def __init__(self, directory: Path, configuration: str) -> None:
        self.name = f"PySyncObj, {configuration}"
        self._configuration = configuration
        self._directory = directory
        self._nodes: list[LoadProcess] = []
        self._leader: LoadProcess | None = None

    def open(self) -> None:
        """Three nodes; wait for a leader."""
        self._directory.mkdir(parents=True)
        addresses = [f"127.0.0.1:{port}" for port in free_ports(3)]
        for address in addresses:
            others = ",".join(other for other in addresses if other != address)
            self._nodes.append(python_load(self._directory / "nodes.log", "pysyncobj", address, others, self._configuration))
        self._leader = self._find_leader(time.monotonic() + _READY_SECONDS)

    def close(self) -> None:
        """End all of them."""
        for node in self._nodes:
            node.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The nodes, of which one is the load as well."""
        return {"nodes": [node.pid for node in self._nodes]}

    def loads(self) -> Sequence[LoadProcess]:
        """The leader."""
        return [self._leader] if self._leader is not None else []

    def about(self) -> Mapping[str, str]:
        """Its version, and that nothing is durable."""
        return {"version": version("pysyncobj"), "storage": "memory only, load in the leader's process"}

    def _find_leader(self, deadline: float) -> LoadProcess:
        while time.monotonic() < deadline:
            for node in self._nodes:
                node.begin(_WHO_LEADS)
                if node.finish(5.0).total:
                    return node
            time.sleep(0.1)
        raise ProcessError(f"PySyncObj had no leader within {_READY_SECONDS:.0f} s")
