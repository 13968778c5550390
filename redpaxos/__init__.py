"""Paxos for the Redis you already run: what users import; `redpaxos.textbook` and `redpaxos.simulation` beside it."""

from typing import TYPE_CHECKING

from redpaxos.errors import (
    AddressError,
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
    "AddressError",
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
    """A client of the cluster whose messages that Redis carries, which need not be there yet.

    AddressError if the URL or the name makes no sense, NotDoneError if that Redis refuses to serve.
    """
    from actors.channels import check_name
    from paxos.errors import ConfigurationError
    from redpaxos.client import Client
    from transport.base import TransportError, TransportUrlError
    from transport.opening import open_transport

    try:
        check_name("cluster", cluster)
        transport = open_transport(url)
    except (ConfigurationError, TransportUrlError) as error:
        raise AddressError(str(error)) from error
    try:
        return Client(transport, cluster, secret=secret)
    except TransportError as error:
        transport.close()
        raise NotDoneError(str(error)) from error
