"""The client's commands against three nodes and a real server: what they print, and the exit code of each outcome."""

import json
from pathlib import Path

import pytest
import redis

from redpaxos.cli.health import assess
from redpaxos.cli.status import by_node
from tests.cli.conftest import CLUSTER, MEMBERS, Redpaxos, ask_until, lines_of, said
from tests.servers import RedisServer

pytestmark = pytest.mark.server

DOOR_KEYS = ["group", "slot", "revision", "id", "value", "ballot"]


def logged(cluster: Redpaxos, *options: str) -> list[dict[str, object]]:
    """The log as JSON."""
    return lines_of(cluster("log", "show", "-o", "json", *options))


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("hello", "hello"),
        ("42", 42),
        ('"42"', "42"),
        ('{"a": [1, null, "ü"]}', {"a": [1, None, "ü"]}),
        ("null", None),
        ("", ""),
        ("NaN", "NaN"),
        ("it's {fine}", "it's {fine}"),
        ("1 2", "1 2"),
    ],
)
def test_a_value_is_json_where_it_is_json_and_a_string_where_it_is_not(cluster: Redpaxos, argument: str, value: object) -> None:
    result = cluster("propose", argument, "-o", "json")
    assert result.exit_code == 0, result.stderr
    (printed,) = lines_of(result)
    assert printed["value"] == value
    assert printed["mine"] is True
    assert logged(cluster, "--from", str(printed["revision"]))[0]["value"] == value


@pytest.mark.parametrize("text", ["{broken", '{"a": 1', "[1,", '"42', " {broken", "42"])
def test_what_looks_like_json_is_a_string_where_that_is_said(cluster: Redpaxos, text: str) -> None:
    assert lines_of(cluster("propose", "--string", text, "-o", "json"))[0]["value"] == text
    assert lines_of(cluster("propose", "--string", "-", "-o", "json", input=text))[0]["value"] == text
    assert lines_of(cluster("decide", f"string {text}", text, "--string", "-o", "json"))[0]["value"] == text


def test_a_value_may_come_from_standard_input(cluster: Redpaxos) -> None:
    (printed,) = lines_of(cluster("propose", "-", "-o", "json", input="from a pipe\n"))
    assert printed["value"] == "from a pipe"
    assert cluster("propose", "-", input=b"\xff").exit_code == 2


def test_a_value_comes_back_as_the_text_that_it_was(cluster: Redpaxos) -> None:
    text = '{"b":1.0,"a":1e400,"a":123456789012345678901234567890}'
    revision = lines_of(cluster("propose", text, "-o", "json"))[0]["revision"]
    assert f'"value":{text},' in cluster("log", "show", "-o", "json", "--from", str(revision)).stdout


def test_a_number_that_is_too_long_for_python_is_a_value_too(cluster: Redpaxos) -> None:
    digits = "7" * 5000
    result = cluster("propose", digits, "-o", "json")
    assert f'"value":{digits},' in result.stdout
    assert cluster("log", "show").exit_code == 0


@pytest.mark.parametrize("depth", [101, 200, 100_000])
def test_json_that_is_nested_too_deep_is_a_definite_no_and_no_string(cluster: Redpaxos, depth: int) -> None:
    result = cluster("propose", "-", input="[" * depth + "]" * depth)
    assert result.exit_code == 3
    assert "nested more than 100 deep" in said(result)


def test_the_same_id_is_executed_once(cluster: Redpaxos) -> None:
    first = lines_of(cluster("propose", "once", "--id", "only-once", "-o", "json"))
    again = lines_of(cluster("propose", "once", "--id", "only-once", "-o", "json"))
    assert first == again
    assert cluster("propose", "once", "--id", "only-once").stderr == ""
    assert [entry["id"] for entry in logged(cluster)].count("only-once") == 1


def test_an_id_that_has_another_value_is_said_so(cluster: Redpaxos) -> None:
    cluster("propose", "one", "--id", "used-twice")
    result = cluster("propose", "another", "--id", "used-twice")
    assert (result.exit_code, '"one"' in result.stdout) == (3, True)
    assert "id used-twice was used before" in said(result)


def test_a_value_over_the_limit_is_a_definite_no(cluster: Redpaxos) -> None:
    result = cluster("propose", "-", input=json.dumps("x" * 1_100_000))
    assert result.exit_code == 3
    assert "1100002 bytes" in said(result)


def test_a_decree_has_one_value_for_everybody_who_asks(cluster: Redpaxos) -> None:
    assert cluster("decide", "colour").exit_code == 3
    assert cluster("decide", "colour", "blue", "--mine").exit_code == 0
    later = cluster("decide", "colour", "red", "-o", "json")
    assert later.exit_code == 0
    assert (lines_of(later)[0]["value"], lines_of(later)[0]["mine"], lines_of(later)[0]["decree"]) == ("blue", False, "colour")
    assert cluster("decide", "colour", "red", "--mine").exit_code == 3
    assert 'colour is "blue"' in cluster("decide", "colour").stdout


