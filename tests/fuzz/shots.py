"""Shots: one payload at one actor, and what must become of it.

Each way to spoil a frame is a method that says which refusal it must be counted as. A shot is a function of a seed and its number.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from paxos.codec import FRAME_BYTES, WIRE_VERSION, Codec, Envelope, Letter
from paxos.doors import PROPOSE
from paxos.effects import ACCEPTORS
from paxos.errors import MalformedError
from paxos.groups import LOG
from tests.actors.stage import CHANNELS, CODEC, FINGERPRINT
from tests.fuzz.values import message

HEADER = b"rp" + bytes((WIRE_VERSION, 0))
ANYTHING, DUPLICATE = "anything but a crash", "duplicate"
STORES = ("acceptor", "log")
DOOR = "door"

_ILLEGAL_NUMBERS: tuple[Any, ...] = (-1, 2**62, 2**63, 2**64 - 1, -(2**63), 1.5, float("nan"), float("inf"), None, "1", b"1", [], {})
_MARK = "\x01\x02mark\x03"
_MARK_BYTES = msgspec.msgpack.encode(_MARK)
# One MessagePack value each: what no field takes.
_FOREIGN = (
    b"\xc1",  # A byte that MessagePack never uses.
    b"\xd4\x05\x00",  # An extension.
    b"\xc7\xff\x7f",  # An extension that says it is longer than the frame.
    b"\xa3\xff\xfe\xfd",  # A string that is not UTF-8.
    b"\xa3\xed\xa0\x80",  # A lone surrogate.
    b"\xdb\xff\xff\xff\xff",  # A string of 4 GiB.
    b"\xdd\xff\xff\xff\xff",  # An array of 4 billion.
    b"\xdf\xff\xff\xff\xff",  # A map of 4 billion.
    b"\xc6\xff\xff\xff\xff",  # Bytes of 4 GiB.
    b"\x82\xa1a\x01\xa1a\x02",  # A map with a key twice.
    b"\xca\x7f\xc0\x00\x00",  # Not a number.
    b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",  # Infinity.
    b"\x91" * 5000 + b"\xc0",  # Nested too deep.
    b"\x81\xc0" * 5000 + b"\xc0",
)
_REFUSED_JSON = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'{"value": }',
    b'{"value": 1',
    b'{"value": NaN}',
    b'{"value": Infinity}',
    b'{"value": 1} {}',
    b'{"value": 1, "other": 2}',
    b'{"value": 1, "id": 7}',
    b'{"id": "x"}',
    b'{"value": 1, "id": ""}',
    b'{"decree": 7, "value": 1}',
    b'{"decree": "", "value": 1}',
    b'{"value": "\xff"}',
    b'{"value": "\xed\xa0\x80"}',
    b'{"value": "\\ud800\xff"}',
    b'{"value": 1, "id": "' + b"i" * 129 + b'"}',
    b'{"value": 1, "decree": "' + b"d" * 129 + b'"}',
    b'{"value": ' + b"[" * 101 + b"]" * 101 + b"}",
    b'{"value": ' + b"[" * 100_000,
    b'{"value": ' + b'{"a":' * 5000,
    b'{"value": 01}',
    b'{"value": "\x01"}',
    HEADER,
)
DOOR_KINDS = ("not a proposal", "decree", "id", "value")


class Shot(Struct, frozen=True):
    """A payload on a channel; `way` names how it was spoiled, `expected` the kind of refusal that must be counted."""

    way: str
    channel: str
    payload: bytes
    expected: str


class Gunner:
    """Draws shots at one actor; the peer n2 is known to it by its stores, and has sent it frames with the numbers so far."""

    def __init__(self, chance: Random, sequences: dict[str, int], *, has_door: bool) -> None:
        self._chance = chance
        self._sequences = sequences
        self._ways: tuple[Callable[[], Shot], ...] = (
            self._raw,
            self._other_version,
            self._signed,
            self._truncated,
            self._extended,
            self._other_cluster,
            self._other_source,
            self._client_as_member,
            self._other_members,
            self._stranger,
            self._replayed,
            self._out_of_bounds,
            self._foreign_part,
            self._text_too_long,
            self._no_group,
            self._flipped,
            self._spliced,
            self._at_the_bounds,
            *((self._at_the_door,) * 3 if has_door else ()),
        )

    def draw(self) -> Shot:
        """The next shot."""
        return self._too_large() if self._chance.random() < 0.0002 else self._chance.choice(self._ways)()

    def _envelope(self, store: str = "") -> tuple[str, Envelope]:
        """A sound frame from n2, as its channel and envelope."""
        store = store or self._chance.choice(STORES)
        letters = tuple(Letter(self._group(), message(self._chance)) for _ in range(self._chance.choice((1, 1, 3))))
        number = self._sequences.get(store, 0) + 1
        envelope = Envelope("demo", "n2", store, f"store-of-n2-{store}", 1, number, letters, FINGERPRINT)
        return CHANNELS.outgoing(ACCEPTORS, "n2"), envelope

    def _group(self) -> str:
        return self._chance.choice((LOG, LOG, "decree:colour", "decree:", "decree:" + "x" * 249, "other", "\x00"))

    def _spoiled(self, expected: str, way: str, **changes: Any) -> Shot:
        channel, envelope = self._envelope()
        return Shot(way, channel, CODEC.encode(replace(envelope, **changes)), expected)

    # ---- frames ----------------------------------------------------------------------------------------------------------------

    def _raw(self) -> Shot:
        payload = self._chance.randbytes(self._chance.choice((0, 1, 3, 4, 20, 400)))
        way = "raw after a header" if self._chance.random() < 0.5 else "raw"
        payload = HEADER + b"\xc1" + payload if way != "raw" else b"x" + payload
        return Shot(way, CHANNELS.outgoing(ACCEPTORS, "n2"), payload, "undecodable" if way != "raw" else "not a frame")

    def _other_version(self) -> Shot:
        channel, envelope = self._envelope()
        version = self._chance.choice((0, WIRE_VERSION - 1, WIRE_VERSION + 1, 255))
        return Shot("another wire version", channel, b"rp" + bytes((version,)) + CODEC.encode(envelope)[3:], "wire version")

    def _signed(self) -> Shot:
        channel, envelope = self._envelope()
        return Shot("signed for others", channel, Codec("demo", b"secret").encode(envelope), "signature")

    def _truncated(self) -> Shot:
        channel, envelope = self._envelope()
        frame = CODEC.encode(envelope)
        length = self._chance.randrange(len(frame))
        return Shot("truncated", channel, frame[:length], "undecodable" if length >= len(HEADER) else "not a frame")

    def _extended(self) -> Shot:
        channel, envelope = self._envelope()
        return Shot("longer than its envelope", channel, CODEC.encode(envelope) + self._chance.randbytes(3), "undecodable")

    def _too_large(self) -> Shot:
        channel, envelope = self._envelope()
        return Shot("too large", channel, CODEC.encode(envelope) + bytes(FRAME_BYTES), "too large")

    def _flipped(self) -> Shot:
        channel, envelope = self._envelope()
        frame = bytearray(CODEC.encode(envelope))
        for _ in range(self._chance.choice((1, 1, 2, 8))):
            frame[self._chance.randrange(len(frame))] ^= 1 << self._chance.randrange(8)
        return self._refused_or_raw("flipped bits", channel, bytes(frame))

    def _spliced(self) -> Shot:
        channel, one = self._envelope()
        frame, other = CODEC.encode(one), CODEC.encode(self._envelope()[1])
        spliced = frame[: self._chance.randrange(4, len(frame))] + other[self._chance.randrange(4, len(other)) :]
        return self._refused_or_raw("two frames spliced", channel, spliced)

    def _refused_or_raw(self, way: str, channel: str, frame: bytes) -> Shot:
        """Damage that leaves a sound frame is no damage that a frame can show: something else is shot then."""
        try:
            CODEC.decode(frame)
        except MalformedError as error:
            return Shot(way, channel, frame, error.kind)
        return self._raw()

    # ---- envelopes -------------------------------------------------------------------------------------------------------------

    def _other_cluster(self) -> Shot:
        return self._spoiled("other cluster", "another cluster", cluster=self._chance.choice(("", "Demo", "demo ", "x" * 64)))

    def _other_source(self) -> Shot:
        return self._spoiled("forged", "another source in the body", source=self._chance.choice(("n1", "n3", "", "N2", "client-1")))

    def _client_as_member(self) -> Shot:
        return self._spoiled("forged", "a client that calls itself a member", store="", store_id="", quorum="")

    def _other_members(self) -> Shot:
        return self._spoiled("other members", "a node with other members", quorum=self._chance.choice(("", "0" * 16, FINGERPRINT[:15])))

    def _stranger(self) -> Shot:
        return self._spoiled("stranger", "a node on another disk", store_id=self._chance.choice(("another", "x" * 64)))

    def _replayed(self) -> Shot:
        store = self._chance.choice(STORES)
        channel, envelope = self._envelope(store)
        number = self._sequences[store]
        life, sequence = self._chance.choice(((1, number), (1, number), (0, number + 1), (0, 2**61)))
        return Shot("replayed", channel, CODEC.encode(replace(envelope, incarnation=life, sequence=sequence)), DUPLICATE)

    # ---- fields ----------------------------------------------------------------------------------------------------------------

    def _out_of_bounds(self) -> Shot:
        illegal = self._chance.choice(_ILLEGAL_NUMBERS)
        return self._with_leaf("a number that is none", lambda leaf: type(leaf) is int, msgspec.msgpack.encode(illegal))

    def _foreign_part(self) -> Shot:
        # Booleans and bytes take no part of these either, but empty ones of an absent field are not there to be replaced.
        return self._with_leaf("a foreign part", lambda leaf: type(leaf) in (int, str, bytes, bool), self._chance.choice(_FOREIGN))

    def _text_too_long(self) -> Shot:
        channel, envelope = self._envelope()
        field, length = self._chance.choice((("source", 65), ("store", 17), ("store_id", 65), ("cluster", 65), ("quorum", 17)))
        frame = CODEC.encode(replace(envelope, **{field: "n" * self._chance.choice((length, length + 1, 70_000))}))
        return Shot("a text too long", channel, frame, "undecodable")

    def _no_group(self) -> Shot:
        channel, envelope = self._envelope()
        letters = tuple(replace(letter, group=self._chance.choice(("", "g" * 257))) for letter in envelope.letters)
        return Shot("a group that is none", channel, CODEC.encode(replace(envelope, letters=letters)), "undecodable")

    def _with_leaf(self, way: str, fits: Callable[[Any], bool], part: bytes) -> Shot:
        """The frame with one of its leaves replaced by other MessagePack."""
        channel, envelope = self._envelope()
        whole = msgspec.msgpack.decode(msgspec.msgpack.encode(envelope))
        places = [place for place in _leaves(whole) if fits(place[0][place[1]])]
        parent, index = self._chance.choice(places)
        parent[index] = _MARK
        return Shot(way, channel, HEADER + msgspec.msgpack.encode(whole).replace(_MARK_BYTES, part, 1), "undecodable")

    def _at_the_bounds(self) -> Shot:
        """A sound frame whose fields are as large, as small and as strange as they may be."""
        store = self._chance.choice(STORES)
        channel, envelope = self._envelope(store)
        self._sequences[store] = envelope.sequence
        return Shot("fields at their bounds", channel, CODEC.encode(envelope), ANYTHING)

    # ---- doors -----------------------------------------------------------------------------------------------------------------

    def _at_the_door(self) -> Shot:
        text = self._chance.choice(_REFUSED_JSON)
        if self._chance.random() < 0.3:
            text = b"\xff" + self._chance.randbytes(self._chance.choice((0, 10, 300)))
        return Shot("the door", CHANNELS.door(PROPOSE), text, DOOR)


def _leaves(whole: list[Any]) -> list[tuple[list[Any], int]]:
    """Where each value that is no list stands: its list and index. The value of a slot, opaque bytes, is one."""
    found: list[tuple[list[Any], int]] = []
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        for index, value in enumerate(part):
            if isinstance(value, list):
                waiting.append(value)
            else:
                found.append((part, index))
    return found
