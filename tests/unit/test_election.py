"""Election. Liveness only: a node leads that a quorum hears. The cases are those of "Omni-Paxos" (2023), section 2."""

from collections.abc import Callable

import pytest

from paxos.ballot import ZERO, Ballot
from paxos.cues import Begin, Chosen, Deposed, Elected, Expired, Following, Lead, Resign, Retire, Succeed
from paxos.effects import ACCEPTORS, EVERYONE, NOTHING, CancelTimer, Effects, Send, StartTimer, sending, telling
from paxos.election import ELECTION, HEARTBEAT, Campaigning, Election, Probing, Reigning, Waiting
from paxos.messages import Accepted, Decided, Echo, Heartbeat, Probe, ProbeReply
from paxos.settings import Settings
from paxos.succession_messages import Resigned
from tests.unit.company import FIRST, SETTINGS, batch, company, started

ELECTION_TIMER = StartTimer(ELECTION, SETTINGS.election_timeout_seconds, SETTINGS.election_jitter_seconds)
LEADER = Ballot(3, "p2")
BEATS_PER_CHECK = 3
RESIGNING = sending(EVERYONE, Resigned(FIRST)) + telling(Resign())


def new_election(next_slot: int = 0) -> Election:
    """A candidate that has heard nothing."""
    return Election(company(), next_slot)


def leaderless(number: int = 1, highest: Ballot = ZERO, chosen_through: int = 0) -> ProbeReply:
    """An acceptor that hears no leader."""
    return ProbeReply(number, False, highest, chosen_through)


def probing(next_slot: int = 0) -> Election:
    """A candidate that asks whether anybody hears a leader."""
    election = new_election(next_slot)
    election.handle("p1", Expired(ELECTION))
    return election


def campaigning() -> Election:
    """A candidate whose proposer is in phase 1."""
    election = probing()
    election.handle("a1", leaderless())
    election.handle("a2", leaderless())
    return election


def reigning() -> Election:
    """A leader at FIRST that has sent its first heartbeat."""
    election = campaigning()
    election.handle("p1", Elected(FIRST, 0))
    return election


def following() -> Election:
    """A follower of LEADER."""
    election = new_election()
    election.handle("p2", Heartbeat(LEADER, 0))
    return election


def heartbeats(ballot: Ballot, chosen_through: int = 0) -> tuple[Send, ...]:
    """What a leader sends at each beat."""
    return (Send(EVERYONE, Heartbeat(ballot, chosen_through)),)


# ---- hearing a leader ------------------------------------------------------------------------------------------------------------


def test_the_first_election_comes_after_a_drawn_time() -> None:
    assert new_election().handle("p1", Begin()) == Effects(timers=(StartTimer(ELECTION, 0.0, SETTINGS.election_jitter_seconds),))


def test_who_hears_a_leader_follows_it_and_waits() -> None:
    election = new_election()
    assert election.handle("p2", Heartbeat(LEADER, 0)) == Effects(timers=(ELECTION_TIMER,), tell=(Following("p2"),))
    assert election.handle("p2", Heartbeat(LEADER, 4)) == Effects(timers=(ELECTION_TIMER,))


def test_a_leader_of_a_higher_ballot_is_followed_instead_and_one_of_a_lower_ballot_is_not() -> None:
    election = following()
    higher = Ballot(4, "p3")
    assert election.handle("p3", Heartbeat(higher, 0)).tell == (Following("p3"),)
    assert election.handle("p2", Heartbeat(LEADER, 0)) == NOTHING


def test_a_heartbeat_that_the_owner_of_its_ballot_did_not_send_is_not_believed() -> None:
    assert new_election().handle("p3", Heartbeat(LEADER, 0)) == NOTHING


def test_a_leader_does_not_follow_its_own_heartbeat() -> None:
    election = reigning()
    assert election.handle("p1", Heartbeat(FIRST, 0)) == NOTHING
    assert isinstance(election.phase, Reigning)


def test_hearing_a_leader_ends_a_probe() -> None:
    election = probing()
    assert election.handle("p2", Heartbeat(LEADER, 0)).tell == (Following("p2"),)
    assert election.handle("a1", leaderless()) + election.handle("a2", leaderless()) == NOTHING


@pytest.mark.parametrize("make", [campaigning, reigning])
def test_a_candidate_or_leader_that_hears_another_leader_lets_go(make: Callable[[], Election]) -> None:
    election = make()
    assert election.handle("p2", Heartbeat(LEADER, 0)) == telling(Resign())
    assert election.handle("p1", Deposed(FIRST)).tell == (Following("p2"),)
    assert election.handle("p2", Heartbeat(LEADER, 0)).tell == ()


