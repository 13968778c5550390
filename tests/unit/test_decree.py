"""A decree's intake: one named thing, decided once; whoever asks gets the one value that won."""

import json
from typing import Any

import pytest

from actors.storage.memory import MemoryStorage
from paxos.cues import Begin, Chosen, Executed, Expired, Inspect, Knock, Propose, Undecided, Withdraw, Withdrawn
from paxos.decree import HELD, PATIENCE, DecreeIntake
from paxos.doors import repetition
from paxos.effects import NOTHING, CancelTimer, Effects, Send, StartTimer, sending, telling
from paxos.groups import decree_group
from paxos.intake import NO_QUORUM
from paxos.messages import Outcome, OutcomeKind, Query, Submit
from paxos.replica import Replica
from paxos.settings import Settings
from paxos.values import Command, Entry
from tests.unit.company import BLUE, FIRST, GREEN, RED, SETTINGS, batch, company, empty_archive, end_drain, started

GROUP = decree_group("colour")
WINNER = Entry(1, 0, FIRST, BLUE.id, BLUE.value)
DECIDED = Executed(0, FIRST, (WINNER,), ())
WAITING = Effects(timers=(StartTimer(PATIENCE, SETTINGS.patience_seconds),))
NOBODY_WAITS = Effects(timers=(CancelTimer("patience"),))


def new_intake(archive: MemoryStorage | None = None, settings: Settings = SETTINGS) -> DecreeIntake:
    """An intake of a decree."""
    return DecreeIntake(GROUP, company(settings=settings), archive or empty_archive())


def decided() -> DecreeIntake:
    """An intake of a decree that BLUE has won, after a restart."""
    archive = empty_archive()
    replica = Replica(GROUP, archive)
    end_drain(archive, replica, replica.handle("p1", Chosen(0, FIRST, batch(BLUE))))
    return new_intake(archive)


def submit(command: Command, attempt: int = 1, incarnation: int = 1) -> Submit:
    """A client's command for this life of the node."""
    return Submit((command,), attempt, incarnation)


def query(attempt: int = 1, incarnation: int = 1) -> Query:
    """A client's question."""
    return Query("q", attempt, incarnation)


def done(request_id: str, attempt: int = 1) -> Outcome:
    """The winner, to whoever asked under this id."""
    return Outcome(request_id, OutcomeKind.DONE, (WINNER,), "", "", (attempt,))


def refused(request_id: str, kind: OutcomeKind, reason: str, attempt: int = 1) -> Outcome:
    """An outcome without a winner."""
    return Outcome(request_id, kind, (), reason, "", (attempt,))


def rejections(effects: Effects) -> list[dict[str, Any]]:
    """What is announced as rejected."""
    return [json.loads(announcement.payload) for announcement in effects.announce if announcement.door == "rejected"]


# ---- clients ---------------------------------------------------------------------------------------------------------------------


def test_a_proposal_is_handed_over_at_once() -> None:
    assert new_intake().handle("c1", submit(BLUE)) == telling(Propose((BLUE,))) + WAITING


def test_everybody_is_answered_with_the_one_value_that_won() -> None:
    intake = new_intake()
    intake.handle("c1", submit(BLUE))
    intake.handle("c2", submit(RED))
    intake.handle("c3", query())
    answers = Effects(send=(Send("c1", done(BLUE.id)), Send("c2", done(RED.id)), Send("c3", done("q"))))
    assert intake.handle("p1", DECIDED) == answers + NOBODY_WAITS
    assert not intake.requests


def test_a_decided_decree_leaves_no_timer_behind_since_those_tell_a_busy_node() -> None:
    intake = new_intake()
    intake.handle("p1", Knock(BLUE, eager=False))
    assert intake.handle("p1", DECIDED).timers == (CancelTimer("held"),)
    assert intake.handle("p1", DECIDED) == NOTHING


def test_who_asks_later_gets_the_same_value_also_after_a_restart() -> None:
    intake = decided()
    assert intake.handle("c1", submit(RED)) == sending("c1", done(RED.id))
    assert intake.handle("c2", query()) == sending("c2", done("q"))


def test_who_asks_in_the_drain_that_decides_is_answered_although_the_archive_does_not_know_yet() -> None:
    intake = new_intake()
    intake.handle("p1", DECIDED)
    assert intake.handle("c1", submit(RED)) == sending("c1", done(RED.id))
    assert intake.handle("c2", query()) == sending("c2", done("q"))


