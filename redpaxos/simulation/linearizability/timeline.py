"""One key's history laid out for the search: its responses in the order of time, and what is under way at each."""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from redpaxos.simulation.linearizability.history import Operation, Outcome
from redpaxos.simulation.linearizability.models.base import ANYTHING, UNKNOWN, Model


@dataclass(frozen=True, slots=True)
class Call:
    """An operation as the search sees it."""

    operation: Operation
    # In its canonical form.
    input: Any
    # UNKNOWN for an operation of unknown outcome.
    output: Any
    # Its place in the masks of the search: of calls under way at one time, or of unknown operations, no two share a bit.
    bit: int
    # The same for calls that differ in nothing but their times.
    kind: int
    observes: bool
    needs: Hashable
    shows: Hashable
    # The number it was given, if its answer tells one: calls with a number take effect in rising order of it.
    number: int | None
    # The indexes of the first response after its invocation and of its own; an unknown operation has no other.
    first_moment: int
    last_moment: int

    def is_unplaced(self, moment: int, placed: int) -> bool:
        """Whether a walk that stands at this moment, with these of the calls under way placed, has yet to place it."""
        return self.last_moment >= moment and (self.first_moment > moment or not placed & self.bit)


@dataclass(frozen=True, slots=True)
class Moment:
    """The response of one call."""

    call: Call
    # All calls invoked and not responded, this one included, in the order of their responses.
    under_way: tuple[Call, ...]
    # Those of them that only observe.
    observers: tuple[Call, ...]
    # Those of them that were given a number, in rising order of it.
    numbered: tuple[Call, ...]
    # How many unknown operations are invoked, in the order of their invocation.
    unknown_count: int


class Twins:
    """Unknown operations that differ in nothing but their invocation; the earliest are used first."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls: list[Call] = []
        # All their bits.
        self._mask = 0

    def add(self, call: Call) -> None:
        """Add the next one invoked."""
        self.calls.append(call)
        self._mask |= call.bit

    def next_unused(self, used: int, unknown_count: int) -> Call | None:
        """The first that has taken no effect, if it is invoked by the time that this many unknown operations are."""
        count = (used & self._mask).bit_count()
        if count < len(self.calls) and self.calls[count].bit >> unknown_count == 0:
            return self.calls[count]
        return None


def _last_moment(call: Call) -> int:
    return call.last_moment


class Timeline:
    """The moments and the unknown operations of one key."""

    def __init__(self, model: Model[Any], operations: Sequence[Operation]) -> None:
        self.model = model
        self.moments: list[Moment] = []
        self.twins: list[Twins] = []
        # Twins by what they show.
        self._showing: dict[Hashable, list[Twins]] = {}
        # Twins by the text of their canonical input.
        self._alike: dict[str, Twins] = {}
        # Calls by what they need, in the order of their responses.
        self._in_need: dict[Hashable, list[Call]] = {}
        # The first moments of the calls that show something, by what they show.
        self._supplied_at: dict[Hashable, list[int]] = {}
        # A small number for each canonical input with its output; as text, for Python takes true for 1.
        self._kinds: dict[str, int] = {}
        self._unknown_count = 0
        self._lay_out(operations)

    def that_show(self, need: Hashable) -> Iterable[Twins]:
        """The twins that may show what is needed."""
        return self._showing.get(need, []) + self._showing.get(ANYTHING, [])

    def needed_by(self, shown: Hashable, moment: int, placed: int) -> int | None:
        """The first moment by which a call that is yet to be placed needs this; None if none does."""
        calls = self._in_need.get(shown, [])
        start = bisect_left(calls, moment, key=_last_moment)
        return next((call.last_moment for call in islice(calls, start, None) if call.is_unplaced(moment, placed)), None)

    def is_supplied(self, need: Hashable, moment: int, placed: int, used: int, deadline: int) -> bool:
        """Whether an operation that is yet to be placed may show this by the deadline."""
        if any(call.shows in (need, ANYTHING) and not placed & call.bit for call in self.moments[moment].under_way):
            return True
        for invocations in (self._supplied_at.get(need, ()), self._supplied_at.get(ANYTHING, ())):
            following = bisect_right(invocations, moment)
            if following < len(invocations) and invocations[following] <= deadline:
                return True
        unknown_count = self.moments[deadline].unknown_count
        return any(twins.next_unused(used, unknown_count) for twins in self.that_show(need))

    def _lay_out(self, operations: Sequence[Operation]) -> None:
        """Go through invocations and responses as they happened."""
        events = _events(operations)
        responses = [index for _, is_response, index in events if is_response]
        last_moments = {index: moment for moment, index in enumerate(responses)}
        under_way: dict[int, Call] = {}
        free_bits: list[int] = []
        for _, is_response, index in events:
            operation = operations[index]
            if is_response:
                self._add_moment(under_way[index], under_way.values())
                call = under_way.pop(index)
                free_bits.append(call.bit)
                self._in_need.setdefault(call.needs, []).append(call)
            elif operation.outcome is Outcome.DONE:
                bit = free_bits.pop() if free_bits else 1 << len(under_way)
                call = under_way[index] = self._call(operation, operation.output, bit, last_moments[index])
                self._supplied_at.setdefault(call.shows, []).append(call.first_moment)
            elif not self.model.observes(operation.input, UNKNOWN):
                self._add_unknown(self._call(operation, UNKNOWN, 1 << self._unknown_count, len(responses)))

    def _call(self, operation: Operation, output: Any, bit: int, last_moment: int) -> Call:
        model = self.model
        model.validate(operation.input, output)
        canonical: Any = model.canonical(operation.input)
        return Call(
            operation=operation,
            input=canonical,
            output=output,
            bit=bit,
            kind=self._kinds.setdefault(repr((canonical, output)), len(self._kinds)),
            observes=model.observes(operation.input, output),
            needs=model.needs(operation.input, output),
            shows=model.shows(canonical),
            number=model.number(operation.input, output),
            first_moment=len(self.moments),
            last_moment=last_moment,
        )

    def _add_moment(self, call: Call, under_way: Iterable[Call]) -> None:
        calls = sorted(under_way, key=_last_moment)
        numbered = sorted((number, call.bit, call) for call in calls if (number := call.number) is not None)
        self.moments.append(
            Moment(
                call=call,
                under_way=tuple(calls),
                observers=tuple(call for call in calls if call.observes),
                numbered=tuple(call for _, _, call in numbered),
                unknown_count=self._unknown_count,
            )
        )

    def _add_unknown(self, call: Call) -> None:
        self._unknown_count += 1
        twins = self._alike.get(repr(call.input))
        if twins is None:
            twins = self._alike[repr(call.input)] = Twins(len(self.twins))
            self.twins.append(twins)
            self._showing.setdefault(call.shows, []).append(twins)
        twins.add(call)


def _events(operations: Sequence[Operation]) -> list[tuple[int, bool, int]]:
    """Time, whether it is a response, the operation's index. At equal times all invocations come first, so that they overlap."""
    events = []
    for index, operation in enumerate(operations):
        if operation.outcome is not Outcome.NOT_DONE:
            events.append((operation.invoked, False, index))
        if operation.outcome is Outcome.DONE and operation.responded is not None:
            events.append((operation.responded, True, index))
    events.sort()
    return events
