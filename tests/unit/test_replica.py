"""The replica: "Paxos Made Moderately Complex", section 2: every replica executes the same commands in the same order, each once."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from actors.storage.memory import MemoryStorage
from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.cues import Begin, Chosen, Executed, Expired, Resumed, Stopping
from paxos.effects import NOTHING, Effects, StartTimer, telling
from paxos.errors import InvariantViolation
from paxos.groups import LOG
from paxos.records import Learned
from paxos.replica import SAVE, Replica
from paxos.settings import Settings
from paxos.snapshots import SnapshotPart
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

    def snapshot(self) -> Iterator[bytes]:
        return iter([b"%d" % self.count])

    def restore(self, parts: Iterable[bytes]) -> None:
        (self.count,) = map(int, parts)

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


# ---- snapshots ----------------------------------------------------------------------------------------------------------------------

SAVES = Settings(snapshot_bytes=250)


class Life:
    """One life of a replica that counts, on an archive that outlives it."""

    def __init__(self, archive: MemoryStorage, settings: Settings = SAVES) -> None:
        self.archive = archive
        self.machine = Count()
        self.replica = Replica(LOG, archive, {"count": self.machine}, settings)

    def shelve(self, effects: Effects) -> Effects:
        """Do as the shell does at the end of a drain."""
        end_drain(self.archive, self.replica, effects)
        for part in effects.save:
            self.archive.shelf.save(part)
        return effects

    def execute(self, *slots: int) -> Effects:
        """Execute an operation in each of these slots; session 1 is opened in slot 0."""
        effects = NOTHING
        for slot in slots:
            action = Operation(1, slot, 0, "count", b"") if slot else Open("c", 1, 1000)
            effects = self.shelve(self.replica.handle("n", Chosen(slot, FIRST, encode_batch(FIRST, (action,)))))
        return effects

    def let_time_pass(self) -> None:
        """Until nothing more is to be saved."""
        while self.shelve(self.replica.handle("n", Expired(SAVE))).timers:
            pass


def test_a_snapshot_is_begun_when_enough_was_executed_and_goes_on_part_by_part() -> None:
    life = Life(empty_archive())
    assert life.execute(0, 1).save == ()
    begun = life.execute(2)
    assert len(begun.save) == 1
    assert begun.timers == (StartTimer(SAVE, 0.01),)
    assert life.execute(3, 4, 5, 6).save == (), "one at a time"
    assert life.replica.handle("n", Expired("catch-up")) == NOTHING, "and only when its time has come"
    life.let_time_pass()
    assert life.replica.saved_slot == 3
    assert life.replica.handle("n", Expired("catch-up")) == life.replica.handle("n", Expired(SAVE)) == NOTHING


def test_a_start_executes_only_what_came_after_the_snapshot() -> None:
    life = Life(empty_archive())
    life.execute(0, 1, 2)
    life.let_time_pass()
    life.execute(3)
    again = Life(life.archive)
    assert again.replica.handle("n", Begin()) == telling(Resumed(3, ""))
    assert (again.machine.count, again.replica.executor.digest) == (3, life.replica.executor.digest)
    assert again.execute(4).tell == life.execute(4).tell


def test_a_start_from_a_snapshot_alone_has_executed_all_that_is_in_it() -> None:
    life = Life(empty_archive())
    life.execute(0, 1, 2)
    life.let_time_pass()
    assert Life(life.archive).replica.executor.end_slot == 3


def test_what_was_executed_again_at_a_start_counts_for_the_next_snapshot() -> None:
    life = Life(empty_archive())
    life.execute(0, 1)
    assert len(Life(life.archive).execute(2).save) == 1


def test_the_next_snapshot_is_not_made_before_as_much_was_executed_as_the_last_one_took() -> None:
    life = Life(empty_archive(), Settings(snapshot_bytes=1))
    life.execute(0)
    life.let_time_pass()
    assert life.replica.saved_slot == 1
    assert life.execute(1).save != (), "less than one operation takes"
    life.let_time_pass()
    assert life.replica.saved_slot == 2


def test_a_snapshot_that_is_not_finished_is_none() -> None:
    life = Life(empty_archive())
    life.execute(0, 1, 2)
    again = Life(life.archive)
    assert again.replica.handle("n", Begin()) == NOTHING
    assert again.machine.count == 2


def test_a_damaged_snapshot_is_left_alone_and_the_log_executed() -> None:
    life = Life(empty_archive())
    life.execute(0, 1, 2)
    life.let_time_pass()
    *parts, last = life.archive.shelf.saved()
    for part in (*parts, SnapshotPart(last.slot, last.number, b"", b"another")):
        life.archive.shelf.save(part)
    again = Life(life.archive)
    (told,) = again.replica.handle("n", Begin()).tell
    assert isinstance(told, Resumed)
    assert (told.slot, "digest" in told.complaint) == (0, True)
    assert (again.machine.count, again.replica.executor.digest) == (2, life.replica.executor.digest)


def test_what_a_removed_store_has_left_behind_is_not_believed_however_far_the_log_of_another_reaches() -> None:
    removed, life = Life(empty_archive()), Life(MemoryStorage("demo", "p1", "store-2"))
    for one in (removed, life):
        one.execute(0, 1, 2)
        one.let_time_pass()
    for part in removed.archive.shelf.saved():
        life.archive.shelf.save(part)
    (told,) = Life(life.archive).replica.handle("n", Begin()).tell
    assert isinstance(told, Resumed)
    assert (told.slot, "is of store store-1, this one is store-2" in told.complaint) == (0, True)


def test_a_machine_that_was_added_is_given_the_whole_log_and_not_the_snapshot_that_knows_nothing_of_it() -> None:
    life = Life(empty_archive())
    life.execute(0, 1, 2)
    life.let_time_pass()
    before, added = Count(), Count()
    replica = Replica(LOG, life.archive, {"count": before, "added": added}, SAVES)
    (told,) = replica.handle("n", Begin()).tell
    assert isinstance(told, Resumed)
    assert (told.slot, "machines count, this node has added, count" in told.complaint) == (0, True)
    assert (before.count, added.count, replica.executor.digest) == (2, 0, life.replica.executor.digest)
    operation = Operation(1, 3, 0, "added", b"")
    end_drain(life.archive, replica, replica.handle("n", Chosen(3, FIRST, encode_batch(FIRST, (operation,)))))
    assert added.count == 1
    assert not Replica(LOG, life.archive, {"added": Count()}, SAVES).saved_slot, "nor is one that was taken away missed by halves"


def test_a_machine_that_was_used_cannot_be_taken_away_since_the_log_has_a_digest_of_its_results() -> None:
    life = Life(empty_archive())
    life.execute(0, 1)
    witnessed = encode_batch(FIRST, (), witness=(1, life.replica.executor.digest))
    life.shelve(life.replica.handle("n", Chosen(2, FIRST, witnessed)))
    with pytest.raises(InvariantViolation, match="not the one that other nodes have, or had"):
        Replica(LOG, life.archive, {"another": Count()})


def test_whoever_stops_saves_what_is_not_saved() -> None:
    life = Life(empty_archive())
    assert life.replica.handle("n", Stopping()) == NOTHING
    life.execute(0, 1)
    assert life.shelve(life.replica.handle("n", Stopping())).save != ()
    life.let_time_pass()
    assert Life(life.archive).replica.saved_slot == 2
    assert life.replica.handle("n", Stopping()) == NOTHING


def test_whoever_stops_while_saving_goes_on_with_that() -> None:
    life = Life(empty_archive())
    life.execute(0, 1, 2, 3)
    life.shelve(life.replica.handle("n", Stopping()))
    life.let_time_pass()
    assert life.replica.saved_slot == 3


def test_a_replica_without_machines_saves_nothing() -> None:
    replica = Replica(LOG, empty_archive(), settings=Settings(snapshot_bytes=1))
    assert replica.handle("n", Begin()) == NOTHING
    assert replica.handle("n", Chosen(0, FIRST, batch(BLUE))).save == ()


def test_a_flush_says_nothing() -> None:
    assert Replica(LOG, empty_archive()).flush() == NOTHING


def test_commands_behind_what_is_no_command_are_executed_too() -> None:
    value = encode_batch(FIRST, (Open("c", 1, 1000), BLUE))
    (executed,) = Replica(LOG, empty_archive(), {"count": Count()}).handle("n", Chosen(0, LATER, value)).tell
    assert isinstance(executed, Executed)
    assert executed.entries == (Entry(1, 0, FIRST, BLUE.id, BLUE.value),)


def test_the_digest_and_the_clock_of_the_log_are_told() -> None:
    replica = Replica(LOG, empty_archive(), {"count": Count()})
    (executed,) = replica.handle("n", Chosen(0, LATER, encode_batch(FIRST, (Open("c", 1, 1000),), stamp=70))).tell
    assert isinstance(executed, Executed)
    assert executed.digest == replica.executor.digest != 0
    assert executed.clock == 70


def test_a_log_of_several_pages_is_executed_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.replica._REPLAY_BYTES", 1)
    archive = empty_archive()
    replica = Replica(LOG, archive, {"count": Count()})
    actions: list[Action] = [Open("c", 1, 1000), *(Operation(1, number, 0, "count", b"") for number in range(1, 6))]
    for slot, action in enumerate(actions):
        end_drain(archive, replica, replica.handle("n", Chosen(slot, FIRST, encode_batch(FIRST, (action,)))))
    again = Count()
    Replica(LOG, archive, {"count": again})
    assert again.count == 5
