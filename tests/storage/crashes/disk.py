"""A disk that keeps what was synced apart from what was not, so that it can be shown as a power failure might leave it.

A file has its synced content and the changes since; so has the directory. Of the changes that were not synced a failure keeps what it
likes: each whole, some of its sectors, or nothing, whatever their order; of the directory's changes a first part. A sector of 512 bytes
is kept whole or not at all.
"""

from collections.abc import Iterator
from random import Random

from tests.storage.crashes.recording import Create, Cut, Event, Move, Remove, Sync, Write

_SECTOR_BYTES = 512

Files = dict[str, bytes]


class File:
    """One file's content."""

    def __init__(self) -> None:
        self.synced = b""
        self.changes: list[Write | Cut] = []

    def sync(self) -> None:
        """What changed is on disk."""
        self.synced = _changed(self.synced, self.changes)
        self.changes = []


class Disk:
    """One directory and its files."""

    def __init__(self) -> None:
        self._synced: dict[str, File] = {}
        self._names: dict[str, File] = {}
        # The directory after each change that was not synced.
        self._changes: list[dict[str, File]] = []

    def apply(self, event: Event) -> None:
        """Take one event of a recording."""
        match event:
            case Write() | Cut():
                self._names[event.name].changes.append(event)
            case Sync(""):
                self._synced, self._changes = dict(self._names), []
            case Sync():
                self._names[event.name].sync()
            case Create():
                if event.name not in self._names:
                    self._change(self._names | {event.name: File()})
            case Move():
                rest = {name: file for name, file in self._names.items() if name != event.name}
                self._change(rest | {event.target: self._names[event.name]})
            case Remove():
                self._change({name: file for name, file in self._names.items() if name != event.name})
            case _:
                pass

    def after_kill(self) -> Files:
        """As the death of the process leaves it: nothing is lost."""
        return {name: _changed(file.synced, file.changes) for name, file in self._names.items()}

    def after_loss(self) -> Files:
        """As a power failure leaves it that loses everything that was not synced."""
        return {name: file.synced for name, file in self._synced.items()}

    def after_failure(self, chance: Random) -> Files:
        """As a power failure leaves it that keeps what it likes."""
        names = chance.choice([self._synced, *self._changes])
        share = chance.choice((0.1, 0.5, 0.9))
        style = chance.choice((_first, _any, _torn))
        return {name: _changed(file.synced, style(file.changes, chance, share)) for name, file in names.items()}

    def _change(self, names: dict[str, File]) -> None:
        self._names = names
        self._changes.append(names)


def _first(changes: list[Write | Cut], chance: Random, share: float) -> Iterator[Write | Cut]:
    """The changes up to some moment."""
    return iter(changes[: round(chance.random() * len(changes) * 2 * share)])


def _any(changes: list[Write | Cut], chance: Random, share: float) -> Iterator[Write | Cut]:
    """Some of the changes, so that a later one may be there without an earlier one."""
    return (change for change in changes if chance.random() < share)


def _torn(changes: list[Write | Cut], chance: Random, share: float) -> Iterator[Write | Cut]:
    """Some of the sectors of some of the changes."""
    for change in changes:
        if isinstance(change, Cut):
            if chance.random() < share:
                yield change
            continue
        end = change.offset + len(change.content)
        for begin in range(change.offset // _SECTOR_BYTES * _SECTOR_BYTES, end, _SECTOR_BYTES):
            if chance.random() < share:
                first, last = max(begin, change.offset), min(begin + _SECTOR_BYTES, end)
                yield Write(change.name, first, change.content[first - change.offset : last - change.offset])


def _changed(content: bytes, changes: "Iterator[Write | Cut] | list[Write | Cut]") -> bytes:
    changed: bytearray | None = None
    for change in changes:
        changed = bytearray(content) if changed is None else changed
        if isinstance(change, Cut):
            del changed[change.size :]
            changed += bytes(change.size - len(changed))
        else:
            changed += bytes(max(0, change.offset - len(changed)))
            changed[change.offset : change.offset + len(change.content)] = change.content
    return content if changed is None else bytes(changed)
