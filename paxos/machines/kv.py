"""The key-value store: put, get, delete, range, compare-and-set, transactions, and the history of changes.

Keys are text in code point order, values are bytes. Every command that changes anything has a revision of its own, 1, 2, 3 …, and a
key that of the command that wrote it last, so revisions order all changes to all keys. A transaction checks conditions, then carries
out one of two lists of operations, all or none. Results are bounded: what would be larger is cut, and says so.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

import msgspec
from sortedcontainers import SortedSet

from paxos.machines.kv_messages import (
    PAGE_COUNT,
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
    KeyValueResult,
    Malformed,
    Put,
    Range,
    Refused,
    Subject,
    Transaction,
    Written,
    command_decoder,
    encode,
    question_decoder,
)
from paxos.machines.kv_snapshot import Image, from_parts, to_parts

_HISTORY_COUNT = 100_000
_HISTORY_BYTES = 64 * 1024 * 1024
# A page is cut after about so much; what a transaction reads, too.
_PAGE_BYTES = 256 * 1024
_BRANCH_BYTES = 2 * 1024 * 1024
# A watcher that waited while so many changes concerned others is told how far it is.
_PROGRESS_COUNT = 1000
_ITEM_BYTES = 32
_NO_COMMAND = "this is no command of the key-value store"


class KeyValue:
    """The replicated store."""

    def __init__(self, history_count: int = _HISTORY_COUNT, history_bytes: int = _HISTORY_BYTES) -> None:
        self._items: dict[str, Item] = {}
        # The keys of _items, but for those that were added since somebody last read in order.
        self._keys: SortedSet[str] = SortedSet()
        self._unsorted: set[str] = set()
        # The latest changes in order of revision: at most history_count of them and about history_bytes, and up to a quarter more.
        self._history: list[Change] = []
        self._history_count = history_count
        self._history_bytes = history_bytes
        self._most_count, self._most_bytes = history_count * 5 // 4, history_bytes * 5 // 4
        # What _history takes.
        self._kept_bytes = 0
        # Changes below this revision may have been dropped.
        self._history_start = 1
        # The revision of the last command that changed anything; and the same with the one under way, all of whose changes have one.
        self._revision = 0
        self._latest_revision = 0

    def execute(self, command: bytes) -> bytes:
        """Carry out one command; its result is a KeyValueResult."""
        try:
            decoded = command_decoder.decode(command)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # In no library's words: every replica has to say the same.
            return encode(Malformed(_NO_COMMAND))
        result = encode(self._execute(decoded))
        self._revision = self._latest_revision
        return result

    def query(self, question: bytes) -> bytes:
        """Answer a KeyValueQuestion."""
        try:
            decoded = question_decoder.decode(question)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return encode(Malformed(str(error)))
        match decoded:
            case Get() | Range():
                return encode(self._read(decoded))
            case Changes():
                return encode(self._changes(decoded))
            case _:
                assert_never(decoded)

    def waiter(self, question: bytes) -> Callable[[], bytes]:
        """What answers a question once there is something to say: changes that the watcher waits for, or how far it is by now."""
        try:
            asked = question_decoder.decode(question)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            asked = None
        if not isinstance(asked, Changes):
            return lambda: self.query(question)
        position = asked

        def answer() -> bytes:
            nonlocal position
            found = self._changes(position)
            if found.changes or found.lost or found.next_revision - asked.first_revision > _PROGRESS_COUNT:
                return encode(found)
            position = Changes(asked.prefix, found.next_revision, found.next_skip, asked.limit)
            return b""

        return answer

    def snapshot(self) -> Iterator[bytes]:
        """Everything, the history of changes included, so that a watch does not notice that its node was started again."""
        return to_parts(Image(self._revision, self._history_start, list(self._items.values()), self._history.copy()))

    def restore(self, parts: Iterable[bytes]) -> None:
        """Be as the store was that these parts are of."""
        image = from_parts(parts)
        self._revision = self._latest_revision = image.revision
        self._history_start, self._history = image.history_start, list(image.changes)
        self._kept_bytes = sum(map(_change_bytes, self._history))
        self._items = {item.key: item for item in image.items}
        self._keys = SortedSet(self._items)

    def _execute(self, command: KeyValueCommand) -> KeyValueResult:
        match command:
            case Put():
                return self._put(command)
            case Delete() | Get() | Range():
                return self._operate(command)
            case CompareAndSet():
                return self._compare_and_set(command)
            case Transaction():
                return self._transact(command)
            case _:
                assert_never(command)

    def _operate(self, operation: Put | Delete | Get | Range) -> Written | Deleted | Found:
        match operation:
            case Put():
                return self._put(operation)
            case Delete():
                return self._delete(operation)
            case Get() | Range():
                return self._read(operation)
            case _:
                assert_never(operation)

    def _transact(self, command: Transaction) -> Branch:
        succeeded = all(self._holds(condition) for condition in command.conditions)
        budget = _BRANCH_BYTES
        results: list[Written | Deleted | Found] = []
        for operation in command.then if succeeded else command.otherwise:
            result = self._operate(operation)
            match result:
                case Written(revision):
                    results.append(Written(revision))
                case Deleted(revision, count):
                    results.append(Deleted(revision, count))
                case Found(items, revision):
                    budget -= sum(map(_item_bytes, items))
                    results.append(result if budget >= 0 else Found((), revision, more=True))
                case _:
                    assert_never(result)
        return Branch(succeeded, self._latest_revision, tuple(results))

    def _compare_and_set(self, command: CompareAndSet) -> KeyValueResult:
        current = self._items.get(command.key)
        if (current.revision if current else 0) != command.revision:
            return Refused(current)
        if command.value is None:
            return self._delete(Delete(command.key))
        return self._put(Put(command.key, command.value))

    def _put(self, command: Put) -> Written:
        key, value = command.key, command.value
        previous, revision = self._items.get(key), self._revision + 1
        if previous is None:
            self._unsorted.add(key)
            item = Item(key, value, revision, revision, 1)
        else:
            item = Item(key, value, revision, previous.created, previous.version + 1)
        self._items[key] = item
        self._note(key, value)
        return Written(revision, previous if command.previous else None)

    def _delete(self, command: Delete) -> Deleted:
        keys = list(self._between(command.key, None)) if command.prefix else [command.key] if command.key in self._items else []
        previous = None
        for key in keys:
            previous = self._items.pop(key)
            (self._unsorted if key in self._unsorted else self._keys).remove(key)
            self._note(key, None)
        return Deleted(self._revision + bool(keys), len(keys), previous if command.previous and not command.prefix else None)

    def _read(self, question: Get | Range) -> Found:
        if isinstance(question, Get):
            item = self._items.get(question.key)
            return Found((item,) if item else (), self._revision)
        limit = max(0, min(question.limit, PAGE_COUNT))
        items: list[Item] = []
        size = 0
        for key in self._between(question.first, question.end, question.after):
            if len(items) == limit or size >= _PAGE_BYTES:
                return Found(tuple(items), self._revision, more=True)
            items.append(self._items[key])
            size += _item_bytes(items[-1])
        return Found(tuple(items), self._revision)

    def _between(self, first: str, end: str | None, after: str | None = None) -> Iterator[str]:
        """Keys in order from `first` to `end`, or those that begin with `first`; none up to and including `after`."""
        begins_after = after is not None and after >= first
        self._keys.update(self._unsorted)
        self._unsorted.clear()
        for key in self._keys.irange(after if begins_after else first, inclusive=(not begins_after, True)):
            if not key.startswith(first) if end is None else key >= end:
                return
            yield key

    def _changes(self, question: Changes) -> Changed:
        first = question.first_revision
        if first < self._history_start:
            return Changed((), first, question.skip, lost=True)
        start = bisect_left(self._history, first, key=_revision)
        # What is skipped is all of one revision.
        start += max(0, question.skip) if start < len(self._history) and self._history[start].revision == first else 0
        limit = max(1, min(question.limit, PAGE_COUNT))
        found: list[Change] = []
        size = 0
        for position in range(start, len(self._history)):
            change = self._history[position]
            if len(found) >= limit or size >= _PAGE_BYTES:
                return Changed(tuple(found), change.revision, position - bisect_left(self._history, change.revision, key=_revision))
            if change.key.startswith(question.prefix):
                found.append(change)
                size += _change_bytes(change)
        return Changed(tuple(found), max(self._revision + 1, first))

    def _holds(self, condition: Condition) -> bool:
        item = self._items.get(condition.key)
        found: int | bytes
        match condition.subject:
            case Subject.VALUE:
                found = item.value if item else b""
            case Subject.REVISION:
                found = item.revision if item else 0
            case Subject.VERSION:
                found = item.version if item else 0
            case _:
                assert_never(condition.subject)
        return _compares(found, condition.relation, condition.operand)

    def _note(self, key: str, value: bytes | None) -> None:
        revision = self._latest_revision = self._revision + 1
        history = self._history
        history.append(Change(revision, key, value))
        self._kept_bytes += len(key) + (len(value) if value else 0) + _ITEM_BYTES
        if len(history) > self._most_count or self._kept_bytes > self._most_bytes:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Drop as many changes as are too many, but not the last."""
        dropped = max(0, len(self._history) - self._history_count)
        self._kept_bytes -= sum(map(_change_bytes, self._history[:dropped]))
        while self._kept_bytes > self._history_bytes and dropped < len(self._history) - 1:
            self._kept_bytes -= _change_bytes(self._history[dropped])
            dropped += 1
        if dropped:
            self._history_start = self._history[dropped - 1].revision + 1
            del self._history[:dropped]


def _revision(change: Change) -> int:
    return change.revision


def _item_bytes(item: Item) -> int:
    return len(item.key) + len(item.value) + _ITEM_BYTES


def _change_bytes(change: Change) -> int:
    return len(change.key) + len(change.value or b"") + _ITEM_BYTES


def _compares(found: int | bytes, relation: str, operand: int | bytes) -> bool:
    """Whether a comparison holds; one of unlike types or of an unknown relation does not."""
    if isinstance(found, bytes) and isinstance(operand, bytes):
        return {"=": found == operand, "!": found != operand, "<": found < operand, ">": found > operand}.get(relation, False)
    if isinstance(found, int) and isinstance(operand, int):
        return {"=": found == operand, "!": found != operand, "<": found < operand, ">": found > operand}.get(relation, False)
    return False
