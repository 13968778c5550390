"""The key-value store as a snapshot: its items and what is kept of its history, in parts."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from paxos.machines.kv_messages import Change, Item, encode
from paxos.snapshots import in_parts

_ITEM_BYTES = 48


class Image(Struct):
    """The whole state of the store; what is in it never changes, so that a shallow copy of the lists is a snapshot."""

    # The revision of the last command that changed anything.
    revision: int
    # Changes below this revision may have been dropped.
    history_start: int
    items: Sequence[Item]
    changes: Sequence[Change]


class _Head(Struct, frozen=True, array_like=True):
    revision: int
    history_start: int
    item_count: int


_head_decoder = msgspec.msgpack.Decoder(_Head)
_items_decoder = msgspec.msgpack.Decoder(list[Item])
_changes_decoder = msgspec.msgpack.Decoder(list[Change])


def to_parts(image: Image) -> Iterator[bytes]:
    """The image, each part made when it is asked for."""
    yield encode(_Head(image.revision, image.history_start, len(image.items)))
    yield from in_parts(image.items, (len(item.key) + len(item.value) + _ITEM_BYTES for item in image.items))
    yield from in_parts(image.changes, (len(change.key) + len(change.value or b"") + _ITEM_BYTES for change in image.changes))


def from_parts(parts: Iterable[bytes]) -> Image:
    """The image that these parts are of."""
    rest = iter(parts)
    head = _head_decoder.decode(next(rest))
    items: list[Item] = []
    while len(items) < head.item_count:
        items += _items_decoder.decode(next(rest))
    changes = [change for part in rest for change in _changes_decoder.decode(part)]
    return Image(head.revision, head.history_start, items, changes)
