"""The hand-over: a leader makes room for an heir that is ready, and goes on where none takes over. Ladder 7 in docs/protocol.md."""

from collections.abc import Callable

import pytest

from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.cues import Deposed, Drained, Elected, Expired, Following, Lead, Resign, Resume, Retire, Retired, Yield
from paxos.effects import EVERYONE, NOTHING, PROPOSERS, CancelTimer, Effects, Send, StartTimer, sending, telling
from paxos.groups import LOG
from paxos.handover import HAND_OVER, Canvassing, Handover, Resting, Yielding
from paxos.messages import OutcomeKind, Promise, Transfer, Transferred
from paxos.proposer import Proposer
from paxos.settings import Settings
from paxos.succession_messages import Canvass, Ready, Resigned, TakeOver
from tests.unit.company import FIRST, RIVAL, company, empty_archive

SETTINGS = Settings(heartbeat_seconds=0.1, election_timeout_seconds=0.2, patience_seconds=0.3)
TICK = StartTimer(HAND_OVER, 0.05)
BRIEF_TICKS = 4
PATIENT_TICKS = 6
REQUEST = Transfer("p2", 7, 1)


def following(leader: str = "p3") -> Handover:
    """A node that follows another."""
    handover = Handover(company(settings=SETTINGS), Proposer(LOG, company(), empty_archive()))
    handover.handle("p1", Following(leader))
    return handover


def leading() -> Handover:
    """A node that leads at FIRST."""
    proposer = Proposer(LOG, company(), empty_archive())
    proposer.handle("p1", Lead(ZERO))
    for acceptor in ("a1", "a2"):
        proposer.handle(acceptor, Promise(FIRST, 0, END_SLOT, ()))
    handover = Handover(company(settings=SETTINGS), proposer)
    assert handover.handle("p1", Elected(FIRST, 0)) == NOTHING
    assert handover.handle("p1", Following("p1")) == NOTHING
    return handover


def canvassing() -> Handover:
    """A leader that was asked to make p2 lead."""
    handover = leading()
    assert handover.handle("client", REQUEST) == Effects(send=(Send("p2", Canvass(FIRST, 0)),), timers=(TICK,))
    return handover


def yielding() -> Handover:
    """A leader that proposes nothing, because p2 is ready."""
    handover = canvassing()
    assert handover.handle("p2", Ready(FIRST)) == Effects(timers=(TICK,), tell=(Yield("p2"),))
    return handover


def urging() -> Handover:
    """A leader that told p2 to take over."""
    handover = yielding()
    assert handover.handle("p1", Drained()) == Effects(send=(Send("p2", TakeOver(FIRST)),), timers=(TICK,))
    return handover


def transferred(effects: Effects, attempt: int = 7) -> Transferred:
    """What the client is told."""
    (told,) = [
        send.message
        for send in effects.send
        if send.target == "client" and isinstance(send.message, Transferred) and send.message.attempt == attempt
    ]
    return told


def answered(effects: Effects, attempt: int = 7) -> OutcomeKind:
    """What the client is told, without the reason."""
    return transferred(effects, attempt).kind


def give_up(handover: Handover, ticks: int) -> Effects:
    """So many ticks of the timer; what the last one brings."""
    for _ in range(ticks - 1):
        assert not any(isinstance(send.message, Transferred) for send in handover.handle("p1", Expired(HAND_OVER)).send)
    return handover.handle("p1", Expired(HAND_OVER))


# ---- on request ------------------------------------------------------------------------------------------------------------------


def test_the_lead_passes_when_the_heir_is_ready_and_nothing_is_in_flight() -> None:
    handover = urging()
    assert handover.handle("p1", Deposed(RIVAL)) == NOTHING
    assert handover.handle("p1", Following("")) == NOTHING
    effects = handover.handle("p1", Following("p2"))
    assert effects.send == (Send("client", Transferred(7, OutcomeKind.DONE, "", "p2")),)
    assert effects.timers == (CancelTimer(HAND_OVER),)
    assert handover.phase == Resting()


def test_what_may_be_lost_is_asked_again() -> None:
    assert canvassing().handle("p1", Expired(HAND_OVER)) == Effects(send=(Send("p2", Canvass(FIRST, 0)),), timers=(TICK,))
    assert urging().handle("p1", Expired(HAND_OVER)) == Effects(send=(Send("p2", TakeOver(FIRST)),), timers=(TICK,))
    assert yielding().handle("p1", Expired(HAND_OVER)) == Effects(timers=(TICK,))


def test_an_heir_that_is_not_ready_costs_nothing_and_the_request_is_not_done() -> None:
    handover = canvassing()
    effects = give_up(handover, PATIENT_TICKS)
    assert answered(effects) is OutcomeKind.NOT_DONE
    assert effects.tell == ()
    assert handover.phase == Resting()


@pytest.mark.parametrize(("heir", "reason"), [("p2", "p2 is no member, and was not ready"), ("a2", "a2 was not ready")])
def test_the_reason_names_the_heir(heir: str, reason: str) -> None:
    handover = leading()
    handover.handle("client", Transfer(heir, 7, 1))
    (told,) = [send.message for send in give_up(handover, PATIENT_TICKS).send if isinstance(send.message, Transferred)]
    assert told.reason.startswith(reason)


