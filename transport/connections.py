"""What redis-py does for both transports over Redis: URLs, credentials, TLS, Unix sockets, Sentinel, fakeredis.

Its retries are switched off, since a retried PUBLISH may arrive twice and hides for how long the server was away; every wait gets a
bound; replies stay bytes. Its errors are translated here and in the links, and go no further.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from transport.base import TransportDownError, TransportUrlError

IO_SECONDS = 1.0
"""How long to connect, to log in, or to write may make no progress before the connection is given up."""

_UNKNOWN_OPTION = re.compile(r"unexpected keyword argument '(\w+)'")
_SCHEMES = ("redis://", "rediss://", "unix://")

Source = str | Callable[[], redis.Redis]
"""A URL, or what makes a client for the transport to own (fakeredis, Sentinel); only its connections' settings matter."""


def make_pool(source: Source) -> ConnectionPool:
    """A pool with our settings over the user's; TransportUrlError if no connection could ever come of it."""
    try:
        pool = _pool_of_url(source) if isinstance(source, str) else source().connection_pool
        pool.connection_kwargs.update(_our_settings())
        pool.connection_class(**pool.connection_kwargs)  # Connects to nothing yet, but refuses what it does not understand.
    except (ValueError, TypeError, redis.RedisError) as error:
        shown = _without_secrets(source) if isinstance(source, str) else repr(source)
        raise TransportUrlError(f"cannot use {shown}: {_complaint(source, error)}") from error
    return pool


def address_of(pool: ConnectionPool) -> str:
    """The server's address for people, without credentials."""
    settings = pool.connection_kwargs
    return str(settings.get("path") or f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}")


def connect(pool: ConnectionPool) -> Any:
    """A connection of our own, outside the pool's books, that is logged in and ready; TransportDownError otherwise."""
    connection = None
    try:
        connection = pool.connection_class(**pool.connection_kwargs)
        connection.connect()
    except (redis.RedisError, OSError, ValueError) as error:
        free(connection)
        raise TransportDownError(f"cannot connect: {_reason(error)}") from error
    return connection


def free(connection: Any) -> None:
    """Let go of a connection that nobody uses any more.

    Its parser refers to itself, with a buffer of 64 KB, and waits for the garbage collector, which a node lets look around very seldom; a
    server that is away for an hour would leave thousands of them.
    """
    parser = getattr(connection, "_parser", None)
    if hasattr(parser, "__dict__"):
        vars(parser).clear()


def ask(connection: Any, *command: str | bytes) -> Any:
    """One command and its reply, while a connection is set up; for an error of either, TransportDownError and a closed connection."""
    try:
        connection.send_command(*command)
        return connection.read_response()
    except (redis.RedisError, OSError) as error:
        connection.disconnect()
        free(connection)
        raise TransportDownError(f"cannot use the connection: {_text(command[0])} answers {error}") from error


def _our_settings() -> dict[str, Any]:
    return {
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "retry_on_timeout": False,
        "socket_timeout": IO_SECONDS,
        "socket_connect_timeout": IO_SECONDS,
        "health_check_interval": 0,
        "decode_responses": False,
        "protocol": 2,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


def _pool_of_url(url: str) -> ConnectionPool:
    pool = ConnectionPool.from_url(url)
    if url.startswith("unix:") and not pool.connection_kwargs.get("path"):
        raise ValueError("no path of a socket")
    if not url.startswith("unix:") and (database := urlsplit(url).path.strip("/")) and not database.isdigit():
        raise ValueError(f"{database!r} is no number of a database")
    return pool


def _without_secrets(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2].partition("?")[0]


def _complaint(source: Source, error: Exception) -> str:
    """What is wrong with a source, in one sentence."""
    if isinstance(source, str) and not source.startswith(_SCHEMES):
        return "expected redis://, rediss:// or unix:// and a server, such as redis://localhost:6379"
    if (unknown := _UNKNOWN_OPTION.search(str(error))) is not None:
        return f"unknown option {unknown[1]}"
    return str(error).rstrip(".")


def _reason(error: Exception) -> str:
    """Why there is no connection, without the address, which whoever reports it names."""
    cause = error.__context__
    return (cause.strerror if isinstance(cause, OSError) else None) or str(error).rstrip(".")


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else word.decode()
