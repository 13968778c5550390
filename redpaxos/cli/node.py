"""`redpaxos node run`: one node, in the foreground, until it is told to stop or cannot go on safely."""

import gc
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from redpaxos.cli.failures import ExitCode
from redpaxos.cli.options import Cluster, output_option, settings_of, split_names, with_cluster
from redpaxos.cli.output import print_json

if TYPE_CHECKING:
    from redpaxos.node import Node, NodeConfig
    from transport.threaded import BrokerTransport

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LINE = "%(asctime)s %(levelname)s %(message)s"
_POLL_SECONDS = 0.05


@click.group()
def node() -> None:
    """Run the nodes of a cluster."""


@node.command(short_help="Run the node NAME until SIGTERM or Ctrl-C.")
@click.argument("name", envvar="REDPAXOS_NAME")
@click.option(
    "--members",
    required=True,
    envvar="REDPAXOS_MEMBERS",
    show_envvar=True,
    callback=split_names,
    metavar="NAMES",
    help="The nodes whose acceptors vote, n1,n2,n3; the same on every node, for ever.",
)
@click.option(
    "--roles",
    default="acceptor,proposer,learner",
    show_default=True,
    envvar="REDPAXOS_ROLES",
    show_envvar=True,
    callback=split_names,
    metavar="ROLES",
    help="What this node does.",
)
@click.option(
    "--data-dir",
    envvar="REDPAXOS_DATA_DIR",
    show_envvar=True,
    metavar="DIR",
    help="What it must never forget; on a disk of its own, never copied.  [default: ./redpaxos-data/NAME]",
)
@click.option(
    "--storage",
    type=click.Choice(["journal", "sqlite"]),
    default="journal",
    show_default=True,
    envvar="REDPAXOS_STORAGE",
    show_envvar=True,
    help="SQLite with a preallocated journal in front of it, or alone; a store is converted when it is opened.",
)
@click.option(
    "--priority",
    type=click.IntRange(0, 999),
    default=1,
    show_default=True,
    envvar="REDPAXOS_PRIORITY",
    show_envvar=True,
    help="Of the nodes that could lead the one with the highest does; with 0 this one never leads.",
)
@with_cluster
@output_option
@click.pass_context
def run(
    context: click.Context,
    *,
    name: str,
    members: tuple[str, ...],
    roles: tuple[str, ...],
    data_dir: str | None,
    storage: str,
    priority: int,
    cluster: Cluster,
    as_json: bool,
) -> int:
    """Run the node NAME until SIGTERM or Ctrl-C, which end it within a second or so; if it leads, another node leads first.

    Prints one line when it is ready, and logs every change of its state to standard error. A node whose disk was lost may not come
    back: it is lost to its cluster, and the others go on without it.
    """
    from redpaxos.node import STOPS, NodeConfig

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_LINE)
    logging.getLogger("pykka").addFilter(_is_no_explained_end)
    log = logging.getLogger("redpaxos")
    log.addFilter(lambda record: record.msg != STOPS)  # The last line says the same.
    config = NodeConfig(name, cluster.name, members, roles, cluster.secret, storage, settings_of(context), priority).checked()
    directory = _make_directory(Path(data_dir if data_dir is not None else f"redpaxos-data/{name}"))
    _on_stop_signals(_leave)
    log.info("node %s of cluster %s plays %s, and remembers in %s", name, cluster.name, ",".join(roles), directory)
    transport = cluster.open_transport()
    try:
        running = _start(config, transport, directory)
    except BaseException:
        transport.close()
        raise
    _attend(running, transport, as_json=as_json)
    log.info("node %s has stopped", name)
    return ExitCode.DONE


def _start(config: "NodeConfig", transport: "BrokerTransport", directory: Path) -> "Node":
    """Start it, undisturbed by signals; from then on they stop it in an orderly way."""
    from redpaxos.node import Node, disk_stores

    running = Node(config, transport, disk_stores(directory, config))
    with _signals_held():
        running.start()
        # On a thread of its own, because the interrupted one may hold a lock that stopping needs.
        _on_stop_signals(lambda number, frame: threading.Thread(target=running.leave, name="redpaxos-stop").start())
    return running


def _attend(running: "Node", transport: "BrokerTransport", *, as_json: bool) -> None:
    """Say when it is ready, and wait for its end; NodeFailedError if it ends by itself."""
    config = running.config
    while not (running.is_ready and transport.stats().connected):
        if running.wait(_POLL_SECONDS):
            return
    if as_json:
        print_json({"node": config.name, "cluster": config.cluster, "event": "ready"})
    else:
        click.echo(f"node {config.name} of cluster {config.cluster} is ready")
    _spare_the_collector()
    running.wait()


def _spare_the_collector() -> None:
    """Look for garbage in cycles seldom: a node makes next to none, and looking takes longer the more it remembers."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _is_no_explained_end(record: logging.LogRecord) -> bool:
    """Whether to print what Pykka logs: not where an actor ended for a reason that we say in one line, its store or a stranger."""
    from actors.peers import StrangerError
    from actors.storage.base import StorageError

    return not (record.exc_info and isinstance(record.exc_info[1], StorageError | StrangerError))


def _make_directory(directory: Path) -> Path:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"cannot use {directory}: {error.strerror}", param_hint="--data-dir") from error
    return directory


def _on_stop_signals(handler: Any) -> None:
    for number in _STOP_SIGNALS:
        signal.signal(number, handler)


def _leave(number: int, frame: Any) -> None:
    """Told to stop before anything was started; without this handler process 1 would not hear it."""
    sys.exit(ExitCode.DONE)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals to stop arrive when this is over; the threads that are started meanwhile never receive any."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
