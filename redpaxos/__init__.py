"""Paxos for the Redis you already run: what users import; `redpaxos.textbook` and `redpaxos.simulation` beside it."""

from typing import TYPE_CHECKING

from redpaxos.errors import (
    HistoryLostError,
    NodeFailedError,
    NotDoneError,
    OutcomeUnknownError,
    RedpaxosError,
    RejectedError,
    UndecidedError,
)

if TYPE_CHECKING:
    from redpaxos.client import Client

__all__ = [
    "HistoryLostError",
    "NodeFailedError",
    "NotDoneError",
    "OutcomeUnknownError",
    "RedpaxosError",
    "RejectedError",
    "UndecidedError",
    "connect",
]


def connect(url: str, *, cluster: str, secret: bytes = b"") -> "Client":
    """A client of the cluster whose messages that Redis carries; TransportUrlError if the URL makes no sense."""
    from redpaxos.client import Client
    from transport.opening import open_transport

    return Client(open_transport(url), cluster, secret=secret)
