"""The port that every transport fulfils, and its errors.

TransportError
 +- TransportClosedError   used after close()
 +- TransportDownError     nothing was handed to the server: this payload was certainly not published
"""

from collections.abc import Callable
from typing import Protocol

Deliver = Callable[[str, bytes], None]
"""Called as deliver(channel, payload), from any thread; it only enqueues and never blocks or raises."""


class TransportError(Exception):
    """Base of every error that a transport raises; where it is not a more exact one, the payload may have been published."""


class TransportClosedError(TransportError):
    """The transport was closed."""


class TransportDownError(TransportError):
    """There is no connection: the payload was certainly not published."""


class Transport(Protocol):
    """Best-effort multicast by channel name.

    What is published may be lost, duplicated, delayed or reordered; it is never altered and never invented. A publisher that
    subscribes to its own channel hears itself. Delivery to one subscriber is one call at a time. Lost connections are mended by the
    transport, with bounded back-off; subscriptions survive.
    """

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        """Hear a channel; a name that ends in `*` hears every channel that begins with what stands before it.

        Returns when the subscription is in force, or at once when the server is out of reach (it then comes into force on reconnect).
        """
        ...

    def publish(self, channel: str, payload: bytes) -> None:
        """Hand a payload over without waiting for any receiver.

        Raises TransportDownError if it was certainly not published, another TransportError if it may have been.
        """
        ...

    def close(self) -> None:
        """Stop delivering, end every thread and connection; idempotent. No deliver call starts after it returns."""
        ...
