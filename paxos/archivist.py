"""The archivist: reads the log to those who ask for it from a revision on."""

from paxos.archive import Archive
from paxos.batches import entries_of
from paxos.cues import Executed
from paxos.effects import NOTHING, Effects, Send, sending
from paxos.messages import LogPage, ReadLog
from paxos.settings import Settings
from paxos.values import Entry

_READER_COUNT = 1000


class Archivist:
    """One group's archivist on one node."""

    handles = (ReadLog, Executed)

    def __init__(self, group: str, archive: Archive, settings: Settings) -> None:
        self.group = group
        self._archive = archive
        self._settings = settings
        # Revisions below are executed.
        self._end_revision = archive.learned_end(group)[1]
        # Who waits for the revision that comes next, by name; one that is crowded out, or forgotten with its cast, asks again.
        self._readers: dict[str, ReadLog] = {}

    def handle(self, source: str, message: ReadLog | Executed) -> Effects:
        """Read a page, or hand on what readers wait for."""
        if isinstance(message, Executed):
            return self._hand_on(message)
        entries = self._read(max(message.first_revision, 1)) if message.first_revision < self._end_revision else ()
        if entries or not message.waits:
            return sending(source, LogPage(message.number, entries, self._end_revision))
        if len(self._readers) >= _READER_COUNT:
            del self._readers[next(iter(self._readers))]
        self._readers[source] = message
        return NOTHING

    def _hand_on(self, message: Executed) -> Effects:
        self._end_revision += len(message.entries)
        if not message.entries or not self._readers:
            return NOTHING
        readers, self._readers = self._readers, {}
        return Effects(send=tuple(Send(name, self._page(reader, message.entries)) for name, reader in readers.items()))

    def _page(self, reader: ReadLog, entries: tuple[Entry, ...]) -> LogPage:
        """What was just executed, if it is what the reader waits for; otherwise nothing yet."""
        gapless = entries[0].revision <= reader.first_revision
        wanted = tuple(entry for entry in entries if gapless and entry.revision >= reader.first_revision)
        return LogPage(reader.number, wanted, self._end_revision)

    def _read(self, first_revision: int) -> tuple[Entry, ...]:
        """One page of entries, from what is on this node's disk."""
        at = self._archive.learned_at_revision(self.group, first_revision)
        found = self._archive.learned(self.group, at.slot, self._settings.page_bytes) if at is not None else []
        entries = [entry for learned in found for entry in entries_of(learned, self._archive)]
        return tuple(entry for entry in entries if entry.revision >= first_revision)
