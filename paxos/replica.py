"""The replica: executes what is chosen, in slot order, each command once.

Every replica executes the same commands in the same order, so revisions and results are the same on every node. A command whose id
was executed before gives no second entry. Van Renesse and Altinbuken, "Paxos Made Moderately Complex", section 2.
"""

from collections.abc import Mapping

from paxos.archive import Archive
from paxos.batches import decode_batch
from paxos.cues import Chosen, Executed
from paxos.effects import NOTHING, Effects
from paxos.errors import InvariantViolation
from paxos.executor import Executor
from paxos.machines.base import Machine
from paxos.records import Learned
from paxos.values import Batch, Command, Entry

_REPLAY_BYTES = 1024 * 1024


class Replica:
    """One group's replica on one node."""

    handles = (Chosen,)

    def __init__(self, group: str, archive: Archive, machines: Mapping[str, Machine] | None = None) -> None:
        self.group = group
        self._archive = archive
        # Every slot below is executed; revisions below are given out.
        self.next_slot, self.next_revision = archive.learned_end(group)
        self.executor = Executor(machines or {})
        # Ids executed since the last flush, which the archive does not have yet.
        self._unwritten: dict[str, int] = {}
        if machines:
            self._replay()

    def handle(self, source: str, message: Chosen) -> Effects:
        """Execute the next slot."""
        if message.slot != self.next_slot:
            raise InvariantViolation(f"{self.group}: slot {message.slot} told out of order, expected {self.next_slot}")
        batch = decode_batch(message.value)
        first_revision = self.next_revision
        entries, repeated = self._append(message.slot, batch)
        replies = self.executor.execute(message.slot, batch)
        self.next_slot += 1
        self.next_revision += len(entries)
        new_ids = tuple((entry.id, entry.revision) for entry in entries if entry.id)
        learned = Learned(self.group, message.slot, message.ballot, message.value, first_revision, len(entries), new_ids)
        executed = Executed(message.slot, message.ballot, entries, repeated, replies, self.executor.digest, self.executor.sessions.clock)
        return Effects(persist=(learned,), tell=(executed,))

    def flush(self) -> Effects:
        """At the end of a drain: the archive is about to have everything."""
        self._unwritten.clear()
        return NOTHING

    def _append(self, slot: int, batch: Batch) -> tuple[tuple[Entry, ...], tuple[Command, ...]]:
        """The entries that the commands of a batch give, and the commands that give none because their id has one."""
        entries: list[Entry] = []
        repeated: list[Command] = []
        for command in batch.actions:
            if not isinstance(command, Command):
                continue
            if command.id and self._revision_of(command.id):
                repeated.append(command)
                continue
            revision = self.next_revision + len(entries)
            entries.append(Entry(revision, slot, batch.ballot, command.id, command.value))
            if command.id:
                self._unwritten[command.id] = revision
        return tuple(entries), tuple(repeated)

    def _replay(self) -> None:
        """Bring the machines to where they were: they live in memory, and the log on disk makes them again."""
        slot = 0
        while slot < self.next_slot:
            for learned in self._archive.learned(self.group, slot, _REPLAY_BYTES):
                self.executor.execute(learned.slot, decode_batch(learned.value))
                slot = learned.slot + 1

    def _revision_of(self, command_id: str) -> int:
        return self._unwritten.get(command_id) or self._archive.revision_of(self.group, command_id) or 0
