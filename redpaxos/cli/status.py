"""`redpaxos status`: who is there, who leads, how far each node is; with --check, whether one node is well."""

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from redpaxos.cli.failures import ExitCode, say
from redpaxos.cli.options import Cluster, output_option, timeout_option, with_cluster
from redpaxos.cli.output import ballot_text, print_json

if TYPE_CHECKING:
    from redpaxos.client import Client

_CHECK_SECONDS = 3.0
Report = dict[str, Any]


@click.command()
@click.option("--node", default="", metavar="NAME", help="Only this node.")
@click.option("--check", is_flag=True, help="Is one node, of --name, well? Done within 5 s; for health checks.")
@click.option("--name", envvar="REDPAXOS_NAME", show_envvar=True, metavar="NAME", help="The node that --check is about.")
@with_cluster
@timeout_option(1.0)
@output_option
def status(*, node: str, check: bool, name: str | None, cluster: Cluster, timeout: float, as_json: bool) -> int:
    """Show each node of the cluster, as far as it answers.

    Exits with 4 if nobody answers, if nobody leads, if the acceptors that answer are no quorum, or if nodes disagree who the members are.
    """
    if check and not name:
        raise click.UsageError("--check needs the node's name: add --name NAME or set REDPAXOS_NAME")
    if check:
        return _check(cluster, name or "", as_json=as_json)
    if node:
        return _show_node(cluster, node, timeout, as_json=as_json)
    with cluster.connect() as client:
        reports = client.status(timeout=timeout)
    health = assess(reports)
    if as_json:
        print_json({"cluster": cluster.name, **health._asdict(), "nodes": reports})
    elif reports:
        _print_table(reports, {member for report in reports for member in report["members"]})
        click.echo(click.style(health.line, fg="green" if health.well else "red"))
    if not health.well and (as_json or not reports):
        say(f"cluster {cluster.name}: {health.line}")
    return ExitCode.DONE if health.well else ExitCode.NOT_DONE


class Health(NamedTuple):
    """What the reports of a cluster come to."""

    well: bool
    leader: str
    # The leader's, empty if there is none.
    ballot: str
    quorum: bool
    line: str


def assess(reports: list[Report]) -> Health:
    """Whether a proposal would be chosen, as far as the answers tell."""
    if not reports:
        return Health(False, "", "", False, "nobody answers: is a node running, and is the cluster's name right?")
    told = {",".join(report["members"]): report["node"] for report in reports}
    members = sorted({member for report in reports for member in report["members"]})
    voting = {report["node"] for report in reports if report["kind"] == "acceptor"} & set(members)
    waiting = {report["node"]: report["acquainted"] for report in reports if not report.get("admitted", True)}
    quorum = len(voting - set(waiting)) > len(members) // 2
    counted = f"{len(voting)} of {len(members)} acceptors answer"
    claimed = Counter(report["leader"] for report in reports if report.get("leader"))
    # Somebody who was just deposed may not know yet; the highest ballot counts.
    number, leader = max(((report["round"], report["node"]) for report in reports if report.get("phase") == "leading"), default=(0, ""))
    ballot = ballot_text((number, leader)) if leader else ""
    if len(told) > 1:
        # Majorities of different members need not meet.
        lists = ", but ".join(f"{node} has {names}" for names, node in sorted(told.items()))
        return Health(False, leader, ballot, False, f"different members, so two values may be chosen for one slot: {lists}")
    if not quorum:
        counted = counted if len(voting) > len(members) // 2 else f"only {counted}, {len(members) // 2 + 1} are needed"
        return Health(False, leader, ballot, False, f"no quorum: {counted}{_waiting(waiting, members)}")
    if not leader:
        hint = f"; {', '.join(claimed)} is said to lead, and does not answer" if claimed else ""
        return Health(False, "", "", True, f"no leader: {counted}, which is a quorum{hint}")
    return Health(True, leader, ballot, True, f"{leader} leads with ballot {ballot}; {counted}, which is a quorum")


def _waiting(waiting: dict[str, list[str]], members: list[str]) -> str:
    """Which acceptors are at their first start, and who has not answered them."""
    if not waiting:
        return ""
    silent = sorted({member for node, acquainted in waiting.items() for member in members if member not in (node, *acquainted)})
    return f"; {', '.join(sorted(waiting))} at the first start, waiting to be admitted by more of {', '.join(silent)}"


def _show_node(cluster: Cluster, node: str, timeout: float, *, as_json: bool) -> int:
    """What one node says of itself; nothing follows from it about the others."""
    with cluster.connect() as client:
        reports = _reports_of(client, node, timeout)
    if as_json:
        print_json({"cluster": cluster.name, "nodes": reports})
    elif reports:
        _print_table(reports, set())
    if not reports:
        say(f"node {node} of cluster {cluster.name} does not answer")
    return ExitCode.DONE if reports else ExitCode.NOT_DONE


def _check(cluster: Cluster, name: str, *, as_json: bool) -> int:
    """Whether every actor of the node answers through Redis."""
    deadline = time.monotonic() + _CHECK_SECONDS
    with cluster.connect() as client:
        reports = _reports_of(client, name, deadline - time.monotonic())
    heard = {report["kind"] for report in reports}
    silent = sorted({kind for report in reports for kind in report["actors"]} - heard)
    well = bool(heard) and not silent
    if as_json:
        print_json({"node": name, "well": well, "actors": sorted(heard)})
    elif well:
        click.echo(f"node {name} is well: {', '.join(sorted(heard))} answered")
    if not well:
        say(f"node {name} of cluster {cluster.name} is not well: {f'no answer from its {silent[0]}' if silent else 'no answer'}")
    return ExitCode.DONE if well else ExitCode.NOT_DONE


def _reports_of(client: "Client", node: str, timeout: float) -> list[Report]:
    """The reports of one node's actors, of those that answer in time."""
    reports: dict[str, Report] = {}
    for report in client.reports(node=node, timeout=timeout):
        if report["node"] == node:
            reports[report["kind"]] = report
            if set(report["actors"]) <= set(reports):
                break
    return [reports[kind] for kind in sorted(reports)]


def _print_table(reports: list[Report], expected: set[str]) -> None:
    """A line for each node that answered or was expected to."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "node", "roles", "phase", "leader", "ballot", "slot", "revision", "refused", box=None, header_style="bold", pad_edge=False
    )
    for node in sorted(expected | {report["node"] for report in reports}):
        table.add_row(*_row(node, [report for report in reports if report["node"] == node]))
    Console(highlight=False, soft_wrap=False).print(table)


def _row(node: str, reports: list[Report]) -> list[str]:
    """One node, whatever it hosts."""
    if not reports:
        return [f"[red]{node}", "[red]no answer"]
    merged: Report = {key: value for report in reports for key, value in report.items()}
    refused = sum((Counter(report["refused"]) for report in reports), Counter[str]())
    phase = merged.get("phase", "-") if merged.get("admitted", True) else "waiting to be admitted"
    ballot = max((tuple(report["promised"]) for report in reports if "promised" in report), default=None)
    return [
        f"[bold]{node}",
        ", ".join(merged["actors"]),
        f"[green]{phase}" if phase == "leading" else phase,
        merged.get("leader", "-") or "none",
        ballot_text(ballot) if ballot else "-",
        str(merged.get("slot", "-")),
        str(merged.get("revision", "-")),
        ", ".join(f"{kind} {count}" for kind, count in sorted(refused.items())) or "-",
    ]
