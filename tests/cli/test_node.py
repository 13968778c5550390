"""`redpaxos node run` as a process: how it starts, how it ends, and what it refuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CLUSTER, MEMBERS, Redpaxos, StartNode, ask_until, lines_of, said
from tests.servers import RedisServer, free_port

pytestmark = [pytest.mark.server, pytest.mark.processes]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_node_cleanly_within_a_second(start_node: StartNode, how: signal.Signals) -> None:
    node = start_node("n1")
    node.await_ready()
    code, seconds = node.end(how)
    assert code == 0, node.log.read_text()
    assert seconds < 1.0
    assert "n1 has stopped" in node.last_line


def test_a_signal_that_comes_while_a_node_starts_stops_it_cleanly(start_node: StartNode) -> None:
    node = start_node("n1")
    node.log.await_text("remembers in")
    code, _ = node.end(signal.SIGTERM)
    assert code == 0, node.log.read_text()
    assert "ERROR" not in node.log.read_text()


def test_a_frozen_redis_does_not_keep_a_node_from_stopping(start_node: StartNode) -> None:
    with RedisServer() as server:
        node = start_node("n1", url=server.unix_url)
        node.await_ready()
        server.freeze()
        code, seconds = node.end(signal.SIGTERM)
        server.thaw()
    assert code == 0, node.log.read_text()
    assert seconds < 1.0


def test_a_node_without_redis_waits_for_it_and_stops_all_the_same(start_node: StartNode) -> None:
    node = start_node("n1", url=f"redis://127.0.0.1:{free_port()}")
    node.log.await_text("trying again")
    code, seconds = node.end(signal.SIGTERM)
    assert (code, node.out.read_text()) == (0, "")
    assert seconds < 1.0


def test_a_node_says_when_it_is_ready_for_programs_too(start_node: StartNode) -> None:
    node = start_node("n1", "-o", "json")
    node.await_ready()
    assert json.loads(node.out.read_text()) == {"node": "n1", "cluster": CLUSTER, "event": "ready"}


def test_kill_9_of_all_nodes_loses_nothing_that_was_chosen(start_node: StartNode, redpaxos: Redpaxos, redis_server: RedisServer) -> None:
    here = ("--cluster", CLUSTER, "--redis", redis_server.unix_url)
    nodes = [start_node(name) for name in MEMBERS]
    before = lines_of(redpaxos("propose", "kept", "--id", "kept", "-o", "json", *here))
    for node in nodes:
        node.end(signal.SIGKILL)
    assert redpaxos("status", *here, "--timeout", "0.3").exit_code == 4
    assert redpaxos("propose", "lost", *here, "--timeout", "0.5").exit_code == 4
    for name in MEMBERS:
        start_node(name)
    assert lines_of(redpaxos("propose", "kept", "--id", "kept", "-o", "json", *here)) == before
    # A node that has just started has only a beginning of the log, perhaps an empty one.
    ask_until(lambda: [entry["value"] for entry in lines_of(redpaxos("log", "show", "-o", "json", *here))] == ["kept"])


def test_one_node_of_three_is_no_quorum_and_the_proposal_is_not_done(
    start_node: StartNode, redpaxos: Redpaxos, redis_server: RedisServer, tmp_path: Path
) -> None:
    here = ("--cluster", CLUSTER, "--redis", redis_server.unix_url)
    file = tmp_path / "redpaxos.toml"
    file.write_text("[settings]\npatience_seconds = 0.4\n")
    start_node("n1", "--config", str(file)).await_ready()
    checked = redpaxos("status", *here, "--check", "--name", "n1")
    assert (checked.exit_code, "n1 of cluster cli is not well: first start: n1 waits for n2, n3" in said(checked)) == (4, True)
    status = redpaxos("status", *here, "--timeout", "0.3")
    assert status.exit_code == 4
    assert "no quorum: only 1 of 3 acceptors answer" in status.stdout
    assert "first start: n1 waits for n2, n3" in status.stdout
    (record,) = lines_of(redpaxos("status", *here, "--timeout", "0.3", "-o", "json"))
    assert (record["members"], record["silent"], record["ballot"]) == (list(MEMBERS), ["n2", "n3"], None)
    proposal = redpaxos("propose", "x", *here, "--timeout", "8")
    assert (proposal.exit_code, "no quorum" in proposal.stderr) == (4, True)


def test_roles_may_be_spread_over_nodes(start_node: StartNode, redpaxos: Redpaxos, redis_server: RedisServer) -> None:
    here = ("--cluster", CLUSTER, "--redis", redis_server.unix_url)
    for name in MEMBERS:
        start_node(name, "--roles", "acceptor")
    start_node("p1", "--roles", "proposer")
    start_node("l1", "--roles", "learner")
    assert redpaxos("propose", "spread", *here).exit_code == 0
    ask_until(lambda: "spread" in redpaxos("log", "show", "--node", "l1", *here).stdout)


def test_a_second_process_on_the_same_disk_is_refused_in_one_line(start_node: StartNode, tmp_path: Path) -> None:
    start_node("n1").await_ready()
    second = start_node("n1")
    assert second.await_end() == 1
    assert second.last_line.startswith("redpaxos: ")
    assert str(tmp_path / "n1") in second.last_line


@pytest.mark.parametrize(("name", "cluster"), [("n2", CLUSTER), ("n1", "other")])
def test_somebody_elses_disk_is_refused_in_one_line(start_node: StartNode, tmp_path: Path, name: str, cluster: str) -> None:
    first = start_node("n1")
    first.await_ready()
    first.end(signal.SIGTERM)
    thief = start_node(name, "--data-dir", str(tmp_path / "n1"), cluster=cluster)
    assert thief.await_end() == 1
    assert thief.last_line.startswith("redpaxos: ")


def test_a_damaged_disk_is_refused_in_one_line(start_node: StartNode, tmp_path: Path) -> None:
    first = start_node("n1")
    first.await_ready()
    first.end(signal.SIGTERM)
    (tmp_path / "n1" / "acceptor.sqlite3").write_bytes(b"this is no store")
    second = start_node("n1")
    assert second.await_end() == 1
    assert "acceptor.sqlite3" in second.last_line


def test_a_node_that_comes_back_without_its_disk_says_why_it_stops_once(
    start_node: StartNode, redpaxos: Redpaxos, redis_server: RedisServer, tmp_path: Path
) -> None:
    nodes = [start_node(name) for name in MEMBERS]
    assert redpaxos("propose", "first", "--cluster", CLUSTER, "--redis", redis_server.unix_url).exit_code == 0
    nodes[1].end(signal.SIGKILL)
    shutil.rmtree(tmp_path / "n2")
    emptied = start_node("n2")
    assert emptied.await_end() == 1
    assert emptied.last_line.startswith("redpaxos: node n2 stopped: ")
    assert emptied.log.read_text().count("first heard it") == 1


def test_ctrl_c_and_a_closed_pipe_are_quiet(start_node: StartNode, redpaxos: Redpaxos, redis_server: RedisServer) -> None:
    here = ["--cluster", CLUSTER, "--redis", redis_server.unix_url]
    for name in MEMBERS:
        start_node(name)
    assert redpaxos("propose", "first", *here).exit_code == 0
    command = [sys.executable, "-m", "redpaxos", "log", "tail", *here]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert b"first" in tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        assert (tail.wait(5), tail.communicate()[1]) == (130, b"")
    reading, writing = os.pipe()
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE) as tail:
        os.close(writing)
        os.close(reading)
        assert (tail.wait(10), tail.communicate()[1]) == (141, b"")
