"""Calls: operations travel together, are sent until answered, and end as done, not done or unknown; never two of these."""

from itertools import count

from paxos.calls import CALL_SETTINGS, KEEP_ALIVE, LOCATE, PAUSE, RESEND, Calls, CallSettings, Settlement
from paxos.cues import Expired
from paxos.effects import NOTHING, PROPOSERS, CancelTimer, Effects, Send, StartTimer, sending
from paxos.messages import Call, Locate, Located, OutcomeKind, Result, ResultKind, Results, Turned
from paxos.values import Close, Open, Operation
from tests.unit.company import started

DONE, NOT_DONE, UNKNOWN = OutcomeKind.DONE, OutcomeKind.NOT_DONE, OutcomeKind.UNKNOWN
SEARCH = sending(PROPOSERS, Locate()) + Effects(timers=(CancelTimer(RESEND), StartTimer(LOCATE, 0.1)))
SESSION = 4


def calls_of(effects: Effects) -> list[tuple[str, Call]]:
    """The calls in the effects, and to whom."""
    return [(send.target, send.message) for send in effects.send if isinstance(send.message, Call)]


def numbers_in(effects: Effects) -> list[list[int]]:
    """The numbers of the operations in each call."""
    return [[action.number for action in call.actions if isinstance(action, Operation)] for _, call in calls_of(effects)]


def settlements(calls: Calls) -> list[tuple[int, OutcomeKind]]:
    """What was settled since this was last asked."""
    found, calls.settlements = calls.settlements, []
    return [(settlement.ticket, settlement.kind) for settlement in found]


def results(kind: ResultKind, *numbers: int, session: int = SESSION) -> Results:
    """The same for each of these operations."""
    return Results(tuple(Result(session, number, kind, b"r") for number in numbers))


def submit(calls: Calls, *tickets: int) -> Effects:
    """Hand in an operation for each, together."""
    for ticket in tickets:
        calls.submit(ticket, "kv", b"x")
    return calls.flush()


def located(settings: CallSettings = CALL_SETTINGS) -> Calls:
    """Calls that know the leader, p1 in its 3rd life, and ask it for a session with ticket 1 waiting; the nonce is 1."""
    calls = Calls("c", count(1), settings)
    submit(calls, 1)
    calls.handle("p1", Located("p1", 3))
    return calls


def opened(settings: CallSettings = CALL_SETTINGS) -> Calls:
    """Calls with a session, ticket 1 under way as number 1."""
    calls = located(settings)
    calls.handle("p1", Results((Result(SESSION, 1, ResultKind.OPENED, b""),)))
    return calls


def idle() -> Calls:
    """Calls with a session and nothing under way."""
    calls = opened()
    calls.handle("p1", results(ResultKind.DONE, 1))
    settlements(calls)
    calls.handle("c", Expired(RESEND))
    return calls


def cancelled(effects: Effects) -> set[str]:
    """The timers that the effects cancel."""
    return {timer.name for timer in effects.timers if isinstance(timer, CancelTimer)}


def attempt_of(effects: Effects) -> int:
    """The attempt that the only call is."""
    ((_, call),) = calls_of(effects)
    return call.attempt


def test_nothing_is_sent_before_there_is_something_to_do() -> None:
    calls = Calls("c", count(1))
    assert calls.flush() == NOTHING
    assert calls.is_idle


def test_the_first_operation_finds_the_leader_opens_a_session_and_goes_out() -> None:
    calls = Calls("c", count(1))
    assert submit(calls, 1) == SEARCH
    assert calls.flush() == NOTHING
    assert calls.handle("p2", Located("p1", 1)) == NOTHING
    opening = calls.handle("p1", Located("p1", 3))
    assert opening.send == (Send("p1", Call((Open("c", 1, 60_000),), 2, 3)),)
    assert started(opening) == {RESEND: StartTimer(RESEND, 0.25)}
    assert calls.flush() == NOTHING
    sent = calls.handle("p1", Results((Result(SESSION, 1, ResultKind.OPENED, b""),)))
    assert sent.send == (Send("p1", Call((Operation(SESSION, 1, 1, "kv", b"x"),), 3, 3)),)
    assert started(sent) == {KEEP_ALIVE: StartTimer(KEEP_ALIVE, 20.0)}
    calls.handle("p1", results(ResultKind.DONE, 1))
    assert calls.settlements == [Settlement(1, OutcomeKind.DONE, b"r")]
    assert calls.is_idle


