"""Quorums: which sets of acceptors may decide.

Phase 1 and phase 2 quorums must intersect; majorities are the usual case. Howard, Malkhi, Spiegelman, "Flexible Paxos" (2016),
for sizes that differ by phase.
"""

import hashlib
from collections.abc import Collection, Iterable

from msgspec import Struct

from paxos.errors import ConfigurationError


class Quorum(Struct, frozen=True):
    """The acceptors that vote, and how many of them each phase needs."""

    members: frozenset[str]
    prepare_count: int
    accept_count: int

    @property
    def fingerprint(self) -> str:
        """Tells other members and sizes from these: nodes that differ in it have majorities that need not meet."""
        text = f"{sorted(self.members)} {self.prepare_count} {self.accept_count}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def admit_count(self) -> int:
        """How many other members must have a store on their disks before it takes part.

        As many disks as may be lost while the others still make a quorum, and at least one, may be lost, and every two sets of so many
        others still share one that remembers.
        """
        size = len(self.members)
        spare = size - max(self.prepare_count, self.accept_count)
        return min((size + max(spare, 1)) // 2, size - 1)

    def admits(self, acquainted: Collection[str]) -> bool:
        """Whether these distinct other members are enough to admit a store."""
        return len(acquainted) >= self.admit_count

    def prepared(self, promised: Collection[str]) -> bool:
        """Whether these distinct acceptors are enough for phase 1."""
        return len(promised) >= self.prepare_count

    def accepted(self, voted: Collection[str]) -> bool:
        """Whether these distinct acceptors are enough for phase 2."""
        return len(voted) >= self.accept_count


def majority(members: Iterable[str]) -> Quorum:
    """More than half of the members, in both phases."""
    names = frozenset(members)
    size = len(names) // 2 + 1
    return flexible(names, size, size)


def flexible(members: Iterable[str], prepare_count: int, accept_count: int) -> Quorum:
    """Quorums of different size by phase; refused where two of them could miss each other."""
    names = frozenset(members)
    if not names:
        raise ConfigurationError("a quorum needs at least one member")
    if not (0 < prepare_count <= len(names) and 0 < accept_count <= len(names)):
        raise ConfigurationError(f"quorum sizes {prepare_count} and {accept_count} do not fit {len(names)} members")
    if prepare_count + accept_count <= len(names):
        raise ConfigurationError(f"quorums of {prepare_count} and {accept_count} among {len(names)} members need not intersect")
    return Quorum(names, prepare_count, accept_count)