def test_a_command_that_is_asked_for_again_is_proposed_once_and_each_attempt_is_answered() -> None:
    intake = new_intake()
    intake.handle("c1", submit(BLUE, 1))
    assert intake.handle("c1", submit(BLUE, 2)) == NOTHING
    assert intake.handle("p1", DECIDED).send == (Send("c1", done(BLUE.id, 1)), Send("c1", done(BLUE.id, 2)))


def test_what_is_meant_for_another_life_of_the_node_is_left_unanswered() -> None:
    assert new_intake().handle("c1", submit(BLUE, incarnation=2)) == NOTHING
    assert new_intake().handle("c1", query(incarnation=2)) == NOTHING


@pytest.mark.parametrize("value", [b"null", b"0", b"false", b'""', b"[]"])
def test_any_json_is_a_value(value: bytes) -> None:
    command = Command("any", value)
    assert new_intake().handle("c1", submit(command)).tell == (Propose((command,)),)


def test_a_value_that_is_too_large_is_rejected() -> None:
    reason = "the value has 6 bytes, at most 3 are allowed"
    assert new_intake(settings=Settings(value_bytes=3)).handle("c1", submit(BLUE)) == sending(
        "c1", refused(BLUE.id, OutcomeKind.REJECTED, reason)
    )


# ---- questions -------------------------------------------------------------------------------------------------------------------


def test_a_question_makes_the_proposer_find_out() -> None:
    assert new_intake().handle("c1", query()) == telling(Inspect()) + WAITING


def test_that_nothing_is_decided_says_nothing_where_nobody_asked() -> None:
    assert new_intake().handle("p1", Undecided()) == NOTHING


def test_undecided_answers_questions_and_only_questions() -> None:
    intake = new_intake()
    intake.handle("c1", query())
    intake.handle("c2", submit(BLUE))
    assert intake.handle("p1", Undecided()) == sending("c1", refused("q", OutcomeKind.UNDECIDED, "nothing was proposed"))
    assert intake.handle("p1", DECIDED).send == (Send("c2", done(BLUE.id)),)


def test_undecided_answers_only_what_was_asked_before_the_proposer_began_to_find_out() -> None:
    intake = new_intake()
    intake.handle("c1", query(1))
    assert intake.handle("c1", query(2)) == NOTHING
    answer = sending("c1", refused("q", OutcomeKind.UNDECIDED, "nothing was proposed", 1))
    assert intake.handle("p1", Undecided()) == answer + telling(Inspect())
    answer = sending("c1", refused("q", OutcomeKind.UNDECIDED, "nothing was proposed", 2))
    assert intake.handle("p1", Undecided()) == answer


# ---- time ------------------------------------------------------------------------------------------------------------------------


def test_not_done_is_only_said_of_what_was_never_proposed() -> None:
    intake = new_intake()
    intake.handle("c1", submit(BLUE))
    intake.handle("c2", submit(RED))
    assert intake.handle("p1", Expired(PATIENCE)) == telling(Withdraw((BLUE, RED))) + WAITING
    assert intake.handle("p1", Withdrawn((RED,))) == sending("c2", refused(RED.id, OutcomeKind.NOT_DONE, NO_QUORUM))
    assert intake.handle("p1", Withdrawn(())) == NOTHING
    assert intake.handle("p1", DECIDED).send == (Send("c1", done(BLUE.id)),)


def test_a_question_that_no_quorum_answers_in_time_is_not_done() -> None:
    intake = new_intake()
    intake.handle("c1", query())
    effects = intake.handle("p1", Expired(PATIENCE))
    assert effects == sending("c1", refused("q", OutcomeKind.NOT_DONE, NO_QUORUM)) + telling(Withdraw(()))
    assert intake.handle("p1", Expired(PATIENCE)) == NOTHING
    assert intake.handle("p1", Expired("retry")) == NOTHING


def test_nothing_begins_by_itself() -> None:
    assert new_intake().handle("p1", Begin()) == NOTHING


# ---- the door --------------------------------------------------------------------------------------------------------------------


def test_one_node_acts_at_once_on_what_is_published_at_the_door() -> None:
    assert new_intake().handle("p1", Knock(BLUE, eager=True)) == telling(Propose((BLUE,))) + WAITING


def test_the_door_hears_the_winner_from_the_herald_and_not_twice() -> None:
    intake = new_intake()
    intake.handle("p1", Knock(BLUE, eager=True))
    assert intake.handle("p1", DECIDED) == NOBODY_WAITS


