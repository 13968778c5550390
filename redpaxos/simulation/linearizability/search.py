"""The search for an order: one key's history against one model.

Wing and Gong, "Testing and verifying concurrent objects" (1993), with the just-in-time rule and the memory of Lowe, "Testing for
linearizability" (2017): walk the responses in the order of time, and give an operation its place no earlier than some response calls
for it. Where the walk stands is a Node; two walks that stand at the same node have the same future, so each is walked once.

Operations of unknown outcome have no response. Three rules keep them from multiplying:
- twins, operations that differ in nothing the model can tell, are used in the order of their invocation;
- of two nodes that differ only in the unknown operations used, the one that used fewer can do all that the other can;
- where the model promises it, an unknown operation is placed only right before one that is impossible without it, and only
  operations that show what the impossible one needs are tried.

Likewise an operation that only observes is placed as soon as its answer fits, for that takes nothing from the future.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from redpaxos.simulation.linearizability.history import Operation
from redpaxos.simulation.linearizability.models.base import ANYTHING, UNKNOWN, Model
from redpaxos.simulation.linearizability.timeline import Call, Moment, Timeline, Twins

# How many responses ahead a need is foreseen. Foresight saves walks, but who foresees too much stops far from the contradiction.
_FORESIGHT = 100

# The calls placed so far, latest first, as nested pairs: nodes share their beginnings.
Trail = tuple[Any, ...]


class Node(NamedTuple):
    """Where a walk stands: before a response, some of the operations under way placed, in some state."""

    # The index of the response; everything that responded earlier is placed.
    moment: int
    # The bits of the calls under way that are placed.
    placed: int
    # The bits of the unknown operations that took effect.
    used: int
    state: Any
    # The state before the unknown operation that was placed last, while nothing has needed it; else None.
    before: Any
    trail: Trail


class Found(NamedTuple):
    """The history is linearizable, in this order."""

    order: list[Operation]


class Stuck(NamedTuple):
    """It is not; this is as far as any order goes, and the operation that must respond next but fits nowhere."""

    order: list[Operation]
    culprit: Operation


class OutOfSteps(NamedTuple):
    """The budget or the patience ended before the search."""

    # The operation that is in the way of the walk that came furthest.
    culprit: Operation


class Budget:
    """Model steps left to spend."""

    def __init__(self, steps: int) -> None:
        self.left = steps


def search(model: Model[Any], operations: Sequence[Operation], budget: Budget) -> Found | Stuck | OutOfSteps:
    """Look for an order of one key's operations that the model allows, and that keeps what came before what."""
    return Search(model, operations, budget).run()


