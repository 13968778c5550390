"""Several hosts on one machine: network namespaces, each with an address of its own, joined by the wire.

A host is a process that does nothing but hold its namespace, so nothing is left behind whoever dies. Cuts are made by iptables in the
host that they concern, and drop silently: whoever waits for the other side learns nothing. Delay, jitter, loss and repetition are the
wire's; a narrow way out is made by tc.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from redpaxos.embedded import end_child, start_child
from tests.nemesis.wire import Weather

REPOSITORY = Path(__file__).parents[2]
_NETWORK = "10.77.0"
_PATIENCE_SECONDS = 5.0
_TOOLS = ("ip", "tc", "iptables", "nsenter", "unshare")

HEAR, SPEAK = "INPUT", "OUTPUT"
"""What a host can be kept from doing."""


class Hosts:
    """Hosts by name; use it in a `with` statement, as root."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._numbers = {name: number for number, name in enumerate(self.names, start=1)}
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        self._wire: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Hosts":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self._wire is not None:
            with self._wire as wire:
                wire.kill()
        for holder in self._holders.values():
            end_child(holder, _PATIENCE_SECONDS)

    def address(self, name: str) -> str:
        """Where a host is."""
        return f"{_NETWORK}.{self._numbers[name]}"

    def inside(self, name: str) -> tuple[str, ...]:
        """What to put before a command so that it runs on a host."""
        return ("nsenter", "--target", str(self._holders[name].pid), "--net", "--")

    # ---- faults ------------------------------------------------------------------------------------------------------------------

    def cut(self, name: str, *ways: str, share: float = 1.0) -> None:
        """Drop what a host hears or speaks, or a share of it."""
        chance = () if share >= 1.0 else ("-m", "statistic", "--mode", "random", "--probability", str(share))
        for way in ways or (HEAR, SPEAK):
            self.run(name, "iptables", "--wait", "--append", way, *chance, "--jump", "DROP")

    def heal(self, *names: str) -> None:
        """Undo the cuts of these hosts, or of all."""
        for name in names or self.names:
            self.run(name, "iptables", "--wait", "--flush")

    def narrow(self, name: str, kilobits_a_second: int) -> None:
        """Let a host speak no faster than this."""
        limit = ("rate", f"{kilobits_a_second}kbit", "burst", "4kb", "latency", "400ms")
        self.run(name, "tc", "qdisc", "replace", "dev", self._device(name), "root", "tbf", *limit)

    def widen(self, name: str) -> None:
        """Let it speak as fast as it can."""
        self.run(name, "tc", "qdisc", "delete", "dev", self._device(name), "root")

    def weather(
        self, *names: str, delay_seconds: float = 0.0, jitter_seconds: float = 0.0, loss: float = 0.0, repetition: float = 0.0
    ) -> None:
        """What befalls packets to and from these hosts, or all packets; calm everywhere else."""
        numbers = [self._numbers[name] for name in names] or [0]
        what = (delay_seconds, jitter_seconds, loss, repetition)
        self._order([Weather(*way, *what) for number in numbers for way in dict.fromkeys([(number, 0), (0, number)])])

    def calm(self) -> None:
        """Every packet arrives at once, and once."""
        self._order([])

    def run(self, name: str, *command: str) -> None:
        """Run a command on a host; it has to succeed."""
        done = subprocess.run([*self.inside(name), *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)} on {name}: {done.stderr}"

    # ---- on the way --------------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        for name in self.names:
            # It says so when it is inside its namespace.
            reading, writing = os.pipe()
            with open(reading, "rb") as said, open(writing, "wb") as saying:
                holder = start_child(["unshare", "--net", "sh", "-c", "echo held; exec sleep infinity"], saying.fileno())
                self._holders[name] = holder
                assert said.readline() == b"held\n", "no network namespace can be made here"
        ends = [f"{self._holders[name].pid}:{self.address(name)}" for name in self.names]
        command = [sys.executable, "-m", "tests.nemesis.wire", *ends]
        self._wire = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert _file(self._wire.stdout).readline() == "ready\n", "the wire did not start"

    def _order(self, weather: Sequence[Weather]) -> None:
        assert self._wire is not None
        orders = _file(self._wire.stdin)
        orders.write(json.dumps(weather) + "\n")
        orders.flush()
        assert _file(self._wire.stdout).readline() == "done\n"

    def _device(self, name: str) -> str:
        return f"wire{self._numbers[name]}"


def why_no_hosts() -> str:
    """Why this machine can have no hosts, or an empty string."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    if not os.access("/dev/net/tun", os.W_OK):
        return "no /dev/net/tun"
    denied = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return f"no network namespaces: {denied.stderr.strip()}" if denied.returncode else ""


def _file(file: IO[str] | None) -> IO[str]:
    assert file is not None
    return file
