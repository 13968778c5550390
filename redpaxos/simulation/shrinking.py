"""From a history without an order to the few operations that contradict each other.

Leaving out operations can create a contradiction (a read without its write), so only that is left out which cannot:
- what happened after a moment; what was under way at that moment becomes unknown;
- sets of operations of which the model promises it.

So what is left is not linearizable, and for that reason the whole is not. The method is delta debugging, Zeller and Hildebrandt,
"Simplifying and isolating failure-inducing input" (2002): large pieces first, then ever smaller ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from redpaxos.simulation.history import Operation, Outcome
from redpaxos.simulation.models.base import Model
from redpaxos.simulation.search import Budget, Found, Stuck, search


@dataclass(frozen=True)
class Contradiction:
    """A part of a history that has no order, the longest order of operations in it, and the operation that does not fit."""

    region: list[Operation]
    order: list[Operation]
    culprit: Operation


def shrink(model: Model[Any], operations: Sequence[Operation], stuck: Stuck, step_budget: int) -> Contradiction:
    """The smallest contradiction found; not smaller than the budget allows."""
    budget = Budget(step_budget)
    region = _cut_end(model, operations, stuck, budget)
    while (smaller := _leave_out(model, region, budget)) is not None:
        region = _cut_end(model, smaller.region, smaller.stuck, budget)
    return _name_culprit(model, region, step_budget)


@dataclass(frozen=True)
class _Smaller:
    region: list[Operation]
    stuck: Stuck


def _cut_end(model: Model[Any], operations: Sequence[Operation], stuck: Stuck, budget: Budget) -> list[Operation]:
    """The history until the first response by which it cannot be linearized, which is often where the search was stuck."""
    ends = sorted({operation.responded for operation in operations if operation.responded is not None})
    fine, broken = -1, len(ends) - 1
    guess = ends.index(_end(stuck.culprit))
    probe = guess
    while fine + 1 < broken and budget.left >= 0:
        if isinstance(search(model, _until(ends[probe], operations), budget), Stuck):
            broken = probe
        else:
            fine = probe
        probe = guess - 1 if fine < guess - 1 < broken else (fine + broken) // 2
    return _until(ends[broken], operations)


def _until(time: int, operations: Sequence[Operation]) -> list[Operation]:
    """What was known at a time, by invocation."""
    begun = sorted((operation for operation in operations if operation.invoked <= time), key=lambda operation: operation.invoked)
    return [operation if operation.responded is None or operation.responded <= time else _unended(operation) for operation in begun]


def _unended(operation: Operation) -> Operation:
    return replace(operation, output=None, responded=None, outcome=Outcome.UNKNOWN)


def _leave_out(model: Model[Any], region: list[Operation], budget: Budget) -> _Smaller | None:
    """Leave out as many removable sets as possible, in pieces of half of them at first and of one at last; None if none."""
    smaller: _Smaller | None = None
    left_out: frozenset[int] = frozenset()
    sets = model.removable(region)
    size = len(sets)
    while size > 0 and budget.left >= 0:
        for start in range(0, len(sets), size):
            without = left_out.union(*sets[start : start + size])
            rest = [operation for index, operation in enumerate(region) if index not in without]
            verdict = search(model, rest, budget) if without > left_out else None
            if isinstance(verdict, Stuck):
                left_out, smaller = without, _Smaller(rest, verdict)
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
                return Contradiction(region, verdict.order, culprit)
    # Several responses at one time are wrong, each by itself.
    verdict = search(model, region, Budget(step_budget))
    return Contradiction(region, verdict.order, verdict.culprit) if isinstance(verdict, Stuck) else Contradiction(region, [], last)


def _end(culprit: Operation) -> int:
    assert culprit.responded is not None, "only a response can be stuck"
    return culprit.responded
