"""The archivist: reads the log to those who ask for it from a revision on."""

from paxos.archive import Archive
from paxos.batches import entries_of
from paxos.effects import NOTHING, Effects, sending
from paxos.messages import Entry, LogPage, ReadLog
from paxos.settings import Settings


class Archivist:
    """One group's archivist on one node."""

    handles = (ReadLog,)

    def __init__(self, group: str, archive: Archive, settings: Settings) -> None:
        self.group = group
        self._archive = archive
        self._settings = settings

    def handle(self, source: str, message: ReadLog) -> Effects:
        """One page of entries, from what is on this node's disk."""
        end_revision = self._archive.learned_end(self.group)[1]
        entries: tuple[Entry, ...] = ()
        at = self._archive.learned_at_revision(self.group, message.first_revision) if message.first_revision < end_revision else None
        if at is not None:
            found = self._archive.learned(self.group, at.slot, self._settings.page_bytes)
            entries = tuple(entry for learned in found for entry in entries_of(learned, self._archive))
        wanted = tuple(entry for entry in entries if entry.revision >= message.first_revision)
        return sending(source, LogPage(message.number, wanted, end_revision))

    def flush(self) -> Effects:
        """Nothing waits for the end of a drain."""
        return NOTHING
