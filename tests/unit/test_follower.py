"""The follower: on a node without a proposer, it only knows who leads."""

from paxos.ballot import Ballot
from paxos.cues import Expired, Following
from paxos.effects import NOTHING, Effects, telling
from paxos.election import ELECTION, LEADER_HEARD, Follower
from paxos.messages import Heartbeat
from tests.unit.company import FIRST, SETTINGS, company, started

LEADER = Ballot(3, "p2")


def following() -> Follower:
    """A follower of LEADER."""
    follower = Follower(company())
    follower.handle("p2", Heartbeat(LEADER, 0))
    return follower


def test_who_hears_a_leader_says_so_once_and_waits_for_its_next_heartbeat() -> None:
    follower = Follower(company())
    effects = follower.handle("p2", Heartbeat(LEADER, 0))
    assert effects.tell == (Following("p2"),)
    assert started(effects)[LEADER_HEARD].after_seconds == SETTINGS.election_timeout_seconds
    again = follower.handle("p2", Heartbeat(LEADER, 4))
    assert again == Effects(timers=effects.timers)


def test_a_leader_that_is_heard_no_more_is_no_leader_and_any_other_may_be() -> None:
    follower = following()
    assert follower.handle("n9", Expired(ELECTION)) == NOTHING
    assert follower.handle("n9", Expired(LEADER_HEARD)) == telling(Following(""))
    assert follower.handle("p1", Heartbeat(FIRST, 0)).tell == (Following("p1"),)


def test_a_leader_of_a_lower_ballot_and_one_that_does_not_own_its_ballot_are_not_followed() -> None:
    follower = following()
    assert follower.handle("p1", Heartbeat(FIRST, 0)) == NOTHING
    assert follower.handle("p1", Heartbeat(Ballot(9, "p9"), 0)) == NOTHING


def test_a_timer_of_another_role_says_nothing_of_who_is_followed() -> None:
    follower = Follower(company("l1"))
    follower.handle("p2", Heartbeat(Ballot(1, "p2"), 0))
    follower.handle("l1", Expired("retry"))
    assert follower.handle("p1", Heartbeat(FIRST, 0)) == NOTHING
