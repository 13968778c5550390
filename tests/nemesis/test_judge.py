"""The judge finds each thing that may not happen, in evidence that was doctored."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from redpaxos.kv import Change, Item
from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Output
from tests.nemesis.judge import Evidence, complaints


def done(key: str, input: Input, output: Output, time: int) -> Operation:
    return Operation("c1", key, input, output, time, time + 1)


def sound() -> Evidence:
    """What three clients and two nodes would say of a good run."""
    log = [(1, "a", "a"), (2, "b", "b")]
    item = Item("k", b"y", 2, 1, 2)
    return Evidence(
        history=[
            done("log", ("propose", "a"), 1, 10),
            Operation("c2", "log", ("propose", "b"), invoked=12, outcome=Outcome.UNKNOWN),
            done("decree/d", ("decide", "red"), "red", 20),
            done("decree/d", ("query",), "red", 22),
            done("kv/k", ("put", "x"), 1, 30),
            done("kv/k", ("compare_and_set_revision", 1, "y"), 2, 32),
            done("kv/gone", ("put", "z"), 3, 34),
            done("kv/gone", ("delete",), 4, 36),
        ],
        logs={"n1": log, "n2": list(log)},
        changes=[Change(1, "k", b"x"), Change(2, "k", b"y"), Change(3, "gone", b"z"), Change(4, "gone", None)],
        items={"n1": [item], "n2": [item]},
        decrees={"d": "red"},
    )


def one_log_behind(evidence: Evidence) -> None:
    evidence.logs["n2"].pop()


def lost_entry(evidence: Evidence) -> None:
    for node in evidence.logs:
        evidence.logs[node] = [(1, "b", "b")]


def moved_entry(evidence: Evidence) -> None:
    for log in evidence.logs.values():
        log[:] = [(1, "b", "b"), (2, "a", "a")]


def executed_twice(evidence: Evidence) -> None:
    for log in evidence.logs.values():
        log.append((3, "a", "a"))


def gap(evidence: Evidence) -> None:
    for log in evidence.logs.values():
        log[1] = (3, "b", "b")


def other_winner(evidence: Evidence) -> None:
    evidence.decrees["d"] = "blue"


def other_keys(evidence: Evidence) -> None:
    evidence.items["n2"].clear()


def lost_put(evidence: Evidence) -> None:
    evidence.changes[0] = Change(1, "k", b"other")


def lost_keys(evidence: Evidence) -> None:
    for items in evidence.items.values():
        items.clear()


def lost_change(evidence: Evidence) -> None:
    evidence.changes.pop(2)


def stale_read(evidence: Evidence) -> None:
    evidence.history.append(done("kv/k", ("get",), ("x", 1), 90))


def stale_question(evidence: Evidence) -> None:
    evidence.history.append(done("decree/d", ("query",), None, 90))


def wrong_page(evidence: Evidence) -> None:
    evidence.history.append(done("log", ("read", 1, 2), ("b", "a"), 90))


DOCTORED: dict[Callable[[Evidence], None], str] = {
    one_log_behind: "the logs of n1 and n2 differ",
    lost_entry: 'propose("a") → 1 was acknowledged, and the log has it at None',
    moved_entry: 'propose("a") → 1 was acknowledged, and the log has it at 2',
    executed_twice: "'a' is in the log 2 times",
    gap: "the revisions of the log have gaps",
    other_winner: "was told of decree d, which is 'blue'",
    other_keys: "the keys of n1 and n2 differ",
    lost_put: 'put("x") → 1 on kv/k was acknowledged, and revision 1 is another change',
    lost_keys: "the keys are not what the changes make of them",
    lost_change: "the revisions of the key-value store have gaps or come twice",
    stale_read: "not linearizable: key-value, key 'kv/k'",
    stale_question: "not linearizable: decree, key 'decree/d'",
    wrong_page: "not linearizable: log, key 'log'",
}


def test_a_good_run_is_good() -> None:
    assert complaints(sound()) == []


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__)
def test_each_thing_that_may_not_happen_is_found(doctor: Callable[[Evidence], None]) -> None:
    evidence = sound()
    doctor(evidence)
    assert any(DOCTORED[doctor] in complaint for complaint in complaints(evidence)), complaints(evidence)


def test_an_acknowledged_write_without_any_trace_is_found() -> None:
    evidence = replace(sound(), changes=[], items={"n1": [], "n2": []}, decrees={}, logs={"n1": [], "n2": []})
    assert sum("was acknowledged" in complaint or "was told" in complaint for complaint in complaints(evidence)) == 7
