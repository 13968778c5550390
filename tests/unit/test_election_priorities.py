"""Priorities: who should rather lead is waited for, and who never leads campaigns never."""

from paxos.ballot import ZERO, Ballot
from paxos.cues import Elected, Expired, Following, Lead
from paxos.effects import ACCEPTORS, EVERYONE, NOTHING, Effects, Send, sending
from paxos.election import ELECTION, Election
from paxos.messages import Decided, Heartbeat, Probe, ProbeReply
from tests.unit.company import FIRST, company
from tests.unit.test_election import ELECTION_TIMER, LEADER, following, leaderless, new_election, probing


def test_who_is_outranked_by_a_node_that_answers_stands_back_for_one_election_only() -> None:
    election = new_election()
    for campaigns in (False, True):
        election.handle("p1", Expired(ELECTION))
        number = 2 if campaigns else 1
        election.handle("a1", ProbeReply(number, False, ZERO, 0, priority=2))
        told = election.handle("a2", leaderless(number)).tell
        assert told == ((Lead(ZERO),) if campaigns else ())


def test_nodes_of_the_same_or_a_lower_priority_are_no_reason_to_wait() -> None:
    election = probing()
    election.handle("a1", ProbeReply(1, False, ZERO, 0, priority=1))
    assert election.handle("a2", ProbeReply(1, False, ZERO, 0, priority=0)).tell == (Lead(ZERO),)


def test_with_priority_0_nobody_campaigns_but_a_lost_leader_is_noticed_and_acceptors_are_asked_what_is_chosen() -> None:
    election = Election(company(priority=0), 0)
    assert election.handle("p1", Expired(ELECTION)) == sending(ACCEPTORS, Probe(1)) + Effects(timers=(ELECTION_TIMER,))
    assert [election.handle(acceptor, leaderless()) for acceptor in ("a1", "a2", "a3")] == [NOTHING] * 3
    election.handle("p2", Heartbeat(LEADER, 0))
    lost = election.handle("p1", Expired(ELECTION))
    assert lost == Effects(send=(Send(ACCEPTORS, Probe(2)),), timers=(ELECTION_TIMER,), tell=(Following(""),))


def test_a_leader_says_its_priority() -> None:
    election = Election(company(priority=3), 0)
    assert Send(EVERYONE, Heartbeat(FIRST, 0, 3)) in election.handle("p1", Elected(FIRST, 0)).send


def test_a_proposal_of_somebody_else_is_no_sign_of_the_leader() -> None:
    election = following()
    election.handle("p3", Decided(Ballot(1, "p3"), 0, b""))
    assert isinstance(election.handle("p1", Expired(ELECTION)).send[0].message, Probe)