def test_what_waits_travels_together_and_tells_what_is_settled() -> None:
    calls = idle()
    effects = submit(calls, 2, 3, 4)
    assert numbers_in(effects) == [[2, 3, 4]]
    assert started(effects) == {RESEND: StartTimer(RESEND, 0.25)}
    calls.handle("p1", results(ResultKind.DONE, 2, 4))
    ((_, call),) = calls_of(submit(calls, 5))
    assert call.actions == (Operation(SESSION, 5, 3, "kv", b"x"),)
    assert settlements(calls) == [(2, DONE), (4, DONE)]


def test_how_far_answers_reach_never_falls() -> None:
    calls = opened()
    assert calls.seen_slot == 0
    for end_slot in (5, 9, 7):
        calls.handle("p1", Results((), end_slot))
    assert calls.seen_slot == 9


def test_an_answer_counts_once() -> None:
    calls = opened()
    calls.handle("p1", results(ResultKind.DONE, 1, 1))
    calls.handle("p1", results(ResultKind.DONE, 1))
    assert settlements(calls) == [(1, DONE)]


def test_an_answer_of_another_session_is_none() -> None:
    calls = opened()
    calls.handle("p1", results(ResultKind.DONE, 1, session=9))
    assert settlements(calls) == []


def test_what_can_never_be_executed_is_rejected_with_the_reason() -> None:
    calls = opened()
    calls.handle("p1", results(ResultKind.REJECTED, 1))
    assert calls.settlements == [Settlement(1, OutcomeKind.REJECTED, b"r")]


def test_what_one_leader_rejects_may_have_been_taken_by_another() -> None:
    calls = opened()
    calls.handle("c", Expired(RESEND))
    calls.handle("c", Expired(RESEND))
    calls.handle("p2", Located("p2", 1))
    calls.handle("p2", results(ResultKind.REJECTED, 1))
    assert calls.settlements == []
    calls.give_up(1)
    assert settlements(calls) == [(1, OutcomeKind.UNKNOWN)]


def test_what_a_leader_refused_is_not_done_for_the_reason_given() -> None:
    calls = opened()
    calls.handle("p1", results(ResultKind.REFUSED, 1))
    assert calls.settlements == [Settlement(1, OutcomeKind.NOT_DONE, b"r")]
    assert calls.is_idle


def test_numbers_do_not_run_away_from_the_first_that_is_not_answered() -> None:
    calls = opened(CallSettings(span_count=3))
    assert numbers_in(submit(calls, 2, 3, 4)) == [[2, 3]]
    assert numbers_in(calls.handle("p1", results(ResultKind.DONE, 2, 3))) == []
    assert numbers_in(calls.handle("p1", results(ResultKind.DONE, 1))) == [[4]]


def test_a_call_is_no_larger_than_it_may_be() -> None:
    calls = opened(CallSettings(call_bytes=2))
    assert numbers_in(submit(calls, 2, 3, 4, 5, 6)) == [[2, 3], [4, 5], [6]]


def test_the_window_bounds_how_many_are_under_way() -> None:
    calls = opened(CallSettings(window_count=2))
    assert numbers_in(submit(calls, 2, 3)) == [[2]]
    assert (calls.waiting_count, calls.waiting_bytes) == (1, 1)
    assert numbers_in(calls.handle("p1", results(ResultKind.DONE, 1))) == [[3]]
    assert (calls.waiting_count, calls.waiting_bytes) == (0, 0)


def test_what_was_answered_takes_no_room_in_the_window_any_more() -> None:
    calls = opened(CallSettings(window_bytes=3))
    assert numbers_in(submit(calls, 2, 3)) == [[2, 3]]
    calls.handle("p1", results(ResultKind.DONE, 1))
    assert numbers_in(submit(calls, 4, 5)) == [[4]]


def test_the_window_bounds_their_bytes_and_lets_one_pass_that_is_larger() -> None:
    calls = opened(CallSettings(window_bytes=2))
    assert numbers_in(submit(calls, 2, 3)) == [[2]]
    calls.submit(4, "kv", b"xxxxx")
    assert numbers_in(calls.handle("p1", results(ResultKind.DONE, 1))) == [[3]]
    assert numbers_in(calls.handle("p1", results(ResultKind.DONE, 2))) == []
    assert numbers_in(calls.handle("p1", results(ResultKind.DONE, 3))) == [[4]]


# ---- nobody answers ---------------------------------------------------------------------------------------------------------------


def test_without_any_answer_the_leader_is_looked_for_and_all_goes_out_again() -> None:
    calls = idle()
    submit(calls, 2, 3)
    assert calls.handle("c", Expired(RESEND)) == SEARCH
    effects = calls.handle("p2", Located("p2", 1))
    assert [target for target, _ in calls_of(effects)] == ["p2"]
    assert numbers_in(effects) == [[2, 3]]
    assert calls.contact is not None


