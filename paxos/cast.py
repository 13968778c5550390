"""A cast: the roles that one actor plays for one group, and how they speak to each other.

Each role hears the messages it handles, from the wire and from its fellow roles, in the order of the cast. What a role tells is heard
before the next message is taken, so a cast is deterministic, and is itself a role: a message in, effects out.
"""

from collections.abc import Callable, Sequence
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


@runtime_checkable
class Timed(Protocol):
    """A role of a log that wants to know how time goes by."""

    def tick(self, milliseconds: int) -> None:
        """Called at the end of a drain, before anybody's flush(), with a clock that only counts what elapses on this node."""
        ...


class Cast:
    """The roles of one group on one actor."""

    def __init__(self, node: str, roles: Sequence[Role]) -> None:
        self._node = node
        self._assign(tuple(roles))

    @property
    def roles(self) -> tuple[Role, ...]:
        """All of them, in the order in which they hear."""
        return self._roles

    def _assign(self, roles: tuple[Role, ...]) -> None:
        self._roles = roles
        kinds = tuple(map(type, roles))
        self._places = _places(kinds)
        self._gathering = _gathering(kinds)
        self._timed = _timed(kinds)

    def handle(self, source: str, message: Message) -> Effects:
        """Let every role that takes such a message handle it, and then whatever the roles told each other."""
        parts: list[Effects] = []
        told: list[LocalMessage] = []
        self._spread(source, message, parts, told)
        # It grows while it is read.
        for spoken in told:
            self._spread(self._node, spoken, parts, told)
        return together(parts)

    def tick(self, milliseconds: int) -> None:
        """Tell every role that wants to know what this node's clock says."""
        for place in self._timed:
            cast(Timed, self._roles[place]).tick(milliseconds)

    def flush(self) -> Effects:
        """Let every role send what waited for the end of the drain."""
        parts = [cast(Gathering, self._roles[place]).flush() for place in self._gathering]
        told = [spoken for part in parts for spoken in part.tell]
        for spoken in told:
            self._spread(self._node, spoken, parts, told)
        return together(parts)

    def _spread(self, speaker: str, message: Message, parts: list[Effects], told: list[LocalMessage]) -> None:
        """Let every role that takes such a message handle it, and note what comes of it."""
        kind = type(message)
        places = self._places.get(kind)
        if places is None:
            places = self._places[kind] = tuple(place for place, role in enumerate(self._roles) if kind in role.handles)
        for place in places:
            heard = self._roles[place].handle(speaker, message)
            if heard is not NOTHING:
                parts.append(heard)
                told += heard.tell


class LateCast(Cast):
    """A cast whose last roles are made when somebody first speaks to them, since most casts of decrees only learn.

    What the first roles told in this drain the late ones hear then; all that came before is in the archive from which they are made.
    """

    def __init__(self, node: str, roles: Sequence[Role], kinds: tuple[type[Role], ...], make_late: Callable[[], Sequence[Role]]) -> None:
        """`kinds` are those of the roles that `make_late` gives, in its order."""
        super().__init__(node, roles)
        self._awaited = _awaited(kinds)
        self._make_late: Callable[[], Sequence[Role]] | None = make_late
        self._missed: list[LocalMessage] = []

    @property
    def roles(self) -> tuple[Role, ...]:
        """All of them, the late ones too."""
        self._complete()
        return self._roles

    def handle(self, source: str, message: Message) -> Effects:
        """Let every role hear it; whom it is for comes now, if not before."""
        if self._make_late is None:
            return super().handle(source, message)
        if type(message) in self._awaited:
            return self._complete() + super().handle(source, message)
        effects = super().handle(source, message)
        self._missed += effects.tell
        return effects

    def flush(self) -> Effects:
        """Let every role send what waited for the end of the drain, before which nothing is written."""
        self._missed.clear()
        return super().flush()

    def _complete(self) -> Effects:
        if self._make_late is None:
            return NOTHING
        late, self._make_late = tuple(self._make_late()), None
        self._assign(self._roles + late)
        heard = [role.handle(self._node, told) for told in self._missed for role in late if type(told) in role.handles]
        self._missed.clear()
        return together(heard)


@lru_cache
def _awaited(kinds: tuple[type[Role], ...]) -> frozenset[type]:
    """What these roles hear."""
    return frozenset(message for kind in kinds for message in cast(Role, kind).handles)


@lru_cache
def _places(roles: tuple[type[Role], ...]) -> dict[type, tuple[int, ...]]:
    """Which of these roles hear each kind of message, as far as was asked: one table for the very many casts of decrees."""
    return {}


@lru_cache
def _gathering(roles: tuple[type[Role], ...]) -> tuple[int, ...]:
    """Which of these roles have something to do at the end of a drain."""
    return tuple(place for place, role in enumerate(roles) if issubclass(role, Gathering))


@lru_cache
def _timed(roles: tuple[type[Role], ...]) -> tuple[int, ...]:
    """Which of these roles want to know how time goes by."""
    return tuple(place for place, role in enumerate(roles) if issubclass(role, Timed))
