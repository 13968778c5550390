"""The bounds of the key-value store: pages, transactions and the history hold just what they may, and one byte more is too much."""

import pytest

from paxos.machines.kv_messages import Branch, Changed, Changes, Found, Get, Item, Malformed, Put, Range, Transaction, decode_result, encode
from tests.unit.test_kv import Store, filled

VALUE = b"1234567"
# What a key of one letter with this value takes.
ITEM_BYTES = 40


def of_equal_size() -> Store:
    """A store of four keys that take as many bytes each."""
    store = Store()
    for key in "abcd":
        store.do(Put(key, VALUE))
    return store


@pytest.mark.parametrize(("page_bytes", "count"), [(2 * ITEM_BYTES, 2), (2 * ITEM_BYTES + 1, 3)])
def test_a_page_ends_with_what_fills_it(page_bytes: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.machines.kv._PAGE_BYTES", page_bytes)
    store = of_equal_size()
    found = store.ask(Range(""))
    assert isinstance(found, Found)
    assert len(found.items) == len(store.changes(1).changes) == count


@pytest.mark.parametrize(("branch_bytes", "is_told"), [(ITEM_BYTES, True), (ITEM_BYTES - 1, False)])
def test_a_transaction_reads_just_what_it_may(branch_bytes: int, is_told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.machines.kv._BRANCH_BYTES", branch_bytes)
    branch = of_equal_size().do(Transaction((), (Get("a"),), ()))
    told = Found((Item("a", VALUE, 1, 1, 1),), 4) if is_told else Found((), 4, more=True)
    assert branch == Branch(True, 4, (told,))


def test_the_next_page_of_a_range_begins_after_the_last_key_of_this_one() -> None:
    store = filled("a", "b", "c", "d")
    pages = [store.ask(Range("a")), store.ask(Range("", "d", "b")), store.ask(Range("b", "z", "a", 2))]
    keys = [[item.key for item in page.items] for page in pages if isinstance(page, Found)]
    assert keys == [["a"], ["c"], ["b", "c"]]


def test_a_page_of_changes_may_be_of_a_single_one() -> None:
    assert [change.key for change in filled("a", "b", "c").changes(1, limit=1).changes] == ["a"]


def test_the_history_keeps_a_quarter_more_before_it_forgets() -> None:
    store = Store(history_count=4)
    for _ in range(5):
        store.do(Put("a", b""))
    assert not store.changes(1).lost
    store.do(Put("a", b""))
    assert (store.changes(2).lost, store.changes(3).lost) == (True, False)


@pytest.mark.parametrize(("last_bytes", "is_lost"), [(9, False), (10, True)])
def test_the_history_keeps_a_quarter_more_bytes_before_it_forgets(last_bytes: int, is_lost: bool) -> None:
    store = Store(history_bytes=100)
    for value_bytes in (8, 9, last_bytes):
        store.do(Put("a", b"x" * value_bytes))
    assert store.changes(1).lost == is_lost


def test_empty_values_are_nothing_but_their_keys() -> None:
    store = Store(history_bytes=80)
    for _ in range(3):
        store.do(Put("a", b""))
    assert not store.changes(1).lost


def test_a_history_that_forgets_keeps_just_what_it_may() -> None:
    store = Store(history_bytes=100)
    for _ in range(3):
        store.do(Put("a", b"x" * 17))
    assert (store.changes(1).lost, store.changes(2).lost) == (True, False)


def test_what_was_forgotten_for_its_number_weighs_no_more() -> None:
    store = Store(history_count=4, history_bytes=1000)
    for number in range(1, 100):
        store.do(Put("a", b""))
        assert not store.changes(max(1, number - 3)).lost


def test_who_asks_for_a_part_of_a_revision_that_is_not_kept_is_told_so() -> None:
    store = Store(history_count=1)
    for _ in range(3):
        store.do(Put("a", b""))
    assert store.changes(1, skip=3) == Changed((), 1, 3, lost=True)


def test_a_watcher_is_told_no_more_at_once_than_it_asked_for() -> None:
    store = filled("a")
    answer = store.machine.waiter(encode(Changes("a", 2, 0, 1)))
    assert answer() == b""
    for _ in range(2):
        store.do(Put("a", b"x"))
    told = decode_result(answer())
    assert isinstance(told, Changed)
    assert [change.revision for change in told.changes] == [2]


def test_a_question_that_makes_no_sense_is_told_why() -> None:
    told = decode_result(Store().machine.query(b""))
    assert isinstance(told, Malformed)
    assert "truncated" in told.reason


@pytest.mark.parametrize(("count", "value"), [(3000, b""), (3, b"x" * 100_000)])
def test_very_many_and_very_large_items_are_saved_in_several_parts(count: int, value: bytes) -> None:
    store = Store(history_count=10_000)
    for number in range(count):
        store.do(Put(f"{number:04}", value))
    parts = list(store.machine.snapshot())
    assert len(parts) == 5, "what it begins with, and two each for the items and the changes"
    again = Store()
    again.machine.restore(parts)
    assert list(again.machine.snapshot()) == parts
