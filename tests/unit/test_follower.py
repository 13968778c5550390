"""The follower: on a node without a proposer, it only knows who leads."""

from paxos.ballot import Ballot
from paxos.cues import Begin, Expired, Following
from paxos.effects import ACCEPTORS, NOTHING, Effects, Send, StartTimer
from paxos.election import ELECTION, LEADER_HEARD, Follower
from paxos.messages import Heartbeat, Probe
from tests.unit.company import FIRST, SETTINGS, company

LEADER = Ballot(3, "p2")
PATIENCE = StartTimer(LEADER_HEARD, SETTINGS.election_timeout_seconds)


def following() -> Follower:
    """A follower of LEADER."""
    follower = Follower(company())
    follower.handle("p2", Heartbeat(LEADER, 0))
    return follower


def test_who_hears_a_leader_says_so_once_and_waits_for_its_next_heartbeat() -> None:
    follower = Follower(company())
    effects = follower.handle("p2", Heartbeat(LEADER, 0))
    assert effects == Effects(timers=(PATIENCE,), tell=(Following("p2"),))
    assert follower.handle("p2", Heartbeat(LEADER, 4)) == Effects(timers=(PATIENCE,))


def test_a_leader_that_is_heard_no_more_is_no_leader_and_any_other_may_be() -> None:
    follower = following()
    assert follower.handle("n9", Expired(ELECTION)) == NOTHING
    assert follower.handle("n9", Expired(LEADER_HEARD)).tell == (Following(""),)
    assert follower.handle("p1", Heartbeat(FIRST, 0)).tell == (Following("p1"),)


def test_who_hears_no_leader_asks_the_acceptors_again_and_again_what_is_chosen() -> None:
    follower = Follower(company("l1"))
    assert follower.handle("l1", Begin()) == Effects(timers=(PATIENCE,))
    asked = Effects(send=(Send(ACCEPTORS, Probe(0)),), timers=(PATIENCE,))
    assert follower.handle("l1", Expired(LEADER_HEARD)) == follower.handle("l1", Expired(LEADER_HEARD)) == asked


def test_a_leader_of_a_lower_ballot_and_one_that_does_not_own_its_ballot_are_not_followed() -> None:
    follower = following()
    assert follower.handle("p1", Heartbeat(FIRST, 0)) == NOTHING
    assert follower.handle("p1", Heartbeat(Ballot(9, "p9"), 0)) == NOTHING


def test_a_timer_of_another_role_says_nothing_of_who_is_followed() -> None:
    follower = Follower(company("l1"))
    follower.handle("p2", Heartbeat(Ballot(1, "p2"), 0))
    follower.handle("l1", Expired("retry"))
    assert follower.handle("p1", Heartbeat(FIRST, 0)) == NOTHING
