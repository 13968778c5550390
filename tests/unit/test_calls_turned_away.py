"""Calls that are turned away, or that never left: they are made again after a pause, and what is certainly not done is said to be."""

from paxos.calls import LOCATE, PAUSE, RESEND
from paxos.cues import Expired
from paxos.effects import NOTHING, StartTimer
from paxos.messages import Located, ResultKind, Turned
from tests.unit.company import started
from tests.unit.test_calls import (
    DONE,
    NOT_DONE,
    SEARCH,
    attempt_of,
    cancelled,
    idle,
    located,
    numbers_in,
    results,
    settlements,
    submit,
)


def test_who_is_turned_away_pauses_longer_each_time() -> None:
    calls = idle()
    effects = submit(calls, 2)
    pauses = []
    for _ in range(6):
        effects = calls.handle("p1", Turned(attempt_of(effects), "nobody leads", ""))
        pauses.append(started(effects)[PAUSE].after_seconds)
        assert calls.handle("c", Expired(PAUSE)) == SEARCH
        effects = calls.handle("p1", Located("p1", 3))
        assert numbers_in(effects) == [[2]]
    assert pauses == [0.02, 0.04, 0.08, 0.16, 0.2, 0.2]


def test_who_is_turned_away_before_it_has_a_session_pauses_and_asks_nobody_meanwhile() -> None:
    calls = located()
    turned = calls.handle("p1", Turned(2, "nobody leads", ""))
    assert started(turned) == {PAUSE: StartTimer(PAUSE, 0.02)}
    assert cancelled(turned) == {RESEND, LOCATE}
    assert submit(calls, 2) == NOTHING


def test_a_leader_that_says_so_during_a_pause_gets_what_is_under_way_and_is_not_waited_for_for_ever() -> None:
    calls = idle()
    calls.handle("p1", Turned(attempt_of(submit(calls, 2)), "nobody leads", ""))
    resumed = calls.handle("p2", Located("p2", 1))
    assert numbers_in(resumed) == [[2]]
    assert started(resumed) == {RESEND: StartTimer(RESEND, 0.25)}
    assert cancelled(resumed) == {LOCATE, PAUSE}


def test_what_was_turned_away_each_time_is_not_done_when_its_time_is_over() -> None:
    calls = idle()
    calls.handle("p1", Turned(attempt_of(submit(calls, 2)), "nobody leads", ""))
    calls.give_up(2)
    assert settlements(calls) == [(2, NOT_DONE)]
    assert calls.is_idle


def test_what_was_never_sent_is_not_done_when_its_time_is_over() -> None:
    calls = located()
    submit(calls, 2, 3)
    calls.give_up(2)
    calls.give_up(2)
    assert settlements(calls) == [(2, NOT_DONE)]
    assert (calls.waiting_count, calls.waiting_bytes) == (2, 2)


def test_an_attempt_that_never_left_is_closed_and_made_again() -> None:
    calls = idle()
    effects = submit(calls, 2)
    assert started(calls.unsent(attempt_of(effects))) == {PAUSE: StartTimer(PAUSE, 0.02)}
    assert calls.unsent(99) == NOTHING
    calls.give_up(2)
    assert settlements(calls) == [(2, NOT_DONE)]


def test_a_refusal_by_somebody_who_is_not_asked_any_more_closes_the_attempt_and_no_more() -> None:
    calls = idle()
    effects = submit(calls, 2)
    assert calls.handle("p9", Turned(attempt_of(effects), "nobody leads", "")) == NOTHING
    calls.give_up(2)
    assert settlements(calls) == [(2, NOT_DONE)]


def test_a_refusal_closes_an_attempt_though_others_were_made_since() -> None:
    calls = idle()
    first = submit(calls, 2)
    submit(calls, 3)
    calls.handle("p1", Turned(attempt_of(first), "nobody leads", ""))
    calls.give_up(2)
    assert settlements(calls) == [(2, NOT_DONE)]


def test_an_attempt_is_forgotten_when_all_of_it_is_settled_and_a_late_refusal_changes_nothing() -> None:
    calls = idle()
    first = submit(calls, 2, 3)
    calls.handle("p1", results(ResultKind.DONE, 2))
    calls.handle("p1", Turned(attempt_of(first), "nobody leads", ""))
    calls.give_up(3)
    assert settlements(calls) == [(2, DONE), (3, NOT_DONE)]
    calls.handle("p1", Turned(attempt_of(first), "nobody leads", ""))
