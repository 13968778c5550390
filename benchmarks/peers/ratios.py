"""Ratios: each round's figure of redpaxos by the same round's figure of a peer, and the median of those.

What disturbs the machine disturbs neighbours in time alike, so a ratio within a round means more than one of medians.
"""

import math
from collections.abc import Callable, Sequence
from statistics import median

from msgspec import Struct
from rich.table import Table

from benchmarks.measuring import Measured, percentile
from benchmarks.rounds import Result

OURS = "redpaxos"


class Ratio(Struct, frozen=True):
    """How one case of ours compares with one of a peer's; rates above 1 and latencies below 1 are in our favour."""

    load: str
    outstanding: int
    value_bytes: int
    style: str
    peer: str
    per_second: float
    # Lowest and highest of the rounds.
    per_second_range: tuple[float, float]
    p50: float
    p99: float


def ratios(results: Sequence[Result]) -> list[Ratio]:
    """Every case of ours against every peer that did the same."""
    ours = [result for result in results if result.case.system.startswith(OURS)]
    peers = [result for result in results if not result.case.system.startswith(OURS)]
    return [_ratio(mine, theirs) for mine in ours for theirs in peers if _is_same(mine, theirs)]


def ratio_table(found: Sequence[Ratio]) -> Table:
    """For people."""
    table = Table(title="redpaxos by its peers", title_justify="left", show_edge=False, pad_edge=False)
    for heading in ("what", "sent as"):
        table.add_column(heading, no_wrap=True)
    for heading in ("bytes", "outstanding"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("against", no_wrap=True)
    for heading in ("per s", "lowest – highest", "p50", "p99"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found:
        low, high = each.per_second_range
        figures = (f"× {each.per_second:.2f}", f"{low:.2f} – {high:.2f}", f"× {each.p50:.2f}", f"× {each.p99:.2f}")
        table.add_row(each.load, each.style, str(each.value_bytes), str(each.outstanding), each.peer, *figures)
    return table


def _is_same(mine: Result, theirs: Result) -> bool:
    ours, other = mine.case.job, theirs.case.job
    return (ours.load, ours.outstanding, ours.value_bytes) == (other.load, other.outstanding, other.value_bytes)


def _ratio(mine: Result, theirs: Result) -> Ratio:
    job = mine.case.job
    rates = _by_round(mine, theirs, lambda measured: measured.per_second)
    return Ratio(
        load=job.load,
        outstanding=job.outstanding,
        value_bytes=job.value_bytes,
        style=f"{job.style}, signed" if "signed" in mine.case.system else job.style,
        peer=theirs.case.system,
        per_second=median(rates),
        per_second_range=(min(rates), max(rates)),
        p50=median(_by_round(mine, theirs, lambda measured: percentile(measured.histogram, 0.50))),
        p99=median(_by_round(mine, theirs, lambda measured: percentile(measured.histogram, 0.99))),
    )


def _by_round(mine: Result, theirs: Result, figure: Callable[[Measured], float]) -> list[float]:
    pairs = [(figure(ours), figure(other)) for ours, other in zip(mine.rounds, theirs.rounds, strict=True)]
    return [ours / other if other else math.nan for ours, other in pairs]
