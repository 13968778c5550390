"""The replica: executes what is chosen, in slot order, each command once.

Every replica executes the same commands in the same order, so revisions and results are the same on every node. A command whose id
was executed before gives no second entry. Van Renesse and Altinbuken, "Paxos Made Moderately Complex", section 2.

Now and then it saves what its machines hold, a part at a time while it goes on, so that a start need not execute the whole log again.
"""

from collections.abc import Mapping
from typing import assert_never

from paxos.archive import Archive
from paxos.batches import decode_batch
from paxos.cues import Begin, Chosen, Executed, Expired, Resumed, Stopping
from paxos.effects import NOTHING, Effects, StartTimer, telling
from paxos.errors import InvariantViolation
from paxos.executor import Executor
from paxos.machines.base import Machine
from paxos.records import Learned
from paxos.settings import Settings
from paxos.snapshots import Saver, examine, origin_of
from paxos.values import Batch, Command, Entry

ReplicaMessage = Begin | Chosen | Expired | Stopping

SAVE = "save"
_REPLAY_BYTES = 1024 * 1024
_SLOT_BYTES = 64


class Replica:
    """One group's replica on one node."""

    handles = (Begin, Chosen, Expired, Stopping)

    def __init__(
        self, group: str, archive: Archive, machines: Mapping[str, Machine] | None = None, settings: Settings | None = None
    ) -> None:
        self.group = group
        self._archive = archive
        self._settings = settings or Settings()
        # Every slot below is executed; revisions below are given out.
        self.next_slot, self.next_revision = archive.learned_end(group)
        self.executor = Executor(machines or {})
        # Ids executed since the last flush, which the archive does not have yet.
        self._unwritten: dict[str, int] = {}
        # Everything below this slot is in the snapshot, which is of so many bytes; about so many were executed since.
        self.saved_slot = 0
        self._saved_bytes = 0
        self._unsaved_bytes = 0
        # The snapshot that is being saved.
        self._saver: Saver | None = None
        self._complaint = ""
        if machines:
            self._resume()

    def handle(self, source: str, message: ReplicaMessage) -> Effects:
        """Execute the next slot, or save one more part of a snapshot."""
        match message:
            case Chosen():
                return self._execute(message)
            case Expired():
                return self._save_more() if message.timer == SAVE else NOTHING
            case Stopping():
                return self._save_more() if self._saver is not None or not self._unsaved_bytes else self._begin_saving()
            case Begin():
                return telling(Resumed(self.saved_slot, self._complaint)) if self.saved_slot or self._complaint else NOTHING
            case _:
                assert_never(message)

    def _execute(self, message: Chosen) -> Effects:
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
        return Effects(persist=(learned,), tell=(executed,)) + self._note_unsaved(message.value)

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

    # ---- snapshots ---------------------------------------------------------------------------------------------------------------

    def _note_unsaved(self, value: bytes) -> Effects:
        if not self.executor.machines:
            return NOTHING
        self._unsaved_bytes += len(value) + _SLOT_BYTES
        if self._saver is not None or self._unsaved_bytes < max(self._settings.snapshot_bytes, self._saved_bytes):
            return NOTHING
        return self._begin_saving()

    def _begin_saving(self) -> Effects:
        origin = origin_of(self._archive.identity.store_id, self.executor.machines)
        self._saver = Saver(self.next_slot, self.executor.snapshot(self.next_slot - 1), origin)
        self._unsaved_bytes = 0
        return self._save_more()

    def _save_more(self) -> Effects:
        saver = self._saver
        if saver is None:
            return NOTHING
        part = saver.next_part()
        if not saver.is_done:
            return Effects(save=(part,), timers=(StartTimer(SAVE, self._settings.snapshot_pause_seconds),))
        self._saver = None
        self.saved_slot, self._saved_bytes = saver.slot, saver.saved_bytes
        return Effects(save=(part,))

    def _resume(self) -> None:
        """Bring the machines to where they were, which live in memory: by the snapshot, and by the log on disk from there on."""
        parts = self._archive.shelf.saved()
        verdict = examine(parts, self.next_slot, origin_of(self._archive.identity.store_id, self.executor.machines))
        self.saved_slot, self._saved_bytes, self._complaint = verdict.slot, verdict.saved_bytes, verdict.complaint
        if verdict.slot:
            self.executor.restore(part.content for part in parts if not part.digest)
        slot = self.saved_slot
        while slot < self.next_slot:
            for learned in self._archive.learned(self.group, slot, _REPLAY_BYTES):
                self.executor.execute(learned.slot, decode_batch(learned.value))
                self._unsaved_bytes += len(learned.value) + _SLOT_BYTES
                slot = learned.slot + 1

    def _revision_of(self, command_id: str) -> int:
        return self._unwritten.get(command_id) or self._archive.revision_of(self.group, command_id) or 0
