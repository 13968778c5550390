"""The port that every transport fulfils, and its errors.

TransportError               the payload may have been published, where it is not one of these:
 +- TransportClosedError     used after close(): certainly not published
 +- TransportDownError       there is no connection: certainly not published
 +- PayloadTooLargeError     over the transport's limit: certainly not published
 +- TransportUrlError        the address of the server makes no sense
"""

from collections.abc import Callable, Sequence
from typing import Protocol

Deliver = Callable[[str, bytes], None]
"""Called as deliver(channel, payload), from any thread; it only enqueues and never blocks or raises."""


class TransportError(Exception):
    """Base of every error that a transport raises; where it is not a more exact one, the payload may have been published."""


class TransportClosedError(TransportError):
    """The transport was closed."""


class TransportDownError(TransportError):
    """There is no connection: the payload was certainly not published."""


class PayloadTooLargeError(TransportError):
    """The payload is larger than any subscriber would be handed: it was certainly not published."""


class TransportUrlError(TransportError):
    """The address of the server makes no sense; the text says which, why, and what would."""


class Transport(Protocol):
    """Best-effort multicast by channel name.

    What is published may be lost, duplicated, delayed or reordered; it is never altered and never invented. A publisher that
    subscribes to its own channel hears itself. Delivery to one subscriber is one call at a time. A payload that fits two subscriptions
    (a name, and a prefix of it) is delivered once for each. Lost connections are mended by the transport, with bounded back-off;
    subscriptions survive.
    """

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        """Hear a channel; a name that ends in `*` hears every channel that begins with what stands before it.

        Returns when the subscription is in force, or at once when the server is out of reach (it then comes into force on reconnect).
        Raises TransportError when the server refuses it (an ACL), TransportClosedError after close().
        """
        ...

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload over without waiting for any receiver.

        Raises TransportDownError, TransportClosedError or PayloadTooLargeError if it was certainly not published, plain
        TransportError if it may have been.
        """
        ...

    def publish_together(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """Hand over several payloads, each with its channel, in this order and as cheaply as one; not all arrive or none.

        One that is too large does not keep the others. Raises as publish() does, if that is so of any of them.
        """
        ...

    def close(self) -> None:
        """Stop delivering, end every thread and connection; idempotent. No deliver call starts after it returns."""
        ...