def test_the_other_nodes_act_if_that_one_fails() -> None:
    intake = new_intake()
    effects = intake.handle("p2", Knock(BLUE, eager=False))
    assert effects.tell == ()
    assert started(effects)[HELD].after_seconds > 0
    intake.handle("p2", Knock(GREEN, eager=False))
    assert intake.handle("p2", Expired(HELD)).tell == (Propose((BLUE,)), Propose((GREEN,)))
    assert intake.handle("p2", Expired(HELD)) == NOTHING
    assert intake.handle("p2", DECIDED) == NOBODY_WAITS, "the herald says it"


def test_the_other_nodes_forget_what_is_decided() -> None:
    intake = new_intake()
    intake.handle("p2", Knock(RED, eager=False))
    intake.handle("p2", DECIDED)
    assert intake.handle("p2", Expired(HELD)) == NOTHING
    assert intake.handle("p2", Knock(RED, eager=False)) == NOTHING


def test_a_question_at_the_door_is_asked_by_one_node() -> None:
    intake = new_intake()
    assert intake.handle("p1", Knock(None, eager=False)) == NOTHING
    assert intake.handle("p1", Knock(None, eager=True)) == telling(Inspect()) + WAITING
    assert rejections(intake.handle("p1", Undecided())) == [{"reason": "nothing was proposed", "group": GROUP, "decree": "colour"}]


def test_who_asks_at_the_door_about_something_decided_hears_it_again() -> None:
    answer = Effects(announce=(repetition(GROUP, WINNER),))
    assert decided().handle("p1", Knock(None, eager=True)) == answer
    assert decided().handle("p1", Knock(RED, eager=True)) == answer


def test_what_cannot_be_accepted_is_answered_at_the_door() -> None:
    effects = new_intake(settings=Settings(value_bytes=3)).handle("p1", Knock(BLUE, eager=True))
    (rejected,) = rejections(effects)
    assert (rejected["id"], rejected["decree"]) == ("id-blue", "colour")
    assert "at most 3" in rejected["reason"]


def test_who_asks_again_does_not_make_the_others_wait_longer() -> None:
    intake = new_intake()
    assert PATIENCE in started(intake.handle("c1", submit(BLUE, 1)))
    assert PATIENCE not in started(intake.handle("c2", submit(RED, 1)))
    intake.handle("p1", DECIDED)
    assert intake.handle("p1", Expired(PATIENCE)) == NOTHING


def test_everybody_who_waited_too_long_is_answered() -> None:
    intake = new_intake()
    for attempt in (1, 2):
        intake.handle("c", query(attempt))
    sends = intake.handle("p1", Expired(PATIENCE)).send
    assert [send.message.attempts for send in sends if isinstance(send.message, Outcome)] == [(1,), (2,)]
    assert intake.handle("p1", Undecided()) == NOTHING


def test_everybody_at_the_door_who_waited_too_long_is_answered() -> None:
    intake = new_intake()
    for command in (BLUE, RED):
        intake.handle("p1", Knock(command, eager=True))
    given_up = rejections(intake.handle("p1", Withdrawn((BLUE, RED))))
    assert [(rejected["id"], rejected["reason"]) for rejected in given_up] == [(BLUE.id, NO_QUORUM), (RED.id, NO_QUORUM)]


def test_whoever_holds_a_proposal_waits_a_drawn_time_so_that_not_all_act_at_once() -> None:
    held = started(new_intake().handle("p1", Knock(BLUE, eager=False)))[HELD]
    assert held.after_seconds == held.jitter_seconds == SETTINGS.retry_seconds * 4


def test_who_publishes_again_and_again_does_not_make_what_is_held_wait_longer() -> None:
    intake = new_intake()
    assert HELD in started(intake.handle("p1", Knock(BLUE, eager=False)))
    assert intake.handle("p1", Knock(BLUE, eager=False)) == NOTHING
    assert intake.handle("p1", Knock(RED, eager=False)) == NOTHING
    assert intake.handle("p1", Expired(HELD)).tell == (Propose((BLUE,)), Propose((RED,)))
    assert HELD in started(intake.handle("p1", Knock(GREEN, eager=False))), "and the next are held anew"


def test_a_few_are_held_since_only_one_can_win() -> None:
    intake = new_intake()
    for number in range(100):
        intake.handle("p1", Knock(Command(f"id-{number}", b"1"), eager=False))
    assert len(intake.handle("p1", Expired(HELD)).tell) == 8
