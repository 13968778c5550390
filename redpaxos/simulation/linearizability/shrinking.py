"""From a history without an order to the few operations that contradict each other.

Leaving out operations can create a contradiction (a read without its write), so only that is left out which cannot:
- what happened after a moment; what was under way at that moment becomes unknown;
- what happened before a moment, if the model can be met midway; what was under way at that moment becomes unknown, too;
- sets of operations of which the model promises it.

So what is left is not linearizable, and for that reason the whole is not. The method is delta debugging, Zeller and Hildebrandt,
"Simplifying and isolating failure-inducing input" (2002): large pieces first, then ever smaller ones.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from redpaxos.simulation.linearizability.history import Operation, Outcome
from redpaxos.simulation.linearizability.models.base import Model
from redpaxos.simulation.linearizability.search import Budget, Found, Stuck, search

# Model steps for one look at a neighbourhood, and the responses to each side that it holds.
_LOCAL_STEPS = 100_000
_LOCAL_WIDTHS = (4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Contradiction:
    """A part of a history that has no order, the longest order of operations in it, and the operation that does not fit."""

    # The one that the part was judged against: that of the history, or met midway.
    model: Model[Any]
    region: list[Operation]
    order: list[Operation]
    culprit: Operation


@dataclass(frozen=True)
class Broken:
    """A part of a history that has no order, and the operation that a search for one was stuck at."""

    model: Model[Any]
    operations: Sequence[Operation]
    culprit: Operation


def look_nearby(model: Model[Any], operations: Sequence[Operation], culprit: Operation) -> Broken | None:
    """A contradiction among what happened shortly before and after an operation ended; None proves nothing."""
    midway = model.midway()
    ends = _ends(operations)
    at = bisect_left(ends, _end(culprit))
    for width in _LOCAL_WIDTHS:
        if midway is None or width > at:
            return None
        nearby = _since(ends[at - width], _until(ends[min(at + width, len(ends) - 1)], operations))
        verdict = search(midway, nearby, Budget(_LOCAL_STEPS))
        if isinstance(verdict, Stuck):
            return Broken(midway, nearby, verdict.culprit)
    return None


def shrink(broken: Broken, step_budget: int) -> Contradiction:
    """The smallest contradiction found; not smaller than the budget allows."""
    budget = Budget(step_budget)
    region = _cut_end(broken, budget)
    while (smaller := _leave_out(broken.model, region, budget)) is not None:
        region = _cut_end(smaller, budget)
    return _name_culprit(broken.model, region, step_budget)


def _cut_end(broken: Broken, budget: Budget) -> list[Operation]:
    """The operations until the first response by which they have no order, which is often where the search was stuck."""
    ends = _ends(broken.operations)
    fine, bad = -1, len(ends) - 1
    guess = ends.index(_end(broken.culprit))
    probe = guess
    while fine + 1 < bad and budget.left >= 0:
        if isinstance(search(broken.model, _until(ends[probe], broken.operations), budget), Stuck):
            bad = probe
        else:
            fine = probe
        probe = guess - 1 if fine < guess - 1 < bad else (fine + bad) // 2
    return _until(ends[bad], broken.operations)


def _ends(operations: Sequence[Operation]) -> list[int]:
    return sorted({operation.responded for operation in operations if operation.responded is not None})


def _until(time: int, operations: Sequence[Operation]) -> list[Operation]:
    """What was known at a time, by invocation."""
    begun = sorted((operation for operation in operations if operation.invoked <= time), key=lambda operation: operation.invoked)
    return [operation if operation.responded is None or operation.responded <= time else _unended(operation) for operation in begun]


def _since(time: int, operations: Sequence[Operation]) -> list[Operation]:
    """What was under way at a time, or may have been, and what came later."""
    ongoing = [operation for operation in operations if operation.responded is None or operation.responded >= time]
    return [operation if operation.invoked >= time else _unended(operation) for operation in ongoing]


def _unended(operation: Operation) -> Operation:
    return replace(operation, output=None, responded=None, outcome=Outcome.UNKNOWN)


def _leave_out(model: Model[Any], region: list[Operation], budget: Budget) -> Broken | None:
    """Leave out as many removable sets as possible, in pieces of half of them at first and of one at last; None if none."""
    smaller: Broken | None = None
    left_out: frozenset[int] = frozenset()
    sets = model.removable(region)
    size = len(sets)
    while size > 0 and budget.left >= 0:
        for start in range(0, len(sets), size):
            without = left_out.union(*sets[start : start + size])
            rest = [operation for index, operation in enumerate(region) if index not in without]
            verdict = search(model, rest, budget) if without > left_out else None
            if isinstance(verdict, Stuck):
                left_out, smaller = without, Broken(model, rest, verdict.culprit)
        size //= 2
    return smaller


def _name_culprit(model: Model[Any], region: list[Operation], step_budget: int) -> Contradiction:
    """The last response is the one too many: without it, or at least without its answer, there is an order."""
    last = max(region, key=lambda operation: -1 if operation.responded is None else operation.responded)
    for culprit in [operation for operation in region if operation.responded == last.responded]:
        others = [operation for operation in region if operation is not culprit]
        for rest in (others, [*others, _unended(culprit)]):
            verdict = search(model, rest, Budget(step_budget))
            if isinstance(verdict, Found):
                return Contradiction(model, region, verdict.order, culprit)
    # Several responses at one time are wrong, each by itself.
    verdict = search(model, region, Budget(step_budget))
    order = verdict.order if isinstance(verdict, Stuck) else []
    return Contradiction(model, region, order, last if isinstance(verdict, Found) else verdict.culprit)


def _end(culprit: Operation) -> int:
    assert culprit.responded is not None, "only a response can be stuck"
    return culprit.responded
