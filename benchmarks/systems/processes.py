"""Processes that die with the harness, however it ends, and what CPU time they took."""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.measuring import Job, Sample
from tests.servers import free_port

_READY_SECONDS = 20.0
_STOP_SECONDS = 3.0
_PR_SET_PDEATHSIG = 1


class ProcessError(Exception):
    """A process did not start, did not answer, or ended."""


class Child:
    """One process, with its errors in a file and, where `talks`, its input and output for us."""

    def __init__(self, command: Sequence[str], log: Path, *, talks: bool = False, environment: Mapping[str, str] | None = None) -> None:
        self._command = command
        self._log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else errors,
                stderr=errors,
                env=dict(environment) if environment is not None else None,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, which takes no lock.
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def fail(self, what: str) -> ProcessError:
        """An error that ends with the process's last words."""
        words = self._log.read_text(errors="replace").strip().splitlines()
        return ProcessError(f"{' '.join(self._command)}: {what}: {words[-1] if words else 'it wrote nothing'}")

    def check(self) -> None:
        """Raise if it has ended."""
        if self.process.poll() is not None:
            raise self.fail(f"ended with status {self.process.returncode}")

    def close(self) -> None:
        """End it and wait for that."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class LoadProcess:
    """A load, spoken to by lines; made ready by the constructor."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._child = Child(command, log, talks=True, environment=environment)
        self._rest = b""
        self._selector = selectors.DefaultSelector()
        self._output = self._child.process.stdout
        assert self._output is not None
        self._selector.register(self._output, selectors.EVENT_READ)
        try:
            self._read_line(_READY_SECONDS)
        except ProcessError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def begin(self, job: Job) -> None:
        """Set it to work."""
        assert self._child.process.stdin is not None
        self._child.process.stdin.write(msgspec.json.encode(job) + b"\n")
        self._child.process.stdin.flush()

    def finish(self, timeout_seconds: float) -> Sample:
        """What it measured."""
        return msgspec.json.decode(self._read_line(timeout_seconds), type=Sample, strict=False)

    def close(self) -> None:
        """End it."""
        self._selector.close()
        self._child.close()

    def _read_line(self, timeout_seconds: float) -> bytes:
        deadline = time.monotonic() + timeout_seconds
        assert self._output is not None
        while b"\n" not in self._rest:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise self._child.fail(f"no answer within {timeout_seconds:.0f} s")
            chunk = os.read(self._output.fileno(), 1 << 20)
            if not chunk:
                raise self._child.fail("it ended")
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def python_load(log: Path, *arguments: str) -> LoadProcess:
    """A load of this package."""
    return LoadProcess([sys.executable, "-m", "benchmarks.load", *arguments], log)


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback that nobody uses; ask right before they are used."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)


def cpu_seconds_of(processes: Iterable[int]) -> float:
    """User and system time of living processes, all threads."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
