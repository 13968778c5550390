"""A reader who does what the README says, from top to bottom, on a real server with real nodes.

Three things differ from what is written: the server is not on port 6379, so the URL is replaced in the text, and `redis-cli` is a script
on the PATH that adds the port; and everything happens in an empty directory.
"""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import redpaxos
from redpaxos.cli.health import assess
from tests.readme.blocks import Block
from tests.servers import RedisServer

WRITTEN_URL = "redis://localhost:6379"
_READY_SECONDS = 20.0
_BLOCK_SECONDS = 30.0
_SILENCE_SECONDS = 10.0
_SUBSCRIBED_LINES = 3
_MARK = "-- next command --"

# What differs from run to run: who led at which ballot and slot, ids that were drawn, the width of columns.
_VARYING = (
    (re.compile(r"\(integer\) "), ""),
    (re.compile(r'\[\d+,"n\d"\]'), "[BALLOT]"),
    (re.compile(r"\(\d+, 'n\d'\)"), "(BALLOT)"),
    (re.compile(r"\b\d+\.n\d\b"), "BALLOT"),
    (re.compile(r'"slot":\d+'), '"slot":SLOT'),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"n\d leads"), "LEADER leads"),
    (re.compile(r"(n\d\s+acceptor,proposer)\s+(idle|leading)\s+n\d\s+BALLOT\s+\d+"), r"\1 PHASE LEADER BALLOT SLOT"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
)


def comparable(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text.strip()


class Reader:
    """Runs blocks in their order; use it in a `with` statement."""

    def __init__(self, server: RedisServer, redis_cli: str, directory: Path) -> None:
        self._server = server
        self._directory = directory
        self._nodes: list[subprocess.Popen[str]] = []
        self._listeners: list[subprocess.Popen[str]] = []
        self._exports: list[str] = []
        scripts = directory / "bin"
        scripts.mkdir()
        (scripts / "redis-cli").write_text(f'#!/bin/sh\nexec {redis_cli} -p {server.port} "$@"\n')
        (scripts / "redis-cli").chmod(0o755)
        ours = {name: value for name, value in os.environ.items() if not name.startswith("REDPAXOS_")}
        path = os.pathsep.join((str(scripts), str(Path(sys.executable).parent), ours["PATH"]))
        self._environment = ours | {"PATH": path}

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *error: object) -> None:
        for process in (*self._nodes, *self._listeners):
            process.kill()
            process.communicate()

    def read(self, blocks: Sequence[Block]) -> Iterator[tuple[Block, str, str]]:
        """Each block that is run, what it should print, and what it printed."""
        listening: Block | None = None
        for block, following in zip(blocks, [*blocks[1:], None], strict=True):
            match block.language, block.mark:
                case _, "not run":
                    continue
                case "console", "nodes":
                    yield self._start_nodes(block)
                case "console", "listens":
                    self._listen(block)
                    listening = block
                    continue
                case "console", _:
                    yield self._run_console(block)
                case "python", _:
                    yield self._run_python(block, following)
            if listening is not None:
                yield self._hear(listening)
                listening = None

    def _start_nodes(self, block: Block) -> tuple[Block, str, str]:
        heard = ""
        for command, expected in block.commands():
            words = self._replaced(command).removesuffix(" &").split()
            node = subprocess.Popen(
                words, env=self._environment, cwd=self._directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            self._nodes.append(node)
            heard += _await_line(node, expected)
        self._await_leader()
        return block, "".join(expected for _, expected in block.commands()), heard

    def _await_leader(self) -> None:
        """What follows is compared word for word, so it begins when all is well."""
        deadline = time.monotonic() + _READY_SECONDS
        with redpaxos.connect(self._server.url, cluster="demo") as client:
            while not assess(reports := client.status(timeout=0.5)).well or len({report["node"] for report in reports}) < len(self._nodes):
                assert time.monotonic() < deadline, reports

    def _listen(self, block: Block) -> None:
        ((command, _),) = block.commands()
        self._listeners.append(
            subprocess.Popen(command.split(), env=self._environment, cwd=self._directory, stdout=subprocess.PIPE, text=True)
        )
        self._heard = _lines(self._listeners[-1], _SUBSCRIBED_LINES)

    def _hear(self, block: Block) -> tuple[Block, str, str]:
        """What the listener has heard by now: as much as it should hear."""
        ((_, expected),) = block.commands()
        return block, expected, self._heard + _lines(self._listeners[-1], expected.count("\n") - _SUBSCRIBED_LINES)

    def _run_console(self, block: Block) -> tuple[Block, str, str]:
        commands = block.commands()
        script = "".join(f"{command}\necho '{_MARK}'\n" for command, _ in commands)
        printed = self._run(["bash", "-c", "\n".join([*self._exports, self._replaced(script)])])
        self._exports += [self._replaced(command) for command, _ in commands if command.startswith("export ")]
        return block, _MARK.join(output for _, output in commands), printed.removesuffix(f"{_MARK}\n").replace(f"{_MARK}\n", _MARK)

    def _run_python(self, block: Block, following: Block | None) -> tuple[Block, str, str]:
        printed = self._run([sys.executable, "-c", self._replaced(block.text)])
        return block, following.text if following is not None and following.language == "text" else "", printed

    def _run(self, command: list[str]) -> str:
        finished = subprocess.run(
            command,
            env=self._environment,
            cwd=self._directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_BLOCK_SECONDS,
            check=False,
        )
        return finished.stdout

    def _replaced(self, text: str) -> str:
        return text.replace(WRITTEN_URL, self._server.url)


def _await_line(process: "subprocess.Popen[str]", expected: str) -> str:
    """The line, once it is there; otherwise what was said instead."""
    said = ""
    for line in _output(process):
        if line == expected:
            return line
        said += line
    return said


def _lines(process: "subprocess.Popen[str]", count: int) -> str:
    """The next lines, or those that there are."""
    return "".join(islice(_output(process), count))


def _output(process: "subprocess.Popen[str]") -> Iterator[str]:
    """Line by line; the process is killed where it is silent for too long, so that the test ends with what was said."""
    assert process.stdout is not None
    while True:
        patience = threading.Timer(_SILENCE_SECONDS, process.kill)
        patience.start()
        line = process.stdout.readline()
        patience.cancel()
        if not line:
            return
        yield line
