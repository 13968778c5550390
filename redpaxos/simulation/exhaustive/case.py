"""The cases of an exhaustive search: who takes part, and the bounds within which everything is tried."""

from functools import partial

from msgspec import Struct

from paxos import casting
from paxos.acceptor import Acceptor
from paxos.archive import Archive
from paxos.batches import decode_batch
from paxos.cast import Cast, Role
from paxos.company import Company
from paxos.errors import InvariantViolation
from paxos.groups import LOG, decree_group, is_decree
from paxos.informer import Informer
from paxos.learner import Learner
from paxos.proposer import BACK_OFF, RETRY, Proposer
from paxos.quorum import majority
from paxos.replica import Replica
from paxos.values import Command
from redpaxos.simulation.scripted.player import FirstOwner, Player

CHECKS = frozenset(("agreement", "validity", "one value a ballot", "promise"))
"""What is checked in every state; the learned is compared with the votes under `agreement`."""


class Case(Struct, frozen=True):
    """A small system and its bounds. The roles are the real ones, of paxos.casting, without elections and doors."""

    group: str = decree_group("case")
    acceptors: tuple[str, ...] = ("a1", "a2", "a3")
    proposers: tuple[str, ...] = ("p1", "p2")
    learners: tuple[str, ...] = ()
    # Those that may begin without phase 1; of more than one, each would be wrong.
    first_owners: tuple[str, ...] = ()
    # Whether proposers count votes, and tell the learners; if not, each hears at any time of what was chosen.
    proposers_learn: bool = False
    # No ballot has a higher round; with two proposers there are twice as many ballots.
    rounds: int = 2
    # No slot from this on is proposed for.
    slots: int = 1
    # Crashes in all, each of any actor at any point.
    crashes: int = 1
    # Those that expire, whenever they run. A learner's turns at catching up have no end, so they are left out.
    timers: frozenset[str] = frozenset((RETRY, BACK_OFF))
    checks: frozenset[str] = CHECKS

    @property
    def is_decree(self) -> bool:
        """Whether the proposers contend by themselves."""
        return is_decree(self.group)

    @property
    def majority_count(self) -> int:
        """How many votes choose, whatever the roles believe."""
        return len(self.acceptors) // 2 + 1

    def names(self) -> tuple[str, ...]:
        """All actors, in the order of a state."""
        return (*self.acceptors, *self.proposers, *self.learners)

    def kinds(self) -> tuple[str, ...]:
        """One for all acceptors, since they differ in nothing; one for each other actor."""
        return ("acceptor", *(f"proposer {name}" for name in self.proposers), *(f"learner {name}" for name in self.learners))

    def kind_of(self, name: str) -> str:
        """The kind of the actor of this name."""
        if name in self.acceptors:
            return "acceptor"
        return f"proposer {name}" if name in self.proposers else f"learner {name}"

    def node_of(self, kind: str) -> str:
        """The name that an actor of this kind goes by."""
        return self.acceptors[0] if kind == "acceptor" else kind.split()[1]

    def make_player(self, kind: str) -> Player:
        """A fresh actor of this kind, on an empty disk."""
        company = Company(self.node_of(kind), majority(self.acceptors))
        make_full = getattr(casting, f"{kind.split(maxsplit=1)[0]}_cast")
        if company.node in self.first_owners:
            make_full = partial(make_full, firsts=FirstOwner(company))

        def make_cast(archive: Archive) -> Cast:
            roles = make_full(company, self.group, archive).roles
            return Cast(company.node, [role for role in roles if self._has_part(kind, role)])

        return Player(make_cast)

    def _has_part(self, kind: str, role: Role) -> bool:
        if not kind.startswith("proposer"):
            return isinstance(role, Acceptor | Learner | Replica)
        return isinstance(role, Replica | Proposer) or (self.proposers_learn and isinstance(role, Learner | Informer))

    def command(self, proposer: str, life: int) -> Command:
        """What a client asks this proposer for in this life; after a crash it asks for something else."""
        return Command("", f"{proposer}-{life}".encode())

    def allows(self, value: bytes) -> bool:
        """Whether the value holds only what somebody asked for, or nothing."""
        try:
            actions = decode_batch(value).actions
        except InvariantViolation:
            return False
        asked = {self.command(name, life) for name in self.proposers for life in range(1, self.crashes + 2)}
        return asked.issuperset(actions)


DECREE = Case()
"""Two proposers contend for one slot."""

LOG_OF_TWO = Case(group=LOG, slots=2)
"""Anybody may be told to lead a log of two slots at any time."""
