"""Message ladders: what happened between actors, as plain text that a human reads from top to bottom.

Each actor is a rail, each row is one event, in the order in which they happened. An arrow ends where the message was delivered; one that
was lost ends in an `x`. A message that nobody drew was sent and is still under way. The ladders of docs/protocol.md, the transcripts of
the scripted schedules and the counterexamples of the exhaustive search are all drawn here.
"""

import itertools
from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from paxos.ballot import END_SLOT, Ballot
from paxos.batches import decode_batch
from paxos.cues import Message, Propose
from paxos.errors import InvariantViolation
from paxos.messages import Accept, Accepted, AskChosen, AskVotes, ChosenPage, Decided, Nack, Prepare, Promise, Vote, VotesPage
from paxos.values import Action, Close, Command, Open, Operation

_LEAST_WIDTH = 10
_MARGIN = 2


class Arrow(Struct, frozen=True):
    """A message that reached these targets, or was lost on the way to them."""

    source: str
    targets: tuple[str, ...]
    label: str
    is_lost: bool = False


class Note(Struct, frozen=True):
    """Something that happened at one actor."""

    actor: str
    text: str


class Remark(Struct, frozen=True):
    """A line of its own, for the reader."""

    text: str


Row = Arrow | Note | Remark


def draw(actors: Sequence[str], rows: Sequence[Row]) -> str:
    """The ladder, one line a row under the names of the actors; without trailing blanks, and ending in a newline."""
    ladder = _Ladder(actors, rows)
    lines = [ladder.header(), ladder.rails(), *(ladder.line(row) for row in rows), ladder.rails()]
    return "".join(f"{line.rstrip()}\n" for line in lines)


class _Ladder:
    """Rails at equal distances, wide enough for every label."""

    def __init__(self, actors: Sequence[str], rows: Sequence[Row]) -> None:
        self._actors = actors
        arrows = [row for row in rows if isinstance(row, Arrow)]
        needed = (len(arrow.label) + 6 for arrow in arrows)
        spans = (self._longest_span(arrow) for arrow in arrows)
        self._width = max((-(-need // span) for need, span in zip(needed, spans, strict=True)), default=0)
        self._width = max(self._width, _LEAST_WIDTH, *(len(actor) + 2 for actor in actors))

    def header(self) -> str:
        line = [" "] * (self._width * len(self._actors) + _MARGIN)
        for actor in self._actors:
            _write(line, self._column(actor) - len(actor) // 2, actor)
        return "".join(line)

    def rails(self) -> str:
        return "".join(self._rails())

    def line(self, row: Row) -> str:
        match row:
            case Arrow():
                return self._arrow(row)
            case Note():
                rails = self._rails()
                _write(rails, self._column(row.actor), f"* {row.text} ")
                return "".join(rails)
            case Remark():
                return f"-- {row.text}"
            case _:
                assert_never(row)

    def _arrow(self, arrow: Arrow) -> str:
        """A line from the source through every target, the label in its widest gap."""
        rails = self._rails()
        source = self._column(arrow.source)
        stops = sorted({source, *map(self._column, arrow.targets)})
        for column in range(stops[0], stops[-1]):
            rails[column] = "-"
        for stop in stops:
            rails[stop] = "|"
        for target in map(self._column, arrow.targets):
            head = target - 1 if target > source else target + 1
            rails[head] = "x" if arrow.is_lost else ">" if target > source else "<"
        left, right = max(itertools.pairwise(stops), key=lambda gap: gap[1] - gap[0])
        _write(rails, (left + right + 1 - len(arrow.label)) // 2 - 1, f" {arrow.label} ")
        return "".join(rails)

    def _longest_span(self, arrow: Arrow) -> int:
        stops = sorted({self._actors.index(name) for name in (arrow.source, *arrow.targets)})
        return max((right - left for left, right in itertools.pairwise(stops)), default=1)

    def _rails(self) -> list[str]:
        line = [" "] * (self._width * len(self._actors) + 200)
        for actor in self._actors:
            line[self._column(actor)] = "|"
        return line

    def _column(self, actor: str) -> int:
        return _MARGIN + self._width * self._actors.index(actor)


def _write(line: list[str], start: int, text: str) -> None:
    start = max(start, 0)
    line[start : start + len(text)] = text


# ---- words ----------------------------------------------------------------------------------------------------------------------


def describe(message: Message) -> str:
    """A message in few words: its kind, its ballot as `round.node`, its slot and its value."""
    match message:
        case Prepare():
            first = f" from slot {message.first_slot}" if message.first_slot else ""
            return f"Prepare {describe_ballot(message.ballot)}{first}"
        case Promise():
            return f"Promise {describe_ballot(message.ballot)}{_votes(message.votes)}"
        case Accept():
            return f"Accept {describe_ballot(message.ballot)} slot {message.slot} {describe_value(message.value)}"
        case Decided():
            return f"Decided {describe_ballot(message.ballot)} slot {message.slot} {describe_value(message.value)}"
        case Accepted():
            return f"Accepted {describe_ballot(message.ballot)} slot {_slots(message.first_slot, message.last_slot)}"
        case Nack():
            return f"Nack {describe_ballot(message.ballot)} promised {describe_ballot(message.promised)}"
        case AskChosen():
            return f"AskChosen from slot {message.first_slot}"
        case ChosenPage():
            values = ", ".join(f"{slot}: {describe_value(value)}" for slot, (_, value) in enumerate(message.values, message.first_slot))
            return f"ChosenPage ({values})" if values else "ChosenPage empty"
        case AskVotes():
            return f"AskVotes slot {_slots(message.first_slot, message.last_slot)}"
        case VotesPage():
            return f"VotesPage{_votes(message.votes)}"
        case Propose():
            return f"propose {', '.join(map(_action, message.commands))}"
        case _:
            return " ".join((type(message).__name__, *_fields(message)))


def describe_ballot(ballot: Ballot) -> str:
    """`2.p1` for round 2 of p1, and 0 for the least ballot."""
    return ballot.shown if ballot.node else "0"


def describe_value(value: bytes) -> str:
    """The commands of a slot's value as they were written, or NOOP."""
    try:
        actions = decode_batch(value).actions
    except InvariantViolation:
        return repr(value)
    return " + ".join(map(_action, actions)) or "NOOP"


def _action(action: Action) -> str:
    match action:
        case Command():
            return action.value.decode() or "''"
        case Open():
            return f"open {action.client}"
        case Operation():
            return f"operation {action.session}.{action.number}"
        case Close():
            return f"close {action.session}"
        case _:
            assert_never(action)


def _votes(votes: Sequence[Vote]) -> str:
    described = ", ".join(f"{vote.slot}: {describe_ballot(vote.ballot)} {describe_value(vote.value)}" for vote in votes)
    return f" ({described})" if votes else ""


def _slots(first_slot: int, last_slot: int) -> str:
    return f"{first_slot}" if first_slot == last_slot else f"{first_slot} to {last_slot}"


def _fields(message: Message) -> list[str]:
    """What a message of the edges says, field by field."""
    words = []
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if isinstance(value, Ballot):
            words.append(describe_ballot(value))
        elif value not in ((), b"", "", END_SLOT):
            words.append(f"{name} {value}")
    return words