def test_who_waits_for_an_heir_when_the_leader_stops_is_told_so() -> None:
    handover = canvassing()
    handover.handle("p1", Retire())
    (told,) = [send.message for send in give_up(handover, BRIEF_TICKS).send if isinstance(send.message, Transferred)]
    assert told == Transferred(7, OutcomeKind.NOT_DONE, "the leader stops, and nobody was ready to lead in time", "p1")


def test_what_is_not_chosen_in_time_keeps_the_lead_where_it_is() -> None:
    effects = give_up(yielding(), BRIEF_TICKS)
    assert transferred(effects) == Transferred(7, OutcomeKind.NOT_DONE, "what the leader had proposed was not chosen in time", "p1")
    assert effects.tell == (Resume(),)


def test_an_heir_that_was_told_and_is_not_heard_may_lead_yet_and_the_leader_goes_on() -> None:
    effects = give_up(urging(), BRIEF_TICKS)
    assert transferred(effects) == Transferred(7, OutcomeKind.UNKNOWN, "p2 was told to take over, and was not heard to lead", "p1")
    assert effects.tell == (Resume(),)


def test_who_waits_is_answered_also_when_nobody_leads_for_a_while() -> None:
    handover = urging()
    handover.handle("p1", Deposed(RIVAL))
    assert handover.handle("p1", Expired(HAND_OVER)) == Effects(timers=(TICK,))
    assert answered(give_up(handover, BRIEF_TICKS - 1)) is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(("make", "kind"), [(canvassing, OutcomeKind.NOT_DONE), (urging, OutcomeKind.UNKNOWN)])
def test_somebody_else_took_over(make: Callable[[], Handover], kind: OutcomeKind) -> None:
    handover = make()
    handover.handle("p1", Deposed(RIVAL))
    effects = handover.handle("p1", Following("p3"))
    assert transferred(effects) == Transferred(7, kind, "p3 leads", "p3")
    assert effects.tell == ()


def test_the_former_leader_may_be_elected_again() -> None:
    handover = urging()
    handover.handle("p1", Deposed(RIVAL))
    effects = handover.handle("p1", Elected(Ballot(2, "p1"), 0))
    assert transferred(effects) == Transferred(7, OutcomeKind.UNKNOWN, "the former leader was elected again", "p1")


def test_who_leads_already_is_done_and_who_does_not_lead_says_who_does() -> None:
    assert transferred(leading().handle("client", Transfer("p1", 7, 1))) == Transferred(7, OutcomeKind.DONE, "", "p1")
    assert answered(following("p2").handle("client", REQUEST)) is OutcomeKind.DONE
    assert following("p3").handle("client", REQUEST).send == (
        Send("client", Transferred(7, OutcomeKind.REDIRECT, "another node leads", "p3")),
    )
    assert transferred(following("").handle("client", REQUEST)) == Transferred(7, OutcomeKind.NOT_DONE, "nobody leads", "")


def test_before_anything_is_heard_nobody_leads() -> None:
    handover = Handover(company(settings=SETTINGS), Proposer(LOG, company(), empty_archive()))
    assert transferred(handover.handle("client", REQUEST)) == Transferred(7, OutcomeKind.NOT_DONE, "nobody leads", "")


def test_a_request_for_another_life_is_not_ours() -> None:
    assert leading().handle("client", Transfer("p2", 7, 2)) == NOTHING


def test_a_repeated_request_is_carried_out_once() -> None:
    handover = canvassing()
    assert handover.handle("client", REQUEST) == NOTHING
    give_up(handover, PATIENT_TICKS)
    assert answered(handover.handle("client", REQUEST)) is OutcomeKind.NOT_DONE
    assert handover.phase == Resting()


def test_who_was_answered_is_not_answered_again_when_another_is() -> None:
    handover = canvassing()
    give_up(handover, PATIENT_TICKS)
    handover.handle("client", Transfer("p2", 8, 1))
    (send,) = give_up(handover, PATIENT_TICKS).send
    assert isinstance(send.message, Transferred)
    assert send.message.attempt == 8


def test_who_has_patience_for_less_than_a_tick_waits_for_one() -> None:
    settings = Settings(heartbeat_seconds=0.1, patience_seconds=0.01)
    handover = Handover(company(settings=settings), Proposer(LOG, company(), empty_archive()))
    handover.handle("p1", Elected(FIRST, 0))
    handover.handle("client", REQUEST)
    assert answered(give_up(handover, 1)) is OutcomeKind.NOT_DONE


def test_answers_are_remembered_up_to_a_bound() -> None:
    handover = following("")
    for attempt in range(101):
        handover.handle("client", Transfer("p2", attempt, 1))
    handover.handle("p1", Following("p2"))
    assert answered(handover.handle("client", Transfer("p2", 1, 1)), 1) is OutcomeKind.NOT_DONE
    assert answered(handover.handle("client", Transfer("p2", 0, 1)), 0) is OutcomeKind.DONE


