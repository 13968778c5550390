"""`redpaxos kv` against three nodes and a real server: what it prints, and the exit code of each outcome."""

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import CLUSTER, Redpaxos, lines_of, said
from tests.servers import RedisServer

pytestmark = pytest.mark.server


def test_what_was_put_is_got_as_it_was(cluster: Redpaxos) -> None:
    put = cluster("kv", "put", "colour", "blue ü")
    assert put.exit_code == 0, put.stderr
    got = cluster("kv", "get", "colour")
    assert (got.exit_code, got.stdout) == (0, "blue ü\n")
    for consistency in ("session", "stale"):
        assert cluster("kv", "get", "colour", "--consistency", consistency, "--node", "n1").exit_code == 0
    assert cluster("kv", "ls", "--consistency", "eventual").exit_code == 2


def test_a_value_comes_from_standard_input_and_may_be_any_bytes(cluster: Redpaxos) -> None:
    assert cluster("kv", "put", "bytes", "-", input=b"\xff\x00\n").exit_code == 0
    assert cluster("kv", "get", "bytes").stdout_bytes == b"\xff\x00\n"
    assert lines_of(cluster("kv", "get", "bytes", "-o", "json"))[0]["value_base64"] == "/wA="
    assert "\\xff\\x00" in cluster("kv", "ls", "bytes").stdout


def test_a_missing_key_is_a_definite_no(cluster: Redpaxos) -> None:
    result = cluster("kv", "get", "nothing")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "there is no key nothing" in said(result)


def test_compare_and_set_goes_by_the_revision(cluster: Redpaxos) -> None:
    (created,) = lines_of(cluster("kv", "cas", "turn", "a", "--revision", "0", "-o", "json"))
    assert created["succeeded"] is True
    again = cluster("kv", "cas", "turn", "b", "--revision", "0")
    assert (again.exit_code, again.stdout) == (3, "")
    assert f"last written at revision {created['revision']}" in said(again)
    refused = cluster("kv", "cas", "turn", "b", "--revision", "0", "-o", "json")
    assert (refused.exit_code, lines_of(refused)[0]["current"]["value"]) == (3, "a")
    assert cluster("kv", "cas", "turn", "--delete", "--revision", str(created["revision"])).exit_code == 0
    assert "there is no key turn" in said(cluster("kv", "cas", "turn", "--delete", "--revision", "5"))
    assert cluster("kv", "cas", "turn", "--revision", "5").exit_code == 2


def test_keys_are_listed_by_prefix_and_deleted_by_prefix(cluster: Redpaxos) -> None:
    for key in ("list/b", "list/a", "other"):
        cluster("kv", "put", key, key)
    assert [item["key"] for item in lines_of(cluster("kv", "ls", "list/", "-o", "json"))] == ["list/a", "list/b"]
    assert cluster("kv", "del", "list/", "--prefix").stdout == "2\n"
    assert lines_of(cluster("kv", "del", "list/a", "-o", "json"))[0]["count"] == 0
    assert cluster("kv", "ls", "list/").stdout == ""


def test_what_was_there_before_is_told_on_request(cluster: Redpaxos) -> None:
    assert "previous" not in lines_of(cluster("kv", "put", "before", "1", "-o", "json"))[0]
    (put,) = lines_of(cluster("kv", "put", "before", "2", "--previous", "-o", "json"))
    assert put["previous"]["value"] == "1"
    assert cluster("kv", "del", "before", "--previous").stdout == f"1\nbefore  2  {put['revision']}\n"
    assert lines_of(cluster("kv", "del", "before", "--previous", "-o", "json"))[0]["previous"] is None
    refused = cluster("kv", "del", "before", "--prefix", "--previous")
    assert (refused.exit_code, "for a single key" in said(refused)) == (2, True)


def test_a_transaction_is_carried_out_one_way_or_the_other(cluster: Redpaxos) -> None:
    text = json.dumps(
        {
            "if": [["version", "once", "=", 0], ["value", "once", "!=", "done"], ["revision", "once", "<", 1]],
            "then": [["put", "once", "done"], ["get", "once"], ["ls", "once"], ["delete", "none"], ["delete-prefix", "none"]],
            "else": [["get", "once"]],
        }
    )
    first = cluster("kv", "txn", text, "-o", "json")
    assert first.exit_code == 0, first.stderr
    (branch,) = lines_of(first)
    assert branch["succeeded"] is True
    assert [list(result) for result in branch["results"]] == [["revision"], ["items", "more"], ["items", "more"], ["count"], ["count"]]
    second = cluster("kv", "txn", "-", input=text)
    assert second.exit_code == 3
    assert "a condition did not hold" in second.stdout
    assert "once  done" in second.stdout


