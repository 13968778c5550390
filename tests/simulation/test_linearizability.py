"""Histories whose verdict is known, most of them from the literature, against each model."""

from typing import Any

import pytest

from redpaxos.simulation.linearizability.check import Linearizable, NotLinearizable, Undecided, check
from redpaxos.simulation.linearizability.history import HistoryError, Input, Operation, Outcome, Output
from redpaxos.simulation.linearizability.models import AppendOnlyLog, Decree, FencedLock, KeyValue, Model
from redpaxos.simulation.linearizability.shrinking import look_nearby


def done(client: str, input: Input, output: Output, invoked: int, responded: int, *, key: str = "x") -> Operation:
    return Operation(client, key, input, output, invoked, responded)


def unknown(client: str, input: Input, invoked: int, key: str = "x") -> Operation:
    return Operation(client, key, input, None, invoked, None, Outcome.UNKNOWN)


def put(value: str) -> Input:
    return ("put", value)


GET: Input = ("get",)


def contradiction(operations: list[Operation], model: Model[Any]) -> NotLinearizable:
    verdict = check(operations, model)
    assert isinstance(verdict, NotLinearizable)
    return verdict


def test_overlapping_operations_may_take_effect_in_any_order() -> None:
    # Herlihy and Wing 1990, figure 1, as a register.
    history = [done("A", put("0"), None, 0, 10), done("B", put("1"), None, 5, 20), done("A", GET, "1", 12, 18), done("C", GET, "0", 15, 30)]
    assert isinstance(check(history[:3], KeyValue()), Linearizable)
    assert isinstance(check([*history[:3], done("C", GET, "0", 6, 30)], KeyValue()), Linearizable)


def test_a_stale_read_is_found() -> None:
    history = [done("A", put("old"), None, 0, 1), done("A", put("new"), None, 2, 3), done("B", GET, "old", 4, 5)]
    verdict = contradiction(history, KeyValue())
    assert verdict.culprit == history[2]
    assert verdict.final_state == '"new"'


def test_a_read_that_goes_back_in_time_is_found_while_the_write_is_still_under_way() -> None:
    history = [
        done("A", put("old"), None, 0, 1),
        done("A", put("new"), None, 2, 30),
        done("B", GET, "new", 5, 8),
        done("C", GET, "old", 10, 12),
    ]
    assert contradiction(history, KeyValue()).culprit == history[3]
    assert isinstance(check([*history[:3], done("C", GET, "old", 7, 12)], KeyValue()), Linearizable)


def test_a_lost_update_is_found() -> None:
    history = [
        done("A", put("0"), 1, 0, 1),
        done("A", ("compare_and_set", "0", "1"), True, 2, 10),
        done("B", ("compare_and_set", "0", "2"), True, 3, 11),
    ]
    assert contradiction(history, KeyValue()).region == tuple(history)
    assert isinstance(check([*history[:2], done("B", ("compare_and_set", "0", "2"), False, 3, 11)], KeyValue()), Linearizable)


def test_two_updates_of_one_revision_are_found() -> None:
    first, second = ("compare_and_set_revision", 7, "a"), ("compare_and_set_revision", 7, "b")
    history = [done("A", put("0"), 7, 0, 1), done("A", first, 8, 2, 10), done("B", second, 9, 3, 11)]
    contradiction(history, KeyValue())


def test_revisions_that_fall_are_found_and_gaps_are_not() -> None:
    assert isinstance(check([done("A", put("0"), 7, 0, 1), done("A", put("1"), 12, 2, 3)], KeyValue()), Linearizable)
    contradiction([done("A", put("0"), 7, 0, 1), done("A", put("1"), 6, 2, 3)], KeyValue())


def test_an_unknown_write_may_appear_later_or_never() -> None:
    late = [unknown("A", put("late"), 0), done("B", put("x"), None, 5, 6), done("B", GET, "x", 7, 8), done("B", GET, "late", 9, 10)]
    assert isinstance(check(late, KeyValue()), Linearizable)
    assert isinstance(check(late[:3], KeyValue()), Linearizable)


def test_an_unknown_write_that_was_seen_is_not_unseen() -> None:
    seen = [done("B", put("x"), None, 0, 1), unknown("A", put("maybe"), 2), done("B", GET, "maybe", 5, 6), done("C", GET, "x", 7, 8)]
    assert contradiction(seen, KeyValue()).culprit == seen[3]


