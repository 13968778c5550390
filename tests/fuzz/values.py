"""Messages at random, made from the types of the message structs, with a liking for the bounds of every field."""

import types
import typing
from enum import Enum
from functools import cache
from random import Random
from typing import Annotated, Any

from msgspec import Meta, Struct

from paxos.ballot import Ballot
from paxos.messages import WireMessage

_LIMIT = 2**62
_MESSAGES = typing.get_args(WireMessage)
_TEXT = "".join(Random(0).choices("abn123:é\u0000\u2028😀", k=400))


def message(chance: Random) -> Any:
    """Any message that may cross the wire."""
    return draw(chance.choice(_MESSAGES), chance)


def draw(annotation: Any, chance: Random) -> Any:
    """A value of a type that a field may have."""
    origin, arguments = _parts(annotation)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1], chance)
    if origin is tuple and arguments[1] is ...:
        return tuple(draw(arguments[0], chance) for _ in range(chance.choice((0, 1, 1, 3))))
    if origin is tuple:
        return tuple(draw(argument, chance) for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        return draw(chance.choice(arguments), chance)
    return _of_class(annotation, chance)


def _of_class(kind: Any, chance: Random) -> Any:
    if kind is bytes:
        return chance.randbytes(chance.choice((0, 1, 8, 300)))
    if kind is str:
        return _text(chance, chance.choice((0, 1, 12, 200)))
    if kind is bool:
        return chance.random() < 0.5
    if issubclass(kind, Enum):
        return chance.choice(list(kind))
    return kind(*(draw(annotation, chance) for annotation in _fields(kind)))


@cache
def _parts(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    return typing.get_origin(annotation), typing.get_args(annotation)


@cache
def _fields(kind: type[Struct] | type[Ballot]) -> tuple[Any, ...]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(hints[name] for name in getattr(kind, "__struct_fields__", Ballot._fields))


def _bounded(kind: Any, meta: Meta, chance: Random) -> Any:
    if kind is int:
        return chance.choice((0, 1, chance.randrange(8), chance.getrandbits(40), _LIMIT - 2, _LIMIT - 1))
    least, most = meta.min_length or 0, meta.max_length or 0
    return _text(chance, chance.choice((least, min(most, least + 3), most)))


def _text(chance: Random, length: int) -> str:
    start = int(chance.random() * 97)
    return _TEXT[start : start + length]
