"""Quorums. "Paxos Made Simple", section 2.2: any two majorities have an acceptor in common; "Flexible Paxos" for the rest."""

import pytest

from paxos.errors import ConfigurationError
from paxos.quorum import flexible, majority


@pytest.mark.parametrize(("size", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_majority_is_more_than_half(size: int, needed: int) -> None:
    names = [f"a{number}" for number in range(size)]
    quorum = majority(names)
    assert quorum.prepared(names[:needed])
    assert quorum.accepted(names[:needed])
    assert not quorum.prepared(names[: needed - 1])
    assert not quorum.accepted(names[: needed - 1])


def test_a_quorum_suffices_and_nobody_waits_for_all() -> None:
    assert majority(("a", "b", "c")).accepted({"a", "c"})


def test_a_member_named_twice_counts_once() -> None:
    assert majority(("a", "a", "b")).members == frozenset({"a", "b"})


def test_phases_may_need_quorums_of_different_size() -> None:
    quorum = flexible(("a", "b", "c", "d"), prepare_count=3, accept_count=2)
    assert quorum.accepted({"a", "b"})
    assert not quorum.prepared({"a", "b"})


def test_quorums_that_could_miss_each_other_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="need not intersect"):
        flexible(("a", "b", "c", "d"), prepare_count=2, accept_count=2)


@pytest.mark.parametrize(("prepare_count", "accept_count"), [(0, 3), (3, 0), (4, 1), (1, 4), (-1, 3)])
def test_quorums_that_nobody_or_more_than_everybody_makes_are_refused(prepare_count: int, accept_count: int) -> None:
    with pytest.raises(ConfigurationError, match="do not fit 3 members"):
        flexible(("a", "b", "c"), prepare_count, accept_count)


def test_a_quorum_of_nobody_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least one member"):
        majority(())


def test_other_members_have_another_fingerprint_and_the_same_in_any_order_the_same() -> None:
    assert majority(("n1", "n2", "n3")).fingerprint == majority(("n3", "n1", "n2")).fingerprint
    assert majority(("n1", "n2", "n3")).fingerprint != majority(("n1", "n2", "n4")).fingerprint
    assert majority(("n1", "n2", "n3")).fingerprint != flexible(("n1", "n2", "n3"), 3, 1).fingerprint
