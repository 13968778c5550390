"""A player: one actor's cast on a disk that outlives it, moved by hand.

It does what the shell in actors/ does with a drain of one message: the roles handle it, what they want persisted is written, and only
then is the rest handed out. A crash drops the cast and builds it again from what was written; what was not synced may be lost with it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from actors.storage.memory import MemoryStorage
from paxos.archive import Archive
from paxos.ballot import Ballot
from paxos.cast import Cast
from paxos.cues import Message
from paxos.effects import Effects, StartTimer
from paxos.errors import InvariantViolation
from paxos.first_ballots import FirstBallots
from paxos.groups import is_decree
from paxos.records import LAZY, Record

AnyRole = TypeVar("AnyRole")

DELAYS = frozenset(("_refusal_count", "_resend_count"))
"""What a role counts only to know how long its next timer should run; a snapshot knows no time, and they would make it endless."""


class FirstOwner(FirstBallots):
    """Owns the first ballot of every decree, whoever its members are."""

    def of(self, group: str) -> Ballot | None:
        """The first ballot; a log has none."""
        return self._ballot if is_decree(group) else None


class Player:
    """One actor, without a thread, a clock or a network."""

    def __init__(self, make_cast: Callable[[Archive], Cast]) -> None:
        self._make_cast = make_cast
        # Everything written since the beginning, and how much of it is certainly on disk.
        self._records: list[Record] = []
        self._synced_count = 0
        # Started and neither cancelled nor expired.
        self.timers: set[str] = set()
        # 1 at first, and one more after each crash.
        self.life = 1
        self._load()

    def hear(self, source: str, message: Message) -> Effects:
        """Let the cast take a message; its effects are written when this returns."""
        effects = self.cast.handle(source, message) + self.cast.flush()
        self._write(effects.persist)
        for timer in effects.timers:
            (self.timers.add if isinstance(timer, StartTimer) else self.timers.discard)(timer.name)
        return effects

    def crash(self, *, loses_unsynced: bool = True) -> None:
        """Stop and start again."""
        if loses_unsynced:
            del self._records[self._synced_count :]
        self.timers.clear()
        self.life += 1
        self._load()

    def wipe(self) -> None:
        """Start again on an empty disk."""
        self._records.clear()
        self.crash()

    def role(self, kind: type[AnyRole]) -> AnyRole:
        """The cast's role of this kind."""
        return next(role for role in self.cast.roles if isinstance(role, kind))

    @property
    def has_unsynced(self) -> bool:
        """Whether a crash may lose something."""
        return self._synced_count < len(self._records)

    def written(self) -> tuple[frozenset[Record], frozenset[Record]]:
        """What a restart would find after a kill, and after a power failure: the last record of each kind and slot."""
        return _latest(self._records), _latest(self._records[: self._synced_count])

    def snapshot(self) -> Any:
        """The state of the roles as one hashable value; equal values behave alike."""
        return tuple(freeze(self._state(role), hiding=self._storage) for role in self.cast.roles)

    def _state(self, role: object) -> dict[str, Any]:
        """What a role remembers; another role that it looks at has a state of its own."""
        roles = self.cast.roles
        return {name: value for name, value in vars(role).items() if name not in DELAYS and not any(value is other for other in roles)}

    def _load(self) -> None:
        self._storage = MemoryStorage(cluster="simulation", node="player", store_id="store")
        self._storage.write(self._records, sync=True)
        self._synced_count = len(self._records)
        self.cast = self._make_cast(self._storage)

    def _write(self, records: tuple[Record, ...]) -> None:
        self._storage.write(records, sync=True)
        self._records += records
        if any(not isinstance(record, LAZY) for record in records):
            self._synced_count = len(self._records)


def freeze(thing: Any, hiding: object = None) -> Any:
    """A hashable value for a tree of plain data and objects; mappings and sets without their order, `hiding` left out."""
    if thing is hiding:
        return None
    if isinstance(thing, dict):
        return frozenset((key, freeze(value, hiding)) for key, value in thing.items())
    if isinstance(thing, set | frozenset):
        return frozenset(thing)
    if isinstance(thing, str | bytes | int | float | tuple | None):
        return thing
    return _freeze_object(thing, hiding)


def _freeze_object(thing: Any, hiding: object) -> Any:
    fields = getattr(thing, "__struct_fields__", None)
    if fields is not None:
        if thing.__struct_config__.frozen:
            return thing
        return (type(thing), *(freeze(getattr(thing, name), hiding) for name in fields))
    if hasattr(thing, "__iter__"):
        return tuple(freeze(item, hiding) for item in thing)
    if hasattr(thing, "__slots__"):
        return (type(thing), *(freeze(getattr(thing, name), hiding) for name in thing.__slots__))
    if hasattr(thing, "__dict__"):
        return (type(thing), freeze(vars(thing), hiding))
    raise InvariantViolation(f"no snapshot of a {type(thing).__name__}")


def _latest(records: list[Record]) -> frozenset[Record]:
    """Only the last promise, round and watermark count, and the last vote and learned value of each slot."""
    return frozenset({(type(record), getattr(record, "slot", None)): record for record in records}.values())
