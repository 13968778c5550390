"""What unit tests build roles from: a company, an archive in memory, and values."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from actors.storage.memory import MemoryStorage
from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.company import Company
from paxos.effects import Effects, StartTimer
from paxos.quorum import majority
from paxos.settings import Settings
from paxos.values import Command

MEMBERS = ("a1", "a2", "a3")
SETTINGS = Settings()
FIRST = Ballot(1, "p1")
RIVAL = Ballot(1, "p2")
BLUE = Command("id-blue", b'"blue"')
RED = Command("id-red", b'"red"')
GREEN = Command("", b'"green"')


class Flushing(Protocol):
    """A role or a cast."""

    def flush(self) -> Effects: ...


class Unsaved:
    """What a machine inherits that no snapshot is made of."""

    def snapshot(self) -> Iterator[bytes]:
        """Nothing."""
        return iter(())

    def restore(self, parts: Iterable[bytes]) -> None:
        """There is nothing to restore."""
        raise AssertionError


def company(
    node: str = "p1", members: tuple[str, ...] = MEMBERS, settings: Settings = SETTINGS, incarnation: int = 1, priority: int = 1
) -> Company:
    """A node among three voters."""
    return Company(node, majority(members), settings, incarnation, priority=priority)


def empty_archive(node: str = "p1") -> MemoryStorage:
    """A store that was never written to."""
    return MemoryStorage("demo", node, "store-1")


def keep(archive: MemoryStorage, effects: Effects) -> Effects:
    """Write what the effects persist, as the shell does at the end of a drain; hands them back."""
    archive.write(effects.persist, sync=True)
    return effects


def end_drain(archive: MemoryStorage, role: Flushing, effects: Effects) -> Effects:
    """Flush the role, and write what it and the effects persist."""
    return keep(archive, effects + role.flush())


def batch(*commands: Command, ballot: Ballot = FIRST) -> bytes:
    """The value of a slot."""
    return encode_batch(ballot, commands)


def started(effects: Effects) -> dict[str, StartTimer]:
    """The timers that the effects start, by name."""
    return {timer.name: timer for timer in effects.timers if isinstance(timer, StartTimer)}
