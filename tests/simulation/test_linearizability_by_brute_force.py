"""The checker against every order there is: small histories at random, verdicts compared in both directions."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redpaxos.simulation.linearizability.check import Linearizable, NotLinearizable, check
from redpaxos.simulation.linearizability.history import Input, Operation
from redpaxos.simulation.linearizability.models import Heard, KeyValue, Model
from redpaxos.simulation.linearizability.models.key_value import Entry
from redpaxos.simulation.linearizability.shrinking import look_nearby
from tests.simulation.histories_at_random import OBJECTS, has_order, invented, witnessed

EXAMPLES = settings(max_examples=60, deadline=None)


class Bare(Model[Entry]):
    """A model as a user may write it: nothing but what must be written."""

    name = "bare"

    def initial(self) -> Entry:
        return KeyValue().initial()

    def step(self, state: Entry, input: Input, output: Heard) -> Entry | None:
        return KeyValue().step(state, input, output)


def judge(model: Model[Any], operations: list[Operation]) -> bool:
    """The checker's verdict, after a look at its proof."""
    verdict = check(operations, model)
    if isinstance(verdict, Linearizable):
        order = list(verdict.orders.get("key", ()))
        assert all(not (two.responded is not None and two.responded < one.invoked) for at, one in enumerate(order) for two in order[at:])
        return True
    assert isinstance(verdict, NotLinearizable)
    assert verdict.initial == "anything" or not has_order(model, list(verdict.region))
    return False


@pytest.mark.parametrize("name", OBJECTS)
@EXAMPLES
@given(data=st.data())
def test_invented_answers_are_accepted_exactly_if_there_is_an_order(name: str, data: st.DataObject) -> None:
    model, answered = OBJECTS[name]
    operations = data.draw(invented(answered))
    assert judge(model, operations) == has_order(model, operations)


@EXAMPLES
@given(operations=invented(OBJECTS["key-value with revisions"][1]))
def test_a_model_without_promises_is_judged_as_well(operations: list[Operation]) -> None:
    assert judge(Bare(), operations) == has_order(Bare(), operations)


@pytest.mark.parametrize("name", OBJECTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_real_run_is_always_accepted(name: str, data: st.DataObject) -> None:
    model, answered = OBJECTS[name]
    assert judge(model, data.draw(witnessed(model, answered, longest=40)))


@pytest.mark.parametrize("name", OBJECTS)
@EXAMPLES
@given(data=st.data())
def test_a_real_run_with_one_answer_changed_is_rejected_exactly_if_no_order_is_left(name: str, data: st.DataObject) -> None:
    model, answered = OBJECTS[name]
    operations = data.draw(witnessed(model, answered, longest=7))
    done = [operation for operation in operations if operation.responded is not None]
    if not done:
        return
    victim = data.draw(st.sampled_from(done))
    asked, told = data.draw(answered)
    changed = Operation(victim.client, victim.key, asked, told, victim.invoked, victim.responded)
    operations = [changed if operation is victim else operation for operation in operations]
    assert judge(model, operations) == has_order(model, operations)


@pytest.mark.parametrize("name", OBJECTS)
@EXAMPLES
@given(data=st.data())
def test_leaving_out_what_is_removable_never_makes_a_contradiction(name: str, data: st.DataObject) -> None:
    model, answered = OBJECTS[name]
    operations = data.draw(witnessed(model, answered, longest=10))
    while sets := model.removable(operations):
        left_out = data.draw(st.sampled_from(sets))
        operations = [operation for index, operation in enumerate(operations) if index not in left_out]
        assert judge(model, operations)


@pytest.mark.parametrize("name", ["register", "key-value with revisions", "lock", "lock that expires"])
@EXAMPLES
@given(data=st.data())
def test_a_contradiction_seen_from_nearby_is_one_of_the_whole(name: str, data: st.DataObject) -> None:
    model, answered = OBJECTS[name]
    operations = data.draw(witnessed(model, answered, longest=8))
    asked, told = data.draw(answered)
    late = Operation("late", "key", asked, told, data.draw(st.integers(40, 130)), 140)
    operations.append(late)
    if look_nearby(model, operations, late) is not None:
        assert not has_order(model, operations)
