"""What a sequential model is: the object that the clients should seem to share, operated by one client at a time.

Only `initial` and `step` must be written; every other method has an answer that is always right. The rest makes searches short, and
each says what it promises: a promise that does not hold makes a verdict wrong.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from enum import Enum
from typing import Final, Generic, Self, TypeVar

from redpaxos.simulation.linearizability.history import HistoryError, Input, Operation, Outcome, Output, text_of

State = TypeVar("State", bound=Hashable)


class Sign(Enum):
    """Words that are no value of any history."""

    # The output of an operation whose client never heard of it again.
    UNKNOWN = "unknown"
    # Stands for every value that a history writes and nobody mentions again.
    UNSEEN = "a value that nobody sees"
    # Any operation may help.
    ANYTHING = "anything"
    # No operation can help.
    NOTHING = "nothing"


UNKNOWN: Final = Sign.UNKNOWN
UNSEEN: Final = Sign.UNSEEN
ANYTHING: Final = Sign.ANYTHING
NOTHING: Final = Sign.NOTHING

Heard = Output | Sign


class Model(ABC, Generic[State]):
    """A deterministic object, one per key. States are hashable and never None."""

    name = "model"

    # Promise: an operation of unknown outcome need never be placed right before a done operation that is possible without it.
    # Placing it later, or not at all, explains as much. True for objects whose operations overwrite or observe.
    unknown_only_enables = False

    @abstractmethod
    def initial(self) -> State:
        """The state before the first operation."""

    @abstractmethod
    def step(self, state: State, input: Input, output: Heard) -> State | None:
        """The state after an operation that returned `output`, or None if it could not have. For UNKNOWN, the state if it took effect."""

    def validate(self, input: Input, output: Heard) -> None:
        """Raise HistoryError for an operation that this model does not have."""

    def for_history(self, operations: Sequence[Operation]) -> Self:
        """This model with what it can learn from the whole history of its key."""
        return self

    def midway(self) -> Self | None:
        """This object met midway, in a state of which nothing is known, so that contradictions late in a long history are found locally.

        Promise: what is possible from any state is possible from the midway one. None if there is no such state.
        """
        return None

    def canonical(self, input: Input) -> tuple[object, ...]:
        """The input, with what makes no difference taken out. Promise: operations of unknown outcome with one canonical input are twins."""
        return input

    def observes(self, input: Input, output: Heard) -> bool:
        """Promise: an operation with this output never changes the object, whatever its state."""
        return False

    def needs(self, input: Input, output: Heard) -> Hashable:
        """What the object must show for this operation. Promise: where it is impossible, only what `shows` it can help."""
        return ANYTHING

    def shows(self, input: Input) -> Hashable:
        """What the object shows right after this operation took effect."""
        return ANYTHING

    def shown(self, state: State) -> Hashable:
        """What a state shows. Promise: once it shows something else, who needs this is impossible until an operation shows it again."""
        return ANYTHING

    def number(self, input: Input, output: Heard) -> int | None:
        """The number that this operation was given. Promise: operations with a number take effect in rising order of it."""
        return None

    def removable(self, operations: Sequence[Operation]) -> list[frozenset[int]]:
        """Sets of operations, by index. Promise: leaving out whole sets of a linearizable history leaves a linearizable one."""
        return [frozenset((index,)) for index, operation in enumerate(operations) if self.observes(operation.input, heard(operation))]

    def describe(self, state: State) -> str:
        """The state in a few words, for people."""
        return text_of(state)


def heard(operation: Operation) -> Heard:
    """The output that the client heard, or UNKNOWN."""
    return operation.output if operation.outcome is Outcome.DONE else UNKNOWN


def refuse(model: Model[State], input: Input, output: Heard, usage: str) -> HistoryError:
    """The error for an operation that a model does not have."""
    told = "" if output is UNKNOWN else f" → {text_of(output)}"
    return HistoryError(f"the {model.name} model has no operation {text_of(input)}{told}; it has {usage}")


def is_number(value: object) -> bool:
    """Whether it is an integer; JSON's true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_value(value: object) -> bool:
    """Whether it is text, a number or null. Python takes true for 1, so true and false are no values."""
    return value is None or isinstance(value, str) or is_number(value)
