"""The heir: says that it is ready only when it could lead, and campaigns when it is told to. Ladder 7 in docs/protocol.md."""

import pytest

from paxos.ballot import ZERO, Ballot
from paxos.cues import Chosen, Retire, Succeed
from paxos.effects import ACCEPTORS, NOTHING, Effects, sending, telling
from paxos.heir import Heir
from paxos.messages import Heartbeat, Probe, ProbeReply
from paxos.settings import Settings
from paxos.succession_messages import Canvass, Ready, TakeOver
from tests.unit.company import FIRST, company

LEADER = Ballot(3, "p2")
READY = sending("p2", Ready(LEADER))


def probe_of(effects: Effects) -> int:
    """The number under which it asks the acceptors."""
    (send,) = effects.send
    assert send.target == ACCEPTORS
    assert isinstance(send.message, Probe)
    return send.message.number


def reply(number: int) -> ProbeReply:
    """An acceptor that hears the leader, as it should."""
    return ProbeReply(number, True, LEADER, 0)


def test_it_is_ready_when_a_quorum_answers_it() -> None:
    heir = Heir(company(), 0)
    number = probe_of(heir.handle("p2", Canvass(LEADER, 0)))
    assert heir.handle("a1", reply(number)) == NOTHING
    assert heir.handle("a1", reply(number)) == NOTHING
    assert heir.handle("x1", reply(number)) == NOTHING
    assert heir.handle("a2", reply(number - 1)) == NOTHING
    assert heir.handle("a2", reply(number)) == READY
    assert heir.handle("a3", reply(number)) == NOTHING


def test_it_is_not_ready_before_it_has_learned_what_the_leader_had() -> None:
    heir = Heir(company(), 1)
    number = probe_of(heir.handle("p2", Canvass(LEADER, 3)))
    assert heir.handle("a1", reply(number)) + heir.handle("a2", reply(number)) == NOTHING
    assert heir.handle("p1", Chosen(1, LEADER, b"")) == NOTHING
    assert heir.handle("p1", Chosen(2, LEADER, b"")) == READY


def test_asked_again_it_answers_again() -> None:
    heir = Heir(company(), 0)
    number = probe_of(heir.handle("p2", Canvass(LEADER, 0)))
    assert probe_of(heir.handle("p2", Canvass(LEADER, 0))) == number
    assert heir.handle("a1", reply(number)) + heir.handle("a2", reply(number)) == READY
    again = probe_of(heir.handle("p2", Canvass(LEADER, 0)))
    assert again != number, "what was answered before says nothing of now"
    assert heir.handle("a3", reply(again)) == NOTHING
    assert heir.handle("a1", reply(again)) == READY


def test_told_to_take_over_it_campaigns_at_once() -> None:
    assert Heir(company(), 0).handle("p2", TakeOver(LEADER)) == telling(Succeed(LEADER))


@pytest.mark.parametrize("message", [Canvass(LEADER, 0), TakeOver(LEADER)])
def test_only_the_owner_of_the_ballot_is_obeyed(message: Canvass | TakeOver) -> None:
    assert Heir(company(), 0).handle("p3", message) == NOTHING


@pytest.mark.parametrize("message", [Canvass(FIRST, 0), TakeOver(FIRST)])
def test_nobody_is_its_own_heir(message: Canvass | TakeOver) -> None:
    assert Heir(company(), 0).handle("p1", message) == NOTHING


@pytest.mark.parametrize("message", [Canvass(LEADER, 0), TakeOver(LEADER)])
def test_who_is_about_to_stop_takes_nothing_over(message: Canvass | TakeOver) -> None:
    heir = Heir(company(), 0)
    assert heir.handle("p1", Retire()) == NOTHING
    assert heir.handle("p2", message) == NOTHING


def test_an_answer_to_nobodys_probe_means_nothing() -> None:
    heir = Heir(company(), 0)
    assert heir.handle("a1", ProbeReply(0, False, ZERO, 0)) == NOTHING


# ---- priorities ------------------------------------------------------------------------------------------------------------------


def beats(heir: Heir, count: int, chosen_through: int = 0, priority: int = 1) -> list[Effects]:
    """So many heartbeats of a leader of this priority; what comes of each that has any effect."""
    heard = [heir.handle("p2", Heartbeat(LEADER, chosen_through, priority)) for _ in range(count)]
    return [effects for effects in heard if effects != NOTHING]


def test_who_keeps_up_with_a_leader_of_lower_priority_offers_to_take_over_after_a_while() -> None:
    heir = Heir(company(priority=2), 0)
    assert beats(heir, 9) == []
    (asked,) = beats(heir, 1)
    number = probe_of(asked)
    assert heir.handle("a1", reply(number)) + heir.handle("a2", reply(number)) == sending("p2", Ready(LEADER, 2))


def test_if_nothing_comes_of_it_it_waits_for_twice_as_long() -> None:
    heir = Heir(company(priority=2), 0)
    assert len(beats(heir, 10)) == 1
    assert beats(heir, 19) == []
    assert len(beats(heir, 1)) == 1
    assert heir.handle("p3", Heartbeat(Ballot(4, "p3"), 0)) == NOTHING
    assert beats(heir, 39) == [], "another leader came between, which is no reason to wait less"
    assert len(beats(heir, 1)) == 1


def test_who_led_for_as_long_as_it_had_waited_waits_no_longer_than_at_first() -> None:
    heir = Heir(company(priority=2), 0)
    assert len(beats(heir, 10)) == 1
    for _ in range(20):
        assert heir.handle("p1", Heartbeat(Ballot(9, "p1"), 0, 2)) == NOTHING
    assert beats(heir, 9) == []
    assert len(beats(heir, 1)) == 1


def test_who_leads_again_and_again_for_a_moment_waits_longer_each_time() -> None:
    heir = Heir(company(priority=2), 0)
    for wanted in (10, 20, 40):
        assert beats(heir, wanted - 1) == []
        assert len(beats(heir, 1)) == 1
        for _ in range(wanted):
            assert heir.handle("p1", Heartbeat(Ballot(9, "p1"), 0, 2)) == NOTHING


def test_a_leader_of_the_same_priority_is_left_alone() -> None:
    assert beats(Heir(company(priority=2), 0), 100, priority=2) == []


def test_who_does_not_keep_up_does_not_offer() -> None:
    heir = Heir(company(priority=2, settings=Settings(window_slots=5)), 0)
    assert beats(heir, 100, chosen_through=6) == []
    assert beats(heir, 9, chosen_through=5) == []
    assert len(beats(heir, 1, chosen_through=5)) == 1


def test_with_priority_0_it_never_leads_and_says_so() -> None:
    heir = Heir(company(priority=0), 0)
    assert heir.handle("p2", Canvass(LEADER, 0)) == sending("p2", Ready(LEADER, 0))
    assert heir.handle("p3", Canvass(LEADER, 0)) == NOTHING
    assert heir.handle("p2", TakeOver(LEADER)) == NOTHING
