"""The key-value store: put, get, delete, range, compare-and-set, transactions, and the history of changes.

Keys are text in code point order, values are bytes. Every command that changes anything has a revision of its own, 1, 2, 3 …, and a
key that of the command that wrote it last, so revisions order all changes to all keys. A transaction checks conditions, then carries
out one of two lists of operations, all or none.
"""

from collections import deque
from collections.abc import Iterator
from enum import IntEnum
from typing import Annotated, assert_never

import msgspec
from msgspec import Meta, Struct
from sortedcontainers import SortedSet

Key = Annotated[str, Meta(max_length=1024)]
KEY_VALUE = "kv"
"""The machine's name in operations and questions."""

_HISTORY_COUNT = 100_000
_PAGE_COUNT = 1000


class Item(Struct, frozen=True, array_like=True):
    """A key's value: written at `revision` for the `version`-th time since the key was created at `created`."""

    key: str
    value: bytes
    revision: int
    created: int
    version: int


# ---- commands -------------------------------------------------------------------------------------------------------------------


class Put(Struct, frozen=True, array_like=True, tag=1):
    """Write a value."""

    key: Key
    value: bytes


class Delete(Struct, frozen=True, array_like=True, tag=2):
    """Remove a key, or with `prefix` every key that begins with it."""

    key: Key
    prefix: bool = False


class CompareAndSet(Struct, frozen=True, array_like=True, tag=3):
    """Write a value if the key has this revision; 0 means that it does not exist. No value means delete."""

    key: Key
    revision: int
    value: bytes | None


class Subject(IntEnum):
    """What a condition looks at."""

    VALUE = 0
    REVISION = 1
    VERSION = 2


class Condition(Struct, frozen=True, array_like=True):
    """The key's value, revision or version is (or is not, or is below, or is above) what is given; a missing key has 0 and b""."""

    key: Key
    subject: Subject
    # One of = ! < >.
    relation: str
    operand: int | bytes


class Get(Struct, frozen=True, array_like=True, tag=4):
    """Read a key."""

    key: Key


class Range(Struct, frozen=True, array_like=True, tag=5):
    """Read the keys from `first` up to, not including, `end` (no end: all that begin with `first`), at most `limit` of them."""

    first: Key
    end: Key | None = None
    limit: int = _PAGE_COUNT


class Transaction(Struct, frozen=True, array_like=True, tag=6):
    """If all conditions hold carry out `then`, otherwise `otherwise`."""

    conditions: tuple[Condition, ...]
    then: tuple[Put | Delete | Get | Range, ...]
    otherwise: tuple[Put | Delete | Get | Range, ...]


class Changes(Struct, frozen=True, array_like=True, tag=7):
    """Read the changes from `first_revision` on to keys that begin with `prefix`."""

    prefix: Key
    first_revision: int
    limit: int = _PAGE_COUNT


KeyValueCommand = Put | Delete | CompareAndSet | Get | Range | Transaction
KeyValueQuestion = Get | Range | Changes

# ---- results --------------------------------------------------------------------------------------------------------------------


class Written(Struct, frozen=True, array_like=True, tag=1):
    """The key's value before, and the revision of the write."""

    revision: int
    previous: Item | None


class Deleted(Struct, frozen=True, array_like=True, tag=2):
    """What was removed."""

    revision: int
    previous: tuple[Item, ...]


class Refused(Struct, frozen=True, array_like=True, tag=3):
    """A comparison failed: what the key has instead."""

    current: Item | None


class Found(Struct, frozen=True, array_like=True, tag=4):
    """What was read; `more` where the limit cut it."""

    items: tuple[Item, ...]
    more: bool = False


class Branch(Struct, frozen=True, array_like=True, tag=5):
    """Which list of a transaction was carried out, and the result of each of its operations."""

    succeeded: bool
    results: tuple["Written | Deleted | Found", ...]


class Change(Struct, frozen=True, array_like=True):
    """A key got this value, or none."""

    revision: int
    key: str
    value: bytes | None


class Changed(Struct, frozen=True, array_like=True, tag=6):
    """Changes in order; the next page begins at `next_revision`. `lost` where older ones were asked for than are kept."""

    changes: tuple[Change, ...]
    next_revision: int
    lost: bool = False


class Malformed(Struct, frozen=True, array_like=True, tag=7):
    """The command made no sense and changed nothing."""

    reason: str


KeyValueResult = Written | Deleted | Refused | Found | Branch | Changed | Malformed

encode = msgspec.msgpack.Encoder().encode
_commands: msgspec.msgpack.Decoder[KeyValueCommand] = msgspec.msgpack.Decoder(KeyValueCommand)
_questions: msgspec.msgpack.Decoder[KeyValueQuestion] = msgspec.msgpack.Decoder(KeyValueQuestion)
_results: msgspec.msgpack.Decoder[KeyValueResult] = msgspec.msgpack.Decoder(KeyValueResult)


