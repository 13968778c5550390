"""An append-only log: a proposal gets the next revision, and what stands at a revision stands there for ever.

    propose(value) → its revision, the first being 1      read(first, count) → the values from `first` on, fewer at the end of the log
    length() → the last revision

Revisions are counted: a log that shares its numbers with others is recorded by rank.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Self

from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Scalar, text_of
from redpaxos.simulation.linearizability.models.base import UNKNOWN, UNSEEN, Heard, Model, is_number, is_value, refuse

_USAGE = "propose(value) → revision, read(first, count) → values and length() → revision"


class Entries:
    """A log's content, as a node of the tree of all contents: appending the same to the same node gives the same node.

    So two contents are equal exactly if they are one object, and cost one node however long they are. Each node knows its parent and one
    far ancestor (Myers, "An applicative random-access stack", 1983), so that any entry is found in logarithmic time.
    """

    __slots__ = ("_children", "_parent", "far", "length", "value")

    def __init__(self, parent: "Entries | None" = None, value: object = None) -> None:
        self._parent = self if parent is None else parent
        self.value = value
        self.length: int = 0 if parent is None else parent.length + 1
        self.far: Entries = self if parent is None else _far_ancestor(parent)
        self._children: dict[object, Entries] = {}

    def append(self, value: object) -> "Entries":
        """This content and one value more."""
        child = self._children.get(value)
        if child is None:
            child = self._children[value] = Entries(self, value)
        return child

    def at(self, revision: int) -> object:
        """The value at a revision from 1 to the length."""
        node = self
        while node.length > revision:
            node = node.far if node.far.length >= revision else node._parent
        return node.value


def _far_ancestor(parent: Entries) -> Entries:
    """The ancestor that a child of this node knows beside its parent."""
    near, far = parent.far, parent.far.far
    return far if parent.length - near.length == near.length - far.length else parent


class AppendOnlyLog(Model[Entries]):
    """A log, empty at first."""

    name = "log"
    unknown_only_enables = True

    def __init__(
        self, told: dict[int, Scalar] | None = None, seen: frozenset[Scalar] | None = None, reserved: frozenset[Scalar] = frozenset()
    ) -> None:
        # What the whole history tells of its revisions: every order must put exactly these values there.
        self._told = {} if told is None else told
        # The values told; None if the history is not known.
        self._seen = seen
        # Values that are not proposed more often than they are told, so that none may stand at a revision that nobody tells.
        self._reserved = reserved

    def initial(self) -> Entries:
        return Entries()

    def step(self, state: Entries, input: Input, output: Heard) -> Entries | None:
        match input:
            case ("propose", value):
                return self._propose(state, value, output)
            case ("length",):
                return state if output is UNKNOWN or output == state.length else None
            case ("read", int(first), int(count)):
                return state if output is UNKNOWN or _holds(state, first, count, output) else None
        raise refuse(self, input, output, _USAGE)

    def _propose(self, state: Entries, value: Scalar, output: Heard) -> Entries | None:
        revision = state.length + 1
        if output is not UNKNOWN and output != revision:
            return None
        if revision in self._told:
            return state.append(value) if self._told[revision] == value else None
        return None if value in self._reserved else state.append(value)

    def validate(self, input: Input, output: Heard) -> None:
        match input:
            case ("propose", value):
                good = is_value(value) and (output is UNKNOWN or is_number(output))
            case ("length",):
                good = output is UNKNOWN or is_number(output)
            case ("read", int(first), int(count)):
                good = first >= 1 and count >= 0 and (output is UNKNOWN or (isinstance(output, tuple) and all(map(is_value, output))))
            case _:
                good = False
        if not good:
            raise refuse(self, input, output, _USAGE)

    def for_history(self, operations: Sequence[Operation]) -> Self:
        told: dict[int, Scalar] = {}
        for operation in operations:
            told |= _told(operation)
        proposed = Counter(operation.input[1] for operation in operations if operation.input[0] == "propose")
        needed = Counter(told.values())
        return type(self)(told, frozenset(needed), frozenset(value for value in needed if proposed[value] <= needed[value]))

    def canonical(self, input: Input) -> tuple[object, ...]:
        hidden = input[0] == "propose" and self._seen is not None and input[1] not in self._seen
        return ("propose", UNSEEN) if hidden else input

    def observes(self, input: Input, output: Heard) -> bool:
        return input[0] != "propose"

    def number(self, input: Input, output: Heard) -> int | None:
        return output if input[0] == "propose" and isinstance(output, int) else None

    def describe(self, state: Entries) -> str:
        first = max(1, state.length - 4)
        shown = [text_of(state.at(revision)) for revision in range(first, state.length + 1)]
        return f"{state.length} entries{', the last ' if shown else ''}{' '.join(shown)}"


def _holds(state: Entries, first: int, count: int, output: Heard) -> bool:
    last = min(first + count - 1, state.length)
    if not isinstance(output, tuple) or len(output) != max(0, last - first + 1):
        return False
    return all(state.at(first + offset) == value for offset, value in enumerate(output))


def _told(operation: Operation) -> dict[int, Scalar]:
    """What one operation tells of revisions."""
    output = operation.output
    if operation.outcome is not Outcome.DONE:
        return {}
    match operation.input:
        case ("propose", value) if isinstance(output, int):
            return {output: value}
        case ("read", int(first), _) if isinstance(output, tuple):
            return {first + offset: value for offset, value in enumerate(output)}
    return {}
