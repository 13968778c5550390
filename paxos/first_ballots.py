"""First ballots: one node may propose a decree without phase 1.

Phase 1 finds out what may have been chosen at lower ballots. Below the lowest ballot there is nothing to find, so its owner may propose
at once, if it proposes no more than one value there. Every decree's first ballot, of round FIRST_ROUND, belongs to one and the same member,
and everybody else begins above it. It is one member for all names, so that many decrees share its writes and frames, and clients that want
one name decided meet at one proposer. Lamport, "Paxos Made Simple", section 2.2: P2c asks for nothing below the lowest number; ladder 5
in docs/protocol.md.

The round is on disk before it is used, so no restart uses it again. A node that lost that disk might, so nobody uses first ballots before
it has won a phase 1 of any group: then a quorum of acceptors has written down its store, and hears no other store of this node ever
(actors/peers.py). Of two stores of one node only one gets so far, because any two such quorums have an acceptor in common.
"""

from collections.abc import Collection

from paxos.ballot import Ballot
from paxos.company import Company
from paxos.groups import is_decree

FIRST_ROUND = 0
"""Below every round that follows from a campaign."""


def first_owner(members: Collection[str]) -> str:
    """The member that owns the first ballot of every decree, on every node and in every client; empty where there are no members."""
    return min(members, default="")


class FirstBallots:
    """The first ballots of one node's proposers, which share a store."""

    def __init__(self, company: Company) -> None:
        self._ballot = Ballot(FIRST_ROUND, company.node)
        self._is_owner = first_owner(company.quorum.members) == company.node
        size = len(company.quorum.members)
        # Or winning a phase 1 would not tell two stores of this node apart.
        prepares_meet = 2 * company.quorum.prepare_count > size
        # Or two values could be chosen at one ballot, should it be used twice after all.
        accepts_meet = 2 * company.quorum.accept_count > size
        self._may_skip_phase_1 = prepares_meet and accepts_meet
        # Whether a quorum of acceptors hears no other store of this node.
        self._is_known = False

    def won_phase_1(self) -> None:
        """A quorum has promised something to this store, so it has written it down."""
        self._is_known = self._may_skip_phase_1

    def of(self, group: str) -> Ballot | None:
        """The ballot that this node may use for this group without asking, as long as it has used none; None where there is none."""
        return self._ballot if self._is_owner and self._is_known and is_decree(group) else None
