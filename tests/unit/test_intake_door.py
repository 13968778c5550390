"""Proposals at the JSON door: every node hears them, one acts, and the others remember until they see them executed."""

import json
from typing import Any

import pytest

from paxos.cues import Deposed, Elected, Executed, Following, Knock, Propose, Withdrawn
from paxos.doors import repetition
from paxos.effects import NOTHING, Effects, telling
from paxos.groups import LOG
from paxos.intake import NO_QUORUM, Intake
from paxos.messages import Outcome, OutcomeKind
from paxos.settings import Settings
from paxos.values import Command, Entry
from tests.unit.company import BLUE, FIRST, GREEN, RED, RIVAL, company
from tests.unit.test_intake import BLUE_ENTRY, SWEEPING, following, leading, new_intake, submit, sweeps, with_blue_executed

GREEN_ENTRY = Entry(1, 0, FIRST, "", GREEN.value)


def knock(command: Command | None) -> Knock:
    """A proposal at the door."""
    return Knock(command, eager=False)


def rejections(effects: Effects) -> list[dict[str, Any]]:
    """What is announced as rejected."""
    return [json.loads(announcement.payload) for announcement in effects.announce if announcement.door == "rejected"]


def test_the_leader_acts() -> None:
    assert leading().handle("p1", knock(BLUE)) == telling(Propose((BLUE,))) + SWEEPING


def test_a_follower_remembers_and_takes_over_when_it_leads() -> None:
    intake = following()
    assert intake.handle("p1", knock(BLUE)) == SWEEPING
    assert intake.handle("p1", Elected(FIRST, 0)) == telling(Propose((BLUE,)))


def test_a_follower_that_sees_it_executed_forgets_it() -> None:
    intake = following()
    intake.handle("p1", knock(BLUE))
    intake.handle("p1", knock(GREEN))
    intake.handle("p1", Executed(0, FIRST, (BLUE_ENTRY, GREEN_ENTRY), ()))
    assert intake.handle("p1", Elected(FIRST, 0)) == NOTHING


def test_a_question_at_the_door_of_the_log_means_nothing() -> None:
    assert leading().handle("p1", knock(None)) == NOTHING


def test_the_same_id_published_twice_is_proposed_once() -> None:
    intake = leading()
    intake.handle("p1", knock(BLUE))
    assert intake.handle("p1", knock(BLUE)) == NOTHING


def test_the_same_value_without_an_id_published_twice_is_proposed_twice() -> None:
    intake = leading()
    assert intake.handle("p1", knock(GREEN)).tell == (Propose((GREEN,)),)
    assert intake.handle("p1", knock(GREEN)).tell == (Propose((GREEN,)),)


def test_an_id_that_was_executed_before_is_announced_as_a_repetition_by_one_node() -> None:
    archive = with_blue_executed()
    assert leading(archive).handle("p1", knock(BLUE)) == Effects(announce=(repetition(LOG, BLUE_ENTRY),))
    intake = Intake(LOG, company(), archive)
    intake.handle("p1", Following("p2"))
    assert intake.handle("p1", knock(BLUE)) == NOTHING


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(value_bytes=3), "the value has 6 bytes, at most 3 are allowed"),
        (Settings(waiting_bytes=3), "overloaded, try later"),
    ],
)
def test_what_cannot_be_accepted_is_answered_at_the_door_with_the_reason_by_one_node(settings: Settings, reason: str) -> None:
    expected = {"reason": reason, "group": "log", "id": "id-blue"}
    assert rejections(leading(settings=settings).handle("p1", knock(BLUE))) == [expected]
    intake = new_intake(settings=settings)
    assert rejections(intake.handle("p1", knock(BLUE))) == [expected]
    intake.handle("p1", Following("p2"))
    assert intake.handle("p1", knock(BLUE)) == NOTHING


def test_a_client_that_asks_for_what_came_through_the_door_is_answered_too() -> None:
    intake = leading()
    intake.handle("p1", knock(BLUE))
    intake.handle("c1", submit(BLUE))
    (send,) = intake.handle("p1", Executed(0, FIRST, (BLUE_ENTRY,), ())).send
    assert send.target == "c1"