@pytest.mark.parametrize(
    "text",
    ["{", '{"when": []}', '{"if": [["age", "key", "=", 1]]}', '{"if": [["value", "key", "=", 1]]}', '{"then": [["put", "key"]]}', "[]"],
)
def test_a_transaction_that_makes_no_sense_is_a_mistake(cluster: Redpaxos, text: str) -> None:
    result = cluster("kv", "txn", text)
    assert result.exit_code == 2
    assert "TRANSACTION" in said(result)


def test_every_operation_of_a_transaction_prints_what_came_of_it(cluster: Redpaxos) -> None:
    operations = [
        ["put", "line/a", "1"],
        ["get", "line/b"],
        ["ls", "line/"],
        ["ls", "none/"],
        ["delete", "line/a"],
        ["delete-prefix", "line/"],
    ]
    done = cluster("kv", "txn", json.dumps({"then": operations}))
    head, *lines = done.stdout.splitlines()
    revision = head.rpartition(" ")[2]
    assert head == f"the conditions held; revision {revision}"
    assert lines == [
        "written: line/a",
        "there is no key line/b",
        f"line/a  1  {revision}",
        "no key begins with none/",
        "1 deleted: line/a",
        "0 deleted: line/…",
    ]


def test_a_transaction_of_too_many_operations_is_a_mistake_that_names_the_limit(cluster: Redpaxos) -> None:
    operations = [["get", "a"]] * 128
    assert cluster("kv", "txn", json.dumps({"then": operations})).exit_code == 0
    result = cluster("kv", "txn", json.dumps({"then": [*operations, ["get", "b"]]}))
    assert result.exit_code == 2
    assert "'then' has 129 entries, at most 128 are allowed" in said(result)
    assert "at most 128 entries" in " ".join(cluster("kv", "txn", "--help").stdout.split())


def test_a_watch_prints_every_change_since_a_revision(cluster: Redpaxos, redis_server: RedisServer) -> None:
    first = lines_of(cluster("kv", "put", "watched/a", "1", "-o", "json"))[0]["revision"]
    cluster("kv", "put", "unwatched", "x")
    cluster("kv", "del", "watched/a")
    command = [sys.executable, "-m", "redpaxos", "kv", "watch", "watched/", "--from-revision", str(first), "-o", "json"]
    command += ["--cluster", CLUSTER, "--redis", redis_server.unix_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        seen = [json.loads(watcher.stdout.readline()) for _ in range(2)]
        cluster("kv", "put", "watched/b", "2")
        seen.append(json.loads(watcher.stdout.readline()))
        watcher.kill()
    assert [(change["key"], change["value"]) for change in seen] == [("watched/a", "1"), ("watched/a", None), ("watched/b", "2")]


def test_a_watch_from_a_revision_that_is_far_ahead_says_so(cluster: Redpaxos, redis_server: RedisServer) -> None:
    command = [sys.executable, "-m", "redpaxos", "kv", "watch", "--from-revision", "1000000", "--cluster", CLUSTER]
    with subprocess.Popen([*command, "--redis", redis_server.unix_url], stderr=subprocess.PIPE, text=True) as watcher:
        assert watcher.stderr is not None
        line = watcher.stderr.readline()
        watcher.kill()
    assert line.startswith("redpaxos: the store is at revision ")
    assert line.endswith(", and 1000000 is still to come\n")


def test_a_key_that_is_too_long_is_a_definite_no(cluster: Redpaxos) -> None:
    result = cluster("kv", "put", "k" * 2000, "x")
    assert result.exit_code == 3
    assert "at most 1024 characters" in said(result)


def test_without_a_cluster_nothing_is_done(redpaxos: Redpaxos, redis_server: RedisServer) -> None:
    where = ["--cluster", "nobody", "--redis", redis_server.unix_url, "--timeout", "0.5"]
    assert redpaxos("kv", "put", "a", "b", *where).exit_code == 4
    assert redpaxos("kv", "get", "a", *where).exit_code == 4
