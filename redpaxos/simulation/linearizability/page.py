"""A page that shows why a history is not linearizable: one lane a client, one bar an operation, in one file that needs no other.

Time runs to the right, one step an event, and is not to scale: what counts is which bars overlap. The dots are the instants at which
operations take effect in the longest order that the model allows; the red bar is the operation that fits nowhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from math import inf

from redpaxos.simulation.linearizability.check import NotLinearizable
from redpaxos.simulation.linearizability.history import Operation, Outcome
from redpaxos.simulation.linearizability.style import STYLE

# Pixels: the narrowest drawing, the place for the clients' names, and above the lanes.
_PAGE, _GUTTER, _TOP = 1070, 96, 14
# A row of bars, a bar, the line of the order within a bar, and between lanes.
_ROW, _BAR, _DOT, _LANE_GAP = 56, 46, 33, 14
# Between two events; a character of a label, and what a bar is wider than its label.
_STEP, _CHARACTER, _PADDING = 22.0, 7.4, 22.0
_LONGEST_LABEL = 48

# A time, and whether it is of a response.
_Event = tuple[float, bool]


def history_page(verdict: NotLinearizable) -> str:
    """The page, as HTML."""
    count = f"{len(verdict.region)} of {verdict.operation_count}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not linearizable: {escape(verdict.key)}</title><style>{STYLE}</style></head><body><main>
<p class="verdict">Not linearizable</p>
<h1><code>{escape(verdict.culprit.text())}</code> fits nowhere</h1>
<p class="lead">{_explanation(verdict)}</p>
<dl><div><dt>model</dt><dd>{escape(verdict.model)}</dd></div><div><dt>key</dt><dd><code>{escape(verdict.key)}</code></dd></div>
<div><dt>client</dt><dd><code>{escape(verdict.culprit.client)}</code></dd></div>
<div><dt>shown</dt><dd>{count} operations</dd></div></dl>
<figure><div class="scroll">{_Drawing(verdict).svg()}</div>{_LEGEND}</figure>
<h2>The longest order that the model allows</h2>
{_table(verdict)}
<footer>Time runs to the right, one step an event, and is not to scale. Operations that the contradiction does not need are left out;
one that had not ended when the red one did is drawn as unknown, for so it was then.</footer>
</main></body></html>
"""


def _explanation(verdict: NotLinearizable) -> str:
    culprit, state = verdict.culprit, f"<code>{escape(verdict.final_state)}</code>"
    if any(_is_same(step.operation, culprit) for step in verdict.longest_order):
        return f"Others saw its effect, so it took place, but in no order does it get this answer. After the order below stands {state}."
    if not verdict.longest_order:
        return f"At first stands {state}, nothing that was under way changes that in time, and the answer is a different one."
    return f"After the longest order that the model allows stands {state}, and no other order of these operations allows the answer either."


def _table(verdict: NotLinearizable) -> str:
    rows = [f'<tr class="first"><td></td><td></td><td>at first</td><td><code>{escape(verdict.initial)}</code></td></tr>']
    for number, step in enumerate(verdict.longest_order, start=1):
        operation = step.operation
        rows.append(
            f'<tr><td><span class="badge">{number}</span></td><td><code>{escape(operation.client)}</code></td>'
            f"<td><code>{escape(operation.text())}</code></td><td><code>{escape(step.state)}</code></td></tr>"
        )
    rows.append(
        f'<tr class="culprit"><td><span class="badge">✕</span></td><td><code>{escape(verdict.culprit.client)}</code></td>'
        f"<td><code>{escape(verdict.culprit.text())}</code></td><td>fits nowhere</td></tr>"
    )
    head = "<tr><th></th><th>client</th><th>operation</th><th>holds after it</th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'


_LEGEND = """<figcaption><span><i class="done"></i>done</span><span><i class="unknown"></i>unknown: takes effect some day, or never</span>
<span><i class="culprit"></i>fits nowhere</span><span><b class="badge">1</b>takes effect here in the longest order</span></figcaption>"""


@dataclass(frozen=True)
class _Bar:
    """An operation with its place on the page."""

    operation: Operation
    left: float
    right: float
    top: float
    is_culprit: bool

    def box(self) -> str:
        kind = "culprit" if self.is_culprit else "done" if self.operation.outcome is Outcome.DONE else "unknown"
        title = f"{self.operation.client}: {self.operation.text()}\n{_times(self.operation)}"
        return (
            f'<rect class="bar {kind}" x="{self.left:.1f}" y="{self.top:.1f}" width="{self.right - self.left:.1f}" height="{_BAR}" rx="8">'
            f"<title>{escape(title)}</title></rect>"
        )

    def label(self) -> str:
        kind = "culprit" if self.is_culprit else self.operation.outcome.value
        text = escape(_label(self.operation))
        return f'<text class="label {kind}" x="{self.left + 10:.1f}" y="{self.top + 18:.1f}">{text}</text>'

    def cross(self) -> str:
        x, y = (self.left + self.right) / 2, self.top + _DOT
        return f'<path class="cross" d="M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"/>'


