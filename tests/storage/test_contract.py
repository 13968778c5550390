"""The contract of the port, checked over every implementation of it."""

from collections.abc import Callable

import pytest

from actors.storage.base import Storage, StorageError
from paxos.archive import AcceptorState
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.errors import InvariantViolation
from paxos.records import KnownChosen, PeerStore, Promised, Record, RoundUsed
from tests.storage.samples import PAGE, ballot, bare, contents, learned, some_of_each, vote

GROUPS = ["", "log", "lo", "log2", "LOG", "decree/1", "Grüße 東京 🚀", "a\x00b", "a\x00", "'; DROP TABLE voted; --", "%", "x" * 1000]


def put(store: Storage, *records: Record) -> None:
    store.write(records, sync=True)


def test_an_unknown_group_has_nothing(store: Storage) -> None:
    assert store.acceptor_state("log") == AcceptorState(ZERO, 0, ())
    assert store.votes("log", 0, PAGE, PAGE) == []
    assert store.round_used("log") == 0
    assert store.learned("log", 0, PAGE) == []
    assert store.learned_at_revision("log", 1) is None
    assert store.learned_end("log") == (0, 1)
    assert store.revision_of("log", "id") is None
    assert store.peer_stores() == {}


def test_a_store_says_whose_it_is(store: Storage) -> None:
    assert (store.identity.cluster, store.identity.node, store.identity.boot_count) == ("demo", "n1", 1)
    assert len(store.identity.store_id) == 32


@pytest.mark.parametrize("sync", [True, False])
def test_what_was_written_is_read_synced_or_not(store: Storage, sync: bool) -> None:
    for number in range(8):
        store.write(some_of_each(number), sync=sync)
    assert store.acceptor_state("log").promised == ballot(7)
    assert [record.slot for record in store.acceptor_state("log").votes] == [3, 4, 5, 6, 7]
    assert store.votes("log", 4, 4, PAGE) == [vote(4, b"4" * 1024, at=4)]
    assert store.round_used("log") == 7
    assert store.learned_end("log") == (8, 9)
    assert store.revision_of("log", "id 7") == 8
    assert store.peer_stores()["n7/log"] == f"{7:032x}"


def test_a_batch_without_records_is_a_batch(store: Storage) -> None:
    put(store)
    assert store.acceptor_state("log") == AcceptorState(ZERO, 0, ())


def test_a_promise_replaces_the_one_before(store: Storage) -> None:
    put(store, Promised("log", ballot(3)))
    put(store, Promised("log", Ballot(3, "n2")), Promised("log", Ballot(4, "n0")))
    assert store.acceptor_state("log").promised == Ballot(4, "n0")


def test_a_vote_replaces_the_one_before_for_its_slot_only(store: Storage) -> None:
    put(store, vote(0, b"a"), vote(1, b"b"), vote(2, b"c"))
    put(store, vote(1, b"lost", at=2), vote(1, b"B", at=3))
    assert store.acceptor_state("log").votes == (vote(0, b"a"), vote(1, b"B", at=3), vote(2, b"c"))


@pytest.mark.parametrize("value", [b"", b"\x00", bytes(range(256)), b"\xff" * 1_000_000], ids=len)
def test_slot_zero_and_any_value_are_stored_as_they_are(store: Storage, value: bytes) -> None:
    put(store, vote(0, value), learned(0, 1, value=value))
    assert store.acceptor_state("log").votes == (vote(0, value),)
    assert store.learned("log", 0, 1)[0].value == value


def test_the_greatest_slots_rounds_and_revisions_are_stored_as_they_are(store: Storage) -> None:
    put(store, vote(END_SLOT, at=END_SLOT), RoundUsed("log", END_SLOT), KnownChosen("log", END_SLOT), learned(END_SLOT - 1, END_SLOT, "id"))
    assert store.acceptor_state("log") == AcceptorState(ZERO, END_SLOT, (vote(END_SLOT, at=END_SLOT),))
    assert store.round_used("log") == END_SLOT
    assert store.learned_end("log") == (END_SLOT, END_SLOT + 1)
    assert store.revision_of("log", "id") == END_SLOT


def test_the_state_of_an_acceptor_has_only_votes_from_its_watermark_on(store: Storage) -> None:
    put(store, *(vote(slot) for slot in range(10)), KnownChosen("log", 7))
    assert store.acceptor_state("log") == AcceptorState(ZERO, 7, (vote(7), vote(8), vote(9)))
    assert store.votes("log", 0, 2, PAGE) == [vote(0), vote(1), vote(2)]


def test_a_watermark_and_a_round_never_fall(store: Storage) -> None:
    put(store, KnownChosen("log", 5), RoundUsed("log", 6))
    put(store, KnownChosen("log", 4), RoundUsed("log", 5), KnownChosen("log", 0), RoundUsed("log", 0))
    assert store.acceptor_state("log").chosen_through == 5
    assert store.round_used("log") == 6


def test_votes_are_read_within_both_bounds_inclusive_and_in_slot_order(store: Storage) -> None:
    put(store, *(vote(slot) for slot in (9, 2, 5, 3, 7)))
    assert [record.slot for record in store.votes("log", 3, 7, PAGE)] == [3, 5, 7]
    assert [record.slot for record in store.votes("log", 4, 4, PAGE)] == []
    assert [record.slot for record in store.votes("log", 7, 3, PAGE)] == []


