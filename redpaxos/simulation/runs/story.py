"""A run as a picture: who sent what to whom, and what went wrong, as a message ladder."""

from collections.abc import Iterator

from paxos.codec import Envelope
from redpaxos.simulation.parts.trace import render
from redpaxos.simulation.runs.running import Result
from redpaxos.simulation.scripted.ladder import Arrow, Note, Remark, Row, describe, draw

_LABEL_CHARACTERS = 70
_CHATTER = ("Heartbeat", "Echo", "Probe", "ProbeReply", "Locate", "Located")


def picture(result: Result, *, chatter: bool = False, row_limit: int = 400) -> str:
    """The ladder of what was delivered, and the violation; messages of the election only with `chatter`."""
    rows = [row for time, who, what in result.trace.notes for row in _rows(time, who, what, chatter=chatter)]
    left_out = len(rows) - row_limit
    shown = [Remark(f"{left_out} rows left out"), *rows[-row_limit:]] if left_out > 0 else rows
    named = {name: None for row in shown for name in _actors(row)}
    actors = [node.name for node in result.plan.nodes if node.name in named]
    actors += [name for name in named if name not in actors]
    return draw(actors, shown) + f"\n{result.report()}\n"


def _rows(time: float, who: str, what: object, *, chatter: bool) -> Iterator[Row]:
    source, arrow, target = who.partition(" -> ")
    if " -x " in who:
        return
    if who == "nemesis":
        yield Remark(f"{time:.3f} {render(what)}")
    elif not arrow:
        if chatter or "follows " not in str(what):
            yield Note(who, _short(render(what)))
    elif isinstance(what, Envelope):
        for letter in what.letters:
            if not chatter and type(letter.message).__name__ in _CHATTER:
                continue
            label = _short(f"{describe(letter.message)}{'' if letter.group == 'log' else f' of {letter.group}'}")
            yield Note(source, f"to itself: {label}") if source == target else Arrow(source, (target,), label)
    elif source != target:
        yield Arrow(source, (target,), _short(render(what)))


def _actors(row: Row) -> tuple[str, ...]:
    match row:
        case Arrow():
            return (row.source, *row.targets)
        case Note():
            return (row.actor,)
        case Remark():
            return ()


def _short(text: str) -> str:
    return text if len(text) <= _LABEL_CHARACTERS else f"{text[: _LABEL_CHARACTERS - 1]}…"
