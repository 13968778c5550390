"""A cast: the roles that one actor plays for one group, and how they speak to each other.

Each role hears the messages it handles, from the wire and from its fellow roles, in the order of the cast. What a role tells is heard
before the next message is taken, so a cast is deterministic, and is itself a role: a message in, effects out.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

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

    def flush(self) -> Effects:
        """Called at the end of a drain: all effects so far, and these, are written before the next message is taken."""
        ...


class Cast:
    """The roles of one group on one actor."""

    def __init__(self, node: str, roles: Sequence[Role]) -> None:
        self.roles = tuple(roles)
        self._node = node
        self._hearers: dict[type, tuple[Role, ...]] = {}

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
        return together([role.flush() for role in self.roles])

    def _spread(self, speaker: str, message: Message, parts: list[Effects], told: list[LocalMessage]) -> None:
        """Let every role that takes such a message handle it, and note what comes of it."""
        for role in self._who_hears(type(message)):
            heard = role.handle(speaker, message)
            if heard is not NOTHING:
                parts.append(heard)
                told += heard.tell

    def _who_hears(self, kind: type) -> tuple[Role, ...]:
        hearers = self._hearers.get(kind)
        if hearers is None:
            places = _places(kind, tuple(role.handles for role in self.roles))
            hearers = self._hearers[kind] = tuple(self.roles[place] for place in places)
        return hearers


@lru_cache
def _places(kind: type, handles: tuple[tuple[type, ...], ...]) -> tuple[int, ...]:
    """Which roles hear a kind of message: the same for every cast of the same roles, and there are very many casts of decrees."""
    return tuple(place for place, kinds in enumerate(handles) if kind in kinds)
