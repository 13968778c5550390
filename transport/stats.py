"""What a transport has counted since it was made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransportStats:
    """A snapshot; every field only grows, apart from `connected`."""

    connected: bool
    published: int  # Payloads handed to the server.
    publish_errors: int  # Publishes that raised: certainly or perhaps not published.
    delivered: int  # Calls of a deliver function.
    delivered_bytes: int
    deliver_errors: int  # Calls of a deliver function that raised, against the port's contract.
    reconnects: int  # Sessions with the server after the first.
    gaps: int  # Subscriptions confirmed once more: messages may have been lost on that channel.
    oversize: int  # Payloads dropped because they were over the limit.