def test_undecided_is_said_by_name(cluster: Redpaxos) -> None:
    assert "weather is undecided" in said(cluster("decide", "weather"))


def test_every_node_shows_the_same_log_with_the_keys_of_the_chosen_channel(cluster: Redpaxos) -> None:
    cluster("propose", "to be read everywhere")
    whole = cluster("log", "show", "-o", "json").stdout
    ask_until(lambda: {cluster("log", "show", "-o", "json", "--node", name).stdout for name in MEMBERS} == {whole})
    entries = logged(cluster)
    assert [entry["revision"] for entry in entries] == list(range(1, len(entries) + 1))
    assert all(list(entry) == DOOR_KEYS for entry in entries)


def test_a_log_that_has_not_come_so_far_says_so(cluster: Redpaxos) -> None:
    end = lines_of(cluster("propose", "the last", "-o", "json"))[0]["revision"] + 1
    assert (cluster("log", "show", "--from", str(end)).stdout, cluster("log", "show", "--from", str(end)).stderr) == ("", "")
    result = cluster("log", "show", "--from", str(end + 1))
    assert (result.exit_code, result.stdout) == (0, "")
    assert said(result).startswith("redpaxos: the log is at revision ")
    assert said(result).endswith(f", and {end + 1} is still to come")


def test_a_node_that_is_not_there_reads_no_log(cluster: Redpaxos) -> None:
    result = cluster("log", "show", "--node", "n7", "--timeout", "0.3")
    assert result.exit_code == 4
    assert "n7" in said(result)


def test_what_redis_cli_publishes_is_heard_as_chosen_and_shown_in_the_log(cluster: Redpaxos, redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.unix_url) as client, client.pubsub() as hearing:
        hearing.subscribe(f"redpaxos:{CLUSTER}:chosen")
        assert hearing.get_message(timeout=5)["type"] == "subscribe"
        client.publish(f"redpaxos:{CLUSTER}:propose", '{"value": {"hello": "Paxos"}, "id": "by-hand"}')
        heard = hearing.get_message(timeout=10)["data"].decode()
    assert json.loads(heard)["id"] == "by-hand"
    assert heard in cluster("log", "show", "-o", "json").stdout.splitlines()


def test_control_characters_of_a_value_do_not_reach_the_terminal(cluster: Redpaxos) -> None:
    printed = cluster("propose", "\x1b[31mred\u202e").stdout
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_status_shows_every_node_and_who_leads(cluster: Redpaxos) -> None:
    result = cluster("status")
    assert result.exit_code == 0
    assert "leads with ballot" in result.stdout
    assert all(name in result.stdout for name in MEMBERS)
    (record,) = lines_of(cluster("status", "-o", "json"))
    assert record["leader"] in MEMBERS
    assert [(node["node"], sorted(node["actors"])) for node in record["nodes"]] == [(name, ["acceptor", "proposer"]) for name in MEMBERS]
    leading = {node["node"] for node in record["nodes"] if node["actors"]["proposer"]["phase"] == "leading"}
    assert leading == {record["leader"]}
    (node,) = lines_of(cluster("status", "-o", "json", "--node", "n2"))[0]["nodes"]
    assert (node["node"], node["members"], node["actors"]["acceptor"]["admitted"]) == ("n2", list(MEMBERS), True)


def test_an_actor_that_does_not_answer_is_null_in_its_node() -> None:
    reports = [
        {"node": node, "kind": kind, "actors": ["acceptor", "proposer"], "members": ["n1", "n2"], "groups": groups}
        for node, kind, groups in (("n2", "acceptor", 1), ("n1", "acceptor", 2), ("n1", "proposer", 3))
    ]
    assert by_node(reports) == [
        {"node": "n1", "members": ["n1", "n2"], "actors": {"acceptor": {"groups": 2}, "proposer": {"groups": 3}}},
        {"node": "n2", "members": ["n1", "n2"], "actors": {"acceptor": {"groups": 1}, "proposer": None}},
    ]


def test_a_program_hears_of_the_members_and_of_a_ballot_in_the_form_that_it_has_everywhere(cluster: Redpaxos) -> None:
    (record,) = lines_of(cluster("status", "-o", "json"))
    assert (record["members"], record["silent"]) == (list(MEMBERS), [])
    (proposed,) = lines_of(cluster("propose", "x", "-o", "json"))
    assert record["ballot"] == proposed["ballot"]


def test_status_says_so_where_nodes_were_given_different_members() -> None:
    reports = [
        {"node": node, "kind": kind, "members": names.split(","), "phase": "leading", "leader": "n1", "round": 1}
        for node, names in (("n1", "n1,n2,n3"), ("n2", "n1,n2,n3"), ("n4", "n1,n2,n4"))
        for kind in ("acceptor", "proposer")
    ]
    health = assess(reports)
    assert not health.well
    assert (
        health.line == "nodes were started with different members, and do not hear each other: n1, n2 with n1,n2,n3, but n4 with n1,n2,n4"
    )


