"""The replicated key-value store, as callers see it.

    store = redpaxos.connect(url, cluster="demo").kv
    written = store.put("colour", b"blue")
    store.cas("colour", b"red", revision=written.revision)

Every call may be made from any number of threads; what they ask for at the same time travels together. Keys are text of at most 1024
characters. Values are bytes; text is taken as UTF-8, and comes back as bytes. Revisions number every command that changed anything, 1, 2,
3 …, over all keys.

A call that writes returns when it is done, and raises NotDoneError if it certainly is not, or OutcomeUnknownError if it may be, both after
`timeout` seconds; RejectedError if it can never be. Each write is executed once, whatever is lost or repeated on the way. What a read
raises is NotDoneError, or RejectedError where it makes no sense; a watch also HistoryLostError. A comparison that fails is a result,
and no error.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

import msgspec
from msgspec import Struct

from paxos.machines.kv_messages import (
    KEY_VALUE,
    OPERATION_COUNT,
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
    KeyValueQuestion,
    KeyValueResult,
    Malformed,
    Put,
    Range,
    Refused,
    Subject,
    Transaction,
    Written,
    command_decoder,
    decode_result,
    encode,
)
from redpaxos.errors import HistoryLostError, RejectedError
from redpaxos.questions import Consistency, Questions
from redpaxos.session import Session

__all__ = [
    "Branch",
    "Change",
    "CompareAndSet",
    "Condition",
    "Consistency",
    "Delete",
    "Deleted",
    "Found",
    "Get",
    "Item",
    "KeyValueStore",
    "Put",
    "Range",
    "Subject",
    "Swap",
    "Transaction",
    "Written",
]

_KEY_LENGTH = 1024
_WATCH_SECONDS = 2.0
_FOREVER_SECONDS = 1e9
_REFUSALS = 20

Result = TypeVar("Result")
Operation = Put | Delete | Get | Range


class Swap(Struct, frozen=True):
    """The outcome of a compare-and-set: the revision of the write, or 0 if the key is otherwise; `current` is what it has instead."""

    succeeded: bool
    revision: int
    current: Item | None


class KeyValueStore:
    """The store of one cluster; `client.kv` makes one."""

    def __init__(self, session: Session, questions: Questions) -> None:
        self._session = session
        self._questions = questions

    # ---- writing -----------------------------------------------------------------------------------------------------------------

    def put(self, key: str, value: bytes | str, *, previous: bool = False, timeout: float = 10.0) -> Written:
        """Write a value; tells its revision, and with `previous` what was there before."""
        return _expect(self._call(Put(_key(key), _value(value), previous), timeout), Written)

    def delete(self, key: str, *, previous: bool = False, timeout: float = 10.0) -> Deleted:
        """Remove a key; `count` is 0 if there was none, and with `previous` the result tells what it had."""
        return _expect(self._call(Delete(_key(key), previous=previous), timeout), Deleted)

    def delete_prefix(self, prefix: str, *, timeout: float = 10.0) -> Deleted:
        """Remove every key that begins so, at once; `count` tells how many there were."""
        return _expect(self._call(Delete(_key(prefix), prefix=True), timeout), Deleted)

    def cas(self, key: str, value: bytes | str | None, *, revision: int, timeout: float = 10.0) -> Swap:
        """Write a value, or with None delete the key, if it was last written at this revision; 0 means that there is no such key."""
        if revision < 0:
            raise RejectedError(f"a key's revision is at least 0, found {revision}")
        command = CompareAndSet(_key(key), revision, None if value is None else _value(value))
        match self._call(command, timeout):
            case Refused(current):
                return Swap(False, 0, current)
            case Written(written):
                return Swap(True, written, None)
            case result:
                return Swap(True, _expect(result, Deleted).revision, None)

    def txn(
        self, conditions: Sequence[Condition], then: Sequence[Operation], otherwise: Sequence[Operation] = (), *, timeout: float = 10.0
    ) -> Branch:
        """If all conditions hold carry out `then`, otherwise `otherwise`, in one step that nobody sees half of.

        At most 128 of each. What is read in excess of 2 MiB is cut, and marked as `more`.
        """
        for name, entries in (("conditions", conditions), ("then", then), ("otherwise", otherwise)):
            if len(entries) > OPERATION_COUNT:
                raise RejectedError(f"{name} has {len(entries)} entries, at most {OPERATION_COUNT} are allowed")
        return _expect(self._call(Transaction(tuple(conditions), tuple(then), tuple(otherwise)), timeout), Branch)

    def submit(self, command: KeyValueCommand, *, timeout: float = 10.0) -> "Future[KeyValueResult]":
        """Have a command executed, and go on meanwhile; the future gives its result (Written, Deleted, Refused, Found or Branch).

        Thousands may be under way from one thread; those that are may be executed in any order. Whoever outruns the cluster is slowed.
        """
        return self._session.submit(KEY_VALUE, _checked(command), _decoded, timeout=timeout)

    # ---- reading -----------------------------------------------------------------------------------------------------------------

    def get(self, key: str, *, consistency: Consistency = "linearizable", node: str = "", timeout: float = 10.0) -> Item | None:
        """What the key has, None if it has nothing.

        By default it reflects every write that was done before the call, whichever node is asked (the leader unless one is named); see
        Consistency.
        """
        found = _expect(self._ask(Get(_key(key)), consistency, node, timeout), Found)
        return found.items[0] if found.items else None

    def ls(
        self,
        prefix: str = "",
        *,
        end: str | None = None,
        after: str | None = None,
        limit: int = PAGE_COUNT,
        consistency: Consistency = "linearizable",
        node: str = "",
        timeout: float = 10.0,
    ) -> Found:
        """The keys that begin with `prefix`, or with `end` those from `prefix` up to, not including, `end`; in code point order.

        One page, as of one moment: at most 1000 items and about 256 KiB, `after` a key. If there is `more`, ask again after the last one.
        Its `revision` is the store's: watch(prefix, revision + 1) tells what changed since.
        """
        if limit < 0:
            raise RejectedError(f"limit is a number of items, found {limit}")
        question = Range(_key(prefix), None if end is None else _key(end), None if after is None else _key(after), limit)
        return _expect(self._ask(question, consistency, node, timeout), Found)

    def items(
        self, prefix: str = "", *, consistency: Consistency = "linearizable", node: str = "", timeout: float = 10.0
    ) -> Iterator[Item]:
        """Every key that begins with `prefix`, in code point order, however many; each page is as of its own moment."""
        after: str | None = None
        more = True
        while more:
            page = self.ls(prefix, after=after, consistency=consistency, node=node, timeout=timeout)
            yield from page.items
            after, more = page.items[-1].key if page.items else None, page.more

    def watch(
        self, prefix: str = "", from_revision: int | None = None, *, node: str = "", timeout: float | None = None
    ) -> Iterator[Change]:
        """Every change to keys that begin so, in order, none missing and none twice, from a revision on or from the call on.

        Waits for more, for ever or until there is none for `timeout` seconds. HistoryLostError if older changes are asked for than kept.
        """
        key = _key(prefix)
        revision = self.ls(key, limit=0).revision + 1 if from_revision is None else from_revision
        return self._watch(key, max(1, revision), node, timeout)

    def _watch(self, prefix: str, revision: int, node: str, timeout: float | None) -> Iterator[Change]:
        skip = refusals = 0
        patience_ends = time.monotonic() + (_FOREVER_SECONDS if timeout is None else timeout)
        while (left := patience_ends - time.monotonic()) > 0:
            question = _encoded(Changes(prefix, revision, skip))
            body = self._questions.wait(KEY_VALUE, question, node=node, timeout=min(left, _WATCH_SECONDS), refusals=refusals)
            refusals = min(refusals + 1, _REFUSALS) if body is None else 0
            if not body:
                continue
            page = _expect(_decoded(body), Changed)
            if page.lost:
                raise HistoryLostError(f"changes of revision {revision} are not kept any more: read the keys, and watch from there on")
            yield from page.changes
            revision, skip = page.next_revision, page.next_skip
            if page.changes and timeout is not None:
                patience_ends = time.monotonic() + timeout

    # ---- on the way --------------------------------------------------------------------------------------------------------------

    def _call(self, command: KeyValueCommand, timeout: float) -> KeyValueResult:
        return self._session.call(KEY_VALUE, _checked(command), _decoded, timeout=timeout)

    def _ask(self, question: KeyValueQuestion, consistency: Consistency, node: str, timeout: float) -> KeyValueResult:
        body = self._questions.ask(
            KEY_VALUE, _encoded(question), consistency, written_slot=self._session.seen_slot, node=node, timeout=timeout
        )
        return _decoded(body)


def _key(key: str) -> str:
    if len(key) > _KEY_LENGTH:
        raise RejectedError(f"a key has at most {_KEY_LENGTH} characters, found {len(key)}")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise RejectedError(f"the key is not text: {error}") from error
    return key


def _value(value: bytes | str) -> bytes:
    try:
        encoded = value.encode() if isinstance(value, str) else value
    except UnicodeEncodeError as error:
        raise RejectedError(f"the value is not text: {error}") from error
    if not isinstance(encoded, bytes | bytearray | memoryview):
        raise RejectedError(f"a value is bytes or text, found {encoded!r}")
    return encoded


def _encoded(message: KeyValueCommand | KeyValueQuestion) -> bytes:
    """A command or question as it travels; RejectedError where it has no such form."""
    try:
        return encode(message)
    except UnicodeEncodeError as error:
        raise RejectedError(f"a key is not text: {error}") from error
    except OverflowError as error:
        raise RejectedError(f"a number is out of range: {error}") from error


def _checked(command: KeyValueCommand) -> bytes:
    """A command as it travels; RejectedError, in the decoder's words, where no replica would carry it out."""
    body = _encoded(command)
    try:
        command_decoder.decode(body)
    except msgspec.ValidationError as error:
        raise RejectedError(f"the command makes no sense: {error}") from error
    return body


def _decoded(body: bytes) -> KeyValueResult:
    """A result; RejectedError where the command made no sense."""
    result = decode_result(body)
    if isinstance(result, Malformed):
        raise RejectedError(result.reason)
    return result


def _expect(result: KeyValueResult, kind: type[Result]) -> Result:
    if not isinstance(result, kind):
        raise RejectedError(f"the store answered with {type(result).__name__}, expected {kind.__name__}")
    return result
