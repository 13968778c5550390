"""`redpaxos status`: who is there, who leads, how far each node is; with --check, whether one node is well."""

import time
from collections import Counter
from operator import add
from typing import TYPE_CHECKING, Any

import click

from redpaxos.cli.failures import ExitCode, say
from redpaxos.cli.health import Report, assess, first_start_of
from redpaxos.cli.options import Cluster, Text, output_option, timeout_option, with_cluster
from redpaxos.cli.output import ballot_text, print_json
from redpaxos.errors import UNHEARD

if TYPE_CHECKING:
    from redpaxos.client import Client

_CHECK_SECONDS = 3.0
_NO_ANSWER = "no answer"
# What a report says of its node, and which of the actors there it is of.
_OF_NODE = ("node", "kind", "actors", "members")
_COLUMNS = ("node", "actors", "phase", "leader", "ballot", "slot", "revision", "refused")
_STYLES: dict[str, dict[str, Any]] = {"leading": {"fg": "green"}, "waiting": {"fg": "yellow"}, _NO_ANSWER: {"fg": "red"}}


@click.command()
@click.option("--node", type=Text(), default="", metavar="NAME", help="Only this node.")
@click.option("--check", is_flag=True, help="Does the node of --node or --name answer and take part? Done within 5 s; for health checks.")
@click.option(
    "--name",
    type=Text(),
    envvar="REDPAXOS_NAME",
    show_envvar=True,
    metavar="NAME",
    help="The node that --check is about, unless --node says.",
)
@with_cluster
@timeout_option(1.0)
@output_option
def status(*, node: str, check: bool, name: str | None, cluster: Cluster, timeout: float, as_json: bool) -> int:
    """Show each node of the cluster, as far as it answers.

    Exits with 4 if nobody answers, if nobody leads, if the acceptors that answer are no quorum, or if nodes disagree who the members are;
    with --check if the node does not answer, or waits at its first start.
    """
    checked = node or name
    if check and not checked:
        raise click.UsageError("--check needs the node's name: add --node NAME or set REDPAXOS_NAME")
    if check and checked:
        return _check(cluster, checked, as_json=as_json)
    if node:
        return _show_node(cluster, node, timeout, as_json=as_json)
    with cluster.connect() as client:
        reports = client.status(timeout=timeout)
    health = assess(reports)
    members = {member for report in reports for member in report["members"]}
    if as_json:
        silent = sorted(members - {report["node"] for report in reports})
        print_json({"cluster": cluster.name, **health._asdict(), "members": sorted(members), "silent": silent, "nodes": by_node(reports)})
    elif reports:
        _print_table(reports, members)
        click.echo(click.style(health.line, fg="green" if health.well else "red"))
    if not health.well and (as_json or not reports):
        say(f"cluster {cluster.name}: {health.line}")
    return ExitCode.DONE if health.well else ExitCode.NOT_DONE


def _show_node(cluster: Cluster, node: str, timeout: float, *, as_json: bool) -> int:
    """What one node says of itself; nothing follows from it about the others."""
    with cluster.connect() as client:
        reports = _reports_of(client, node, timeout)
    if as_json:
        print_json({"cluster": cluster.name, "nodes": by_node(reports)})
    elif reports:
        _print_table(reports, set())
        if waiting := first_start_of(reports):
            click.echo(waiting)
    if not reports:
        say(f"node {node} of cluster {cluster.name} does not answer: is it running, and {UNHEARD}")
    return ExitCode.DONE if reports else ExitCode.NOT_DONE


def _check(cluster: Cluster, name: str, *, as_json: bool) -> int:
    """Whether every actor of the node answers through Redis, and its acceptor takes part."""
    deadline = time.monotonic() + _CHECK_SECONDS
    with cluster.connect() as client:
        reports = _reports_of(client, name, deadline - time.monotonic())
    heard = sorted({report["kind"] for report in reports})
    complaint = _complaint(reports)
    if as_json:
        print_json({"node": name, "well": not complaint, "actors": heard})
    elif not complaint:
        click.echo(f"node {name} is well: {', '.join(heard)} answered")
    if complaint:
        say(f"node {name} of cluster {cluster.name} is not well: {complaint}")
    return ExitCode.NOT_DONE if complaint else ExitCode.DONE


def _complaint(reports: list[Report]) -> str:
    """What is wrong with the node that these are the reports of; empty if nothing is."""
    if not reports:
        return f"no answer; {UNHEARD}"
    silent = sorted({kind for report in reports for kind in report["actors"]} - {report["kind"] for report in reports})
    return f"no answer from its {silent[0]}" if silent else first_start_of(reports)


def _reports_of(client: "Client", node: str, timeout: float) -> list[Report]:
    """The reports of one node's actors, of those that answer in time."""
    reports: dict[str, Report] = {}
    for report in client.reports(node=node, timeout=timeout):
        if report["node"] == node:
            reports[report["kind"]] = report
            if set(report["actors"]) <= set(reports):
                break
    return [reports[kind] for kind in sorted(reports)]


def by_node(reports: list[Report]) -> list[dict[str, Any]]:
    """One object for each node that answered, with what its actors say, by kind; None for an actor that did not answer."""
    nodes: dict[str, dict[str, Any]] = {}
    for report in reports:
        heard = {"node": report["node"], "members": report["members"], "actors": dict.fromkeys(report["actors"])}
        node = nodes.setdefault(report["node"], heard)
        node["actors"][report["kind"]] = {key: value for key, value in report.items() if key not in _OF_NODE}
    return [nodes[name] for name in sorted(nodes)]


def _print_table(reports: list[Report], expected: set[str]) -> None:
    """A line for each node that answered or was expected to; never broken, so that a program may read it."""
    nodes = sorted(expected | {report["node"] for report in reports})
    rows = [_row(node, [report for report in reports if report["node"] == node]) for node in nodes]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    for row in (_COLUMNS, *rows):
        styles = [{"bold": True} if row is _COLUMNS else _STYLES.get(cell) for cell in row]
        cells = [click.style(cell, **style) if style else cell for cell, style in zip(row, styles, strict=True)]
        blanks = [" " * (width - len(cell)) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(map(add, cells, blanks)).rstrip())
    for node in nodes:
        if refused := sum((Counter(report["refused"]) for report in reports if report["node"] == node), Counter[str]()):
            click.echo(f"{node} refused: {', '.join(f'{kind} {count}' for kind, count in sorted(refused.items()))}")


def _row(node: str, reports: list[Report]) -> tuple[str, ...]:
    """One node, whatever it hosts."""
    if not reports:
        return (node, _NO_ANSWER, *[""] * (len(_COLUMNS) - 2))
    merged: Report = {key: value for report in reports for key, value in report.items()}
    ballot = max((tuple(report["promised"]) for report in reports if "promised" in report), default=(0, ""))
    return (
        node,
        ",".join(merged["actors"]),
        merged.get("phase", "-") if merged.get("admitted", True) else "waiting",
        merged.get("leader", "-") or "none",
        ballot_text(ballot) if ballot[0] else "-",
        str(merged.get("slot", "-")),
        str(merged.get("revision", "-")),
        str(sum(sum(report["refused"].values()) for report in reports) or "-"),
    )
