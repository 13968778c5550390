"""Is this history linearizable? The judge of every simulated run and of every run against real servers.

A history is linearizable if its operations can be put in one order that the model allows, in which an operation that ended before
another began comes first: as if each took effect at one instant between its invocation and its response. Keys are independent, so each
is judged by itself (Herlihy and Wing, "Linearizability: a correctness condition for concurrent objects", 1990, section 3.1: locality).

    verdict = check(read_history(open("history.jsonl")), KeyValue())

There are three verdicts. A search that would take too many steps ends as Undecided, never as a guess.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from redpaxos.simulation.linearizability.history import Operation, Outcome
from redpaxos.simulation.linearizability.models.base import Model, heard
from redpaxos.simulation.linearizability.search import Budget, Found, OutOfSteps, Search, Stuck
from redpaxos.simulation.linearizability.shrinking import Broken, look_nearby, shrink

# Model steps for one key; about 10 s of one core.
STEP_BUDGET = 5_000_000
# Steps without headway after which a search looks around.
_PATIENCE = 50_000


@dataclass(frozen=True)
class Step:
    """One operation of an order and what the object holds after it."""

    operation: Operation
    state: str


@dataclass(frozen=True)
class Linearizable:
    """The clients saw one object: for each key the order that proves it. Unknown operations that it leaves out took no effect."""

    orders: Mapping[str, tuple[Operation, ...]]

    def text(self) -> str:
        """The verdict in one line."""
        return f"linearizable: {sum(map(len, self.orders.values()))} operations on {len(self.orders)} keys"


@dataclass(frozen=True)
class NotLinearizable:
    """No order explains these few operations of one key, and so none explains the whole history."""

    model: str
    key: str
    # The key's operations without those that the contradiction does not need, by invocation. An operation that had not ended when the
    # culprit did is unknown here, for so it was then.
    region: tuple[Operation, ...]
    # What the object holds at first; "anything" if what came before the region does not matter.
    initial: str
    # The longest order of operations of the region that the model allows.
    longest_order: tuple[Step, ...]
    # The first operation to respond that fits nowhere. It is in the order only if others saw its effect, and then its answer is wrong.
    culprit: Operation
    # How many operations of the key were judged.
    operation_count: int

    @property
    def final_state(self) -> str:
        """What the object holds after the longest order."""
        return self.longest_order[-1].state if self.longest_order else self.initial

    def text(self) -> str:
        """The verdict in one line."""
        return (
            f"not linearizable: {self.model}, key {self.key!r}: {self.culprit.text()} of client {self.culprit.client} fits nowhere;"
            f" the longest order ends with: {self.final_state}"
        )


@dataclass(frozen=True)
class Undecided:
    """Nothing is wrong as far as the search went, but for these keys it did not come to an end."""

    keys: tuple[str, ...]
    step_budget: int

    def text(self) -> str:
        """The verdict in one line."""
        return f"undecided: budget exceeded, {self.step_budget} steps were not enough for {len(self.keys)} keys, such as {self.keys[0]!r}"


Verdict = Linearizable | NotLinearizable | Undecided


def check(operations: Iterable[Operation], model: Model[Any], step_budget: int = STEP_BUDGET) -> Verdict:
    """Judge a history against a model of one key; one contradiction settles it, whatever else is undecided."""
    orders: dict[str, tuple[Operation, ...]] = {}
    undecided: list[str] = []
    for key, part in _by_key(operations).items():
        match _judge(model, part, step_budget):
            case Found(order):
                orders[key] = tuple(order)
            case Broken() as broken:
                return _explain(broken, key, len(part), step_budget)
            case OutOfSteps():
                undecided.append(key)
    return Undecided(tuple(undecided), step_budget) if undecided else Linearizable(orders)


def _judge(model: Model[Any], part: list[Operation], step_budget: int) -> Found | Broken | OutOfSteps:
    """Search; whenever the search makes no headway, look whether there is a contradiction nearby before searching on."""
    budget, patience = Budget(step_budget), _PATIENCE
    search = Search(model, part, budget)
    while True:
        result = search.run(patience)
        if isinstance(result, Found):
            return result
        nearby = look_nearby(model, part, result.culprit)
        if nearby is not None:
            return nearby
        if isinstance(result, Stuck):
            return Broken(model, part, result.culprit)
        if budget.left < 0:
            return result
        patience *= 2


def _by_key(operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    """Each key's operations that may have had an effect."""
    parts: dict[str, list[Operation]] = {}
    for operation in operations:
        if operation.outcome is not Outcome.NOT_DONE:
            parts.setdefault(operation.key, []).append(operation)
    return parts


def _explain(broken: Broken, key: str, operation_count: int, step_budget: int) -> NotLinearizable:
    contradiction = shrink(broken, step_budget)
    model = contradiction.model
    return NotLinearizable(
        model=model.name,
        key=key,
        region=tuple(contradiction.region),
        initial=model.describe(model.initial()),
        longest_order=_narrate(model, contradiction.order),
        culprit=contradiction.culprit,
        operation_count=operation_count,
    )


def _narrate(model: Model[Any], order: list[Operation]) -> tuple[Step, ...]:
    steps = []
    state = model.initial()
    for operation in order:
        state = model.step(state, operation.input, heard(operation))
        steps.append(Step(operation, model.describe(state)))
    return tuple(steps)
