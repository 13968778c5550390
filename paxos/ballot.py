"""Ballots: the totally ordered proposal numbers of Paxos.

A ballot is a round and the node that owns it. Two nodes never own the same ballot, and a node never uses a ballot twice, because it
persists the round before it uses it. Lamport, "Paxos Made Simple", section 2.2 and section 2.5.
"""

from typing import Annotated, NamedTuple

from msgspec import Meta

_LIMIT = 2**62

NodeName = Annotated[str, Meta(max_length=64)]
Round = Annotated[int, Meta(ge=0, lt=_LIMIT)]
Slot = Annotated[int, Meta(ge=0, lt=_LIMIT)]
Priority = Annotated[int, Meta(ge=0, lt=_LIMIT)]
Revision = Annotated[int, Meta(ge=0, lt=_LIMIT)]
Digest = Annotated[int, Meta(ge=0, lt=_LIMIT)]


class Ballot(NamedTuple):
    """A proposal number; compares by round, then by node."""

    round: Round
    node: NodeName

    def above(self, node: str) -> "Ballot":
        """The least ballot of `node` that is greater than this one and every other ballot of this round."""
        return Ballot(self.round + 1, node)

    @property
    def shown(self) -> str:
        """The ballot as people read it."""
        return f"{self.round}.{self.node}"


ZERO = Ballot(0, "")
"""Less than every ballot that is used, also of round 0: the promise of an acceptor that has promised nothing."""

END_SLOT = _LIMIT - 1
"""Above every slot that is ever used."""