def test_a_leader_ignores_one_of_a_lower_ballot() -> None:
    election = reigning()
    assert election.handle("p0", Heartbeat(Ballot(1, "p0"), 0)) == NOTHING
    assert isinstance(election.phase, Reigning)


def test_a_campaign_that_came_to_nothing_hides_no_leader_of_a_lower_ballot() -> None:
    election = campaigning()
    election.handle("p1", Deposed(Ballot(9, "p1")))
    assert election.handle("p2", Heartbeat(LEADER, 0)).tell == (Following("p2"),)
    assert election.highest == Ballot(9, "p1")


# ---- missing a leader ------------------------------------------------------------------------------------------------------------


def test_who_misses_its_leader_asks_the_acceptors_before_it_disturbs_anyone() -> None:
    election = following()
    assert election.handle("p1", Expired(ELECTION)) == Effects(
        send=(Send(ACCEPTORS, Probe(1)),), timers=(ELECTION_TIMER,), tell=(Following(""),)
    )
    assert election.handle("p1", Expired(ELECTION)) == Effects(send=(Send(ACCEPTORS, Probe(2)),), timers=(ELECTION_TIMER,))


def test_a_campaign_needs_a_quorum_that_hears_no_leader() -> None:
    election = probing()
    assert election.handle("a1", leaderless()) == NOTHING
    assert election.handle("a1", leaderless()) == NOTHING
    assert election.handle("a9", leaderless()) == NOTHING
    assert election.handle("a2", leaderless(number=7)) == NOTHING
    assert election.handle("a3", leaderless()) == telling(Lead(ZERO))
    assert isinstance(election.phase, Campaigning)


def test_chained_a_node_cut_off_from_a_leader_that_others_hear_disturbs_nobody() -> None:
    election = following()
    for number in range(1, 20):
        election.handle("p1", Expired(ELECTION))
        election.handle("a1", leaderless(number))
        assert election.handle("a2", ProbeReply(number, True, LEADER, 0)) == NOTHING
    assert isinstance(election.phase, Probing)


def test_a_campaign_goes_above_every_ballot_heard_of() -> None:
    election = probing()
    election.handle("a1", leaderless(highest=Ballot(8, "p3")))
    assert election.handle("a2", leaderless(highest=LEADER)) == telling(Lead(Ballot(8, "p3")))


def test_a_campaign_that_nobody_answers_is_given_up_for_another_probe() -> None:
    election = campaigning()
    assert election.handle("p1", Expired(ELECTION)) == Effects(
        send=(Send(ACCEPTORS, Probe(2)),), timers=(ELECTION_TIMER,), tell=(Resign(),)
    )
    assert election.handle("p1", Deposed(FIRST)) == NOTHING
    assert isinstance(election.phase, Probing)


def test_a_refused_candidate_waits_before_it_asks_again() -> None:
    election = campaigning()
    assert election.handle("p1", Deposed(LEADER)) == Effects(timers=(CancelTimer(HEARTBEAT), ELECTION_TIMER), tell=(Following(""),))
    assert election.highest == LEADER


def test_constrained_a_candidate_that_is_behind_stands_back_for_one_election_only() -> None:
    election = new_election()
    leads: list[int] = []
    for number in range(1, 8):
        election.handle("p1", Expired(ELECTION))
        heard = [election.handle(acceptor, leaderless(number, chosen_through=5)) for acceptor in ("a1", "a2", "a3")]
        leads += [number] * heard.count(telling(Lead(ZERO)))
    assert leads[0] == 2


def test_a_candidate_that_has_caught_up_stands_back_no_more() -> None:
    election = new_election()
    election.handle("p2", Heartbeat(LEADER, 1))
    election.handle("p1", Expired(ELECTION))
    assert election.handle("a1", leaderless()) + election.handle("a2", leaderless()) == NOTHING
    election.handle("p1", Chosen(0, LEADER, batch()))
    assert election.handle("p1", Expired(ELECTION)).tell == (), "it follows nobody that could be lost"
    assert election.handle("a1", leaderless(2)) + election.handle("a2", leaderless(2)) == telling(Lead(LEADER))


# ---- reigning --------------------------------------------------------------------------------------------------------------------


