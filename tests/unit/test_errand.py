"""An errand: one command or question of a client, carried until it is answered; not done is said only when no attempt is open."""

from itertools import count

import pytest

from paxos.cues import Expired
from paxos.effects import NOTHING, PROPOSERS, CancelTimer, Effects, Send, StartTimer, sending
from paxos.errand import ATTEMPT, LOCATE, PAUSE, Contact, Errand
from paxos.groups import LOG, decree_group
from paxos.messages import Locate, Located, Outcome, OutcomeKind, Query, Submit
from paxos.values import Command
from tests.unit.company import BLUE, started

P1, P2 = Contact("p1", 3), Contact("p2", 1)
SEARCH = sending(PROPOSERS, Locate()) + Effects(timers=(CancelTimer(ATTEMPT), CancelTimer(PAUSE), StartTimer(LOCATE, 0.25)))
ENDED = Effects(timers=(CancelTimer(ATTEMPT), CancelTimer(LOCATE), CancelTimer(PAUSE)))


def new_errand(command: Command | None = BLUE, group: str = LOG, only: str = "") -> Errand:
    """An errand that has not begun."""
    return Errand(group, "r", command, count(1), only)


def begun(contact: Contact | None = P1) -> Errand:
    """An errand that has asked p1, or looks for somebody."""
    errand = new_errand()
    errand.begin(contact)
    return errand


def outcome(kind: OutcomeKind, *attempts: int, leader: str = "") -> Outcome:
    """An answer to these attempts."""
    return Outcome("r", kind, (), "", leader, attempts)


def asked(effects: Effects) -> Send | None:
    """The Submit or Query in the effects."""
    return next((send for send in effects.send if isinstance(send.message, Submit | Query)), None)


def test_whom_the_caller_knows_is_asked_at_once() -> None:
    assert new_errand().begin(P1) == sending("p1", Submit((BLUE,), 1, 3)) + Effects(timers=(CancelTimer(LOCATE), StartTimer(ATTEMPT, 0.25)))


def test_a_question_is_asked_like_a_command() -> None:
    assert asked(new_errand(None, decree_group("colour")).begin(P1)) == Send("p1", Query("r", 1, 3))


def test_who_knows_nobody_looks_for_somebody_and_asks_the_leader() -> None:
    errand = new_errand()
    assert errand.begin(None) == SEARCH
    assert errand.handle("p2", Located("p1", 1)) == NOTHING
    assert asked(errand.handle("p1", Located("p1", 3))) == Send("p1", Submit((BLUE,), 1, 3))
    assert errand.contact == P1
    assert errand.handle("p2", Located("p1", 1)) == NOTHING


def test_who_names_nobody_may_be_served_by_any() -> None:
    assert Errand(LOG, "r", BLUE, count(1)).begin(None) == SEARCH


def test_a_log_without_a_leader_is_left_to_a_node_that_knows_of_none() -> None:
    errand = begun(None)
    errand.handle("p2", Located("", 1))
    assert asked(errand.handle("c", Expired(LOCATE))) == Send("p2", Submit((BLUE,), 1, 1))


def test_without_a_leader_it_stays_with_the_one_that_it_asked_last() -> None:
    errand = begun(P2)
    assert errand.handle("c", Expired(ATTEMPT)) == SEARCH
    errand.handle("p1", Located("", 3))
    errand.handle("p2", Located("", 1))
    assert asked(errand.handle("c", Expired(LOCATE))) == Send("p2", Submit((BLUE,), 2, 1))


def test_a_leader_that_does_not_answer_is_looked_for_again() -> None:
    errand = begun(None)
    assert errand.handle("c", Expired(LOCATE)) == SEARCH
    errand.handle("p2", Located("p1", 1))
    assert errand.handle("c", Expired(LOCATE)) == SEARCH


def test_a_decree_needs_any_proposer() -> None:
    errand = new_errand(group=decree_group("colour"))
    errand.begin(None)
    errand.handle("p2", Located("p1", 1))
    assert asked(errand.handle("c", Expired(LOCATE))) == Send("p2", Submit((BLUE,), 1, 1))


def test_where_the_caller_names_one_node_only_that_one_is_asked() -> None:
    errand = new_errand(only="p2")
    assert errand.begin(None).send == (Send("p2", Locate()),)
    assert asked(errand.handle("p2", Located("p1", 1))) == Send("p2", Submit((BLUE,), 1, 1))


def test_no_number_of_an_attempt_is_used_twice_and_the_patience_grows_to_a_cap() -> None:
    errand = new_errand()
    effects = errand.begin(P1)
    waits = [started(effects)[ATTEMPT].after_seconds]
    for number in range(2, 7):
        errand.handle("c", Expired(ATTEMPT))
        effects = errand.handle("p1", Located("p1", 3))
        assert asked(effects) == Send("p1", Submit((BLUE,), number, 3))
        waits.append(started(effects)[ATTEMPT].after_seconds)
    assert waits == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]
    assert errand.open_attempts == set(range(1, 7))