def decode_result(result: bytes) -> KeyValueResult:
    """The result in these bytes."""
    return _results.decode(result)


class KeyValue:
    """The replicated store."""

    def __init__(self, history_count: int = _HISTORY_COUNT) -> None:
        self._items: dict[str, Item] = {}
        # The keys of _items.
        self._keys: SortedSet[str] = SortedSet()
        # The latest changes in order of revision; older ones are dropped.
        self._history: deque[Change] = deque(maxlen=history_count)
        # Changes below this revision may have been dropped.
        self._history_start = 1
        # The revision of the last command that changed anything.
        self._revision = 0

    def execute(self, command: bytes) -> bytes:
        """Carry out one command; its result is a KeyValueResult."""
        try:
            decoded = _commands.decode(command)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return encode(Malformed(str(error)))
        result = encode(self._execute(decoded))
        # What this command changed, it changed at the revision that follows.
        if self._history and self._history[-1].revision > self._revision:
            self._revision += 1
        return result

    def query(self, question: bytes) -> bytes:
        """Answer a KeyValueQuestion."""
        try:
            decoded = _questions.decode(question)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return encode(Malformed(str(error)))
        match decoded:
            case Get() | Range():
                return encode(self._read(decoded))
            case Changes():
                return encode(self._changes(decoded))
            case _:
                assert_never(decoded)

    def _execute(self, command: KeyValueCommand) -> KeyValueResult:
        match command:
            case Put() | Delete() | Get() | Range():
                return self._operate(command)
            case CompareAndSet():
                return self._compare_and_set(command)
            case Transaction():
                succeeded = all(self._holds(condition) for condition in command.conditions)
                chosen = command.then if succeeded else command.otherwise
                return Branch(succeeded, tuple(self._operate(operation) for operation in chosen))
            case _:
                assert_never(command)

    def _operate(self, operation: Put | Delete | Get | Range) -> Written | Deleted | Found:
        match operation:
            case Put():
                return self._put(operation.key, operation.value)
            case Delete():
                return self._delete(operation)
            case Get() | Range():
                return self._read(operation)
            case _:
                assert_never(operation)

    def _compare_and_set(self, command: CompareAndSet) -> KeyValueResult:
        current = self._items.get(command.key)
        if (current.revision if current else 0) != command.revision:
            return Refused(current)
        if command.value is None:
            return self._delete(Delete(command.key))
        return self._put(command.key, command.value)

    def _put(self, key: str, value: bytes) -> Written:
        previous, revision = self._items.get(key), self._revision + 1
        if previous is None:
            self._keys.add(key)
            item = Item(key, value, revision, revision, 1)
        else:
            item = Item(key, value, revision, previous.created, previous.version + 1)
        self._items[key] = item
        self._note(key, value)
        return Written(revision, previous)

    def _delete(self, command: Delete) -> Deleted:
        keys = list(self._between(command.key, None)) if command.prefix else [command.key] if command.key in self._items else []
        previous = []
        for key in keys:
            previous.append(self._items.pop(key))
            self._keys.remove(key)
            self._note(key, None)
        return Deleted(self._revision + bool(keys), tuple(previous))

    def _read(self, question: Get | Range) -> Found:
        if isinstance(question, Get):
            item = self._items.get(question.key)
            return Found((item,) if item else ())
        limit = max(0, min(question.limit, _PAGE_COUNT))
        items: list[Item] = []
        for key in self._between(question.first, question.end):
            if len(items) == limit:
                return Found(tuple(items), more=True)
            items.append(self._items[key])
        return Found(tuple(items))

    def _between(self, first: str, end: str | None) -> Iterator[str]:
        """Keys in order from `first` to `end`, or those that begin with `first`."""
        for key in self._keys.irange(first):
            if not key.startswith(first) if end is None else key >= end:
                return
            yield key

    def _changes(self, question: Changes) -> Changed:
        lost = question.first_revision < self._history_start
        found: list[Change] = []
        for change in self._history:
            if change.revision < question.first_revision or not change.key.startswith(question.prefix):
                continue
            if len(found) >= max(1, min(question.limit, _PAGE_COUNT)) and change.revision != found[-1].revision:
                return Changed(tuple(found), found[-1].revision + 1, lost)
            found.append(change)
        return Changed(tuple(found), max(self._revision + 1, question.first_revision), lost)

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
        if self._history and len(self._history) == self._history.maxlen:
            self._history_start = self._history[0].revision + 1
        self._history.append(Change(self._revision + 1, key, value))


def _compares(found: int | bytes, relation: str, operand: int | bytes) -> bool:
    """Whether a comparison holds; one of unlike types or of an unknown relation does not."""
    if isinstance(found, bytes) and isinstance(operand, bytes):
        return {"=": found == operand, "!": found != operand, "<": found < operand, ">": found > operand}.get(relation, False)
    if isinstance(found, int) and isinstance(operand, int):
        return {"=": found == operand, "!": found != operand, "<": found < operand, ">": found > operand}.get(relation, False)
    return False
