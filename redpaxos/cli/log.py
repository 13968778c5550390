"""`redpaxos log`: read what was chosen, in its order."""

from typing import TYPE_CHECKING

import click

from redpaxos.cli.failures import say
from redpaxos.cli.options import Cluster, Revision, Text, output_option, timeout_option, with_cluster
from redpaxos.cli.output import print_entry

if TYPE_CHECKING:
    from redpaxos.client import Client

_TAIL_COUNT = 10

_node_option = click.option("--node", type=Text(), default="", metavar="NAME", help="Read it from this node alone; otherwise from any.")


@click.group(short_help="Read the log: every chosen value, once, in one order.")
def log() -> None:
    """Read the log: every chosen value, once, in the same order everywhere."""


@log.command()
@click.option("--from", "from_revision", type=Revision(), default=1, show_default=True, metavar="REVISION", help="Where to begin.")
@_node_option
@with_cluster
@timeout_option(10.0)
@output_option
def show(*, from_revision: int, node: str, cluster: Cluster, timeout: float, as_json: bool) -> None:
    """Print the log as far as it goes."""
    with cluster.connect() as client:
        _print_log(client, from_revision, node=node, follow=False, timeout=timeout, as_json=as_json)


@log.command(short_help="Print the end of the log, and go on as it grows.")
@click.option("--from", "from_revision", type=Revision(), metavar="REVISION", help=f"Where to begin.  [default: the last {_TAIL_COUNT}]")
@_node_option
@with_cluster
@timeout_option(10.0)
@output_option
def tail(*, from_revision: int | None, node: str, cluster: Cluster, timeout: float, as_json: bool) -> None:
    """Print the end of the log, and go on as it grows; nothing is missed and nothing comes twice.

    Goes on until Ctrl-C, and waits for a REVISION that is still to come.
    """
    with cluster.connect() as client:
        first = from_revision or max(1, client.end_revision(node=node, timeout=timeout) - _TAIL_COUNT)
        _print_log(client, first, node=node, follow=True, timeout=timeout, as_json=as_json)


def _print_log(client: "Client", from_revision: int, *, node: str, follow: bool, timeout: float, as_json: bool) -> None:
    from paxos.groups import LOG

    if from_revision > 1 and from_revision > (end := client.end_revision(node=node, timeout=timeout)):
        say(f"the log is at revision {end - 1}{f' on {node}' if node else ''}, and {from_revision} is still to come")
    for entry in client.entries(from_revision, follow=follow, node=node, timeout=timeout):
        print_entry(LOG, entry, as_json=as_json)