@pytest.mark.parametrize("kind", [OutcomeKind.DONE, OutcomeKind.REJECTED, OutcomeKind.UNDECIDED])
def test_a_definite_answer_ends_the_errand(kind: OutcomeKind) -> None:
    errand = begun()
    assert errand.handle("p1", outcome(kind, 1)) == ENDED
    assert errand.outcome == outcome(kind, 1)
    assert errand.handle("p1", outcome(OutcomeKind.NOT_DONE, 1)) == NOTHING
    assert errand.outcome == outcome(kind, 1)


def test_not_done_is_said_only_when_no_attempt_is_open() -> None:
    errand = begun()
    errand.handle("c", Expired(ATTEMPT))
    errand.handle("p2", Located("p2", 1))
    assert errand.handle("p2", outcome(OutcomeKind.NOT_DONE, 2)) == NOTHING
    assert errand.handle("p2", outcome(OutcomeKind.NOT_DONE, 2)) == NOTHING
    assert errand.outcome is None
    assert errand.handle("p1", outcome(OutcomeKind.NOT_DONE, 1)) == ENDED


def test_rejected_is_said_only_when_no_attempt_is_open_since_another_node_may_allow_more() -> None:
    errand = begun()
    errand.handle("c", Expired(ATTEMPT))
    errand.handle("p2", Located("p2", 1))
    assert errand.handle("p2", outcome(OutcomeKind.REJECTED, 2)) == NOTHING
    assert errand.outcome is None
    assert errand.handle("p1", outcome(OutcomeKind.DONE, 1)) == ENDED


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if kind != OutcomeKind.DONE])
def test_what_answers_none_of_its_attempts_says_nothing_to_it(kind: OutcomeKind) -> None:
    errand = begun(None)
    assert errand.handle("p1", outcome(kind, 99)) == NOTHING
    assert errand.outcome is None


def test_an_unknown_attempt_stays_open() -> None:
    errand = begun()
    assert errand.handle("p1", outcome(OutcomeKind.UNKNOWN, 1)) == SEARCH
    assert errand.open_attempts == {1}


def test_an_attempt_that_was_sent_on_or_never_left_is_not_open() -> None:
    errand = begun()
    assert errand.handle("p1", outcome(OutcomeKind.REDIRECT, 1, leader="p2")) == SEARCH
    assert errand.open_attempts == set()
    errand = begun()
    errand.unsent(1)
    errand.unsent(1)
    assert errand.open_attempts == set()


def test_a_leader_that_does_not_answer_is_looked_for_although_others_know_of_none() -> None:
    errand = begun(None)
    errand.handle("p2", Located("", 1))
    errand.handle("p1", Located("p1", 3))
    assert errand.handle("c", Expired(ATTEMPT)) == SEARCH


def paused(least_seconds: float) -> Effects:
    """Nothing but a drawn pause."""
    return Effects(timers=(CancelTimer(ATTEMPT), CancelTimer(LOCATE), StartTimer(PAUSE, least_seconds, least_seconds)))


@pytest.mark.parametrize("kind", [OutcomeKind.REDIRECT, OutcomeKind.UNKNOWN])
def test_who_is_sent_back_and_forth_asks_less_and_less_often(kind: OutcomeKind) -> None:
    errand = new_errand(only="p2")
    errand.begin(P2)
    # A leader that has changed is found without a wait.
    assert errand.handle("p2", outcome(kind, 1, leader="p1")).send == (Send("p2", Locate()),)
    for number, least_seconds in enumerate((0.01, 0.02, 0.04, 0.08, 0.125, 0.125), start=2):
        assert asked(errand.handle("p2", Located("p1", 1))) == Send("p2", Submit((BLUE,), number, 1))
        assert errand.handle("p2", outcome(kind, number, leader="p1")) == paused(least_seconds)
        assert errand.contact is None
        assert errand.handle("p2", Located("p1", 1)) == NOTHING
        assert errand.handle("c", Expired(PAUSE)).send == (Send("p2", Locate()),)


def test_an_answer_that_comes_in_a_pause_is_taken() -> None:
    errand = begun()
    errand.handle("p1", outcome(OutcomeKind.UNKNOWN, 1))
    errand.handle("p1", Located("p1", 3))
    assert errand.handle("p1", outcome(OutcomeKind.UNKNOWN, 2)) == paused(0.01)
    assert errand.handle("p1", outcome(OutcomeKind.DONE, 1)) == ENDED
