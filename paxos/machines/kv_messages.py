"""What the key-value store is asked and what it answers: MessagePack of these structs.

Commands are executed in the log's order, each once; questions are answered from the state as it is. What a command has too much is
refused and not skipped: skipping descends into it, and how deep that may go differs from one call to the next, replicas may not.
"""

from enum import IntEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

Key = Annotated[str, Meta(max_length=1024)]
KEY_VALUE = "kv"
"""The machine's name in operations and questions."""

PAGE_COUNT = 1000
OPERATION_COUNT = 128
"""How many conditions, or operations of either list, a transaction has at most."""


class Item(Struct, frozen=True, array_like=True, gc=False):
    """A key's value: written at `revision` for the `version`-th time since the key was created at `created`."""

    key: str
    value: bytes
    revision: int
    created: int
    version: int


# ---- commands -------------------------------------------------------------------------------------------------------------------


class Put(Struct, frozen=True, array_like=True, tag=1, forbid_unknown_fields=True, gc=False):
    """Write a value; with `previous` the result tells what the key had."""

    key: Key
    value: bytes
    previous: bool = False


class Delete(Struct, frozen=True, array_like=True, tag=2, forbid_unknown_fields=True, gc=False):
    """Remove a key, or with `prefix` every key that begins with it; with `previous` the result tells what a single key had."""

    key: Key
    prefix: bool = False
    previous: bool = False


class CompareAndSet(Struct, frozen=True, array_like=True, tag=3, forbid_unknown_fields=True, gc=False):
    """Write a value if the key has this revision; 0 means that it does not exist. No value means delete."""

    key: Key
    revision: int
    value: bytes | None


class Subject(IntEnum):
    """What a condition looks at."""

    VALUE = 0
    REVISION = 1
    VERSION = 2


class Condition(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The key's value, revision or version is (or is not, or is below, or is above) what is given; a missing key has 0 and b""."""

    key: Key
    subject: Subject
    # One of = ! < >.
    relation: str
    operand: int | bytes


class Get(Struct, frozen=True, array_like=True, tag=4, forbid_unknown_fields=True, gc=False):
    """Read a key."""

    key: Key


class Range(Struct, frozen=True, array_like=True, tag=5, forbid_unknown_fields=True, gc=False):
    """Read the keys from `first` up to, not including, `end` (no end: all that begin with `first`), at most `limit` of them.

    Those that are not `after` some key are left out.
    """

    first: Key
    end: Key | None = None
    after: Key | None = None
    limit: int = PAGE_COUNT


Operations = Annotated[tuple[Put | Delete | Get | Range, ...], Meta(max_length=OPERATION_COUNT)]


class Transaction(Struct, frozen=True, array_like=True, tag=6, forbid_unknown_fields=True, gc=False):
    """If all conditions hold carry out `then`, otherwise `otherwise`."""

    conditions: Annotated[tuple[Condition, ...], Meta(max_length=OPERATION_COUNT)]
    then: Operations
    otherwise: Operations


class Changes(Struct, frozen=True, array_like=True, tag=7, forbid_unknown_fields=True, gc=False):
    """Read the changes from `first_revision` on, without the first `skip` of that revision, to keys that begin with `prefix`."""

    prefix: Key
    first_revision: int
    skip: int = 0
    limit: int = PAGE_COUNT


KeyValueCommand = Put | Delete | CompareAndSet | Get | Range | Transaction
KeyValueQuestion = Get | Range | Changes

# ---- results --------------------------------------------------------------------------------------------------------------------


class Written(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """The revision of the write, and where it was asked for what the key had before; a transaction does not tell."""

    revision: int
    previous: Item | None = None


class Deleted(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """How many keys were removed, and of a single one where it was asked for what it had; without any, nothing changed.

    A transaction does not tell what there was.
    """

    revision: int
    count: int
    previous: Item | None = None


class Refused(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """A comparison failed: what the key has instead."""

    current: Item | None


class Found(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """What was read when the store was at `revision`; `more` where a limit cut it."""

    items: tuple[Item, ...]
    revision: int
    more: bool = False


class Branch(Struct, frozen=True, array_like=True, tag=5, gc=False):
    """Which list of a transaction was carried out, and the result of each of its operations."""

    succeeded: bool
    revision: int
    results: tuple["Written | Deleted | Found", ...]


class Change(Struct, frozen=True, array_like=True, gc=False):
    """A key got this value, or none."""

    revision: int
    key: str
    value: bytes | None


class Changed(Struct, frozen=True, array_like=True, tag=6, gc=False):
    """Changes in order; the next page begins at `next_revision`, without the first `next_skip` changes of it.

    `lost` where older ones were asked for than are kept; then there are none.
    """

    changes: tuple[Change, ...]
    next_revision: int
    next_skip: int = 0
    lost: bool = False


class Malformed(Struct, frozen=True, array_like=True, tag=7, gc=False):
    """The command made no sense and changed nothing."""

    reason: str


KeyValueResult = Written | Deleted | Refused | Found | Branch | Changed | Malformed

encode = msgspec.msgpack.Encoder().encode
command_decoder: msgspec.msgpack.Decoder[KeyValueCommand] = msgspec.msgpack.Decoder(KeyValueCommand)
question_decoder: msgspec.msgpack.Decoder[KeyValueQuestion] = msgspec.msgpack.Decoder(KeyValueQuestion)
result_decoder: msgspec.msgpack.Decoder[KeyValueResult] = msgspec.msgpack.Decoder(KeyValueResult)


def decode_result(result: bytes) -> KeyValueResult:
    """The result in these bytes."""
    return result_decoder.decode(result)
