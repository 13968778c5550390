"""Reading the log: page by page, from whichever node answers, until nothing is missing that this client was told of."""

import secrets
import threading
import time
from collections.abc import Iterator

from paxos.ballot import END_SLOT
from paxos.groups import LOG
from paxos.messages import LogPage, ReadLog
from paxos.values import Entry
from redpaxos.errors import UNHEARD, NotDoneError, RejectedError
from redpaxos.line import PAUSE_SECONDS, Line, page_key
from redpaxos.search import find_proposer
from transport.base import TransportError

_ATTEMPT_SECONDS = 1.0


class LogReader:
    """Safe to share between threads."""

    def __init__(self, line: Line, node: str) -> None:
        self._line = line
        # The only node to read from, where the caller named one.
        self._node = node
        # The node to read from next; empty where it is to be found first.
        self._source = node
        # The last revision of the log that this client knows of: nodes learn it one after the other.
        self._told_revision = 0
        self._lock = threading.Lock()

    def note_told(self, revision: int) -> None:
        """This client was told of a revision, so whoever is read from without being named must have it."""
        with self._lock:
            self._told_revision = max(self._told_revision, revision)

    def entries(self, from_revision: int, *, follow: bool, node: str, timeout: float) -> Iterator[Entry]:
        """The log from a revision on, as Client.entries() promises it."""
        if not 1 <= from_revision < END_SLOT:
            raise RejectedError(f"revisions go from 1 to {END_SLOT - 1}, found {from_revision}")
        revision = from_revision
        patient_until = time.monotonic() + timeout
        while True:
            source, page = self._read(LOG, revision, timeout, node)
            for entry in page.entries:
                yield entry
                revision = entry.revision + 1
                self.note_told(entry.revision)
            if revision < page.end_revision:
                patient_until = time.monotonic() + timeout
                continue
            lacks = not node and page.end_revision <= self._told_revision
            if not lacks and not follow:
                return
            if lacks and time.monotonic() > patient_until:
                self._source = self._node
                raise NotDoneError(
                    f"node {source} has not learned revision {self._told_revision} within {timeout} s, which this client was told of"
                )
            # Any answer, or none for a while, is a reason to read again; who is behind for so long may be stuck, and another is not.
            question = ReadLog(secrets.randbits(60), max(revision, page.end_revision), waits=True)
            if self._page(source, LOG, question, _ATTEMPT_SECONDS) is None and lacks:
                self._source = self._node

    def learned(self, group: str, timeout: float) -> Entry | None:
        """What one learner knows to be decided in a decree's group, waiting for it; None if it knows nothing within the time."""
        deadline = time.monotonic() + timeout
        while True:
            source, page = self._read(group, 1, max(timeout, 2 * _ATTEMPT_SECONDS))
            if page.entries:
                return page.entries[0]
            if (left := deadline - time.monotonic()) <= 0:
                return None
            self._page(source, group, ReadLog(secrets.randbits(60), 1, waits=True), min(left, _ATTEMPT_SECONDS))

    def end_revision(self, *, node: str, timeout: float) -> int:
        """The first revision that is not given out yet, as whoever answers has it."""
        _, page = self._read(LOG, END_SLOT, timeout, node)
        return page.end_revision

    def _read(self, group: str, revision: int, timeout: float, node: str = "") -> tuple[str, LogPage]:
        """One page of the log and whose it is: the node's that is named, or of whichever answers."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            if not (source := node or self._source or self._find(deadline)):
                continue
            page = self._page(source, group, ReadLog(secrets.randbits(60), revision), min(left, _ATTEMPT_SECONDS))
            if page is not None:
                return source, page
            self._source = self._node
        whoever, who = (f"node {node}", "it") if node else ("any node that reads the log", "one")
        raise NotDoneError(f"no answer from {whoever} within {timeout} s: is {who} running, and {UNHEARD}")

    def _find(self, deadline: float) -> str:
        """Find a node that knows the log; empty if nobody answers yet."""
        found = find_proposer(self._line, deadline, leading=False)
        if found is None:
            return ""
        self._source = found.node
        return found.node

    def _page(self, node: str, group: str, question: ReadLog, timeout: float) -> LogPage | None:
        """What one node answers within the time, or None."""
        with self._line.listening(page_key(group, question.number)) as answers:
            try:
                self._line.send(node, group, question)
            except TransportError:
                self._line.pause(PAUSE_SECONDS)
                return None
            heard = answers.next(time.monotonic() + timeout)
        return heard[1] if heard is not None and isinstance(heard[1], LogPage) else None
