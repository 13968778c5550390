"""A link: one session with a server, from a successful connect to its first error, never mended.

It is what differs between the transports over Redis; everything else (subscriptions, heartbeats, reconnecting, counting) is in
broker.py. A link holds two connections, one to publish and one to listen, and raises nothing but TransportError.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from transport.subscriptions import Subscription

Frame = Sequence[Any]
"""One reply on the listening connection, as RESP2 has it: [b"message", channel, payload], [b"pmessage", pattern, channel, payload],
[b"subscribe", channel, count] and so on; and [REFUSED, text] for an error reply to a subscription."""

REFUSED = b"refused"


class Link(Protocol):
    """Threads: publish() by one at a time, shut() by any; all the rest by the one thread that opened the link."""

    def publish(self, frames: Sequence[tuple[bytes, bytes]]) -> None:
        """Send payloads, each with its channel.

        TransportDownError if the link broke before, another TransportError (and the link breaks) if it breaks now.
        """
        ...

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Ask for them, in this order; the confirmations or refusals arrive as frames in the same order."""
        ...

    def read(self, timeout_seconds: float) -> Sequence[Frame] | None:
        """Wait for frames; None when nothing at all arrived in time, an empty sequence when some bytes did but no whole frame."""
        ...

    def shut(self) -> None:
        """Break the link, so that whoever waits in publish() or read() returns soon, with an error."""
        ...

    def close(self) -> None:
        """Free everything; nobody may be inside publish()."""
        ...


class WatchingLink(Link, Protocol):
    """A link whose read() can be cut short."""

    def watch(self, descriptor: int) -> None:
        """Let read() return as soon as this file is readable, as well as when frames arrive; it reads nothing from it."""
        ...
