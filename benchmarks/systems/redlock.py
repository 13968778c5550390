"""Redlock, as pottery has it: a lock with a time limit on three Redis servers that know nothing of each other.

It gives no fencing token, and whoever pauses for longer than the limit, or whose clock jumps, holds it together with somebody else, so
what it does is less than what it is compared with.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.systems.processes import LoadProcess, python_load
from benchmarks.systems.redis_always import SYNCED, durability, server_version
from tests.servers import RedisServer


class RedlockServers:
    """Three of them, each syncing before it answers, over Unix sockets."""

    name = "Redlock"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._servers: list[RedisServer] = []
        self._load: LoadProcess | None = None

    def open(self) -> None:
        """The servers and a load."""
        for number in range(3):
            home = self._directory / f"r{number + 1}"
            home.mkdir(parents=True)
            server = RedisServer(*SYNCED, "--dir", str(home))
            self._servers.append(server)
            server.start()
        self._load = python_load(self._directory / "load.log", "redlock", *(server.unix_url for server in self._servers))

    def close(self) -> None:
        """All of them."""
        if self._load is not None:
            self._load.close()
        for server in self._servers:
            server.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The servers."""
        return {"redis": [server.pid for server in self._servers]}

    def loads(self) -> Sequence[LoadProcess]:
        """One."""
        return [self._load] if self._load is not None else []

    def about(self) -> Mapping[str, str]:
        """Whose it is, the servers, and what it does not do."""
        server = self._servers[0]
        return {
            "version": f"pottery {version('pottery')}",
            "server": f"three of Redis {server_version(server)}",
            "durable": durability(server),
            "guarantee": "no fencing token",
        }
