"""The comparison without its peers: what is compared with what, what is left out, and how answers are read."""

import struct
import sys
from pathlib import Path
from unittest.mock import Mock, call

import pytest

from benchmarks.load.in_process import InProcessLoad
from benchmarks.load.redpaxos_load import take_and_release
from benchmarks.load.zookeeper_replies import Replies, ZooKeeperError, answering, is_answer, preceding
from benchmarks.measuring import Job
from benchmarks.peers.plan import DEFAULT, QUICK, cases_of
from benchmarks.peers.ratios import OURS
from benchmarks.peers.roster import PEERS, Peer, present
from benchmarks.rounds import Case
from benchmarks.systems.redis_always import RedisAlways
from benchmarks.systems.zookeeper import configuration, mode_of
from redpaxos.kv import KeyValueStore, Swap

SIGNED = f"{OURS}, signed"


def reply(number: int, error: int = 0, body: bytes = b"") -> bytes:
    """A reply of ZooKeeper, as it travels."""
    return struct.pack("!iiqi", 16 + len(body), number, 77, error) + body


def test_every_peer_stands_beside_ours_in_each_load_that_it_takes() -> None:
    peers = {peer.folder: peer.loads for peer in PEERS}

    cases = cases_of(DEFAULT, OURS, SIGNED, peers)

    for name, loads in peers.items():
        assert {case.job.load for case in cases if case.system == name} == set(loads)
    ours = {case.job for case in cases if case.system == OURS}
    assert {case.job for case in cases if case.system in peers} <= ours


def test_what_nobody_else_does_is_not_measured_for_a_comparison() -> None:
    cases = cases_of(QUICK, OURS, SIGNED, {"redis": ("put",)})

    assert {case.job.load for case in cases} == {"put"}


def test_the_neighbours_of_a_case_are_those_that_it_is_compared_with() -> None:
    cases = cases_of(QUICK, OURS, SIGNED, {"a": ("put", "lock"), "b": ("lock",)})

    lock = Job("lock", 1, QUICK.seconds, style="client")
    assert cases[-3:] == [Case(OURS, lock), Case("a", lock), Case("b", lock)]


def test_a_peer_that_lacks_something_is_left_out_with_what_it_lacks(tmp_path: Path) -> None:
    here = Peer("here", RedisAlways, ("put",), programs=(sys.executable,), modules=("json",), files=(tmp_path,))
    gone = Peer("gone", RedisAlways, ("put",), ("no-such-program",), ("no_such_module",), (tmp_path / "no-such.jar",))

    found, left_out = present((here, gone))

    assert found == [here]
    assert left_out == {"gone": "no-such-program, no_such_module, no-such.jar"}


def test_a_reply_may_arrive_in_pieces_and_many_at_once() -> None:
    replies = Replies()
    numbers = [answering(command) for command in range(50)]
    stream = b"".join(reply(number, body=b"x" * number) for number in numbers)

    assert [number for place in range(0, len(stream), 7) for number in replies.feed(stream[place : place + 7])] == numbers
    assert replies.feed(stream) == numbers


def test_a_request_that_does_not_answer_is_followed_by_the_one_that_does() -> None:
    assert [is_answer(preceding(command)) for command in range(3)] == [False] * 3
    assert [is_answer(answering(command)) for command in range(3)] == [True] * 3
    assert [preceding(command) + 1 for command in range(3)] == [answering(command) for command in range(3)]
    # A number of 0 or below is no command's.
    assert preceding(0) > 0


def test_a_node_that_exists_is_an_answer_and_any_other_error_ends_the_load() -> None:
    assert Replies().feed(reply(5, error=-110)) == [5]
    with pytest.raises(ZooKeeperError, match="-101"):
        Replies().feed(reply(7, error=-101))


def test_each_zookeeper_has_ports_of_its_own_and_knows_all(tmp_path: Path) -> None:
    ports = [(1, 2, 3), (4, 5, 6), (7, 8, 9)]

    lines = configuration(tmp_path, 1, ports).splitlines()

    assert {"clientPort=4", "forceSync=yes", f"dataDir={tmp_path}"} <= set(lines)
    assert [line for line in lines if line.startswith("server.")] == [
        "server.1=127.0.0.1:2:3",
        "server.2=127.0.0.1:5:6",
        "server.3=127.0.0.1:8:9",
    ]


def test_a_zookeeper_that_does_not_serve_neither_leads_nor_follows() -> None:
    assert mode_of("Zookeeper version: 3.8.0\nMode: leader\nNode count: 5\n") == "leader"
    assert mode_of("This ZooKeeper instance is not currently serving requests\n") == ""


def test_a_lock_is_taken_and_released_over_and_over() -> None:
    load = InProcessLoad("memory")
    try:
        sample = load.run(Job("lock", 1, 0.2, style="client", prefix="p"))
    finally:
        load.close()

    assert sample.total > 1


def test_a_lock_that_somebody_else_has_ends_the_load() -> None:
    store = Mock(spec=KeyValueStore)
    store.cas.return_value = Swap(False, 0, None)

    with pytest.raises(RuntimeError, match="somebody else"):
        take_and_release(store, "lock", "me")


def test_a_lock_is_given_back_at_the_revision_that_it_was_taken_with() -> None:
    store = Mock(spec=KeyValueStore)
    store.cas.return_value = Swap(True, 7, None)

    take_and_release(store, "lock", "me")

    assert store.cas.call_args_list == [call("lock", "me", revision=0), call("lock", None, revision=7)]