def test_patience_grows_while_nobody_answers_and_is_short_again_after_an_answer() -> None:
    calls = located()
    patience = []
    for _ in range(5):
        assert calls.handle("c", Expired(RESEND)) == SEARCH
        patience.append(started(calls.handle("p1", Located("p1", 3)))[RESEND].after_seconds)
    assert patience == [0.5, 1.0, 2.0, 2.0, 2.0]
    calls.handle("p1", Results((Result(SESSION, 1, ResultKind.OPENED, b""),)))
    calls.handle("p1", results(ResultKind.DONE, 1))
    calls.handle("c", Expired(RESEND))
    assert started(submit(calls, 2))[RESEND].after_seconds == 0.25


def test_while_others_are_answered_only_what_is_late_goes_out_again_and_to_the_same_leader() -> None:
    calls = idle()
    submit(calls, 2, 3)
    calls.handle("p1", results(ResultKind.DONE, 3))
    submit(calls, 4)
    effects = calls.handle("c", Expired(RESEND))
    assert numbers_in(effects) == [[2]]
    assert started(effects) == {RESEND: StartTimer(RESEND, 0.25)}


def test_what_was_just_sent_is_not_late() -> None:
    calls = opened()
    assert calls.handle("c", Expired(RESEND)) == Effects(timers=(StartTimer(RESEND, 0.25),))
    assert calls.handle("c", Expired(RESEND)) == SEARCH


def test_a_timer_without_anything_under_way_ends() -> None:
    calls = opened()
    calls.handle("p1", results(ResultKind.DONE, 1))
    assert calls.handle("c", Expired(RESEND)) == NOTHING
    assert started(submit(calls, 2)) == {RESEND: StartTimer(RESEND, 0.25)}


def test_while_nobody_leads_it_asks_again() -> None:
    calls = Calls("c", count(1))
    submit(calls, 1)
    calls.handle("p1", Located("", 1))
    assert calls.handle("c", Expired(LOCATE)) == SEARCH
    calls.give_up(1)
    assert calls.handle("c", Expired(LOCATE)) == NOTHING
    assert submit(calls, 2) == SEARCH


def test_who_does_not_look_for_the_leader_does_not_listen_to_gossip_or_to_what_it_knows() -> None:
    assert opened().handle("p3", Located("p2", 1)) == NOTHING
    assert opened().handle("p1", Located("p1", 3)) == NOTHING
    assert opened().handle("p1", Located("p1", 2)) == NOTHING
    assert idle().handle("p2", Located("p2", 1)).send == ()


def test_who_knows_nobody_and_wants_nothing_does_not_listen() -> None:
    assert Calls("c", count(1)).handle("p1", Located("p1", 1)) == NOTHING


def test_who_gave_up_before_the_leader_was_found_asks_it_for_nothing() -> None:
    calls = Calls("c", count(1))
    submit(calls, 1)
    calls.give_up(1)
    found = calls.handle("p1", Located("p1", 1))
    assert found.send == ()
    assert cancelled(found) == {LOCATE, PAUSE}, "it looks no further"


def test_a_new_leader_that_says_so_gets_at_once_what_is_under_way() -> None:
    (send,) = opened().handle("p2", Located("p2", 1)).send
    assert send.target == "p2"
    assert isinstance(send.message, Call)


def test_what_an_open_attempt_is_left_of_is_unknown_when_its_time_is_over() -> None:
    calls = idle()
    submit(calls, 2)
    calls.handle("c", Expired(RESEND))
    second = calls.handle("p2", Located("p2", 1))
    assert calls.handle("p2", Turned(attempt_of(second), "nobody leads", "")).timers
    calls.give_up(2)
    assert settlements(calls) == [(2, UNKNOWN)]


# ---- the session ------------------------------------------------------------------------------------------------------------------


def test_who_ends_has_its_session_end() -> None:
    calls = idle()
    assert calls.close() == sending("p1", Call((Close(SESSION),), 4, 3))
    assert calls.close() == NOTHING, "it has ended"
    assert located().close() == NOTHING, "there is none yet"


def test_who_does_not_know_the_leader_leaves_its_session_to_end_by_itself() -> None:
    calls = idle()
    submit(calls, 2)
    calls.handle("c", Expired(RESEND))
    assert calls.close() == NOTHING