class _Drawing:
    """The lanes, the bars, and the line of the longest order through them."""

    def __init__(self, verdict: NotLinearizable) -> None:
        self._verdict = verdict
        self._columns = _columns(verdict.region)
        self._right_edge = max(self._columns.values())
        self._lane_tops: dict[str, float] = {}
        self._bars: list[_Bar] = []
        self._height = float(_TOP)
        for client, operations in groupby(sorted(verdict.region, key=_by_client), key=lambda operation: operation.client):
            self._lane_tops[client] = self._height
            self._height += _ROW * self._lay_out(list(operations), self._height) + _LANE_GAP

    def svg(self) -> str:
        width, height = self._right_edge + 16, self._height
        parts = [self._lane(client) for client in self._lane_tops] + [bar.box() for bar in self._bars] + self._order()
        return (
            f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img"'
            f' aria-label="the operations over time">{_FADE}{"".join(parts)}</svg>'
        )

    def _lay_out(self, operations: Sequence[Operation], top: float) -> int:
        """Put one client's bars, by invocation, into as few rows as keep them apart, and return how many."""
        row_ends: list[float] = []
        for operation in operations:
            left, right = self._columns[_begin(operation)], self._columns[_end(operation)]
            row = next((row for row, end in enumerate(row_ends) if end <= left), len(row_ends))
            row_ends[row : row + 1] = [right]
            self._bars.append(_Bar(operation, left, right, top + row * _ROW, _is_same(operation, self._verdict.culprit)))
        return len(row_ends)

    def _lane(self, client: str) -> str:
        top = self._lane_tops[client]
        line = top - _LANE_GAP / 2 - 1
        rule = "" if line < _TOP else f'<path class="rule" d="M0 {line:.1f}H{self._right_edge + 16:.1f}"/>'
        return f'{rule}<text class="client" x="4" y="{top + 28:.1f}">{escape(_short(client, 12))}<title>{escape(client)}</title></text>'

    def _order(self) -> list[str]:
        """The line of the longest order, the labels above it, and what stands on the line."""
        bars = [next(bar for bar in self._bars if _is_same(bar.operation, step.operation)) for step in self._verdict.longest_order]
        points = [(x, bar.top + _DOT) for x, bar in zip(_instants(bars), bars, strict=True)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dots = [
            f'<g class="dot"><circle cx="{x:.1f}" cy="{y:.1f}" r="9"/><text x="{x:.1f}" y="{y + 3.6:.1f}">{number}</text></g>'
            for number, (x, y) in enumerate(points, start=1)
        ]
        crosses = [bar.cross() for bar in self._bars if bar.is_culprit and bar not in bars]
        return [f'<polyline class="order" points="{line}"/>', *(bar.label() for bar in self._bars), *dots, *crosses]


_FADE = (
    '<defs><linearGradient id="fade"><stop offset="0" class="near"/><stop offset=".55" class="near"/>'
    '<stop offset="1" class="far"/></linearGradient></defs>'
)


def _columns(operations: Sequence[Operation]) -> dict[_Event, float]:
    """Where each event stands, just far enough apart that every label fits its bar; responses follow invocations of the same time."""
    ending: dict[_Event, list[Operation]] = {}
    for operation in operations:
        ending.setdefault(_end(operation), []).append(operation)
    columns: dict[_Event, float] = {}
    x = 0.0
    for event in sorted({_begin(operation) for operation in operations} | ending.keys()):
        columns[event] = x = max([x, *(columns[_begin(operation)] + _width(operation) for operation in ending.get(event, ()))])
        x += _STEP
    stretch = max(1.0, (_PAGE - _GUTTER) / max(columns.values()))
    return {event: _GUTTER + stretch * x for event, x in columns.items()}


def _begin(operation: Operation) -> _Event:
    return operation.invoked, False


def _end(operation: Operation) -> _Event:
    return (inf if operation.responded is None else operation.responded), True


def _instants(bars: Sequence[_Bar]) -> list[float]:
    """An instant within each bar, rising in the order of the bars and spread as evenly as the bars allow."""
    earliest = [max(bar.left for bar in bars[: index + 1]) for index in range(len(bars))]
    latest = [min(bar.right for bar in bars[index:]) for index in range(len(bars))]
    instants: list[float] = []
    for (left, right), group in groupby(zip(earliest, latest, strict=True)):
        count = len(list(group))
        instants += [left + (right - left) * (place + 1) / (count + 1) for place in range(count)]
    return sorted(instants)


def _width(operation: Operation) -> float:
    return len(_label(operation)) * _CHARACTER + _PADDING


def _label(operation: Operation) -> str:
    return _short(operation.text(), _LONGEST_LABEL)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _times(operation: Operation) -> str:
    return f"from {operation.invoked} " + ("on" if operation.responded is None else f"to {operation.responded}")


def _by_client(operation: Operation) -> tuple[list[tuple[int, str]], int]:
    """Clients by name, with c2 before c10; one client's operations by invocation."""
    parts = re.split(r"(\d+)", operation.client)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], operation.invoked


def _is_same(one: Operation, other: Operation) -> bool:
    """Whether they are one operation, be it that one of them is told as of before it ended."""
    return (one.client, one.invoked, one.input) == (other.client, other.invoked, other.input)
