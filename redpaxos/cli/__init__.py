"""The command line: `redpaxos COMMAND`, one file for each group of commands.

What a command was told to do ends in one of six ways, and the exit code says in which (failures.py). A failure is one line on standard
error. Everything that takes long to import is imported where it is used, so that help and mistakes are answered at once.
"""

import click

from redpaxos.cli.demo import demo
from redpaxos.cli.failures import OneLineGroup, open_what_is_closed
from redpaxos.cli.kv import kv
from redpaxos.cli.lead import lead
from redpaxos.cli.log import log
from redpaxos.cli.node import node
from redpaxos.cli.propose import decide, propose
from redpaxos.cli.sim import sim
from redpaxos.cli.status import status

_EPILOG = """
\b
Exit codes:
  0  done
  1  a node stopped, because it could not go on safely
  2  usage: an option, an argument, the configuration file
  3  a definite no: rejected, undecided, another value won, no such key, the comparison failed
  4  not done: no quorum, nobody there, Redis out of reach
  5  outcome unknown: ask again with the same --id; kv: read the key, then write with cas
 74  done or not, the answer could not be written; 130 after Ctrl-C, 141 where nobody read on

Each option can also be given as the environment variable that its help names, and those about the cluster in a TOML file (--config),
under their long names. The command line wins over the environment, the environment over the file.
"""


@click.group(
    cls=OneLineGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "REDPAXOS", "max_content_width": 100},
)
@click.version_option(package_name="redpaxos", message="%(prog)s %(version)s")
def cli() -> None:
    """Paxos for the Redis you already run.

    Redis only carries the messages; nodes on their own disks agree on a log of values, on named decrees that are decided once, and on a
    key-value store.
    New here? `redpaxos demo` shows three nodes agree, lose their leader, and go on.
    """


for command in (demo, node, propose, decide, kv, log, status, lead, sim):
    cli.add_command(command)


def main() -> None:
    """The program `redpaxos`."""
    open_what_is_closed()
    cli(prog_name="redpaxos")