def test_an_elected_leader_says_so_at_once() -> None:
    election = campaigning()
    assert election.handle("p1", Elected(FIRST, 0)) == Effects(
        send=heartbeats(FIRST),
        timers=(CancelTimer(ELECTION), StartTimer(HEARTBEAT, SETTINGS.heartbeat_seconds)),
        tell=(Following("p1"),),
    )


def test_heartbeats_say_up_to_where_slots_are_chosen() -> None:
    election = reigning()
    election.handle("p1", Chosen(0, FIRST, batch()))
    assert election.handle("p1", Expired(HEARTBEAT)).send == heartbeats(FIRST, 1)


def test_quorum_loss_a_leader_that_no_quorum_echoes_resigns() -> None:
    election = reigning()
    for _ in range(BEATS_PER_CHECK - 1):
        election.handle("a1", Echo(FIRST))
        assert HEARTBEAT in started(election.handle("p1", Expired(HEARTBEAT)))
    assert election.handle("p1", Expired(HEARTBEAT)) == RESIGNING
    election.handle("p1", Deposed(FIRST))
    assert election.phase == Waiting(ZERO)
    assert election.handle("p1", Expired(HEARTBEAT)) == NOTHING


def test_a_leader_that_a_quorum_echoes_no_more_has_as_many_heartbeats_as_before() -> None:
    election = reigning()
    for acceptor in ("a1", "a2"):
        election.handle(acceptor, Echo(FIRST))
    for _ in range(2 * BEATS_PER_CHECK - 1):
        assert election.handle("p1", Expired(HEARTBEAT)).send == heartbeats(FIRST)
    assert election.handle("p1", Expired(HEARTBEAT)) == RESIGNING


def test_a_leader_that_a_quorum_echoes_goes_on_for_ever() -> None:
    election = reigning()
    for _ in range(5 * BEATS_PER_CHECK):
        election.handle("a1", Echo(FIRST))
        election.handle("a3", Echo(FIRST))
        assert election.handle("p1", Expired(HEARTBEAT)).send == heartbeats(FIRST)


@pytest.mark.parametrize(("source", "ballot"), [("a2", LEADER), ("a9", FIRST), ("a1", FIRST)])
def test_echoes_of_other_ballots_of_strangers_and_of_one_acceptor_twice_do_not_add_up(source: str, ballot: Ballot) -> None:
    election = reigning()
    election.handle("a1", Echo(FIRST))
    election.handle(source, Echo(ballot))
    for _ in range(BEATS_PER_CHECK - 1):
        election.handle("p1", Expired(HEARTBEAT))
    assert election.handle("p1", Expired(HEARTBEAT)) == RESIGNING


def test_an_echo_means_nothing_to_a_follower_and_an_election_timer_nothing_to_a_leader() -> None:
    assert following().handle("a1", Echo(LEADER)) == NOTHING
    assert reigning().handle("p1", Expired(ELECTION)) == NOTHING
    assert following().handle("p1", Expired(HEARTBEAT)) == NOTHING
    assert following().handle("p1", Expired("retry")) == NOTHING
    assert following().handle("p1", Deposed(FIRST)) == NOTHING


def test_the_check_for_echoes_waits_for_two_beats_at_least() -> None:
    slow = Settings(heartbeat_seconds=0.1, election_timeout_seconds=0.1)
    election = Election(company(settings=slow), 0)
    election.handle("p1", Elected(FIRST, 0))
    assert election.handle("p1", Expired(HEARTBEAT)).send == heartbeats(FIRST)
    assert election.handle("p1", Expired(HEARTBEAT)) == RESIGNING


# ---- under load ------------------------------------------------------------------------------------------------------------------


def test_a_leaders_proposals_put_the_next_election_off() -> None:
    election = new_election()
    election.handle("p2", Heartbeat(LEADER, 0))
    election.tick(1000)
    assert election.handle("p2", Decided(LEADER, 0, b"")) == NOTHING
    election.tick(1070)
    assert election.handle("p1", Expired(ELECTION)) == Effects(timers=(StartTimer(ELECTION, 0.07),))
    assert election.handle("p1", Expired(ELECTION)).send != ()


def test_votes_for_a_reigning_ballot_are_as_good_as_echoes() -> None:
    election = new_election()
    election.handle("p1", Elected(FIRST, 0))
    for _ in range(20):
        for acceptor in ("a1", "a2"):
            election.handle(acceptor, Accepted(FIRST, 0, 0))
        assert Resign() not in election.handle("p1", Expired(HEARTBEAT)).tell