def test_an_unknown_write_takes_effect_once() -> None:
    writes = [done("B", put("x"), None, 0, 1), unknown("A", put("maybe"), 2)]
    reads = [done("B", GET, "maybe", 5, 6), done("B", put("y"), None, 7, 8), done("C", GET, "maybe", 9, 10)]
    contradiction([*writes, *reads], KeyValue())
    assert isinstance(check([*writes, unknown("D", put("maybe"), 2), *reads], KeyValue()), Linearizable)


def test_which_unknown_write_was_used_matters_later() -> None:
    # The put alone can bring back "1" after "5", so the first "1" must be the compare-and-set's.
    writes = [done("A", put("0"), None, 0, 1), unknown("B", put("1"), 2), unknown("C", ("compare_and_set", "0", "1"), 3)]
    history = [*writes, done("A", GET, "1", 5, 6), done("A", put("5"), None, 7, 8), done("A", GET, "1", 9, 10)]
    assert isinstance(check(history, KeyValue()), Linearizable)


def test_an_unknown_write_may_bring_back_a_value_that_is_needed_later() -> None:
    history = [done("A", put("a"), None, 0, 1), done("A", put("b"), None, 2, 3), unknown("B", put("a"), 4), done("A", GET, "a", 5, 6)]
    assert isinstance(check(history, KeyValue()), Linearizable)


def test_an_untold_revision_is_not_one_that_was_denied() -> None:
    history = [done("A", put("x"), 5, 0, 1), unknown("B", put("v"), 2), done("A", GET, "v", 3, 4), done("A", GET, ("v", 9), 7, 8)]
    assert isinstance(check(history, KeyValue()), Linearizable)
    contradiction([*history, done("A", ("compare_and_set_revision", 9, "y"), False, 5, 6)], KeyValue())


def test_what_began_long_before_a_contradiction_is_looked_for_may_have_taken_effect_then() -> None:
    early = [done("slow", put("b"), None, 0, 100), done("A", GET, "b", 5, 6), done("A", put("c"), None, 10, 11)]
    late = [done("A", GET, "c", time, time + 1) for time in range(20, 200, 10)]
    assert look_nearby(KeyValue(), [*early, *late], late[9]) is None
    stale = done("A", GET, "b", 150, 155)
    assert look_nearby(KeyValue(), [*early, *late, stale], stale) is not None


def test_a_write_that_was_not_done_is_never_seen() -> None:
    refused = Operation("A", "x", put("refused"), None, 0, 1, Outcome.NOT_DONE)
    assert isinstance(check([refused, done("B", GET, None, 2, 3)], KeyValue()), Linearizable)
    contradiction([refused, done("B", GET, "refused", 2, 3)], KeyValue())


def test_operations_that_touch_in_time_overlap() -> None:
    assert isinstance(check([done("A", put("x"), None, 0, 5), done("B", GET, None, 5, 9)], KeyValue()), Linearizable)
    contradiction([done("A", put("x"), None, 0, 5), done("B", GET, None, 6, 9)], KeyValue())


def test_keys_are_judged_one_by_one() -> None:
    good = [done("A", put("x"), None, 0, 1, key="good"), done("B", GET, "x", 2, 3, key="good")]
    bad = [done("A", put("x"), None, 0, 1, key="bad"), done("B", GET, None, 2, 3, key="bad")]
    verdict = contradiction([*good, *bad], KeyValue())
    assert (verdict.key, verdict.operation_count) == ("bad", 2)


def test_a_decree_has_one_winner() -> None:
    history = [
        done("A", ("decide", "red"), "red", 0, 10),
        done("B", ("decide", "blue"), "red", 5, 15),
        done("C", ("query",), "red", 20, 21),
    ]
    assert isinstance(check(history, Decree()), Linearizable)
    split = [history[0], done("B", ("decide", "blue"), "blue", 5, 15)]
    assert contradiction(split, Decree()).region == tuple(split)


def test_a_decree_is_not_forgotten_and_not_decided_by_nobody() -> None:
    decided = done("A", ("decide", "red"), "red", 0, 1)
    contradiction([decided, done("B", ("query",), None, 2, 3)], Decree())
    contradiction([decided, done("B", ("query",), "blue", 2, 3)], Decree())
    assert isinstance(check([unknown("A", ("decide", "red"), 0), done("B", ("query",), "red", 2, 3)], Decree()), Linearizable)


