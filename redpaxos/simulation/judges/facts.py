"""What really happened in a simulated run: the votes on disk, and what follows from them.

The facts are kept by somebody who sees every disk and every message, and who executes what is chosen by himself, in a few plain lines.
They share no code with the roles that they judge, the encoding of a batch aside.
"""

from msgspec import Struct

from paxos.ballot import ZERO, Ballot
from paxos.batches import decode_batch
from paxos.records import Voted
from paxos.values import Command, Entry, Operation
from redpaxos.simulation.judges.ledger import Ledger


class Slot:
    """One slot of one group."""

    __slots__ = ("chosen_at", "value", "values", "voters")

    def __init__(self) -> None:
        # The one value of each ballot, in an Accept or in a vote.
        self.values: dict[Ballot, bytes] = {}
        # Acceptors with a durable vote at each ballot, now or once.
        self.voters: dict[Ballot, set[str]] = {}
        # The least ballot at which a quorum voted; ZERO while there is none.
        self.chosen_at = ZERO
        # The chosen value, if there is one.
        self.value = b""


class Execution(Struct, frozen=True):
    """What executing a slot must give."""

    first_revision: int
    command_count: int
    new_ids: tuple[tuple[str, int], ...]


class Group:
    """One group: its slots, and its log as far as it is chosen without a gap."""

    def __init__(self, name: str, ledger: Ledger | None = None) -> None:
        self.name = name
        # Sessions and machines; a decree has none.
        self.ledger = Ledger({}) if ledger is None else ledger
        self.slots: dict[int, Slot] = {}
        self.executions: list[Execution] = []
        self.entries: list[Entry] = []
        self.revisions: dict[str, int] = {}

    @property
    def chosen_through(self) -> int:
        """Every slot below is chosen."""
        return len(self.executions)

    def slot(self, number: int) -> Slot:
        """The facts of one slot."""
        known = self.slots.get(number)
        if known is None:
            known = self.slots[number] = Slot()
        return known

    def execute(self) -> tuple[list[Entry], list[Operation]]:
        """Execute what is chosen and was not executed; returns the new entries, and the operations that took effect."""
        before = len(self.entries)
        operations: list[Operation] = []
        while (slot := self.slots.get(len(self.executions))) is not None and slot.chosen_at != ZERO:
            operations += self._execute(slot, len(self.executions))
        return self.entries[before:], operations

    def _execute(self, slot: Slot, number: int) -> list[Operation]:
        batch = decode_batch(slot.value)
        first_revision = len(self.entries) + 1
        new_ids: list[tuple[str, int]] = []
        for command in batch.actions:
            if not isinstance(command, Command):
                continue
            revision = len(self.entries) + 1
            if command.id in self.revisions:
                continue
            if command.id:
                self.revisions[command.id] = revision
                new_ids.append((command.id, revision))
            self.entries.append(Entry(revision, number, batch.ballot, command.id, command.value))
        self.executions.append(Execution(first_revision, len(self.entries) + 1 - first_revision, tuple(new_ids)))
        return self.ledger.execute(number, batch)


class AcceptorFacts:
    """What one acceptor's store holds of one group."""

    def __init__(self) -> None:
        self.promised = ZERO
        # The latest vote of each slot.
        self.votes: dict[int, Voted] = {}
        # Every vote ever.
        self.ever: set[tuple[int, Ballot]] = set()