# ---- hand-overs ------------------------------------------------------------------------------------------------------------------


def test_told_to_succeed_it_campaigns_without_a_probe() -> None:
    election = following()
    assert election.handle("p1", Succeed(LEADER)) == Effects(timers=(ELECTION_TIMER,), tell=(Lead(LEADER),))
    assert isinstance(election.phase, Campaigning)
    assert election.handle("p1", Succeed(LEADER)) == NOTHING


def test_what_a_leader_says_while_its_heir_campaigns_does_not_end_the_campaign_that_it_asked_for() -> None:
    election = following()
    election.handle("p1", Succeed(LEADER))
    assert election.handle("p2", Heartbeat(LEADER, 7)) == NOTHING
    assert isinstance(election.phase, Campaigning)
    # Nor is the campaign one without an end: the leader may have gone on.
    assert Resign() in election.handle("p1", Expired(ELECTION)).tell
    assert election.handle("p2", Heartbeat(LEADER, 7)).tell == (Following("p2"),)


def test_another_leader_does_end_the_campaign_of_an_heir() -> None:
    election = following()
    election.handle("p1", Succeed(LEADER))
    higher = Ballot(4, "p3")
    assert election.handle("p3", Heartbeat(higher, 0)) == telling(Resign())
    assert election.handle("p1", Deposed(higher)).tell == (Following("p3"),)
    # Nor does the wish outlive the campaign.
    assert election.handle("p1", Succeed(higher)).tell == (Lead(higher),)
    assert election.handle("p2", Heartbeat(LEADER, 7)) == NOTHING


def test_a_wish_of_a_leader_that_was_followed_by_another_comes_too_late() -> None:
    assert following().handle("p1", Succeed(FIRST)) == NOTHING


def test_a_leader_that_resigns_is_replaced_without_waiting_for_its_silence() -> None:
    election = following()
    election.handle("p2", Decided(LEADER, 0, batch()))
    effects = election.handle("p2", Resigned(LEADER))
    assert effects.tell == (Following(""),)
    (timer,) = started(effects).values()
    assert (timer.name, timer.after_seconds) == (ELECTION, 0.0)
    assert 0.0 < timer.jitter_seconds < SETTINGS.election_timeout_seconds, "all who heard it should not begin at once"
    assert isinstance(election.handle("p1", Expired(ELECTION)).send[0].message, Probe)


@pytest.mark.parametrize(("source", "ballot"), [("p3", LEADER), ("p1", FIRST)])
def test_only_the_leader_that_is_followed_can_resign(source: str, ballot: Ballot) -> None:
    assert following().handle(source, Resigned(ballot)) == NOTHING
    assert reigning().handle(source, Resigned(ballot)) == NOTHING


def test_a_node_that_is_about_to_stop_campaigns_no_more() -> None:
    election = following()
    assert election.handle("p1", Retire()) == NOTHING
    assert election.handle("p1", Expired(ELECTION)).tell == (Following(""),)
    assert [election.handle(acceptor, leaderless()) for acceptor in ("a1", "a2", "a3")] == [NOTHING] * 3
    assert election.handle("p1", Expired(ELECTION)).tell == ()
    assert election.handle("p1", Succeed(LEADER)) == NOTHING
    assert campaigning().handle("p1", Retire()) == telling(Resign())


def test_a_node_that_is_about_to_stop_does_not_begin_the_campaign_that_it_has_probed_for() -> None:
    election = probing()
    election.handle("a1", leaderless())
    election.handle("p1", Retire())
    assert election.handle("a2", leaderless()) == NOTHING
    assert election.handle("a3", leaderless()) == NOTHING


def test_proposals_of_a_leader_that_is_not_followed_put_nothing_off() -> None:
    election = following()
    election.handle("p3", Decided(Ballot(2, "p3"), 0, b""))
    assert Following("") in election.handle("p1", Expired(ELECTION)).tell


def test_who_stood_back_and_caught_up_stands_back_again_when_it_is_behind_again() -> None:
    election = probing(next_slot=5)
    for acceptor in ("a1", "a2"):
        election.handle(acceptor, leaderless(chosen_through=5))
    assert isinstance(election.phase, Campaigning)
    election.handle("p1", Deposed(LEADER))
    election.handle("p1", Expired(ELECTION))
    for acceptor in ("a1", "a2"):
        election.handle(acceptor, leaderless(2, chosen_through=9))
    assert isinstance(election.phase, Waiting)
