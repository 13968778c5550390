"""What an actor is wired to, and what waits in its mailbox."""

from collections.abc import Callable
from random import Random

from msgspec import Struct

from actors.channels import Channels
from actors.inbox import Inbox
from actors.mailbox import Mailbox
from actors.storage.base import Storage
from actors.timers import Timers
from paxos.codec import Codec
from paxos.company import Company
from paxos.cues import LocalMessage
from transport.base import Transport

WAKE = "wake"
"""What an actor is told when something is in its mailbox."""


def _nobody_waits() -> None:
    """Nobody wants to know."""


def _by_itself(inbox: Inbox) -> None:
    """The inbox minds nothing but what it is told."""


class Delivery(Struct, frozen=True, gc=False):
    """A payload that arrived on a channel."""

    channel: str
    payload: bytes


class Ring(Struct, frozen=True, gc=False):
    """A timer of a group ran out; of an older generation than the running one it means nothing."""

    group: str
    timer: str
    generation: int


class Cue(Struct, frozen=True, gc=False):
    """The node itself tells the roles of a group something."""

    group: str
    message: LocalMessage


Item = Delivery | Ring | Cue
"""What waits in an actor's mailbox."""


class Wiring(Struct):
    """All that an actor needs from outside: one of each, made in the composition root."""

    company: Company
    channels: Channels
    codec: Codec
    storage: Storage
    transport: Transport
    timers: Timers
    random: Random
    # Milliseconds that elapse on this node; where it begins means nothing.
    clock: Callable[[], int]
    mailbox: Mailbox[Item]
    # Called with one line a transition.
    trace: Callable[[str], None]
    # Called with one line a complaint of what somebody sent.
    warn: Callable[[str], None]
    # Called once with the reason when the actor has failed; it may not go on, and nor may its node.
    failed: Callable[[BaseException], None]
    # Every kind of actor that this node runs, so that its reports tell how many to expect.
    actors: tuple[str, ...] = ()
    # Called on the actor's thread before anything else: what its inbox is to mind.
    mind: Callable[[Inbox], None] = _by_itself
    # Called once when the actor hears its channels.
    begun: Callable[[], None] = _nobody_waits
    # Called when the actor has ended, well or ill, and its store is closed or given up.
    ended: Callable[[], None] = _nobody_waits
    # Called when the node may stop, after it was told to retire: what had to be said of it has been sent.
    retired: Callable[[], None] = _nobody_waits
