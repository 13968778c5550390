"""A cast: the roles that one actor plays for one group, and how they speak to each other.

Each role hears the messages it handles, from the wire and from its fellow roles, in the order of the cast. What a role tells is heard
before the next message is taken, so a cast is deterministic, and is itself a role: a message in, effects out.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol, cast, runtime_checkable

from paxos.cues import LocalMessage, Message
from paxos.effects import NOTHING, Effects, together


class Role(Protocol):
    """What every role is to its cast."""

    @property
    def handles(self) -> tuple[type, ...]:
        """The types of message that it takes."""
        ...

    def handle(self, source: str, message: Any) -> Effects:
        """Take one message, and say what is to be done."""
        ...


@runtime_checkable
class Gathering(Protocol):
    """A role that lets something wait for the end of a drain."""

    def flush(self) -> Effects:
        """Called at the end of a drain: all effects so far, and these, are written before the next message is taken."""
        ...


class Cast:
    """The roles of one group on one actor."""

    def __init__(self, node: str, roles: Sequence[Role]) -> None:
        self.roles = tuple(roles)
        self._node = node
        kinds = tuple(map(type, roles))
        self._places = _places(kinds)
        self._gathering = _gathering(kinds)

    def handle(self, source: str, message: Message) -> Effects:
        """Let every role that takes such a message handle it, and then whatever the roles told each other."""
        parts: list[Effects] = []
        told: list[LocalMessage] = []
        self._spread(source, message, parts, told)
        # It grows while it is read.
        for spoken in told:
            self._spread(self._node, spoken, parts, told)
        return together(parts)

    def flush(self) -> Effects:
        """Let every role send what waited for the end of the drain."""
        parts = [cast(Gathering, self.roles[place]).flush() for place in self._gathering]
        told = [spoken for part in parts for spoken in part.tell]
        for spoken in told:
            self._spread(self._node, spoken, parts, told)
        return together(parts)

    def _spread(self, speaker: str, message: Message, parts: list[Effects], told: list[LocalMessage]) -> None:
        """Let every role that takes such a message handle it, and note what comes of it."""
        kind = type(message)
        places = self._places.get(kind)
        if places is None:
            places = self._places[kind] = tuple(place for place, role in enumerate(self.roles) if kind in role.handles)
        for place in places:
            heard = self.roles[place].handle(speaker, message)
            if heard is not NOTHING:
                parts.append(heard)
                told += heard.tell


@lru_cache
def _places(roles: tuple[type[Role], ...]) -> dict[type, tuple[int, ...]]:
    """Which of these roles hear each kind of message, as far as was asked: one table for the very many casts of decrees."""
    return {}


@lru_cache
def _gathering(roles: tuple[type[Role], ...]) -> tuple[int, ...]:
    """Which of these roles have something to do at the end of a drain."""
    return tuple(place for place, role in enumerate(roles) if issubclass(role, Gathering))
