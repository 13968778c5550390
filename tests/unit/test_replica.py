"""The replica: "Paxos Made Moderately Complex", section 2: every replica executes the same commands in the same order, each once."""

from collections.abc import Callable

import pytest

from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.cues import Chosen, Executed
from paxos.effects import NOTHING, Effects
from paxos.errors import InvariantViolation
from paxos.groups import LOG
from paxos.records import Learned
from paxos.replica import Replica
from paxos.values import Action, Command, Entry, Open, Operation
from tests.unit.company import BLUE, FIRST, GREEN, RED, batch, empty_archive, end_drain

LATER = Ballot(5, "p9")


def test_a_chosen_slot_is_written_and_told_with_its_revisions() -> None:
    value = batch(BLUE, GREEN)
    assert Replica(LOG, empty_archive()).handle("n", Chosen(0, LATER, value)) == Effects(
        persist=(Learned(LOG, 0, LATER, value, 1, 2, (("id-blue", 1),)),),
        tell=(Executed(0, LATER, (Entry(1, 0, FIRST, BLUE.id, BLUE.value), Entry(2, 0, FIRST, "", GREEN.value)), ()),),
    )


def test_an_entry_bears_the_ballot_that_first_proposed_it_so_that_it_is_the_same_on_every_node() -> None:
    results = [Replica(LOG, empty_archive()).handle("n", Chosen(0, ballot, batch(BLUE))).tell[0] for ballot in (FIRST, LATER)]
    assert [result.entries for result in results if isinstance(result, Executed)] == [(Entry(1, 0, FIRST, BLUE.id, BLUE.value),)] * 2


def test_a_noop_takes_a_slot_and_no_revision() -> None:
    replica = Replica(LOG, empty_archive())
    effects = replica.handle("n", Chosen(0, FIRST, batch()))
    assert effects.tell == (Executed(0, FIRST, (), ()),)
    assert (replica.next_slot, replica.next_revision) == (1, 1)


def test_a_command_with_an_id_is_executed_once_however_often_it_is_chosen() -> None:
    archive = empty_archive()
    replica = Replica(LOG, archive)
    same_batch = replica.handle("n", Chosen(0, FIRST, batch(BLUE, BLUE)))
    same_drain = replica.handle("n", Chosen(1, FIRST, batch(BLUE, RED)))
    end_drain(archive, replica, same_batch + same_drain)
    later = replica.handle("n", Chosen(2, FIRST, batch(RED)))
    after_restart = Replica(LOG, archive).handle("n", Chosen(2, FIRST, batch(BLUE)))
    executed = [told for effects in (same_batch, same_drain, later, after_restart) for told in effects.tell]
    assert [[entry.revision for entry in told.entries] for told in executed if isinstance(told, Executed)] == [[1], [2], [], []]
    assert [told.repeated for told in executed if isinstance(told, Executed)] == [(BLUE,), (BLUE,), (RED,), (BLUE,)]


def test_the_first_value_under_an_id_stands() -> None:
    replica = Replica(LOG, empty_archive())
    replica.handle("n", Chosen(0, FIRST, batch(BLUE)))
    other = Command(BLUE.id, b'"something else"')
    assert replica.handle("n", Chosen(1, FIRST, batch(other))).tell == (Executed(1, FIRST, (), (other,)),)


def test_commands_without_an_id_are_executed_each_time() -> None:
    replica = Replica(LOG, empty_archive())
    replica.handle("n", Chosen(0, FIRST, batch(GREEN, GREEN)))
    assert replica.next_revision == 3


def test_a_replica_rebuilt_from_its_archive_goes_on_where_it_was() -> None:
    archive = empty_archive()
    replica = Replica(LOG, archive)
    end_drain(archive, replica, replica.handle("n", Chosen(0, FIRST, batch(BLUE, GREEN))))
    again = Replica(LOG, archive)
    assert (again.next_slot, again.next_revision) == (1, 3)


@pytest.mark.parametrize("slot", [0, 2])
def test_a_slot_told_out_of_order_stops_the_node(slot: int) -> None:
    replica = Replica(LOG, empty_archive())
    replica.handle("n", Chosen(0, FIRST, batch()))
    with pytest.raises(InvariantViolation, match=f"slot {slot} told out of order, expected 1"):
        replica.handle("n", Chosen(slot, FIRST, batch()))


class Count:
    """A machine that counts."""

    def __init__(self) -> None:
        self.count = 0

    def execute(self, command: bytes) -> bytes:
        self.count += 1
        return b"%d" % self.count

    def query(self, question: bytes) -> bytes:
        return b"%d" % self.count

    def waiter(self, question: bytes) -> Callable[[], bytes]:
        return lambda: b""


def test_a_replica_rebuilt_from_its_archive_makes_its_machines_again() -> None:
    archive = empty_archive()
    first = Count()
    replica = Replica(LOG, archive, {"count": first})
    actions: list[Action] = [Open("c", 1, 1000), Operation(1, 1, 0, "count", b""), Operation(1, 2, 0, "count", b"")]
    for slot, action in enumerate(actions):
        end_drain(archive, replica, replica.handle("n", Chosen(slot, FIRST, encode_batch(FIRST, (action,)))))
    again = Count()
    assert Replica(LOG, archive, {"count": again}).executor.digest == replica.executor.digest
    assert again.count == first.count == 2


def test_a_flush_says_nothing() -> None:
    assert Replica(LOG, empty_archive()).flush() == NOTHING