@pytest.mark.parametrize(("limit_bytes", "count"), [(0, 1), (1, 1), (327, 1), (328, 2), (491, 2), (492, 3), (PAGE, 5)])
def test_a_page_is_cut_where_it_exceeds_the_limit_but_has_at_least_one_record(store: Storage, limit_bytes: int, count: int) -> None:
    put(store, *(vote(slot, b"x" * 100) for slot in range(5)), *(learned(slot, slot + 1, value=b"x" * 100) for slot in range(5)))
    assert [record.slot for record in store.votes("log", 0, 4, limit_bytes)] == list(range(count))
    assert [record.slot for record in store.learned("log", 0, limit_bytes)] == list(range(count))


def test_a_page_of_empty_values_is_cut_too(store: Storage) -> None:
    put(store, *(vote(slot, b"") for slot in range(100)))
    assert len(store.votes("log", 0, 99, 640)) == 10


def test_learned_slots_are_read_in_order_without_their_ids(store: Storage) -> None:
    slots = [learned(0, 1, "a", "b"), learned(1, 3), learned(2, 3, "c")]
    put(store, *slots)
    assert store.learned("log", 0, PAGE) == [bare(slot) for slot in slots]
    assert store.learned("log", 2, PAGE) == [bare(slots[2])]
    assert store.learned("log", 3, PAGE) == []


def test_the_end_is_after_the_last_slot_and_its_commands(store: Storage) -> None:
    put(store, learned(0, 1, "a", "b"))
    assert store.learned_end("log") == (1, 3)
    put(store, learned(1, 3))
    assert store.learned_end("log") == (2, 3)


def test_a_revision_is_found_in_its_slot_and_slots_without_commands_are_skipped(store: Storage) -> None:
    first, second = learned(1, 1, "a", "b", "c"), learned(4, 4, "d")
    put(store, learned(0, 1), first, learned(2, 4), learned(3, 4), second, learned(5, 5))
    assert store.learned_at_revision("log", 0) is None
    assert [store.learned_at_revision("log", revision) for revision in (1, 2, 3)] == [bare(first)] * 3
    assert [store.learned_at_revision("log", revision) for revision in (4, 5, END_SLOT)] == [bare(second)] * 3


def test_an_id_keeps_the_revision_at_which_it_was_executed_first(store: Storage) -> None:
    put(store, learned(0, 1, "a", "b"))
    put(store, learned(1, 3, "b", "c"))
    assert [store.revision_of("log", name) for name in ("a", "b", "c", "d", "")] == [1, 2, 4, None, None]


def test_learning_a_slot_again_changes_nothing(store: Storage) -> None:
    put(store, learned(0, 1, "a"))
    before = contents(store)
    put(store, learned(0, 9, "other", value=b"value 0"))
    assert contents(store) == before
    assert store.revision_of("log", "other") is None


CONTRADICTIONS: dict[str, Callable[[], list[Record]]] = {
    "another value for a learned slot": lambda: [learned(3, 4, value=b"another")],
    "another id for a known peer": lambda: [PeerStore("n3/log", "another")],
    "two values for a slot in one batch": lambda: [learned(8, 9, value=b"a"), learned(8, 9, value=b"b")],
    "two ids for a peer in one batch": lambda: [PeerStore("n8/log", "a"), PeerStore("n8/log", "b")],
}


@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_a_contradiction_is_refused_and_nothing_of_its_batch_is_applied(store: Storage, kind: str) -> None:
    put(store, *(record for number in range(5) for record in some_of_each(number)))
    before = contents(store)
    with pytest.raises(InvariantViolation):
        put(store, *some_of_each(6), *CONTRADICTIONS[kind](), *some_of_each(7))
    assert contents(store) == before
    put(store, *some_of_each(6))
    assert store.round_used("log") == 6


def test_a_peer_may_be_recorded_again_with_the_same_id(store: Storage) -> None:
    put(store, PeerStore("n2/log", "a"), PeerStore("n2/acceptor", "b"))
    put(store, PeerStore("n2/log", "a"))
    assert store.peer_stores() == {"n2/log": "a", "n2/acceptor": "b"}


def test_groups_are_told_apart_by_every_character(store: Storage) -> None:
    for number, group in enumerate(GROUPS):
        put(store, Promised(group, ballot(number)), vote(0, b"%d" % number, group=group), learned(0, 1 + number, "id", group=group))
    for number, group in enumerate(GROUPS):
        assert store.acceptor_state(group) == AcceptorState(ballot(number), 0, (vote(0, b"%d" % number, group=group),))
        assert store.learned_end(group) == (1, 2 + number)
        assert store.revision_of(group, "id") == 1 + number


def test_thousands_of_groups_fit_one_batch(store: Storage) -> None:
    names = [f"decree/{number}" for number in range(3000)]
    put(store, *(vote(0, name.encode(), group=name) for name in names), *(learned(0, 1, name, group=name) for name in names))
    assert all(store.acceptor_state(name).votes[0].value == name.encode() for name in names)
    assert all(store.revision_of(name, name) == 1 for name in names)


def test_a_closed_store_refuses_everything_but_to_close(store: Storage) -> None:
    put(store, vote(0))
    store.close()
    store.close()
    with pytest.raises(StorageError, match="is closed"):
        put(store, vote(1))
    with pytest.raises(StorageError, match="is closed"):
        contents(store)
