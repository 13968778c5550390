"""The heir: says that it is ready only when it could lead, and campaigns when it is told to. Ladder 7 in docs/protocol.md."""

import pytest

from paxos.ballot import ZERO, Ballot
from paxos.cues import Chosen, Retire, Succeed
from paxos.effects import ACCEPTORS, NOTHING, Effects, sending, telling
from paxos.heir import Heir
from paxos.messages import Probe, ProbeReply
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


def test_nothing_waits_for_the_end_of_a_drain() -> None:
    heir = Heir(company(), 0)
    assert heir.flush() == NOTHING
    assert heir.handle("a1", ProbeReply(0, False, ZERO, 0)) == NOTHING
