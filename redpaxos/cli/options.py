"""Options that several commands share, and where their values come from: command line, environment, file, default, in this order."""

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from redpaxos.errors import NotDoneError

if TYPE_CHECKING:
    from redpaxos.client import Client
    from transport.threaded import BrokerTransport

Command = TypeVar("Command", bound=Callable[..., Any])

# The last revision that a message can name; paxos.ballot is not imported for it, so that help is quick.
_LAST_REVISION = 2**62 - 2
_DEFAULT_REDIS = "redis://localhost:6379"
_SETTINGS = "redpaxos.settings"


class Cluster(NamedTuple):
    """Which cluster, and how to reach it."""

    name: str
    redis: str
    secret: bytes

    def open_transport(self) -> "BrokerTransport":
        """The way to it, whether Redis is there or not."""
        from transport.opening import open_transport

        return open_transport(self.redis)

    def connect(self) -> "Client":
        """A client of it; NotDoneError if Redis cannot be reached, since waiting for it is better left to the caller's own loop."""
        from redpaxos.client import Client
        from transport.base import TransportError

        quieten_transport()
        transport = self.open_transport()
        try:
            if not transport.stats().connected:
                transport.publish("redpaxos:hello", b"")  # It says why it cannot.
            return Client(transport, self.name, secret=self.secret)
        except TransportError as error:
            transport.close()
            raise NotDoneError(f"{error}; is --redis right?") from error
        except BaseException:
            transport.close()
            raise


class Text(click.types.StringParamType):
    """Text that can be sent, which what the shell hands over need not be."""

    name = "text"

    def __init__(self, *, may_be_empty: bool = True) -> None:
        self._may_be_empty = may_be_empty

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, if it is UTF-8."""
        text: str = super().convert(value, param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail(f"{text!a} is not UTF-8", param, ctx)
        if not text and not self._may_be_empty:
            self.fail("it is empty", param, ctx)
        return text


class Revision(click.types.IntParamType):
    """A revision that a message can name."""

    name = "revision"

    def __init__(self, *, first: int = 1) -> None:
        self._first = first

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, if it is one of a revision."""
        revision: int = super().convert(value, param, ctx)
        if not self._first <= revision <= _LAST_REVISION:
            self.fail(f"{revision} is no revision: they go from {self._first} to {_LAST_REVISION}", param, ctx)
        return revision


class Seconds(click.types.FloatParamType):
    """How long to wait."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, if it is one that can be waited for."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            self.fail(f"{value!r} is not a number of seconds above 0, such as 2.5", param, ctx)
        return seconds


def quieten_transport() -> None:
    """A command reports a lost connection by its outcome, once."""
    import logging

    logging.getLogger("transport").addHandler(logging.NullHandler())


def with_cluster(command: Command) -> Command:
    """Options that name a cluster; the command gets them as one `cluster`."""

    @click.option(
        "--cluster", "cluster_name", required=True, envvar="REDPAXOS_CLUSTER", show_envvar=True, metavar="NAME", help="The cluster."
    )
    @click.option(
        "--redis",
        default=_DEFAULT_REDIS,
        show_default=True,
        envvar="REDPAXOS_REDIS",
        show_envvar=True,
        metavar="URL",
        help="The Redis or Valkey that carries its messages: redis://, rediss:// or unix://.",
    )
    @click.option(
        "--secret-file",
        envvar="REDPAXOS_SECRET_FILE",
        show_envvar=True,
        metavar="FILE",
        help="Sign every message with the key in this file; the same on every node and client.",
    )
    @config_option
    @functools.wraps(command)
    def wrapped(*args: Any, cluster_name: str, redis: str, secret_file: str | None, **options: Any) -> Any:
        cluster = Cluster(cluster_name, redis, _read_secret(secret_file) if secret_file is not None else b"")
        return command(*args, cluster=cluster, **options)

    return wrapped  # type: ignore[return-value]


def config_option(command: Command) -> Command:
    """--config, whose file gives what neither the command line nor the environment does."""
    return click.option(
        "--config",
        envvar="REDPAXOS_CONFIG",
        show_envvar=True,
        is_eager=True,
        expose_value=False,
        callback=_load_config,
        metavar="FILE",
        help="A TOML file with options by their long names, and a [settings] table for nodes.",
    )(command)


def output_option(command: Command) -> Command:
    """-o, for people or for programs; the command gets it as `as_json`."""
    return click.option(
        "-o",
        "--output",
        "as_json",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        envvar="REDPAXOS_OUTPUT",
        show_envvar=True,
        callback=lambda context, parameter, value: value == "json",
        help="For people, or one JSON object a line.",
    )(command)


def timeout_option(default_seconds: float) -> Callable[[Command], Command]:
    """--timeout, in seconds."""
    return click.option(
        "--timeout",
        type=Seconds(),
        default=default_seconds,
        show_default=True,
        envvar="REDPAXOS_TIMEOUT",
        show_envvar=True,
        help="How long to wait for an answer.",
    )


def settings_of(context: click.Context) -> Any:
    """The settings of the configuration file, or the defaults."""
    from paxos.settings import Settings

    return context.meta.get(_SETTINGS, Settings())


def split_names(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Names that are separated by commas."""
    return tuple(name.strip() for name in value.split(","))


def _load_config(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    from redpaxos.config import read_config

    config = read_config(Path(value))
    # Click's names for these two are those of the arguments that the commands take.
    names = {"cluster": "cluster_name", "output": "as_json"}
    context.default_map = {names.get(name, name): given for name, given in config.options().items()}
    context.meta[_SETTINGS] = config.settings


def _read_secret(file: str) -> bytes:
    """The key, without the line end that editors add."""
    try:
        secret = Path(file).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise click.BadParameter(f"cannot read {file}: {error.strerror}", param_hint="--secret-file") from error
    if not secret:
        raise click.BadParameter(f"{file} is empty", param_hint="--secret-file")
    return secret
