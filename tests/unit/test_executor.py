"""The executor: operations are carried out once, in the log's order, and a replica that differs takes itself out."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from paxos.errors import InvariantViolation
from paxos.executor import Executor
from paxos.messages import Result, ResultKind
from paxos.sessions import TOO_MUCH_UNSETTLED, UNSETTLED_BYTES, UNSETTLED_COUNT
from paxos.values import Action, Batch, Close, Command, Open, Operation
from tests.unit.company import FIRST

OPEN = Open("c", 7, 1000)


class Echoes:
    """A machine that numbers what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def execute(self, command: bytes) -> bytes:
        self.told.append(command)
        return b"%d:%s" % (len(self.told), command)

    def snapshot(self) -> Iterator[bytes]:
        return iter(list(self.told))

    def restore(self, parts: Iterable[bytes]) -> None:
        self.told = list(parts)

    def query(self, question: bytes) -> bytes:
        return question

    def waiter(self, question: bytes) -> Callable[[], bytes]:
        return lambda: question


def batch(*actions: Action, stamp: int = 0, witness: tuple[int, int] = (0, 0)) -> Batch:
    """A slot's value, decoded."""
    return Batch(FIRST, actions, stamp, witness)


def operation(number: int, body: bytes = b"x", *, settled: int = 0, machine: str = "echo") -> Operation:
    """An operation of session 1."""
    return Operation(1, number, settled, machine, body)


def opened() -> tuple[Executor, Echoes]:
    """An executor with session 1, opened in slot 0."""
    machine = Echoes()
    executor = Executor({"echo": machine})
    assert executor.execute(0, batch(OPEN)) == (("c", Result(1, 7, ResultKind.OPENED, b"")),)
    return executor, machine


def done(number: int, body: bytes) -> tuple[str, Result]:
    """What client c is told."""
    return "c", Result(1, number, ResultKind.DONE, body)


def test_operations_are_carried_out_in_order_and_their_client_is_told() -> None:
    executor, _ = opened()
    assert executor.execute(1, batch(operation(1, b"a"), Command("", b"1"), operation(2, b"b"))) == (done(1, b"1:a"), done(2, b"2:b"))


def test_a_repeated_operation_is_answered_with_the_result_that_it_had() -> None:
    executor, machine = opened()
    assert executor.execute(1, batch(operation(1, b"a"), operation(1, b"a"))) == (done(1, b"1:a"),) * 2
    assert executor.execute(2, batch(operation(1, b"a"))) == (done(1, b"1:a"),)
    assert machine.told == [b"a"]


def test_an_operation_that_was_settled_is_not_executed_again() -> None:
    executor, machine = opened()
    executor.execute(1, batch(operation(1, b"a"), operation(2, b"b", settled=2)))
    assert executor.execute(2, batch(operation(1, b"a"))) == ()
    assert machine.told == [b"a", b"b"]


def test_an_operation_of_a_session_that_has_ended_is_not_executed() -> None:
    executor, machine = opened()
    assert executor.execute(1, batch(operation(1), stamp=5000)) == ()
    assert machine.told == []


def test_an_operation_for_no_machine_keeps_its_session_alive() -> None:
    executor, _ = opened()
    assert executor.execute(1, batch(operation(1, machine=""), stamp=900)) == (done(1, b""),)
    assert executor.execute(2, batch(operation(2), stamp=1800)) == (done(2, b"1:x"),)


def refused(number: int) -> tuple[str, Result]:
    """What client c is told who does not settle."""
    return "c", Result(1, number, ResultKind.REFUSED, TOO_MUCH_UNSETTLED)


def test_nothing_of_a_session_is_executed_after_it_was_closed() -> None:
    executor, machine = opened()
    assert executor.execute(1, batch(operation(1, b"a"), Close(1), operation(2, b"b"))) == (done(1, b"1:a"),)
    assert executor.execute(2, batch(Close(1), Close(9), operation(1, b"a"))) == ()
    assert machine.told == [b"a"]
    assert len(executor.sessions) == 0


def test_an_operation_is_refused_for_good_where_too_many_bytes_are_not_settled() -> None:
    executor, machine = opened()
    executor.execute(1, batch(operation(1, b"x" * UNSETTLED_BYTES)))
    assert executor.execute(2, batch(operation(2))) == (refused(2),)
    assert executor.execute(3, batch(operation(3, settled=2), operation(2))) == (done(3, b"2:x"), refused(2))
    assert len(machine.told) == 2


def test_a_session_that_settles_nothing_ends() -> None:
    executor, machine = opened()
    executor.execute(1, batch(*(operation(number, machine="") for number in range(1, UNSETTLED_COUNT + 1))))
    assert executor.execute(2, batch(operation(UNSETTLED_COUNT + 1))) == (refused(UNSETTLED_COUNT + 1),)
    assert executor.execute(3, batch(operation(UNSETTLED_COUNT + 2, settled=UNSETTLED_COUNT))) == ()
    assert len(executor.sessions) == len(machine.told) == 0


