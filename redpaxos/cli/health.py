"""What the reports of nodes come to: whether a proposal would be chosen, and what is in the way if not."""

from collections import Counter
from typing import Any, NamedTuple

from redpaxos.cli.output import ballot_text
from redpaxos.errors import UNHEARD

Report = dict[str, Any]


class Health(NamedTuple):
    """What the reports of a cluster come to."""

    well: bool
    leader: str
    # The leader's round and name, none if there is none.
    ballot: tuple[int, str] | None
    quorum: bool
    line: str


def assess(reports: list[Report]) -> Health:
    """Whether a proposal would be chosen, as far as the answers tell."""
    if not reports:
        return Health(False, "", None, False, f"nobody answers: is a node running, and {UNHEARD}")
    members = sorted({member for report in reports for member in report["members"]})
    voting = {report["node"] for report in reports if report["kind"] == "acceptor"} & set(members)
    quorum = len(voting - {report["node"] for report in reports if _waits(report)}) > len(members) // 2
    counted = f"{len(voting)} of {len(members)} acceptors answer"
    claimed = Counter(report["leader"] for report in reports if report.get("leader"))
    # Somebody who was just deposed may not know yet; the highest ballot counts.
    number, leader = max(((report["round"], report["node"]) for report in reports if report.get("phase") == "leading"), default=(0, ""))
    ballot = (number, leader) if leader else None
    waiting = first_start_of(reports)
    first_start = f"; {waiting}" if waiting else ""
    if different := _different_members(reports):
        return Health(False, leader, ballot, False, different)
    if not quorum:
        counted = counted if len(voting) > len(members) // 2 else f"only {counted}, {len(members) // 2 + 1} are needed"
        return Health(False, leader, ballot, False, f"no quorum: {counted}{first_start}")
    if ballot is None:
        hint = f"; {', '.join(claimed)} is said to lead, and does not answer" if claimed else ""
        return Health(False, "", None, True, f"no leader: {counted}, which is a quorum{hint}{first_start}")
    return Health(
        True, leader, ballot, True, f"{leader} leads with ballot {ballot_text(ballot)}; {counted}, which is a quorum{first_start}"
    )


def first_start_of(reports: list[Report]) -> str:
    """Which acceptors wait to be admitted, and by whom; empty if none does."""
    waiting: dict[str, list[str]] = {}
    for report in sorted(filter(_waits, reports), key=lambda report: str(report["node"])):
        waiting.setdefault(_awaited_by(report), []).append(report["node"])
    clauses = [f"{', '.join(nodes)} {'wait' if len(nodes) > 1 else 'waits'} for {awaited}" for awaited, nodes in waiting.items()]
    return f"first start: {', and '.join(clauses)}" if clauses else ""


def _waits(report: Report) -> bool:
    """Whether this is an acceptor whose store takes no part yet."""
    return not report.get("admitted", True)


def _awaited_by(report: Report) -> str:
    """The members that have not told this acceptor that they know its store, and how many of them it needs."""
    from paxos.quorum import majority

    silent = sorted(set(report["members"]) - {report["node"], *report["acquainted"]})
    needed = majority(report["members"]).admit_count - len(report["acquainted"])
    return ", ".join(silent) if needed >= len(silent) else f"{needed} of {', '.join(silent)}"


def _different_members(reports: list[Report]) -> str:
    """Who has which members, if not all have the same: their majorities need not meet."""
    told: dict[str, list[str]] = {}
    for node, names in sorted({(report["node"], ",".join(report["members"])) for report in reports}):
        told.setdefault(names, []).append(node)
    if len(told) < 2:
        return ""
    lists = ", but ".join(f"{', '.join(nodes)} with {names}" for names, nodes in told.items())
    return f"nodes were started with different members, and do not hear each other: {lists}"
