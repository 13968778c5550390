"""Batches: commands become the value of a slot, and come back as they were."""

import pytest

from paxos.batches import decode_batch, encode_batch, entries_of, entry_at, weight
from paxos.errors import InvariantViolation
from paxos.groups import LOG
from paxos.records import Learned
from paxos.values import Batch, Close, Command, Entry, Open, Operation
from tests.unit.company import BLUE, FIRST, GREEN, RED, batch, empty_archive

HUGE = Command("huge", b'"' + b"x" * 1_000_000 + b'"')


@pytest.mark.parametrize(
    "commands", [(), (BLUE,), (BLUE, RED, GREEN), (Command("", b"null"),), (Command("0", b""),), (Command("", b"0"),), (HUGE,)]
)
def test_commands_come_back_as_they_were(commands: tuple[Command, ...]) -> None:
    assert decode_batch(encode_batch(FIRST, commands)) == Batch(FIRST, commands)


@pytest.mark.parametrize("value", [b"", b"\xc0", b"\x90", batch(BLUE)[:-1], b"\x92\x92\x01\xa1\xff\x90", batch(BLUE) + b"\x00"])
def test_a_chosen_value_that_is_no_batch_stops_the_node(value: bytes) -> None:
    with pytest.raises(InvariantViolation, match="is no batch"):
        decode_batch(value)


def test_the_entries_of_a_slot_have_consecutive_revisions_and_the_ballot_that_first_proposed_them() -> None:
    learned = Learned(LOG, 4, FIRST.above("p2"), batch(BLUE, GREEN), first_revision=9, command_count=2, new_ids=(("id-blue", 9),))
    assert entries_of(learned, empty_archive()) == (Entry(9, 4, FIRST, BLUE.id, BLUE.value), Entry(10, 4, FIRST, "", GREEN.value))


def test_a_command_that_repeated_an_id_has_no_entry_when_it_is_read_back() -> None:
    archive = empty_archive()
    archive.write((Learned(LOG, 0, FIRST, batch(BLUE), 1, 1, (("id-blue", 1),)),), sync=True)
    archive.write((Learned(LOG, 1, FIRST, batch(BLUE, RED, RED, GREEN), 2, 2, (("id-red", 2),)),), sync=True)
    (learned,) = archive.learned(LOG, 1, 1000)
    assert entries_of(learned, archive) == (Entry(2, 1, FIRST, RED.id, RED.value), Entry(3, 1, FIRST, "", GREEN.value))


def test_every_action_has_a_weight_that_grows_with_what_it_carries() -> None:
    assert weight(Command("id", b"12345")) > weight(Command("id", b"1")) > 1
    assert weight(Operation(1, 1, 0, "kv", b"12345")) > weight(Operation(1, 1, 0, "kv", b"1")) > 1
    assert weight(Open("c", 1, 1000)) > 1
    assert weight(Close(1)) > 1


def test_an_entry_is_found_by_its_revision() -> None:
    archive = empty_archive()
    archive.write((Learned(LOG, 0, FIRST, batch(), 1, 0, ()), Learned(LOG, 1, FIRST, batch(BLUE, RED), 1, 2, (("id-blue", 1),))), sync=True)
    assert entry_at(LOG, 2, archive) == Entry(2, 1, FIRST, RED.id, RED.value)
    assert entry_at(LOG, 3, archive) is None
    assert entry_at(LOG, 0, archive) is None


def test_an_entry_behind_a_command_that_was_repeated_is_found_by_its_revision() -> None:
    archive = empty_archive()
    archive.write((Learned(LOG, 0, FIRST, batch(BLUE), 1, 1, (("id-blue", 1),)),), sync=True)
    archive.write((Learned(LOG, 1, FIRST, batch(BLUE, RED), 2, 1, (("id-red", 2),)),), sync=True)
    assert entry_at(LOG, 2, archive) == Entry(2, 1, FIRST, RED.id, RED.value)