def test_status_says_so_where_acceptors_wait_for_the_first_start_to_be_complete() -> None:
    reports = [
        {"node": node, "kind": "acceptor", "members": ["n1", "n2", "n3"], "admitted": False, "acquainted": [other]}
        for node, other in (("n1", "n2"), ("n2", "n1"))
    ]
    health = assess(reports)
    assert not health.quorum
    assert health.line == "no quorum: 2 of 3 acceptors answer; first start: n1, n2 wait for n3"


def test_status_says_how_many_more_a_first_start_of_five_needs() -> None:
    names = ["n1", "n2", "n3", "n4", "n5"]
    reports = [
        {"node": node, "kind": "acceptor", "members": names, "admitted": False, "acquainted": [other]}
        for node, other in (("n2", "n1"), ("n1", "n2"))
    ]
    assert assess(reports).line.endswith("; first start: n1, n2 wait for 2 of n3, n4, n5")
    reports[0]["acquainted"] = ["n1", "n3"]
    assert assess(reports).line.endswith("; first start: n1 waits for 2 of n3, n4, n5, and n2 waits for 1 of n4, n5")
    reports[0]["admitted"] = True
    assert assess(reports).line.endswith("; first start: n1 waits for 2 of n3, n4, n5")


def test_status_fits_into_80_columns_and_leaves_no_blanks_at_its_ends(cluster: Redpaxos) -> None:
    lines = cluster("status").stdout.splitlines()
    assert lines[0].split() == ["node", "actors", "phase", "leader", "ballot", "slot", "revision", "refused"]
    assert lines[1].split()[:2] == ["n1", "acceptor,proposer"]
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []


def test_status_names_what_was_refused_below_the_table(cluster: Redpaxos, redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.unix_url) as client:
        client.publish(f"redpaxos:{{{CLUSTER}.0}}:n2:from:n9", b"no frame")
    ask_until(lambda: "n2 refused: not a frame 2" in cluster("status").stdout.splitlines())


def test_status_of_one_node_says_nothing_of_the_others(cluster: Redpaxos) -> None:
    result = cluster("status", "--node", "n2")
    assert result.exit_code == 0
    assert ("n2" in result.stdout, "no answer" in result.stdout, "quorum" in result.stdout) == (True, False, False)
    assert "n7 of cluster cli does not answer" in said(cluster("status", "--node", "n7", "--timeout", "0.2"))


def test_status_of_a_cluster_that_nobody_runs_is_exit_code_4(cluster: Redpaxos) -> None:
    result = cluster("status", "--cluster", "ghost")
    assert result.exit_code == 4
    assert said(result).endswith("nobody answers: is a node running, and are the cluster's name and the secret right?")


def test_a_health_check_is_about_one_node(cluster: Redpaxos) -> None:
    assert cluster("status", "--check", env={"REDPAXOS_NAME": "n2"}).exit_code == 0
    result = cluster("status", "--check", "--name", "n7")
    assert result.exit_code == 4
    assert "n7 of cluster cli is not well" in said(result)
    assert "node n2 is well" in cluster("status", "--check", "--node", "n2").stdout
    assert "node n2 is well" in cluster("status", "--check", "--node", "n2", env={"REDPAXOS_NAME": "n7"}).stdout


@pytest.mark.parametrize(
    "command",
    [
        ("propose", "x"),
        ("decide", "colour"),
        ("log", "show"),
        ("log", "show", "--node", "n1"),
        ("kv", "put", "a", "1"),
        ("kv", "get", "a"),
        ("lead", "transfer", "n1"),
        ("status",),
        ("status", "--node", "n1"),
        ("status", "--check", "--name", "n1"),
    ],
    ids=" ".join,
)
def test_a_wrong_secret_is_named_where_nobody_answers(cluster: Redpaxos, tmp_path: Path, command: tuple[str, ...]) -> None:
    secret = tmp_path / "key"
    secret.write_text("not theirs\n")
    result = cluster(*command, "--secret-file", str(secret), env={"REDPAXOS_TIMEOUT": "0.5"})
    assert result.exit_code == 4
    assert "are the cluster's name and the secret right?" in said(result)


def test_another_node_is_made_to_lead(cluster: Redpaxos) -> None:
    leader = json.loads(cluster("status", "-o", "json").stdout)["leader"]
    heir = next(name for name in MEMBERS if name != leader)
    result = cluster("lead", "transfer", heir)
    assert (result.exit_code, result.stdout) == (0, f"{heir} leads\n")
    assert json.loads(cluster("status", "-o", "json").stdout)["leader"] == heir
    assert json.loads(cluster("lead", "transfer", heir, "-o", "json").stdout) == {"cluster": CLUSTER, "leader": heir}


def test_a_node_that_cannot_lead_is_exit_code_4_and_no_name_is_a_mistake(cluster: Redpaxos) -> None:
    result = cluster("lead", "transfer", "n7")
    assert result.exit_code == 4
    assert "n7 is no member, and was not ready in time" in said(result)
    assert cluster("lead", "transfer", "acceptors").exit_code == 2
