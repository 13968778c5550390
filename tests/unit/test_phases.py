"""What a proposer believes in phase 1 of a decree where one ballot was used twice."""

from paxos.ballot import Ballot
from paxos.messages import Vote
from paxos.phases import Preparing

TWICE, OTHER = Ballot(0, "n1"), Ballot(1, "n2")


def believing(given: dict[str, tuple[Vote, ...]]) -> Preparing:
    """A campaign that was promised this, and doubts some of it."""
    phase = Preparing(Ballot(2, "n3"), 0, given=given)
    phase.believe_the_most()
    return phase


def test_of_two_values_at_one_ballot_the_one_with_more_votes_is_believed() -> None:
    red, blue = Vote(0, TWICE, b"red"), Vote(0, TWICE, b"blue")
    phase = believing({"a1": (red,), "a2": (blue,), "a3": (blue,), "a4": ()})
    assert phase.doubted == {"a1"}
    assert phase.votes == {0: blue}


def test_votes_of_another_ballot_contradict_neither() -> None:
    red, blue, green = Vote(0, TWICE, b"red"), Vote(0, TWICE, b"blue"), Vote(0, OTHER, b"green")
    phase = believing({"a1": (red,), "a2": (blue,), "a3": (blue,), "a4": (green,)})
    assert phase.doubted == {"a1"}
    assert phase.votes == {0: green}, "the highest ballot counts"