def test_without_a_leader_the_door_is_told_that_the_outcome_is_unknown() -> None:
    intake = new_intake()
    intake.handle("p1", knock(BLUE))
    assert rejections(sweeps(intake, 4)) == [{"reason": f"unknown: {NO_QUORUM}", "group": "log", "id": "id-blue"}]
    assert intake.handle("p1", Elected(FIRST, 0)) == NOTHING


def test_who_leads_is_no_news_to_what_came_through_the_door() -> None:
    intake = new_intake()
    intake.handle("p1", knock(BLUE))
    assert intake.handle("p1", Following("p2")) == NOTHING
    assert intake.handle("p1", Elected(FIRST, 0)) == telling(Propose((BLUE,)))


def test_a_follower_gives_up_in_silence() -> None:
    intake = following()
    intake.handle("p1", knock(BLUE))
    assert sweeps(intake, 4).announce == ()
    assert intake.handle("p1", Elected(FIRST, 0)) == NOTHING


def test_a_deposed_leader_keeps_what_came_through_the_door() -> None:
    intake = leading()
    intake.handle("p1", knock(BLUE))
    assert intake.handle("p1", Deposed(RIVAL)) == NOTHING
    assert intake.handle("p1", Elected(FIRST, 0)) == telling(Propose((BLUE,)))


@pytest.mark.parametrize("following_node", ["", "p2"])
def test_not_done_is_never_said_of_what_a_former_reign_proposed(following_node: str) -> None:
    intake = leading()
    intake.handle("p1", knock(BLUE))
    intake.handle("p1", Deposed(RIVAL))
    intake.handle("p1", Following(""))
    intake.handle("c1", submit(BLUE))
    effects = intake.handle("p1", Following(following_node)) + sweeps(intake, 4)
    assert [send.message.kind for send in effects.send if isinstance(send.message, Outcome)] == [OutcomeKind.UNKNOWN]


def test_of_two_commands_that_look_alike_each_is_followed_by_itself() -> None:
    intake = leading()
    intake.handle("p1", knock(GREEN))
    intake.handle("p1", knock(GREEN))
    intake.handle("p1", Withdrawn((GREEN, GREEN)))
    assert intake.handle("p1", knock(RED)).tell == (Propose((GREEN, GREEN, RED)),)


def test_of_two_commands_that_look_alike_the_one_that_was_proposed_is_the_one_that_was_executed() -> None:
    intake = leading()
    intake.handle("p1", knock(GREEN))
    intake.handle("p1", knock(GREEN))
    intake.handle("p1", Withdrawn((GREEN,)))
    effects = intake.handle("p1", Executed(0, FIRST, (GREEN_ENTRY,), ()))
    assert effects == telling(Propose((GREEN,)))


def test_an_entry_that_nobody_here_waits_for_is_no_news() -> None:
    assert leading().handle("p1", Executed(0, FIRST, (GREEN_ENTRY, BLUE_ENTRY), ())) == NOTHING


def test_who_publishes_an_id_again_hears_what_became_of_it_whatever_its_size() -> None:
    intake = leading(with_blue_executed(), settings=Settings(value_bytes=3))
    assert intake.handle("p1", knock(BLUE)) == Effects(announce=(repetition(LOG, BLUE_ENTRY),))


def test_each_of_very_many_values_without_an_id_is_found_at_once_and_forgotten_when_it_is_executed() -> None:
    intake = leading()
    nameless = [Command("", b"%d" % (number % 5000)) for number in range(10_000)]
    for command in nameless:
        intake.handle("p1", knock(command))
    entries = tuple(Entry(revision, 0, FIRST, "", command.value) for revision, command in enumerate(nameless, 1))
    intake.handle("p1", Executed(0, FIRST, entries, ()))
    intake.handle("p1", Deposed(RIVAL))
    assert intake.handle("p1", Elected(FIRST, 0)) == NOTHING
