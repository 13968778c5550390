"""One key of a key-value store, with compare-and-set by value and by revision.

    put(value) → null | revision            get() → value | [value, revision]
    delete() → null | existed | revision    compare_and_set(expected, value) → false | true | revision
                                            compare_and_set_revision(expected, value) → false | true | revision

Values are text or numbers; null is the absent key and has revision 0. Revisions of a key rise; a write whose answer does not tell its
revision has one that nobody knows until a get tells it.
"""

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple, Self

from redpaxos.simulation.linearizability.history import Input, Operation, Output, Scalar, text_of
from redpaxos.simulation.linearizability.models.base import ANYTHING, NOTHING, UNKNOWN, UNSEEN, Heard, Model, is_number, is_value, refuse
from redpaxos.simulation.linearizability.models.number import Number

_USAGE = "put(value), get(), delete(), compare_and_set(expected, value) and compare_and_set_revision(expected, value)"


class Entry(NamedTuple):
    """What the store holds under the key."""

    # None if the key is absent.
    value: object
    # Of the last write, a deletion included.
    revision: Number


_EMPTY = Entry(None, Number.first())
_MIDWAY = Entry(ANYTHING, Number(0, False))


class KeyValue(Model[Entry]):
    """One key of a store; the empty store at first."""

    name = "key-value"
    unknown_only_enables = True

    def __init__(self, mentioned: frozenset[Scalar] | None = None, initial: Entry = _EMPTY) -> None:
        # The values that some operation reads or expects; None if the history is not known, so that all may be.
        self._mentioned = mentioned
        self._initial = initial

    def initial(self) -> Entry:
        return self._initial

    def step(self, state: Entry, input: Input, output: Heard) -> Entry | None:
        if state.value is ANYTHING:
            return self._step_midway(state, input, output)
        match input:
            case ("get",):
                return _get(state, output)
            case ("put", value):
                return _write(state, value, output)
            case ("compare_and_set", expected, value):
                if output is False:
                    return state if state.value != expected else None
                return _write(state, value, output) if state.value == expected else None
            case ("delete",):
                if state.value is None:
                    return state if output is None or output is False or output is UNKNOWN else None
                return None if output is False else _write(state, None, output)
            case ("compare_and_set_revision", int(expected), value):
                return _write_at_revision(state, expected, value, output)
        raise refuse(self, input, output, _USAGE)

    def _step_midway(self, state: Entry, input: Input, output: Heard) -> Entry | None:
        """Suppose that the store holds what the operation needs; without such a need it stays unknown, or is overwritten."""
        need = self.needs(input, output)
        if output is False and need is ANYTHING:
            return state
        if need not in (ANYTHING, NOTHING):
            return self.step(Entry(need, state.revision), input, output)
        return _write(state, None if input[0] == "delete" else input[-1], output)

    def validate(self, input: Input, output: Heard) -> None:
        match input:
            case ("get",):
                good = output is UNKNOWN or is_value(output) or (isinstance(output, tuple) and _is_pair(output))
            case ("put", value):
                good = is_value(value) and value is not None and (output in (None, UNKNOWN) or is_number(output))
            case ("delete",):
                good = output in (None, UNKNOWN) or isinstance(output, int)
            case ("compare_and_set", expected, value):
                good = is_value(expected) and is_value(value) and (output is UNKNOWN or isinstance(output, int))
            case ("compare_and_set_revision", expected, value):
                good = is_number(expected) and is_value(value) and (output is UNKNOWN or isinstance(output, int))
            case _:
                good = False
        if not good:
            raise refuse(self, input, output, _USAGE)

    def for_history(self, operations: Sequence[Operation]) -> Self:
        mentioned = frozenset(value for operation in operations for value in _mentions(operation.input, operation.output))
        return type(self)(mentioned, self._initial)

    def midway(self) -> Self:
        return type(self)(self._mentioned, _MIDWAY)

    def canonical(self, input: Input) -> tuple[object, ...]:
        *rest, value = input
        if len(input) == 1 or self._mentioned is None or value in self._mentioned or value is None:
            return input
        return (*rest, UNSEEN)

    def observes(self, input: Input, output: Heard) -> bool:
        return input[0] == "get" or (output is False and input[0] != "put")

    def needs(self, input: Input, output: Heard) -> Hashable:
        match input:
            case ("get",):
                return output[0] if isinstance(output, tuple) else output
            case ("compare_and_set", expected, _) if output is not False:
                return expected
            case ("compare_and_set_revision", 0, _) if output is not False:
                return None
            case ("delete",) if output is False:
                return None
            case ("put", _):
                return NOTHING
        return ANYTHING

    def shows(self, input: Input) -> Hashable:
        return NOTHING if input[0] == "get" else None if input[0] == "delete" else input[-1]

    def shown(self, state: Entry) -> Hashable:
        return state.value

    def number(self, input: Input, output: Heard) -> int | None:
        return output if input[0] != "get" and isinstance(output, int) and not isinstance(output, bool) else None

    def removable(self, operations: Sequence[Operation]) -> list[frozenset[int]]:
        return super().removable(operations) + _families(operations)

    def describe(self, state: Entry) -> str:
        if state.value is None or state.value is ANYTHING:
            return "absent" if state.value is None else "anything"
        return f"{text_of(state.value)} at revision {state.revision.told}" if state.revision.exact else text_of(state.value)