def test_a_lock_with_two_holders_is_found() -> None:
    history = [done("A", ("acquire", "A"), 1, 0, 5), done("B", ("acquire", "B"), 2, 6, 9), done("A", ("release", "A", 1), True, 20, 21)]
    contradiction(history, FencedLock())
    early = done("A", ("release", "A", 1), True, 6, 21)
    assert isinstance(check([*history[:2], early], FencedLock()), Linearizable)


def test_a_lease_may_end_but_its_token_never_comes_back() -> None:
    first = done("A", ("acquire", "A"), 3, 0, 5)
    assert isinstance(check([first, done("B", ("acquire", "B"), 4, 6, 9)], FencedLock(expires=True)), Linearizable)
    contradiction([first, done("B", ("acquire", "B"), 3, 6, 9)], FencedLock(expires=True))
    late = [first, done("B", ("acquire", "B"), 4, 6, 9), done("A", ("release", "A", 3), True, 10, 11)]
    contradiction(late, FencedLock(expires=True))


def test_a_token_stays_spent_after_its_release() -> None:
    history = [done("A", ("acquire", "A"), 5, 0, 1), done("A", ("release", "A", 5), True, 2, 3)]
    assert isinstance(check([*history, done("B", ("acquire", "B"), 9, 4, 5)], FencedLock()), Linearizable)
    contradiction([*history, done("B", ("acquire", "B"), 4, 4, 5)], FencedLock())


def test_an_unknown_grant_may_hold_the_lock() -> None:
    refused = done("B", ("acquire", "B"), None, 5, 6)
    assert isinstance(check([unknown("A", ("acquire", "A"), 0), refused], FencedLock()), Linearizable)
    contradiction([refused], FencedLock())


def test_what_stands_in_a_log_stays_there() -> None:
    history = [done("A", ("propose", "a"), 1, 0, 1), unknown("B", ("propose", "b"), 0), done("A", ("propose", "c"), 3, 2, 5)]
    assert isinstance(check([*history, done("C", ("read", 1, 9), ("a", "b", "c"), 6, 7)], AppendOnlyLog()), Linearizable)
    contradiction([*history, done("C", ("read", 1, 9), ("a", "c"), 6, 7)], AppendOnlyLog())
    contradiction([history[0], history[2]], AppendOnlyLog())
    contradiction([*history, done("C", ("read", 2, 1), ("b",), 6, 7), done("C", ("read", 2, 1), ("d",), 8, 9)], AppendOnlyLog())


def test_a_search_that_is_too_hard_is_undecided() -> None:
    crowd = [done(f"client{number}", put(str(number)), None, 0, 1000) for number in range(24)]
    reads = [done(f"reader{number}", ("compare_and_set", str(number), "?"), False, 0, 1000) for number in range(24)]
    verdict = check([*crowd, *reads, done("A", GET, "never written", 0, 1000)], KeyValue(), step_budget=20_000)
    assert isinstance(verdict, Undecided)
    assert "undecided: budget exceeded" in verdict.text()


def test_a_contradiction_is_reduced_to_what_it_needs() -> None:
    noise = [done(f"client{number % 7}", put(str(number)), None, 10 * number, 10 * number + 9) for number in range(200)]
    reads = [done("reader", GET, str(number), 10 * number + 9, 10 * number + 10) for number in range(0, 200, 3)]
    stale = done("reader", GET, "20", 1955, 1956)
    verdict = contradiction([*noise, *reads, stale], KeyValue())
    assert verdict.culprit == stale
    assert len(verdict.region) <= 3


def test_what_saw_a_revision_is_not_left_without_the_write_that_made_it() -> None:
    history = [
        unknown("A", put("x"), 0),
        done("B", GET, ("x", 7), 1, 2),
        done("B", ("compare_and_set_revision", 7, "y"), 8, 3, 4),
        done("B", put("z"), 9, 5, 6),
    ]
    assert KeyValue().removable(history) == [{1}, {0, 1, 2}, {3}]


def test_an_operation_that_a_model_does_not_have_is_refused() -> None:
    with pytest.raises(HistoryError, match="has no operation"):
        check([done("A", ("increment",), 1, 0, 1)], KeyValue())
    with pytest.raises(HistoryError, match="has no operation"):
        check([done("A", ("compare_and_set", "a", "b"), None, 0, 1)], KeyValue())
