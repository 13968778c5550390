"""A lock with fencing tokens: one holder at a time, and every grant has a higher token than all before.

    acquire(owner) → token, or null if somebody holds it        release(owner, token) → whether that grant still held it
    holder() → null | owner | [owner, token]

An owner is one claim to the lock: somebody who asks twice asks under two names, or waits for null.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple, Self

from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Scalar, text_of
from redpaxos.simulation.linearizability.models.base import ANYTHING, UNKNOWN, UNSEEN, Heard, Model, is_number, is_value, refuse
from redpaxos.simulation.linearizability.models.number import Number

_FREE = ("free",)
_USAGE = "acquire(owner) → token or null, release(owner, token) → true or false, and holder()"


class Grant(NamedTuple):
    """The latest grant of the lock."""

    # None if it was released.
    owner: object
    token: Number


_FIRST = Grant(None, Number.first())
_MIDWAY = Grant(ANYTHING, Number(0, False))


class FencedLock(Model[Grant]):
    """A lock, free at first. With `expires`, a grant may end on its own at any moment, as a lease does."""

    name = "fenced lock"
    unknown_only_enables = True

    def __init__(self, expires: bool = False, named: frozenset[object] | None = None, initial: Grant = _FIRST) -> None:
        self._expires = expires
        # The owners of whom more is heard than that they asked; None if the history is not known.
        self._named = named
        self._initial = initial

    def initial(self) -> Grant:
        return self._initial

    def step(self, state: Grant, input: Input, output: Heard) -> Grant | None:
        if state.owner is ANYTHING:
            return self._step_midway(state, input, output)
        after = self._step(state, input, output)
        if after is None and self._expires and state.owner is not None:
            return self._step(Grant(None, state.token), input, output)
        return after

    def _step(self, state: Grant, input: Input, output: Heard) -> Grant | None:
        match input:
            case ("acquire", owner):
                return _acquire(state, owner, output)
            case ("release", owner, int(token)):
                return _release(state, owner, token, output)
            case ("holder",):
                return _holder(state, output)
        raise refuse(self, input, output, _USAGE)

    def _step_midway(self, state: Grant, input: Input, output: Heard) -> Grant | None:
        """Suppose that the lock is in the state that the operation needs; without such a need it stays unknown."""
        need = self.needs(input, output)
        if need is ANYTHING:
            return state
        return self._step(Grant(None if need is _FREE else need, state.token), input, output)

    def validate(self, input: Input, output: Heard) -> None:
        match input:
            case ("acquire", owner) if owner is not None:
                good = is_value(owner) and (output is None or output is UNKNOWN or is_number(output))
            case ("release", owner, token):
                good = is_value(owner) and is_number(token) and (output is UNKNOWN or isinstance(output, bool))
            case ("holder",):
                good = _is_grant(output) if isinstance(output, tuple) else output is UNKNOWN or is_value(output)
            case _:
                good = False
        if not good:
            raise refuse(self, input, output, _USAGE)

    def for_history(self, operations: Sequence[Operation]) -> Self:
        told = [operation for operation in operations if operation.input[0] == "holder" or len(operation.input) == 3]
        return type(self)(self._expires, frozenset(_owner(operation) for operation in told), self._initial)

    def midway(self) -> Self:
        return type(self)(self._expires, self._named, _MIDWAY)

    def canonical(self, input: Input) -> tuple[object, ...]:
        hidden = input[0] == "acquire" and self._named is not None and input[1] not in self._named
        return ("acquire", UNSEEN) if hidden else input

    def observes(self, input: Input, output: Heard) -> bool:
        if self._expires and (output is False or (input[0] == "holder" and output is None)):
            return False  # The answer may be the sign that a grant has ended.
        return input[0] == "holder" or output is None or output is False

    def needs(self, input: Input, output: Heard) -> Hashable:
        match input:
            case ("acquire", _) if output is not None:
                return _FREE
            case ("release", owner, _) if output is not False:
                return owner
            case ("holder",) if output is not UNKNOWN:
                holder = output[0] if isinstance(output, tuple) else output
                return _FREE if holder is None else holder
        return ANYTHING

    def shows(self, input: Input) -> Hashable:
        return input[1] if input[0] == "acquire" else _FREE

    def number(self, input: Input, output: Heard) -> int | None:
        return output if input[0] == "acquire" and isinstance(output, int) else None

    def removable(self, operations: Sequence[Operation]) -> list[frozenset[int]]:
        """Single observations; all that concerns one owner, unless somebody was refused, perhaps because of that owner."""
        owners: dict[Hashable, set[int]] = {}
        for index, operation in enumerate(operations):
            if operation.input[0] == "acquire" and operation.outcome is Outcome.DONE and operation.output is None:
                return super().removable(operations)
            owners.setdefault(_owner(operation), set()).add(index)
        return super().removable(operations) + [frozenset(indexes) for indexes in owners.values()]

    def describe(self, state: Grant) -> str:
        if state.owner is ANYTHING:
            return "anything"
        if state.owner is None:
            return f"free, last token {state.token.told}"
        token = f"token {state.token.told}" if state.token.exact else f"an untold token above {state.token.told}"
        return f"held by {text_of(state.owner)} with {token}"


def _acquire(state: Grant, owner: object, output: Heard) -> Grant | None:
    if output is None:
        return state if state.owner is not None else None
    if state.owner is not None:
        return None
    token = state.token.next(output)
    return None if token is None else Grant(owner, token)


def _release(state: Grant, owner: object, token: int, output: Heard) -> Grant | None:
    if state.owner == owner and output is False:
        remaining = state.token.is_not(token)
        return None if remaining is None else Grant(owner, remaining)
    if output is False:
        return state
    if state.owner != owner or not state.token.may_be(token):
        return None
    return Grant(None, Number(token, True))


def _holder(state: Grant, output: Heard) -> Grant | None:
    if output is UNKNOWN:
        return state
    if not isinstance(output, tuple):
        return state if state.owner == output else None
    owner, token = output
    if state.owner != owner or owner is None or not isinstance(token, int) or not state.token.may_be(token):
        return None
    return Grant(owner, Number(token, True))


def _is_grant(output: tuple[Scalar, ...]) -> bool:
    return len(output) == 2 and is_value(output[0]) and is_number(output[1])


def _owner(operation: Operation) -> Scalar:
    """Whom the operation is about."""
    if operation.input[0] != "holder":
        return operation.input[1]
    return operation.output[0] if isinstance(operation.output, tuple) else operation.output