class Lazy(Echoes):
    """A machine that hands out its parts in the most natural way, which begins only when it is asked for the first."""

    def snapshot(self) -> Iterator[bytes]:
        yield from self.told


def test_a_snapshot_by_a_generator_function_has_the_state_at_the_call() -> None:
    executor = Executor({"lazy": Lazy()})
    executor.execute(0, batch(Open("c", 7, 1000), operation(1, b"a", machine="lazy")))
    parts = executor.snapshot(0)
    executor.execute(1, batch(operation(2, b"b", machine="lazy")))
    restored = Lazy()
    Executor({"lazy": restored}).restore(parts)
    assert restored.told == [b"a"]


class Eager(Echoes):
    """A machine that copies its state at once, and makes parts of it as they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[bytes] = []

    def snapshot(self) -> Iterator[bytes]:
        return map(self.make, list(self.told))

    def make(self, part: bytes) -> bytes:
        """One part."""
        self.made.append(part)
        return part


def test_the_parts_of_a_snapshot_are_made_when_they_are_asked_for() -> None:
    machine = Eager()
    executor = Executor({"eager": machine})
    executor.execute(0, batch(Open("c", 7, 1000), operation(1, b"a", machine="eager")))
    parts = executor.snapshot(0)
    assert machine.made == []
    assert len(list(parts)) == 3
    assert machine.made == [b"a"]


def test_sessions_with_very_many_results_are_saved_in_several_parts() -> None:
    executor = Executor({})
    numbers = range(1, 1100)
    for session in range(1, 5):
        executor.execute(session, batch(OPEN, *(Operation(session, number, 0, "", b"") for number in numbers)))
    assert len(list(executor.snapshot(4))) == 3, "what it begins with, and two sessions each"


def test_a_restored_executor_goes_on_as_the_one_that_was_saved() -> None:
    executor, machine = opened()
    executor.execute(1, batch(Open("d", 8, 500), operation(1, b"a"), operation(2, b"b"), stamp=100))
    parts = executor.snapshot(1)
    executor.execute(2, batch(operation(3, b"c", settled=2)))
    again = Executor({"echo": Echoes()})
    again.restore(parts)
    assert again.sessions.opened_count == len(again.sessions) == again.end_slot == 2
    later: list[Action] = [operation(3, b"c", settled=2), operation(2), Open("e", 9, 10)]
    for slot, action in enumerate(later, 2):
        again.execute(slot, batch(action, stamp=100 * slot))
    executor.execute(3, batch(operation(2), stamp=300))
    executor.execute(4, batch(Open("e", 9, 10), stamp=400))
    assert (again.digest, machine.told) == (executor.digest, [b"a", b"b", b"c"])
    with pytest.raises(InvariantViolation):
        again.execute(5, batch(witness=(1, 5)))
    again.execute(6, batch(stamp=600))
    assert (again.sessions.find(2), len(again.sessions)) == (None, 1), "the sessions end when they would have"


def test_the_digest_is_a_function_of_all_results() -> None:
    (first, _), (second, _) = opened(), opened()
    first.execute(1, batch(operation(1, b"a")))
    second.execute(1, batch(operation(1, b"a")))
    assert first.digest == second.digest
    second.execute(2, batch(operation(2, b"b")))
    assert first.digest != second.digest


def test_the_digest_remembers_what_came_before() -> None:
    (first, _), (second, _) = opened(), opened()
    first.execute(1, batch(operation(1, b"a")))
    second.execute(1, batch(operation(1, b"b")))
    for executor in (first, second):
        assert executor.execute(2, batch(operation(2, b"c"))) == (done(2, b"2:c"),)
    assert first.digest != second.digest


def test_who_had_another_digest_than_the_leader_does_not_go_on() -> None:
    executor, _ = opened()
    executor.execute(1, batch(operation(1, b"a")))
    executor.execute(2, batch(witness=(1, executor.digest)))
    with pytest.raises(InvariantViolation, match=r"after slot 1 the leader's digest was 5, .* found at slot 3"):
        executor.execute(3, batch(witness=(1, 5)))


def test_a_digest_of_a_slot_that_is_long_past_says_nothing() -> None:
    executor, _ = opened()
    for slot in range(1, 10_002):
        executor.execute(slot, batch())
    executor.execute(10_002, batch(witness=(0, 5)))
    executor.execute(10_003, batch(witness=(10_002, 0)))
    with pytest.raises(InvariantViolation):
        executor.execute(10_004, batch(witness=(4, 5)))
