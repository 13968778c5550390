"""`redpaxos lead transfer`: another node leads. Who leads now is what `redpaxos status` says."""

import click

from redpaxos.cli.options import Cluster, Text, output_option, timeout_option, with_cluster
from redpaxos.cli.output import print_json


@click.group()
def lead() -> None:
    """Choose which node leads the log."""


@lead.command()
@click.argument("node", type=Text())
@with_cluster
@timeout_option(10.0)
@output_option
def transfer(*, node: str, cluster: Cluster, timeout: float, as_json: bool) -> None:
    """Make NODE lead, and return when it does.

    The leader first sees that NODE has everything and reaches a quorum, and then lets go: nothing is lost or done twice, and clients
    notice a pause of some hundredths of a second. A NODE that cannot lead leaves the leader where it is (exit code 4).
    """
    with cluster.connect() as client:
        client.transfer_lead(node, timeout=timeout)
    if as_json:
        print_json({"cluster": cluster.name, "leader": node})
    else:
        click.echo(f"{node} leads")