def _get(state: Entry, output: Heard) -> Entry | None:
    if output is UNKNOWN:
        return state
    if not isinstance(output, tuple):
        return state if state.value == output else None
    value, revision = output
    if state.value != value or not isinstance(revision, int):
        return None
    if value is None:
        return state if revision == 0 else None
    if not state.revision.may_be(revision):
        return None
    return state if state.revision.exact else Entry(value, Number(revision, True))


def _write(state: Entry, value: object, output: Heard) -> Entry | None:
    revision = state.revision.next(output)
    return None if revision is None else Entry(value, revision)


def _write_at_revision(state: Entry, expected: int, value: Scalar, output: Heard) -> Entry | None:
    absent = state.value is None
    if output is False:
        if absent or expected == 0:
            return state if absent != (expected == 0) else None
        revision = state.revision.is_not(expected)
        return None if revision is None else Entry(state.value, revision)
    if absent != (expected == 0) or not (absent or state.revision.may_be(expected)):
        return None
    return _write(state if absent else Entry(state.value, Number(expected, True)), value, output)


def _is_pair(output: tuple[Scalar, ...]) -> bool:
    return len(output) == 2 and is_value(output[0]) and is_number(output[1])


def _mentions(input: Input, output: Output) -> Iterator[Scalar]:
    """The values that an operation reads or expects."""
    if input[0] == "get":
        yield output[0] if isinstance(output, tuple) else output
    if input[0] == "compare_and_set":
        yield input[1]


def _families(operations: Sequence[Operation]) -> list[frozenset[int]]:
    """Operations that write and read the same values, one set a family.

    Taking a family out of a valid order leaves a valid order: where its values were in the store, the value before them is, and whoever
    saw it left with the family. Not so for an operation that saw what was *not* there: with one of those, there are no families.
    """
    told = {revision for operation in operations for revision in _told_revisions(operation)}
    leaders: dict[Hashable, Hashable] = {}
    first_traits: list[Hashable] = []
    for operation in operations:
        traits = _traits(operation, told)
        if traits is None:
            return []
        first, *others = traits
        first_traits.append(first)
        for other in others:
            leaders[_leader(leaders, other)] = _leader(leaders, first)
    families: dict[Hashable, set[int]] = {}
    for index, trait in enumerate(first_traits):
        families.setdefault(_leader(leaders, trait), set()).add(index)
    return [frozenset(family) for family in families.values()]


def _leader(leaders: dict[Hashable, Hashable], trait: Hashable) -> Hashable:
    """The trait that stands for all that this one is joined with; the way to it is made shorter for the next time."""
    while (leader := leaders.setdefault(trait, trait)) != trait:
        leaders[trait] = trait = leaders.setdefault(leader, leader)
    return trait


def _told_revisions(operation: Operation) -> Iterator[Scalar]:
    told = operation.output
    if isinstance(told, tuple):
        yield told[1]
    elif operation.input[0] != "get" and is_number(told):
        yield told


def _traits(operation: Operation, told: set[Scalar]) -> set[Hashable] | None:
    """The values and revisions that an operation has to do with; None if it saw what was not there."""
    traits: set[Hashable] = {("revision", revision) for revision in _told_revisions(operation)}
    output = operation.output
    match operation.input:
        case ("get",):
            return traits | {("value", output[0] if isinstance(output, tuple) else output)}
        case ("put", value):
            return traits | {("value", value)}
        case ("compare_and_set", expected, value) if output is not False:
            return traits | {("value", expected), ("value", value)}
        case ("compare_and_set_revision", 0, value) if output is not False:
            return traits | {("value", None), ("value", value)}
        case ("compare_and_set_revision", expected, value) if output is not False and expected in told:
            return traits | {("revision", expected), ("value", value)}
        case ("delete",) if output is None:
            return {("value", None)}
    return None
