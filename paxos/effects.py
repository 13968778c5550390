"""What a role wants done: the only way out of the pure core.

A role never acts. It returns effects, and the shell carries them out in the one safe order: first write `persist` to disk, then
send. No role can express the unsafe order, because effects have none.
"""

from collections.abc import Sequence

from msgspec import Struct

from paxos.cues import LocalMessage
from paxos.messages import WireMessage
from paxos.records import Record
from paxos.snapshots import SnapshotPart

ACCEPTORS = "acceptors"
PROPOSERS = "proposers"
LEARNERS = "learners"
EVERYONE = "everyone"
AUDIENCES = frozenset((ACCEPTORS, PROPOSERS, LEARNERS, EVERYONE))
"""Targets that are heard by every actor which plays such a role; any other target is the name of one node or client."""


class Send(Struct, frozen=True, gc=False):
    """A message for an audience or for one node."""

    target: str
    message: WireMessage


class Announcement(Struct, frozen=True, gc=False):
    """JSON text for one of the doors that people and other languages listen at: `chosen` or `rejected`."""

    door: str
    payload: bytes


class StartTimer(Struct, frozen=True, gc=False):
    """(Re)start the timer of this name: it expires after `after_seconds` and a uniformly drawn part of `jitter_seconds`."""

    name: str
    after_seconds: float
    jitter_seconds: float = 0.0


class CancelTimer(Struct, frozen=True, gc=False):
    """Forget the timer of this name; nothing happens if it does not run."""

    name: str


Timer = StartTimer | CancelTimer


class Effects(Struct, frozen=True, gc=False):
    """To be persisted, then sent; timers; messages for the roles of the same cast; announcements; parts of a snapshot.

    Compare as values, add with +.
    """

    persist: tuple[Record, ...] = ()
    send: tuple[Send, ...] = ()
    timers: tuple[Timer, ...] = ()
    tell: tuple[LocalMessage, ...] = ()
    announce: tuple[Announcement, ...] = ()
    save: tuple[SnapshotPart, ...] = ()

    def __add__(self, other: "Effects") -> "Effects":
        if self is NOTHING:
            return other
        if other is NOTHING:
            return self
        return Effects(
            self.persist + other.persist,
            self.send + other.send,
            self.timers + other.timers,
            self.tell + other.tell,
            self.announce + other.announce,
            self.save + other.save,
        )


NOTHING = Effects()
"""The message was stale, a duplicate, or for someone else."""


def together(parts: Sequence[Effects]) -> Effects:
    """The sum of effects, in order."""
    if not parts:
        return NOTHING
    some = [part for part in parts if part is not NOTHING]
    if len(some) < 2:
        return some[0] if some else NOTHING
    return Effects(
        tuple(record for part in some for record in part.persist),
        tuple(send for part in some for send in part.send),
        tuple(timer for part in some for timer in part.timers),
        tuple(told for part in some for told in part.tell),
        tuple(announcement for part in some for announcement in part.announce),
        tuple(saved for part in some for saved in part.save),
    )


def sending(target: str, message: WireMessage) -> Effects:
    """Effects that send one message."""
    return Effects(send=(Send(target, message),))


def telling(*messages: LocalMessage) -> Effects:
    """Effects that tell the other roles of the cast."""
    return Effects(tell=messages)
