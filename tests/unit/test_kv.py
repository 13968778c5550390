"""The key-value store: commands do what they would to a plain dict, every change has a revision, and no result outgrows a page."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.machines.kv import KeyValue
from paxos.machines.kv_messages import (
    Branch,
    Change,
    Changed,
    Changes,
    CompareAndSet,
    Condition,
    Delete,
    Deleted,
    Found,
    Get,
    Item,
    KeyValueCommand,
    KeyValueQuestion,
    KeyValueResult,
    Malformed,
    Put,
    Range,
    Refused,
    Subject,
    Transaction,
    Written,
    decode_result,
    encode,
)


class Store:
    """A store that takes and gives structs."""

    def __init__(self, history_count: int = 100, history_bytes: int = 10_000_000) -> None:
        self.machine = KeyValue(history_count, history_bytes)

    def do(self, command: KeyValueCommand) -> KeyValueResult:
        """Execute a command."""
        return decode_result(self.machine.execute(encode(command)))

    def ask(self, question: KeyValueQuestion) -> KeyValueResult:
        """Answer a question."""
        return decode_result(self.machine.query(encode(question)))

    def changes(self, first: int, prefix: str = "", skip: int = 0, limit: int = 1000) -> Changed:
        """A page of the history."""
        found = self.ask(Changes(prefix, first, skip, limit))
        assert isinstance(found, Changed)
        return found


def filled(*keys: str) -> Store:
    """A store in which each key was put, with itself as its value."""
    store = Store()
    for key in keys:
        store.do(Put(key, key.encode()))
    return store


def item(key: str, revision: int, value: bytes | None = None, created: int = 0, version: int = 1) -> Item:
    """An item as filled() puts it."""
    return Item(key, key.encode() if value is None else value, revision, created or revision, version)


def test_a_put_tells_its_revision_and_on_request_what_was_there() -> None:
    store = Store()
    assert store.do(Put("a", b"1", previous=True)) == Written(1, None)
    assert store.do(Put("a", b"2", previous=True)) == Written(2, item("a", 1, b"1"))
    assert store.ask(Get("a")) == Found((item("a", 2, b"2", 1, 2),), 2)
    assert store.ask(Get("b")) == Found((), 2)


def test_what_was_there_is_not_told_unasked() -> None:
    store = filled("a", "b")
    assert store.do(Put("a", b"x" * 1000)) == Written(3)
    assert len(store.machine.execute(encode(Put("a", b"y")))) < 10
    assert store.do(Delete("a")) == Deleted(5, 1)


def test_a_delete_tells_on_request_what_it_removed_and_of_nothing_makes_no_revision() -> None:
    store = filled("a", "a/b", "b")
    assert store.do(Delete("c", previous=True)) == Deleted(3, 0, None)
    assert store.do(Delete("b", previous=True)) == Deleted(4, 1, item("b", 3))
    assert store.do(Delete("a", prefix=True, previous=True)) == Deleted(5, 2, None)
    assert store.ask(Range("")) == Found((), 5)
    assert store.do(Put("a", b"x")) == Written(6, None)
    assert store.ask(Get("a")) == Found((item("a", 6, b"x"),), 6)


def test_compare_and_set_writes_at_the_revision_and_at_no_other() -> None:
    store = Store()
    assert store.do(CompareAndSet("a", 3, b"x")) == Refused(None)
    assert store.do(CompareAndSet("a", 0, b"x")) == Written(1, None)
    assert store.do(CompareAndSet("a", 0, b"y")) == Refused(item("a", 1, b"x"))
    assert store.do(CompareAndSet("a", 1, None)) == Deleted(2, 1)


def test_a_snapshot_is_of_the_moment_whatever_comes_while_it_is_made() -> None:
    store = filled(*(f"{number:04}" for number in range(200)))
    store.do(Put("large", b"x" * 200_000))
    store.do(Delete("0000"))
    parts = store.machine.snapshot()
    first = next(parts)
    store.do(Put("0001", b"later"))
    again = Store()
    again.machine.restore([first, *parts])
    assert again.ask(Get("0001")) == Found((item("0001", 2),), 202)
    assert again.do(Put("0001", b"later")) == Written(203)
    for question in (Range(""), Range("", after="0150"), Changes("", 1), Changes("0", 150), Get("large")):
        assert again.ask(question) == store.ask(question)


def test_an_empty_store_is_restored_empty() -> None:
    again = Store()
    again.machine.restore(Store().machine.snapshot())
    assert again.ask(Range("")) == Found((), 0)
    assert again.do(Put("a", b"1")) == Written(1)


def test_the_history_is_bounded_by_bytes_and_keeps_the_last_change() -> None:
    store = Store(history_bytes=1000)
    store.do(Put("a", b"x" * 5000))
    assert len(store.changes(1).changes) == 1
    store = Store(history_bytes=1000)
    for number in range(10):
        store.do(Put("a", b"x" * 300))
        assert store.changes(number + 1).lost is False
    assert store.changes(6).lost
    assert not store.changes(9).lost
    store.do(Put("a", b"x" * 5000))
    assert [change.revision for change in store.changes(11).changes] == [11]
    assert store.changes(10).lost


def test_a_range_is_in_code_point_order_and_cut_at_its_limit() -> None:
    store = filled("b", "a", "ba", "c", "\u00fc", "B")
    assert store.ask(Range("a", "c")) == Found((item("a", 2), item("b", 1), item("ba", 3)), 6)
    assert store.ask(Range("b")) == Found((item("b", 1), item("ba", 3)), 6)
    assert store.ask(Range("b", limit=1)) == Found((item("b", 1),), 6, more=True)
    assert store.ask(Range("b", after="b")) == Found((item("ba", 3),), 6)
    assert store.ask(Range("b", after="a", limit=-1)) == Found((), 6, more=True)
    assert store.do(Range("c")) == Found((item("c", 4),), 6)


def test_a_page_of_large_values_is_cut() -> None:
    store = Store()
    for key in "abcd":
        store.do(Put(key, b"x" * 100_000))
    found = store.ask(Range(""))
    assert isinstance(found, Found)
    assert ([each.key for each in found.items], found.more) == (["a", "b", "c"], True)


def test_a_transaction_is_one_revision_and_sees_its_own_writes() -> None:
    store = filled("a", "b", "b/1")
    branch = store.do(Transaction((), (Put("a", b"x"), Get("a"), Delete("b", prefix=True), Put("c", b"y"), Range("c")), ()))
    written = item("a", 4, b"x", 1, 2)
    found = (Written(4, None), Found((written,), 3), Deleted(4, 2, None), Written(4, None), Found((item("c", 4, b"y"),), 3))
    assert branch == Branch(True, 4, found)
    assert [change.revision for change in store.changes(4).changes] == [4, 4, 4, 4]
    assert store.do(Transaction((), (Get("a"),), ())) == Branch(True, 4, (Found((written,), 4),))


def test_a_transaction_without_a_change_to_an_empty_store_has_no_revision() -> None:
    assert Store().do(Transaction((), (), ())) == Branch(True, 0, ())


@pytest.mark.parametrize(
    ("subject", "relation", "operand", "holds"),
    [
        (Subject.VALUE, "=", b"a", True),
        (Subject.VALUE, "!", b"a", False),
        (Subject.VALUE, "<", b"b", True),
        (Subject.VALUE, ">", b"b", False),
        (Subject.REVISION, "=", 1, True),
        (Subject.REVISION, ">", 1, False),
        (Subject.VERSION, "<", 2, True),
        (Subject.VERSION, "!", 1, False),
        (Subject.VALUE, "=", 1, False),
        (Subject.VERSION, "!", b"", False),
        (Subject.VERSION, "?", 1, False),
    ],
)
def test_a_condition_compares_value_revision_or_version(subject: Subject, relation: str, operand: int | bytes, holds: bool) -> None:
    found = filled("a").do(Transaction((Condition("a", subject, relation, operand),), (Put("b", b""),), ()))
    assert found == (Branch(True, 2, (Written(2, None),)) if holds else Branch(False, 1, ()))


@pytest.mark.parametrize(("relation", "holds"), [("=", (0, 1, 0)), ("!", (1, 0, 1)), ("<", (0, 0, 1)), (">", (1, 0, 0)), ("?", (0, 0, 0))])
@pytest.mark.parametrize(("subject", "operands"), [(Subject.VALUE, (b"a", b"b", b"c")), (Subject.VERSION, (0, 1, 2))])
def test_a_relation_holds_of_what_is_less_equal_or_greater(
    subject: Subject, operands: tuple[int | bytes, ...], relation: str, holds: tuple[int, ...]
) -> None:
    """Key b has value b and version 1."""
    found = [filled("b").do(Transaction((Condition("b", subject, relation, operand),), (), ())) for operand in operands]
    assert found == [Branch(bool(hold), 1, ()) for hold in holds]


@pytest.mark.parametrize(("subject", "operand"), [(Subject.VALUE, b""), (Subject.REVISION, 0), (Subject.VERSION, 0)])
def test_a_missing_key_has_nothing_of_everything(subject: Subject, operand: int | bytes) -> None:
    assert Store().do(Transaction((Condition("a", subject, "=", operand),), (), (Put("b", b""),))) == Branch(True, 0, ())


def test_a_transaction_reads_only_so_much() -> None:
    store = Store()
    store.do(Put("a", b"x" * 1_500_000))
    branch = store.do(Transaction((), (Get("a"), Get("a")), ()))
    assert isinstance(branch, Branch)
    assert branch.results[1] == Found((), 1, more=True)


def test_what_makes_no_sense_changes_nothing_and_says_so() -> None:
    machine = KeyValue()
    too_many = encode(Transaction((), (Get("a"),) * 129, ()))
    for command in (b"", b"\xff", encode(("unknown", 1)), msgspec.msgpack.encode([9, "a"]), encode(Put("k" * 1025, b"")), too_many):
        assert isinstance(decode_result(machine.execute(command)), Malformed)
        assert isinstance(decode_result(machine.query(command)), Malformed)
        assert isinstance(decode_result(machine.waiter(command)()), Malformed)
    assert decode_result(machine.query(encode(Get("a")))) == Found((), 0)


# ---- changes ----------------------------------------------------------------------------------------------------------------------


def test_changes_are_told_in_order_from_a_revision_on() -> None:
    store = filled("a", "b", "a/1")
    store.do(Delete("a"))
    assert store.changes(1, "a") == Changed((Change(1, "a", b"a"), Change(3, "a/1", b"a/1"), Change(4, "a", None)), 5)
    assert store.changes(3, "b") == Changed((), 5)
    assert store.changes(9) == Changed((), 9)


def test_pages_of_changes_miss_nothing_and_repeat_nothing_even_within_a_revision() -> None:
    store = filled("x")
    store.do(Transaction((), tuple(Put(f"a{number}", b"") for number in range(5)), ()))
    store.do(Put("a5", b""))
    seen: list[str] = []
    revision, skip = 1, 0
    while len(seen) < 6:
        page = store.changes(revision, "a", skip, limit=2)
        seen += [change.key for change in page.changes]
        revision, skip = page.next_revision, page.next_skip
    assert seen == [f"a{number}" for number in range(6)]


def test_a_page_of_large_changes_is_cut() -> None:
    store = Store()
    for _ in range(4):
        store.do(Put("a", b"x" * 100_000))
    assert len(store.changes(1).changes) == 3


def test_who_asks_for_changes_that_are_not_kept_is_told() -> None:
    store = Store(history_count=4)
    for number in range(6):
        store.do(Put("a", b"%d" % number))
    assert store.changes(2) == Changed((), 2, lost=True)
    assert [change.revision for change in store.changes(3).changes] == [3, 4, 5, 6]


def test_a_revision_of_which_a_part_was_dropped_is_lost() -> None:
    store = Store(history_count=2)
    store.do(Transaction((), tuple(Put(f"a{number}", b"") for number in range(3)), ()))
    assert store.changes(1).lost
    assert store.changes(2) == Changed((), 2)


def test_a_watcher_has_an_answer_once_something_changed_that_it_waits_for() -> None:
    store = filled("a")
    answer = store.machine.waiter(encode(Changes("a", 2)))
    assert answer() == b""
    store.do(Put("b", b""))
    assert answer() == b""
    store.do(Put("a", b"x"))
    assert decode_result(answer()) == Changed((Change(3, "a", b"x"),), 4)


def test_a_watcher_that_waits_for_little_is_told_how_far_it_is() -> None:
    store = Store(history_count=10_000)
    answer = store.machine.waiter(encode(Changes("a", 1)))
    for _ in range(1000):
        store.do(Put("b", b""))
    assert answer() == b""
    store.do(Put("b", b""))
    assert decode_result(answer()) == Changed((), 1002)


def test_a_watcher_of_changes_that_are_not_kept_is_told() -> None:
    store = Store(history_count=1)
    for _ in range(3):
        store.do(Put("a", b""))
    assert decode_result(store.machine.waiter(encode(Changes("a", 1)))()) == Changed((), 1, lost=True)


def test_another_question_need_not_wait() -> None:
    assert decode_result(filled("a").machine.waiter(encode(Get("a")))()) == Found((item("a", 1),), 1)


# ---- against a dict ---------------------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["", "a", "ab", "b", "\u00fc"])
VALUES = st.binary(max_size=2)
WRITES = st.one_of(
    st.builds(Put, KEYS, VALUES),
    st.builds(Delete, KEYS, st.booleans()),
    st.builds(CompareAndSet, KEYS, st.integers(0, 8), st.none() | VALUES),
)


def apply(model: dict[str, tuple[bytes, int]], write: Put | Delete | CompareAndSet, revision: int) -> bool:
    """Carry out a write on a dict of values and revisions; whether anything changed."""
    match write:
        case Put(key, value):
            model[key] = (value, revision)
            return True
        case Delete(key, prefix):
            gone = [each for each in model if each == key or (prefix and each.startswith(key))]
            for each in gone:
                del model[each]
            return bool(gone)
        case CompareAndSet(key, expected, value):
            if model.get(key, (b"", 0))[1] != expected or (value is None and key not in model):
                return False
            return apply(model, Delete(key) if value is None else Put(key, value), revision)


@given(st.lists(WRITES, max_size=30))
def test_the_store_holds_what_a_dict_would_and_its_history_builds_the_same(writes: list[Put | Delete | CompareAndSet]) -> None:
    store, model, revision = Store(), dict[str, tuple[bytes, int]](), 0
    for write in writes:
        store.do(write)
        revision += apply(model, write, revision + 1)
    found = store.ask(Range(""))
    assert isinstance(found, Found)
    assert [(each.key, each.value, each.revision) for each in found.items] == [(key, *model[key]) for key in sorted(model)]
    assert found.revision == revision
    built: dict[str, tuple[bytes, int]] = {}
    for change in store.changes(1).changes:
        if change.value is None:
            del built[change.key]
        else:
            built[change.key] = (change.value, change.revision)
    assert built == model


def test_an_odd_command_gives_the_same_on_a_deep_stack_and_on_a_shallow_one() -> None:
    def at(depth: int, command: bytes) -> bytes:
        return KeyValue().execute(command) if depth == 0 else at(depth - 1, command)

    for nesting in (1, 900, 950, 960, 970, 980, 5000):
        command = b"\x95\x01\xa1k\xc4\x01v\xc2" + b"\x91" * nesting + b"\xc0"
        assert at(10, command) == at(60, command) == encode(Malformed("this is no command of the key-value store"))
