"""Histories for the tests of the checker: invented answers, and answers of a real object whose calls overlap at random."""

from typing import Any

from hypothesis import strategies as st

from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Output
from redpaxos.simulation.linearizability.models import UNKNOWN, AppendOnlyLog, Decree, FencedLock, KeyValue, Model

Answered = tuple[Input, Output]

_VALUES = st.sampled_from(["a", "b"])
_STORED = st.sampled_from(["a", "b", None])
_NUMBERS = st.integers(1, 4)


def answers(inputs: st.SearchStrategy[Input], outputs: st.SearchStrategy[Output]) -> st.SearchStrategy[Answered]:
    """Operations with any answer, right or wrong."""
    return st.tuples(inputs, outputs)


_REGISTER = st.one_of(
    answers(st.tuples(st.just("put"), st.sampled_from(["a", "b", "c"])), st.none()),
    answers(st.just(("get",)), _STORED),
    answers(st.just(("delete",)), st.sampled_from([None, True, False])),
    answers(st.tuples(st.just("compare_and_set"), _STORED, st.sampled_from(["a", "b", "c", None])), st.booleans()),
)
_REVISED = st.one_of(
    _REGISTER,
    answers(st.tuples(st.just("put"), _VALUES), _NUMBERS),
    answers(st.just(("get",)), st.tuples(_VALUES, _NUMBERS)),
    answers(st.tuples(st.just("compare_and_set"), _STORED, _VALUES), _NUMBERS),
    answers(st.tuples(st.just("compare_and_set_revision"), st.integers(0, 3), _VALUES), st.booleans() | _NUMBERS),
)
_DECREE = answers(st.tuples(st.just("decide"), _VALUES), _VALUES) | answers(st.just(("query",)), _STORED)
_LOCK = st.one_of(
    answers(st.tuples(st.just("acquire"), _VALUES), st.none() | _NUMBERS),
    answers(st.tuples(st.just("release"), _VALUES, _NUMBERS), st.booleans()),
    answers(st.just(("holder",)), _STORED | st.tuples(_VALUES, _NUMBERS)),
)
_LOG = st.one_of(
    answers(st.tuples(st.just("propose"), _VALUES), _NUMBERS),
    answers(st.just(("length",)), st.integers(0, 3)),
    answers(st.tuples(st.just("read"), st.integers(1, 3), st.integers(1, 2)), st.lists(_VALUES, max_size=2).map(tuple)),
)

# Each model with operations that fit its grammar.
OBJECTS: dict[str, tuple[Model[Any], st.SearchStrategy[Answered]]] = {
    "register": (KeyValue(), _REGISTER),
    "key-value with revisions": (KeyValue(), _REVISED),
    "key-value met midway": (KeyValue().midway(), _REVISED),
    "decree": (Decree(), _DECREE),
    "lock": (FencedLock(), _LOCK),
    "lock that expires": (FencedLock(expires=True), _LOCK),
    "lock met midway": (FencedLock(expires=True).midway(), _LOCK),
    "log": (AppendOnlyLog(), _LOG),
}


@st.composite
def invented(draw: st.DrawFn, answered: st.SearchStrategy[Answered]) -> list[Operation]:
    """A few operations with invented answers at random times."""
    operations = []
    for number in range(draw(st.integers(2, 6))):
        asked, told = draw(answered)
        invoked = draw(st.integers(0, 9))
        length = draw(st.none() | st.integers(0, 5))
        operations.append(_operation(f"client{number}", asked, told, invoked, None if length is None else invoked + length))
    return operations


@st.composite
def witnessed(draw: st.DrawFn, model: Model[Any], answered: st.SearchStrategy[Answered], longest: int) -> list[Operation]:
    """A real run: one operation after another, each seen by its client to begin somewhat earlier and to end somewhat later."""
    state = model.initial()
    operations = []
    for instant, (asked, told) in enumerate(draw(st.lists(answered, min_size=2, max_size=longest)), start=1):
        early, late = draw(st.integers(0, 40)), draw(st.none() | st.integers(0, 40))
        after = model.step(state, asked, UNKNOWN if late is None else told)
        if after is None:
            continue  # The object would not have answered so.
        state = after
        operations.append(_operation(f"client{instant}", asked, told, 10 * instant - early, None if late is None else 10 * instant + late))
    return operations


def _operation(client: str, input: Input, output: Output, invoked: int, responded: int | None) -> Operation:
    if responded is None:
        return Operation(client, "key", input, None, invoked, None, Outcome.UNKNOWN)
    return Operation(client, "key", input, output, invoked, responded)


def has_order(model: Model[Any], operations: list[Operation]) -> bool:
    """Whether there is an order, by trying every one."""
    done = [operation for operation in operations if operation.outcome is Outcome.DONE]
    unknown = [operation for operation in operations if operation.outcome is Outcome.UNKNOWN]
    return _extend(model, model.initial(), done, unknown)


def _extend(model: Model[Any], state: Any, done: list[Operation], unknown: list[Operation]) -> bool:
    if not done:
        return True
    latest_begin = min(operation.responded for operation in done if operation.responded is not None)
    for operation in [*done, *unknown]:
        if operation.invoked > latest_begin:
            continue
        is_done = operation.outcome is Outcome.DONE
        after = model.step(state, operation.input, operation.output if is_done else UNKNOWN)
        if after is not None and _extend(model, after, _without(done, operation), _without(unknown, operation)):
            return True
    return False


def _without(operations: list[Operation], left_out: Operation) -> list[Operation]:
    return [operation for operation in operations if operation is not left_out]
