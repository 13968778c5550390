"""Strategies for everything that crosses the wire, made from the types of the message structs themselves."""

import types
import typing
from enum import Enum
from typing import Annotated, Any

from hypothesis import strategies as st
from msgspec import Meta, Struct
from msgspec.structs import replace

from paxos.ballot import Ballot, Slot
from paxos.codec import Envelope, Letter
from paxos.messages import WireMessage
from paxos.values import Batch, Command

_LIMIT = 2**62


def of_type(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a type that a message field may have."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1])
    if origin is tuple:
        return st.lists(of_type(arguments[0]), max_size=3).map(tuple) if arguments[1] is ... else st.tuples(*map(of_type, arguments))
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(of_type, arguments))
    return _of_class(annotation)


def _of_class(kind: Any) -> st.SearchStrategy[Any]:
    if kind in (bytes, str, bool):
        return {bytes: st.binary(max_size=40), str: st.text(max_size=12), bool: st.booleans()}[kind]
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    if issubclass(kind, Struct) or kind is Ballot:
        hints = typing.get_type_hints(kind, include_extras=True)
        return st.builds(kind, *(of_type(hints[name]) for name in getattr(kind, "__struct_fields__", Ballot._fields)))
    raise TypeError(f"no strategy for {kind}: an integer needs bounds")


def _bounded(kind: Any, meta: Meta) -> st.SearchStrategy[Any]:
    if kind is int:
        assert (meta.ge, meta.lt) == (0, _LIMIT)
        return st.integers(0, 3) | st.integers(0, _LIMIT - 1)
    assert meta.max_length is not None
    return st.text(min_size=meta.min_length or 0, max_size=min(12, meta.max_length))


NUMBERS = of_type(Slot)
NAMES = st.text(max_size=12)
BALLOTS: st.SearchStrategy[Ballot] = of_type(Ballot)
COMMANDS: st.SearchStrategy[Command] = of_type(Command)
MESSAGES: st.SearchStrategy[WireMessage] = of_type(WireMessage)
LETTERS: st.SearchStrategy[Letter] = of_type(Letter)
ENVELOPES: st.SearchStrategy[Envelope] = of_type(Envelope).map(lambda drawn: replace(drawn, cluster="demo"))
BATCHES: st.SearchStrategy[Batch] = of_type(Batch)
