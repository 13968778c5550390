"""One unreplicated Redis that syncs before it answers: what a team has that trusts one machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.systems.processes import LoadProcess, python_load
from tests.servers import RedisServer

SYNCED = ("--appendonly", "yes", "--appendfsync", "always")


class RedisAlways:
    """`appendonly yes`, `appendfsync always`, over a Unix socket."""

    name = "one Redis, appendfsync always"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server = RedisServer(*SYNCED, "--dir", str(directory))
        self._load: LoadProcess | None = None

    def open(self) -> None:
        """The server and its load."""
        self._directory.mkdir(parents=True)
        self._server.start()
        self._load = python_load(self._directory / "load.log", "redis", self._server.unix_url)

    def close(self) -> None:
        """Both."""
        if self._load is not None:
            self._load.close()
        self._server.close()

    def processes(self) -> Mapping[str, Sequence[int]]:
        """The server."""
        return {"redis": [self._server.pid]}

    def loads(self) -> Sequence[LoadProcess]:
        """One."""
        return [self._load] if self._load is not None else []

    def about(self) -> Mapping[str, str]:
        """Its version, and that it is durable."""
        return {"version": server_version(self._server), "durable": durability(self._server)}


def server_version(server: RedisServer) -> str:
    """Of Redis, or of Valkey."""
    info = server.cli("INFO", "server")
    return str(info.get("valkey_version") or info.get("redis_version"))


def durability(server: RedisServer) -> str:
    """Its settings, as the server itself has them."""
    settings = server.cli("CONFIG", "GET", "appendfsync") | server.cli("CONFIG", "GET", "appendonly")
    return " ".join(f"{key.decode()}={value.decode()}" for key, value in settings.items())