def test_two_who_want_the_same_wait_together_and_who_wants_another_is_told_so() -> None:
    handover = canvassing()
    assert handover.handle("client", Transfer("p2", 8, 1)) == NOTHING
    other = transferred(handover.handle("client", Transfer("p3", 9, 1)), 9)
    assert other == Transferred(9, OutcomeKind.NOT_DONE, "the lead is on its way to p2", "p1")
    effects = give_up(handover, PATIENT_TICKS)
    assert [answered(effects, attempt) for attempt in (7, 8)] == [OutcomeKind.NOT_DONE] * 2


# ---- stale news ------------------------------------------------------------------------------------------------------------------


def test_only_the_heir_that_was_asked_by_this_reign_is_believed() -> None:
    handover = canvassing()
    assert handover.handle("p3", Ready(FIRST)) == NOTHING
    assert handover.handle("p2", Ready(RIVAL)) == NOTHING
    assert isinstance(handover.phase, Canvassing)


def test_news_that_nobody_waits_for_changes_nothing() -> None:
    handover = leading()
    assert handover.handle("p2", Ready(FIRST)) == NOTHING
    assert handover.handle("p1", Drained()) == NOTHING
    assert handover.handle("p1", Expired(HAND_OVER)) == NOTHING
    assert handover.handle("p1", Expired("retry")) == NOTHING
    assert urging().handle("p1", Drained()) == NOTHING
    assert canvassing().handle("p1", Expired("retry")) == NOTHING
    assert yielding().handle("p1", Following("p1")) == NOTHING


# ---- before the end --------------------------------------------------------------------------------------------------------------


def test_who_does_not_lead_may_stop_at_once() -> None:
    assert following().handle("p1", Retire()) == telling(Retired())


def test_a_leader_that_is_to_stop_makes_whoever_is_ready_first_lead() -> None:
    handover = leading()
    assert handover.handle("p1", Retire()) == Effects(send=(Send(PROPOSERS, Canvass(FIRST, 0)),), timers=(TICK,))
    handover.handle("p3", Ready(FIRST))
    assert handover.phase == Yielding("p3", BRIEF_TICKS)
    handover.handle("p1", Drained())
    handover.handle("p1", Deposed(RIVAL))
    assert handover.handle("p1", Following("p3")) == Effects(timers=(CancelTimer(HAND_OVER),), tell=(Retired(),))


def test_a_leader_that_is_to_stop_and_has_no_heir_says_that_it_resigns() -> None:
    handover = leading()
    handover.handle("p1", Retire())
    assert give_up(handover, BRIEF_TICKS) == Effects(
        send=(Send(EVERYONE, Resigned(FIRST)),), timers=(CancelTimer(HAND_OVER),), tell=(Resign(), Retired())
    )


def test_a_hand_over_that_is_under_way_serves_the_stop_as_well() -> None:
    handover = urging()
    assert handover.handle("p1", Retire()) == NOTHING
    handover.handle("p1", Deposed(RIVAL))
    effects = handover.handle("p1", Following("p2"))
    assert answered(effects) is OutcomeKind.DONE
    assert effects.tell == (Retired(),)


def test_who_asked_for_another_heir_than_the_one_that_was_ready_is_told_that_it_was_not_done() -> None:
    handover = canvassing()
    handover.handle("p1", Retire())
    other = transferred(handover.handle("client", Transfer("p2", 8, 1)), 8)
    assert other == Transferred(8, OutcomeKind.NOT_DONE, "the lead is on its way to another node", "p1")
    handover.handle("p3", Ready(FIRST))
    handover.handle("p1", Deposed(RIVAL))
    assert answered(handover.handle("p1", Following("p3"))) is OutcomeKind.NOT_DONE


def test_a_campaign_that_is_won_too_late_is_given_up_at_once() -> None:
    handover = following("")
    handover.handle("p1", Retire())
    effects = handover.handle("p1", Elected(FIRST, 0))
    assert effects == sending(EVERYONE, Resigned(FIRST)) + telling(Resign(), Retired())


# ---- priorities ------------------------------------------------------------------------------------------------------------------


def test_who_says_unasked_that_it_is_ready_gets_the_lead_if_it_has_a_higher_priority() -> None:
    handover = leading()
    assert handover.handle("p2", Ready(FIRST, 1)) == NOTHING
    assert handover.handle("p2", Ready(RIVAL, 2)) == NOTHING
    assert handover.handle("p2", Ready(FIRST, 2)) == Effects(timers=(TICK,), tell=(Yield("p2"),))


def test_who_never_leads_is_no_heir() -> None:
    rejected = transferred(canvassing().handle("p2", Ready(FIRST, 0)))
    assert rejected == Transferred(7, OutcomeKind.REJECTED, "p2 has priority 0, so it never leads", "p1")
    assert canvassing().handle("p3", Ready(FIRST, 0)) == NOTHING
    retiring = leading()
    retiring.handle("p1", Retire())
    assert retiring.handle("p2", Ready(FIRST, 0)) == NOTHING
    assert yielding().handle("p3", Ready(FIRST, 9)) == NOTHING
