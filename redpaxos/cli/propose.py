"""`redpaxos propose` and `redpaxos decide`: have a value chosen, or ask which one was."""

import sys

import click

from redpaxos.cli.failures import ExitCode, say
from redpaxos.cli.options import Cluster, Text, output_option, timeout_option, with_cluster
from redpaxos.cli.output import print_decision, value_of
from redpaxos.errors import UndecidedError

_ID_HELP = "Proposed again under the same id, it is executed once; use it to ask again when the outcome is unknown."

_id_option = click.option("--id", "request_id", type=Text(may_be_empty=False), metavar="ID", help=_ID_HELP)
_string_option = click.option("--string", "as_string", is_flag=True, help="VALUE is a string as it is, even where it looks like JSON.")


@click.command()
@click.argument("value")
@_id_option
@_string_option
@with_cluster
@timeout_option(10.0)
@output_option
def propose(*, value: str, request_id: str | None, as_string: bool, cluster: Cluster, timeout: float, as_json: bool) -> int:
    """Append VALUE to the log, and print its place there.

    VALUE is taken as JSON where it is JSON, and as a string where it is not: 42 is a number, '"42"' and hello are strings. What begins
    with {, [ or " and is no JSON is a mistake, unless --string says that it is meant. A single - reads VALUE from standard input.
    A value that begins with a dash goes behind a double dash: redpaxos propose -- -5

    Under an --id that was used for another value, prints that one, appends nothing and exits with 3.
    """
    from paxos.groups import LOG

    proposal = value_of(value, sys.stdin.buffer, as_string=as_string)
    with cluster.connect() as client:
        decision = client.propose(proposal, id=request_id, timeout=timeout)
    print_decision(LOG, decision, as_json=as_json)
    if not decision.mine:
        say(f"id {decision.id} was used before, for what is printed: the log has that, and VALUE was not appended")
        return ExitCode.NO
    return ExitCode.DONE


@click.command(short_help="Decide NAME once and for all, and print the value that won.")
@click.argument("name", type=Text())
@click.argument("value", required=False)
@_id_option
@_string_option
@click.option("--mine", is_flag=True, help="Exit with 3 unless it is VALUE as proposed here (or under this --id) that won.")
@with_cluster
@timeout_option(10.0)
@output_option
def decide(
    *,
    name: str,
    value: str | None,
    request_id: str | None,
    as_string: bool,
    mine: bool,
    cluster: Cluster,
    timeout: float,
    as_json: bool,
) -> int:
    """Decide NAME once and for all, and print the value that won, which is the same for everybody who ever asks.

    With a VALUE, written as for propose, proposes it. Without one, asks; exits with 3 if nothing was decided.
    """
    from paxos.groups import decree_group

    if value is None and (mine or as_string or request_id is not None):
        raise click.UsageError("--mine, --id and --string go with a VALUE")
    if not 0 < len(name) <= 128:
        raise click.BadParameter(f"a decree's name has 1 to 128 characters, found {len(name)}", param_hint="NAME")
    proposal = None if value is None else value_of(value, sys.stdin.buffer, as_string=as_string)
    with cluster.connect() as client:
        try:
            if value is None:
                decision = client.decision(name, timeout=timeout)
            else:
                decision = client.decide(name, proposal, id=request_id, timeout=timeout)
        except UndecidedError as error:
            raise UndecidedError(f"{name} is undecided: {error}") from error
    print_decision(decree_group(name), decision, as_json=as_json)
    if mine and not decision.mine:
        say(f"{name} was decided otherwise, under id {decision.id or '(none)'}")
        return ExitCode.NO
    return ExitCode.DONE
