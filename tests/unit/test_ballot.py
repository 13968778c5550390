"""Ballots. Lamport, "Paxos Made Simple", section 2.2: proposals are numbered, and no two have the same number."""

from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.cues import Admitted, Deposed, Elected, Following, Resume, Resumed, Succeed, Yield


def test_a_ballot_of_a_higher_round_is_greater_whoever_owns_it() -> None:
    assert Ballot(2, "a") > Ballot(1, "z")


def test_ballots_of_one_round_are_ordered_by_their_owners() -> None:
    assert Ballot(1, "a") < Ballot(1, "b")


def test_two_nodes_never_own_the_same_ballot() -> None:
    assert Ballot(1, "a") != Ballot(1, "b")


def test_a_ballot_above_another_is_one_round_up_and_belongs_to_the_asking_node() -> None:
    assert Ballot(7, "z").above("a") == Ballot(8, "a")


def test_zero_is_below_every_ballot_that_a_proposer_uses() -> None:
    assert Ballot(0, "a") > ZERO
    assert ZERO.above("a") == Ballot(1, "a")


def test_the_end_slot_is_above_every_slot() -> None:
    assert END_SLOT == 2**62 - 1


def test_what_the_log_of_a_node_says_of_leaders_is_for_people() -> None:
    ballot = Ballot(3, "n1")
    said = [
        str(cue) for cue in (Elected(ballot, 7), Deposed(ballot), Following("n1"), Following(""), Succeed(ballot), Yield("n2"), Resume())
    ]
    assert said == [
        "leads with ballot 3.n1, slots are free from 7 on",
        "steps down at ballot 3.n1",
        "follows n1",
        "follows nobody",
        "succeeds ballot 3.n1, as its owner asks",
        "hands over to n2",
        "leads on, since nobody took over",
    ]
    assert str(Resumed(5, "")) == "executes the log from slot 5 on: its snapshot has what is below"
    assert str(Resumed(0, "it is damaged")) == "executes the log from slot 0 on: it is damaged"
    assert [str(Admitted(by)) for by in ((), ("n1", "n2"))] == ["is admitted by itself, the only member", "is admitted by n1, n2"]
