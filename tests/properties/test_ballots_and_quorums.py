"""Two facts that everything rests on: ballots are totally ordered, and any two quorums have an acceptor in common."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from paxos.ballot import ZERO, Ballot
from paxos.errors import ConfigurationError
from paxos.quorum import Quorum, flexible, majority
from tests.properties.messages import BALLOTS, NAMES

MEMBERS = st.sets(st.text("abcdefg", min_size=1, max_size=2), min_size=1, max_size=6).map(sorted)


@given(first=BALLOTS, second=BALLOTS, third=BALLOTS)
def test_ballots_are_totally_ordered(first: Ballot, second: Ballot, third: Ballot) -> None:
    assert (first < second) + (first == second) + (first > second) == 1
    lowest, middle, highest = sorted((first, second, third))
    assert lowest <= middle <= highest
    assert lowest <= highest
    assert lowest >= ZERO


@given(ballot=BALLOTS, node=NAMES, other=NAMES)
def test_above_is_strictly_greater_than_every_ballot_of_the_round(ballot: Ballot, node: str, other: str) -> None:
    assert ballot.above(node) > ballot
    assert ballot.above(node) > Ballot(ballot.round, other)
    assert ballot.above(node).node == node


def quorums(quorum: Quorum, count: int) -> list[set[str]]:
    """All sets of so many members."""
    return [set(names) for names in combinations(sorted(quorum.members), count)]


@given(members=MEMBERS)
def test_any_two_majorities_intersect(members: list[str]) -> None:
    quorum = majority(members)
    for first in quorums(quorum, quorum.prepare_count):
        assert quorum.prepared(first)
        assert quorum.accepted(first)
        for second in quorums(quorum, quorum.accept_count):
            assert first & second


@given(members=MEMBERS, prepare_count=st.integers(-1, 7), accept_count=st.integers(-1, 7))
def test_flexible_quorums_are_refused_or_intersect_across_the_phases(members: list[str], prepare_count: int, accept_count: int) -> None:
    try:
        quorum = flexible(members, prepare_count, accept_count)
    except ConfigurationError:
        fits = 0 < prepare_count <= len(members) and 0 < accept_count <= len(members)
        assert not fits or prepare_count + accept_count <= len(members)
        return
    assert all(first & second for first in quorums(quorum, prepare_count) for second in quorums(quorum, accept_count))