def test_an_idle_session_is_kept_alive_by_an_operation_that_does_nothing() -> None:
    calls = idle()
    again = Effects(timers=(StartTimer(KEEP_ALIVE, 20.0),))
    assert calls.handle("c", Expired(KEEP_ALIVE)) == again, "something was sent since"
    ((_, call),) = calls_of(calls.handle("c", Expired(KEEP_ALIVE)))
    assert call.actions == (Operation(SESSION, 2, 2, "", b""),)
    calls.handle("p1", results(ResultKind.DONE, 2))
    assert settlements(calls) == []
    submit(calls, 2)
    calls.handle("c", Expired(KEEP_ALIVE))
    assert calls.handle("c", Expired(KEEP_ALIVE)) == again, "something is under way"


def test_what_the_ended_session_certainly_did_not_execute_goes_into_the_next() -> None:
    calls = idle()
    submit(calls, 2, 3)
    effects = calls.handle("p1", results(ResultKind.EXPIRED, 2, 3))
    ((_, call),) = calls_of(effects)
    ((_, nonce, _),) = [(action.client, action.nonce, action.expiry_milliseconds) for action in call.actions if isinstance(action, Open)]
    sent = calls.handle("p1", Results((Result(8, nonce, ResultKind.OPENED, b""),)))
    ((_, call),) = calls_of(sent)
    assert [(action.session, action.body) for action in call.actions if isinstance(action, Operation)] == [(8, b"x"), (8, b"x")]
    assert settlements(calls) == []


def test_what_the_ended_session_may_have_executed_is_unknown() -> None:
    calls = idle()
    submit(calls, 2)
    calls.handle("c", Expired(RESEND))
    calls.handle("p1", Located("p1", 3))
    submit(calls, 3)
    submit(calls, 4)
    calls.handle("p1", results(ResultKind.EXPIRED, 2, 3))
    assert settlements(calls) == [(2, UNKNOWN), (4, UNKNOWN)]


def test_what_goes_into_the_next_session_waits_with_the_rest_and_fills_the_window_anew() -> None:
    calls = opened(CallSettings(window_bytes=2))
    submit(calls, 2, 3)
    opening = calls.handle("p1", results(ResultKind.EXPIRED, 1, 2))
    assert (calls.waiting_count, calls.waiting_bytes) == (3, 3)
    ((_, call),) = calls_of(opening)
    (nonce,) = (action.nonce for action in call.actions if isinstance(action, Open))
    ((_, call),) = calls_of(calls.handle("p1", Results((Result(8, nonce, ResultKind.OPENED, b""),))))
    assert len(call.actions) == 2


def test_what_waits_for_the_next_session_is_not_done_when_its_time_is_over() -> None:
    calls = opened()
    calls.handle("p1", results(ResultKind.EXPIRED, 1))
    calls.give_up(1)
    assert calls.settlements == [Settlement(1, OutcomeKind.NOT_DONE, b"")]


def test_a_session_that_somebody_else_asked_for_is_not_ours() -> None:
    assert located().handle("p1", Results((Result(9, 99, ResultKind.OPENED, b""),))) == NOTHING


def test_a_session_that_was_opened_for_nothing_is_kept_alive() -> None:
    calls = located()
    calls.give_up(1)
    calls.handle("p1", Results((Result(SESSION, 1, ResultKind.OPENED, b""),)))
    assert numbers_in(calls.handle("c", Expired(KEEP_ALIVE))) == [[1]]


def test_a_session_that_ended_while_idle_is_not_opened_again_before_it_is_needed() -> None:
    calls = idle()
    calls.handle("c", Expired(KEEP_ALIVE))
    calls.handle("c", Expired(KEEP_ALIVE))
    assert calls.handle("p1", results(ResultKind.EXPIRED, 2)) == NOTHING
    assert calls.handle("c", Expired(KEEP_ALIVE)) == NOTHING
    assert settlements(calls) == []


def test_a_second_session_that_a_repeated_request_opened_is_left_to_expire() -> None:
    calls = opened()
    assert calls.handle("p1", Results((Result(9, 1, ResultKind.OPENED, b""),))) == NOTHING
    assert numbers_in(submit(calls, 2)) == [[2]]


def test_of_two_sessions_opened_at_once_the_first_is_kept_alive() -> None:
    both = Results((Result(SESSION, 1, ResultKind.OPENED, b""), Result(9, 1, ResultKind.OPENED, b"")))
    effects = located().handle("p1", both)
    assert KEEP_ALIVE in started(effects)
    assert [action.session for _, call in calls_of(effects) for action in call.actions if isinstance(action, Operation)] == [SESSION]


def test_a_leader_found_before_anything_was_asked_for_is_asked_for_a_session() -> None:
    calls = located()
    calls.give_up(1)
    calls.handle("c", Expired(RESEND))
    calls.handle("p1", Located("p1", 3))
    calls.handle("p1", Results((Result(SESSION, 1, ResultKind.OPENED, b""),)))
    assert numbers_in(submit(calls, 2)) == [[1]]