class Search:
    """Depth first, with an explicit stack of what is yet to be tried; a search that lost patience may run on."""

    def __init__(self, model: Model[Any], operations: Sequence[Operation], budget: Budget) -> None:
        self._model = model.for_history(operations)
        self._timeline = Timeline(self._model, operations)
        self._budget = budget
        # For each response, calls placed and state: the sets of unknown operations with which a walk came by.
        self._seen: dict[tuple[int, int, Any], list[int]] = {}
        start = Node(0, 0, 0, self._model.initial(), None, ())
        # The latest response that a walk stood at, and of those walks one that placed the most.
        self._furthest = start
        self._untried: list[Iterator[Node]] = [iter((start,))]

    def run(self, patience: int = sys.maxsize) -> Found | Stuck | OutOfSteps:
        """Search until an order is found or excluded, or until the budget is spent, or so many steps brought no walk any further."""
        moments = self._timeline.moments
        give_up_at = self._budget.left - patience
        while self._untried:
            if self._budget.left < max(0, give_up_at):
                return OutOfSteps(moments[self._furthest.moment].call.operation)
            node = next(self._untried[-1], None)
            if node is None:
                self._untried.pop()
                continue
            node = self._advance(node)
            if node.moment == len(moments):
                return Found(_order(node.trail))
            if self._is_known(node):
                continue
            if node.moment > self._furthest.moment:
                give_up_at = self._budget.left - patience
            self._furthest = max(self._furthest, node, key=_progress)
            self._untried.append(self._successors(node))
        return Stuck(_order(self._furthest.trail), moments[self._furthest.moment].call.operation)

    def _advance(self, node: Node) -> Node:
        """Place the observations that fit, and pass the responses of calls that are placed."""
        index, placed, used, state, before, trail = node
        moments = self._timeline.moments
        step = self._model.step
        while index < len(moments):
            moment = moments[index]
            for call in moment.observers:
                if not placed & call.bit and step(state, call.input, call.output) == state:
                    placed |= call.bit
                    trail = (trail, call)
                    before = None
            self._budget.left -= 1 + len(moment.observers)
            bit = moment.call.bit
            if not placed & bit:
                break
            placed &= ~bit
            index += 1
        return Node(index, placed, used, state, before, trail)

    def _is_known(self, node: Node) -> bool:
        """Whether a walk that could do as much has come by here; if not, remember this one."""
        passed = self._seen.setdefault((node.moment, node.placed, node.state), [])
        used = node.used
        if any(fewer & ~used == 0 for fewer in passed):
            return True
        passed.append(used)
        return False

    def _successors(self, node: Node) -> Iterator[Node]:
        """All ways to place one operation, the likeliest first."""
        moment = self._timeline.moments[node.moment]
        due = moment.call
        lowest = _lowest_number(node, moment)
        after = self._model.step(node.state, due.input, due.output)
        if after is not None and (due.number is None or due.number == lowest):
            yield from self._place(node, due, after)
        self._budget.left -= 1 + len(moment.under_way)
        stuck = [] if after is not None else [due]
        possible: list[tuple[Call, Any]] = []
        kinds = {due.kind}
        for call in moment.under_way:
            if node.placed & call.bit or call.kind in kinds:
                continue
            kinds.add(call.kind)
            other = self._model.step(node.state, call.input, call.output)
            if other is None:
                stuck.append(call)
            elif call.number is None or call.number == lowest:
                possible.append((call, other))
        if after is None:
            possible.sort(key=lambda pair: pair[0].shows != due.needs)
            while possible and possible[0][0].shows == due.needs:
                yield from self._place(node, *possible.pop(0))
            yield from self._place_unknown(node, moment, stuck)
        for call, other in possible:
            yield from self._place(node, call, other)
        if after is not None:
            yield from self._place_unknown(node, moment, stuck)

    def _place(self, node: Node, call: Call, after: Any) -> Iterator[Node]:
        if self._is_justified(node, call, after):
            placed = Node(node.moment, node.placed | call.bit, node.used, after, None, (node.trail, call))
            if not self._is_doomed(node, placed):
                yield placed

    def _is_doomed(self, node: Node, after: Node) -> bool:
        """Whether something is needed soon that the state no longer shows, and nothing left can show it again in time."""
        shown = self._model.shown(node.state)
        if shown is ANYTHING or shown == self._model.shown(after.state):
            return False
        deadline = self._timeline.needed_by(shown, after.moment, after.placed)
        if deadline is None or deadline > node.moment + _FORESIGHT:
            return False
        return not self._timeline.is_supplied(shown, after.moment, after.placed, after.used, deadline)

    def _is_justified(self, node: Node, call: Call, after: Any) -> bool:
        """Whether placing this call may be what the unknown operation before it was placed for."""
        if node.before is None:
            return True
        without = self._model.step(node.before, call.input, call.output)
        if self._model.unknown_only_enables and call.output is not UNKNOWN:
            return without is None
        return bool(without != after)

    def _place_unknown(self, node: Node, moment: Moment, stuck: list[Call]) -> Iterator[Node]:
        """Let an operation of unknown outcome take effect here, if that could help."""
        for twins in self._helpers(node, moment, stuck):
            call = twins.next_unused(node.used, moment.unknown_count)
            if call is None:
                continue
            self._budget.left -= 1
            after = self._model.step(node.state, call.input, UNKNOWN)
            if after is not None and after != node.state and self._is_justified(node, call, after):
                placed = Node(node.moment, node.placed, node.used | call.bit, after, node.state, (node.trail, call))
                if not self._is_doomed(node, placed):
                    yield placed

    def _helpers(self, node: Node, moment: Moment, stuck: list[Call]) -> Sequence[Twins]:
        """The unknown operations that may help a stuck call, or help one that helps, and so on."""
        timeline = self._timeline
        if not self._model.unknown_only_enables:
            return timeline.twins
        helpers: dict[int, Twins] = {}
        wanted = [call.needs for call in stuck]
        for need in wanted:
            if need is ANYTHING:
                return timeline.twins
            for twins in timeline.that_show(need):
                if twins.number in helpers or twins.next_unused(node.used, moment.unknown_count) is None:
                    continue
                helpers[twins.number] = twins
                first = twins.calls[0]
                self._budget.left -= 1
                if self._model.step(node.state, first.input, UNKNOWN) in (None, node.state):
                    wanted.append(first.needs)
        return list(helpers.values())


def _lowest_number(node: Node, moment: Moment) -> int | None:
    """The number that comes next of those under way."""
    return next((call.number for call in moment.numbered if not node.placed & call.bit), None)


def _progress(node: Node) -> tuple[int, int]:
    return node.moment, node.placed.bit_count()


def _order(trail: Trail) -> list[Operation]:
    order: list[Operation] = []
    while trail:
        trail, call = trail
        order.append(call.operation)
    order.reverse()
    return order
