"""The archivist: reads the log to whoever asks, nothing missing and nothing twice."""

import pytest

from actors.storage.memory import MemoryStorage
from paxos.archivist import Archivist
from paxos.cues import Chosen, Executed
from paxos.effects import NOTHING, Effects, Send, sending
from paxos.groups import LOG
from paxos.messages import LogPage, ReadLog
from paxos.replica import Replica
from paxos.settings import Settings
from paxos.values import Command, Entry
from tests.unit.company import BLUE, FIRST, GREEN, RED, SETTINGS, batch, empty_archive, end_drain

ENTRIES = (Entry(1, 0, FIRST, BLUE.id, BLUE.value), Entry(2, 2, FIRST, RED.id, RED.value), Entry(3, 2, FIRST, "", GREEN.value))
FOURTH = Entry(4, 3, FIRST, "", GREEN.value)


@pytest.fixture
def archive() -> MemoryStorage:
    """A log of three commands in slots 0 and 2, with a NOOP and a repeated command between them."""
    archive = empty_archive()
    replica = Replica(LOG, archive)
    for slot, value in enumerate((batch(BLUE), batch(BLUE), batch(RED, BLUE, GREEN))):
        end_drain(archive, replica, replica.handle("n", Chosen(slot, FIRST, value)))
    return archive


def pages(archivist: Archivist, first_revision: int) -> list[LogPage]:
    """All pages from a revision on, read as a client does."""
    found: list[LogPage] = []
    while not found or first_revision < found[-1].end_revision:
        (send,) = archivist.handle("c", ReadLog(7, first_revision)).send
        assert isinstance(send.message, LogPage)
        found.append(send.message)
        first_revision = found[-1].entries[-1].revision + 1 if found[-1].entries else found[-1].end_revision
    return found


@pytest.mark.parametrize(("first_revision", "expected"), [(0, ENTRIES), (1, ENTRIES), (2, ENTRIES[1:]), (3, ENTRIES[2:]), (4, ()), (9, ())])
def test_the_log_is_read_from_a_revision_on(archive: MemoryStorage, first_revision: int, expected: tuple[Entry, ...]) -> None:
    archivist = Archivist(LOG, archive, SETTINGS)
    assert archivist.handle("c", ReadLog(7, first_revision)) == sending("c", LogPage(7, expected, 4))


def test_an_empty_log_is_an_empty_page() -> None:
    archivist = Archivist(LOG, empty_archive(), SETTINGS)
    assert archivist.handle("c", ReadLog(7, 1)) == sending("c", LogPage(7, (), 1))


def test_a_long_log_comes_in_pages(archive: MemoryStorage) -> None:
    replica = Replica(LOG, archive)
    for slot in range(3, 20):
        end_drain(archive, replica, replica.handle("n", Chosen(slot, FIRST, batch(Command("", b"1" * 100)))))
    found = pages(Archivist(LOG, archive, Settings(page_bytes=500)), 1)
    assert [entry.revision for page in found for entry in page.entries] == list(range(1, 21))
    assert len(found) > 3


def test_who_waits_is_handed_what_comes_next(archive: MemoryStorage) -> None:
    archivist = Archivist(LOG, archive, SETTINGS)
    assert archivist.handle("c", ReadLog(7, 4, waits=True)) == NOTHING
    assert archivist.handle("n", Executed(3, FIRST, (), ())) == NOTHING
    assert archivist.handle("n", Executed(4, FIRST, (FOURTH,), ())) == sending("c", LogPage(7, (FOURTH,), 5))
    assert archivist.handle("n", Executed(5, FIRST, (FOURTH,), ())) == NOTHING


def test_who_waits_for_what_is_there_is_answered_at_once(archive: MemoryStorage) -> None:
    assert Archivist(LOG, archive, SETTINGS).handle("c", ReadLog(7, 3, waits=True)) == sending("c", LogPage(7, ENTRIES[2:], 4))


def test_who_waits_for_something_else_is_told_to_ask_again() -> None:
    archivist = Archivist(LOG, empty_archive(), SETTINGS)
    archivist.handle("behind", ReadLog(1, 0, waits=True))
    archivist.handle("ahead", ReadLog(2, 9, waits=True))
    first = Entry(1, 0, FIRST, "", GREEN.value)
    assert archivist.handle("n", Executed(0, FIRST, (first,), ())) == Effects(
        send=(Send("behind", LogPage(1, (), 2)), Send("ahead", LogPage(2, (), 2)))
    )


def test_what_was_executed_in_this_drain_is_not_on_disk_yet_and_is_asked_for_again(archive: MemoryStorage) -> None:
    archivist = Archivist(LOG, archive, SETTINGS)
    archivist.handle("n", Executed(3, FIRST, (FOURTH,), ()))
    assert archivist.handle("c", ReadLog(7, 4)) == sending("c", LogPage(7, (), 5))


def test_only_so_many_may_wait_and_the_oldest_makes_room(archive: MemoryStorage) -> None:
    archivist = Archivist(LOG, archive, SETTINGS)
    for number in range(1001):
        archivist.handle(f"c{number}", ReadLog(number, 4, waits=True))
    targets = {send.target for send in archivist.handle("n", Executed(3, FIRST, (FOURTH,), ())).send}
    assert len(targets) == 1000
    assert "c0" not in targets
