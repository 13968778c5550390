"""The witness: the acceptor's side of an election. It echoes the leader it hears, and tells candidates whether there is one."""

import pytest

from paxos.ballot import ZERO, Ballot
from paxos.cues import Expired
from paxos.effects import NOTHING, Send, sending
from paxos.election import LEADER_HEARD, Witness
from paxos.messages import Accept, Echo, Heartbeat, Probe, ProbeReply
from paxos.succession_messages import Resigned
from tests.unit.company import FIRST, SETTINGS, started

LEADER = Ballot(3, "p2")


@pytest.fixture
def witness() -> Witness:
    """A witness that has heard LEADER."""
    witness = Witness(SETTINGS)
    witness.handle("p2", Heartbeat(LEADER, 5))
    return witness


def test_who_has_heard_nobody_says_so() -> None:
    assert Witness(SETTINGS).handle("p1", Probe(4)) == sending("p1", ProbeReply(4, False, ZERO, 0))


def test_a_heartbeat_is_echoed_and_remembered_for_less_than_an_election_timeout() -> None:
    effects = Witness(SETTINGS).handle("p2", Heartbeat(LEADER, 5))
    assert effects.send == (Send("p2", Echo(LEADER)),)
    assert started(effects)[LEADER_HEARD].after_seconds < SETTINGS.election_timeout_seconds


def test_a_candidate_is_told_of_the_leader(witness: Witness) -> None:
    assert witness.handle("p1", Probe(4)) == sending("p1", ProbeReply(4, True, LEADER, 5))


def test_a_leader_that_is_heard_no_more_is_no_leader(witness: Witness) -> None:
    assert witness.handle("a1", Expired("retry")) == NOTHING
    assert witness.handle("a1", Expired(LEADER_HEARD)) == NOTHING
    assert witness.handle("p1", Probe(4)) == sending("p1", ProbeReply(4, False, LEADER, 5))


def test_a_leader_of_a_lower_ballot_gets_no_echo_but_its_news_is_kept(witness: Witness) -> None:
    assert witness.handle("p1", Heartbeat(FIRST, 6)) == NOTHING
    assert witness.handle("p1", Probe(4)) == sending("p1", ProbeReply(4, True, LEADER, 6))


def test_a_heartbeat_that_the_owner_of_its_ballot_did_not_send_gets_no_echo(witness: Witness) -> None:
    assert witness.handle("p9", Heartbeat(Ballot(9, "p1"), 0)) == NOTHING
    assert witness.highest == LEADER


def test_a_leaders_proposals_are_as_good_as_its_heartbeats(witness: Witness) -> None:
    assert witness.handle("p2", Accept(LEADER, 0, b"", 0)) == NOTHING
    assert LEADER_HEARD in started(witness.handle("a1", Expired(LEADER_HEARD)))
    assert witness.handle("p1", Probe(1)) == sending("p1", ProbeReply(1, True, LEADER, 5))
    assert witness.handle("a1", Expired(LEADER_HEARD)) == NOTHING
    assert witness.handle("p1", Probe(2)) == sending("p1", ProbeReply(2, False, LEADER, 5))


def test_proposals_of_others_say_nothing_of_the_leader(witness: Witness) -> None:
    witness.handle("p1", Accept(FIRST, 0, b"", 0))
    witness.handle("p1", Accept(LEADER, 0, b"", 0))
    assert witness.handle("a1", Expired(LEADER_HEARD)) == NOTHING


def test_a_leader_that_resigns_is_heard_no_more_not_even_late(witness: Witness) -> None:
    assert witness.handle("p2", Resigned(LEADER)) == NOTHING
    assert witness.handle("p1", Probe(1)) == sending("p1", ProbeReply(1, False, LEADER, 5))
    assert witness.handle("p2", Heartbeat(LEADER, 5)) == NOTHING
    higher = Ballot(4, "p1")
    assert witness.handle("p1", Heartbeat(higher, 5)).send == (Send("p1", Echo(higher)),)


@pytest.mark.parametrize(("source", "ballot"), [("p3", LEADER), ("p1", FIRST)])
def test_nobody_resigns_for_the_leader(witness: Witness, source: str, ballot: Ballot) -> None:
    assert witness.handle(source, Resigned(ballot)) == NOTHING
    assert witness.handle("p1", Probe(1)) == sending("p1", ProbeReply(1, True, LEADER, 5))


def test_each_heartbeat_of_the_leader_is_echoed(witness: Witness) -> None:
    effects = witness.handle("p2", Heartbeat(LEADER, 5))
    assert effects.send == (Send("p2", Echo(LEADER)),)
    assert LEADER_HEARD in started(effects)


def test_a_timer_of_another_role_says_nothing_of_the_leader(witness: Witness) -> None:
    witness.handle("a1", Expired("retry"))
    assert witness.handle("p1", Probe(4)) == sending("p1", ProbeReply(4, True, LEADER, 5))


def test_proposals_before_the_first_heartbeat_say_nothing_of_later_silence() -> None:
    witness = Witness(SETTINGS)
    witness.handle("p2", Accept(LEADER, 0, b"", 0))
    witness.handle("p2", Heartbeat(LEADER, 5))
    assert witness.handle("a1", Expired(LEADER_HEARD)) == NOTHING
    assert witness.handle("p1", Probe(1)) == sending("p1", ProbeReply(1, False, LEADER, 5))


def test_a_candidate_is_told_the_priority_of_the_node() -> None:
    assert Witness(SETTINGS, 7).handle("p1", Probe(1)) == sending("p1", ProbeReply(1, False, ZERO, 0, 7))


def test_a_leader_is_missed_one_time_out_after_its_last_proposal(witness: Witness) -> None:
    witness.tick(1000)
    witness.handle("p2", Accept(LEADER, 0, b"", 0))
    witness.tick(1060)
    assert started(witness.handle("a1", Expired(LEADER_HEARD)))[LEADER_HEARD].after_seconds == 0.06
    assert witness.handle("a1", Expired(LEADER_HEARD)) == NOTHING
