"""Roles without anything around them, ours and those of essential-paxos, each in a process of its own."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.systems.processes import LoadProcess

REPOSITORY = Path(__file__).parents[2]
PACKAGES = REPOSITORY / "benchmarks" / "peers" / "build" / "site-packages"
"""Where install.sh puts essential-paxos: it is called `paxos` as well, so whoever would find both would find one."""

ESSENTIAL = "essential-paxos"


class PureRoles:
    """Ours, or those of essential-paxos."""

    def __init__(self, log: Path, *, essential: bool = False) -> None:
        self.name = ESSENTIAL if essential else "redpaxos, pure roles"
        self._log = log
        self._essential = essential
        self._load: LoadProcess | None = None

    def open(self) -> None:
        """One process. It looks where it is told and not in the current directory, which might have another `paxos`."""
        path = [PACKAGES, REPOSITORY] if self._essential else [REPOSITORY]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}
        command = [sys.executable, "-P", "-m", "benchmarks.load", ESSENTIAL if self._essential else "roles"]
        self._load = LoadProcess(command, self._log, environment)

    def close(self) -> None:
        """End it."""
        if self._load is not None:
            self._load.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The load itself."""
        return {"all": [load.pid for load in self.loads()]}

    def loads(self) -> Sequence[LoadProcess]:
        """The one process."""
        return [self._load] if self._load is not None else []

    def about(self) -> Mapping[str, str]:
        """Nothing is durable here."""
        return {"storage": "nothing is kept" if self._essential else "stores in memory"}


def is_installed() -> bool:
    """Whether essential-paxos is where it is looked for."""
    return (PACKAGES / "paxos" / "essential.py").exists()
