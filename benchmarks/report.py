"""What a run found, for people as a table and for programs as JSON."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks.floor import HOP_COUNT, Floor
from benchmarks.peers.ratios import Ratio
from benchmarks.rounds import Result

_LOADS = {"log": "log", "put": "puts", "read": "fresh reads", "decree": "decrees", "lock": "locks", "role": "decrees"}
_STYLES = {"each": "messages", "together": "together", "client": "client", "roles": "roles", "casts": "casts"}
_LEGEND = """
log: commands appended to one log. puts: keys written, in a session where there are sessions. fresh reads: linearizable reads of a key.
decrees: named things decided once; three clients compete for the same names. locks: one taken and released.
roles: the three of the papers alone; casts: with all that nodes have beside them.
client: threads that call redpaxos.Client; messages: each command a message of its own; together: what waits in one message.
3 × 10: three client processes with 10 outstanding each. load CPU: the busiest load process's share of a core; near 100 % it is the limit,
but for the systems in one process, where it is everything. CPU µs each: of nodes and server for one command. sent again: commands, in
all rounds, that no answer came for within a second or that were answered with "not now". spread: highest less lowest rate of the rounds, by
their median."""


class Run(Struct, frozen=True):
    """Everything of a run."""

    conditions: dict[str, str]
    # What each system says of itself.
    systems: dict[str, dict[str, str]]
    # By system: the floor under it, where there is one.
    floors: dict[str, Floor]
    results: list[Result]
    # How redpaxos compares, where it is compared.
    ratios: list[Ratio] = []


def write_json(run: Struct, path: Path) -> None:
    """The whole run, with every round."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")


def print_run(run: Run, console: Console) -> None:
    """Conditions, floors, a table a system."""
    console.print()
    for name, value in run.conditions.items():
        console.print(f"{name:>26}  {value}", highlight=False)
    for system in dict.fromkeys(result.case.system for result in run.results):
        about = ", ".join(run.systems.get(system, {}).values())
        console.print()
        console.print(_table(f"{system}  ({about})", [each for each in run.results if each.case.system == system], run.floors.get(system)))
        if (floor := run.floors.get(system)) is not None:
            console.print(describe_floor(floor), highlight=False)
    console.print(_LEGEND, highlight=False)


def describe_floor(floor: Floor) -> str:
    """The floor in words."""
    return (
        f"floor: a hop {floor.hop * 1e6:.0f} µs, a sync {floor.sync * 1e6:.0f} µs ({floor.sync_together * 1e6:.0f} µs while two others "
        f"sync), so {HOP_COUNT} hops and a sync {floor.command * 1e6:.0f} µs"
    )


def _table(title: str, results: Sequence[Result], floor: Floor | None) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for heading in ("what", "sent as"):
        table.add_column(heading, no_wrap=True)
    for heading in (
        "outstanding",
        "p50 ms",
        "p99 ms",
        *(["p50 / floor"] if floor else []),
        "per s",
        "spread",
        "load CPU",
        "CPU µs each",
        "sent again",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        table.add_row(*_row(result, floor))
    return table


def _row(result: Result, floor: Floor | None) -> list[str]:
    job, summary = result.case.job, result.summary
    what = _LOADS.get(job.load, job.load) + ("" if job.value_bytes == 64 else f", {job.value_bytes} bytes")
    outstanding = f"{job.outstanding}" if result.case.clients == 1 else f"{result.case.clients} × {job.outstanding}"
    lone = job.outstanding == 1 and result.case.clients == 1
    return [
        what,
        _STYLES.get(job.style, job.style),
        outstanding,
        milliseconds(summary.p50),
        milliseconds(summary.p99),
        *([f"{summary.p50 / floor.command:.1f}" if lone else ""] if floor else []),
        f"{summary.per_second:,.0f}",
        f"{summary.spread:.0%}" if not math.isnan(summary.spread) else "",
        f"{summary.load_cpu:.0%}",
        _cpu(summary.cpu_micros_per_command),
        f"{summary.repeated}" if summary.repeated else "",
    ]


def _cpu(by_kind: Mapping[str, float]) -> str:
    return " + ".join(f"{kind} {micros:.0f}" for kind, micros in by_kind.items())


def milliseconds(seconds: float) -> str:
    """With as many digits as mean something."""
    return "–" if math.isnan(seconds) else f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"
