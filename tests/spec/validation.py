"""Asks TLC whether traces of runs are behaviours of the model: many traces of clusters of one shape in one run."""

import re
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from paxos.quorum import majority
from tests.spec.tlc import check
from tests.spec.wire import Event, Names

_LINE = ",\n    "
_HAPPENED = re.compile(r'<<"HAPPENED", (\d+), (\d+)>>')

_CONFIG = """SPECIFICATION TraceSpec
CONSTANTS
    Acceptors = {{{acceptors}}}
    PrepareCount = {quorum}
    AcceptCount = {quorum}
    Proposers = {{{proposers}}}
    Learners = {{{proposers}}}
    FirstOwner = 0
    Commands = {{}}
    MaxRound = 0
    MaxSlot = {max_slot}
    Window = 1000000
    Paging = TRUE
    Traces <- RunTraces
"""


class Shape(Struct, frozen=True):
    """A cluster: whose acceptors vote, and every node."""

    members: tuple[str, ...]
    nodes: tuple[str, ...]


class Refusal(Struct, frozen=True):
    """The first event that the model cannot explain."""

    trace: int
    event: int
    text: str


def refusals(shape: Shape, traces: Sequence[list[Event]], timeout_seconds: float = 300.0) -> list[Refusal]:
    """The traces that are no behaviours of the model; traces are counted from 0."""
    max_slot = max((slot for events in traces for event in events for slot in _slots(event)), default=0)
    modules = {"Run": _module(shape, traces, max_slot)}
    verdict = check("Run", _config(shape, max_slot), modules=modules, timeout_seconds=timeout_seconds)
    reached: Counter[int] = Counter()
    for trace, event in _HAPPENED.findall(verdict.output):
        reached[int(trace) - 1] = max(reached[int(trace) - 1], int(event))
    return [
        Refusal(number, reached[number], str(events[reached[number]]))
        for number, events in enumerate(traces)
        if reached[number] < len(events)
    ]


def _slots(event: Event) -> list[int]:
    """The slots that an event speaks of."""
    slots = [vote.slot for vote in event.fields.get("votes", ())]
    return [*slots, event.fields["slot"]] if "slot" in event.fields else slots


def _module(shape: Shape, traces: Sequence[list[Event]], max_slot: int) -> str:
    """The traces as a module of their own."""
    texts = []
    for events in traces:
        names = Names(shape.nodes, max_slot)
        texts.append(f"<<{_LINE.join(names.event(event) for event in events)}>>")
    return f"---- MODULE Run ----\nEXTENDS RedPaxosTrace\nRunTraces == <<{_LINE.join(texts)}>>\n====\n"


def _config(shape: Shape, max_slot: int) -> str:
    return _CONFIG.format(
        acceptors=", ".join(f'"{name}"' for name in shape.members),
        quorum=majority(shape.members).accept_count,
        proposers=", ".join(str(number) for number in range(1, len(shape.nodes) + 1)),
        max_slot=max_slot,
    )
