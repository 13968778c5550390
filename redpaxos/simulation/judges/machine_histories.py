"""Judges what clients were told by state machines: against the log, whatever the machine, and as histories of each key of the store.

Against the log: a fresh answer must be the one that the machine gives after some slot; not before a slot whose result, or a fresh answer
that shows it, was told to anybody before the question was put, and not after one that was not chosen when it was answered. Since the
order of commands is known from the log, that is linearizability of the whole state. A stale answer must be right after some slot.
"""

from collections.abc import Iterator

from paxos.batches import decode_batch
from paxos.machines.base import Machine
from paxos.machines.kv_messages import (
    KEY_VALUE,
    Branch,
    Changed,
    CompareAndSet,
    Condition,
    Delete,
    Deleted,
    Found,
    Get,
    Item,
    KeyValueResult,
    Put,
    Range,
    Refused,
    Transaction,
    Written,
    command_decoder,
    decode_result,
    question_decoder,
)
from paxos.messages import OutcomeKind
from redpaxos.simulation.judges.facts import Group
from redpaxos.simulation.judges.ledger import Ledger, Machines
from redpaxos.simulation.judges.told import Told
from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Output
from redpaxos.simulation.parts.trace import render

_QUESTIONS = ("ask", "ask-stale", "watch")


# ---- against the log -------------------------------------------------------------------------------------------------------------


def contradiction(told: list[Told], log: Group, machines: Machines) -> str:
    """What somebody was told that no state of a machine explains, or an empty string."""
    answered = sorted((one for one in told if one.outcome is OutcomeKind.DONE), key=lambda one: one.responded)
    calls = [one for one in answered if one.request.verb == "call" and one.request.key]
    questions = [one for one in answered if one.request.verb in _QUESTIONS]
    if not questions:
        return ""
    states = _answers_over_time(questions, log, machines)
    slots = _slots_of(calls, log.ledger)
    # (when somebody was told, after how many slots that was true at the earliest)
    known = [(one.responded, slot + 1) for one, slot in slots]
    for one in questions:
        if one.request.verb == "watch":
            continue
        least = max((end for when, end in known if when < one.invoked), default=0) if one.request.verb == "ask" else 0
        right = [end for end in range(least, one.chosen_through + 1) if states[one.request.key, one.request.value][end] == one.body]
        if not right:
            return (
                f"{one.client} asked {render(one.request.value)} and was told {render(one.body)}, which is so after no slot from {least} on"
            )
        if one.request.verb == "ask":
            known.append((one.responded, right[0]))
    return _watched_wrongly(questions, log, machines)


def _answers_over_time(questions: list[Told], log: Group, machines: Machines) -> dict[tuple[str, bytes], list[bytes]]:
    """What each question is answered with before the first slot, and after each slot."""
    asked = {(one.request.key, one.request.value) for one in questions if one.request.verb != "watch"}
    answers: dict[tuple[str, bytes], list[bytes]] = {question: [] for question in sorted(asked)}
    for replayed in _replay(log, machines):
        for (machine, question), found in answers.items():
            # What was not touched answers as before.
            found.append(found[-1] if found and not replayed.touched else replayed.machines[machine].query(question))
    return answers


class _Replayed:
    """Machines after some slots."""

    def __init__(self, machines: Machines) -> None:
        self.machines: dict[str, Machine] = {name: make() for name, make in machines.items()}
        # Whether the last slot had an operation.
        self.touched = True


def _replay(log: Group, machines: Machines) -> Iterator[_Replayed]:
    """The machines before the first slot, and after each."""
    replayed = _Replayed(machines)
    ledger = Ledger(machines)
    yield replayed
    for slot in range(log.chosen_through):
        executed = ledger.execute(slot, decode_batch(log.slots[slot].value))
        for operation in executed:
            if operation.machine in replayed.machines:
                replayed.machines[operation.machine].execute(operation.body)
        replayed.touched = bool(executed)
        yield replayed


def _slots_of(calls: list[Told], ledger: Ledger) -> list[tuple[Told, int]]:
    """The slot of each operation that was answered; of those alike, the first with that result."""
    places: dict[tuple[str, bytes, bytes], int] = {}
    for done in ledger.done.values():
        places.setdefault((done.machine, done.command, done.body), done.slot)
    return [(one, places[place]) for one in calls if (place := (one.request.key, one.request.value, one.body)) in places]


def _watched_wrongly(questions: list[Told], log: Group, machines: Machines) -> str:
    """What a watcher of the key-value store was told that the store's history does not say."""
    store = machines[KEY_VALUE]() if KEY_VALUE in machines else None
    if store is None:
        return ""
    for done in log.ledger.done.values():
        if done.machine == KEY_VALUE:
            store.execute(done.command)
    for one in questions:
        if one.request.verb == "watch" and one.request.key == KEY_VALUE:
            told, right = decode_result(one.body), decode_result(store.query(one.request.value))
            assert isinstance(right, Changed)
            if not isinstance(told, Changed) or not _begins(told, right):
                return f"{one.client} watched {render(one.request.value)} and was told {told}, right is {right}"
    return ""


def _begins(told: Changed, right: Changed) -> bool:
    """Whether this is what was known when it was told: everything up to where it says that it ends."""
    end = (told.next_revision, told.next_skip)
    missing = [change for change in right.changes[len(told.changes) :] if (change.revision + 1, 0) <= end]
    return told.changes == right.changes[: len(told.changes)] and not missing and not told.lost


# ---- as histories ----------------------------------------------------------------------------------------------------------------


def store_history(told: list[Told]) -> list[Operation]:
    """What was asked of each key of the key-value store, and what it was said to be."""
    mine = [one for one in told if one.request.key == KEY_VALUE and one.request.verb in ("call", "ask")]
    keys = sorted({key for one in mine for key in _keys(one)})
    return [operation for one in mine for operation in _operations(one, keys)]


def _keys(one: Told) -> Iterator[str]:
    """The keys that a request names."""
    asked = _asked(one)
    match asked:
        case Transaction():
            yield from (operation.key for operation in asked.then if isinstance(operation, Put))
            yield from (condition.key for condition in asked.conditions)
        case Put() | Get() | CompareAndSet() | Delete(prefix=False):
            yield asked.key


def _asked(one: Told) -> object:
    decoder = command_decoder if one.request.verb == "call" else question_decoder
    return decoder.decode(one.request.value)


def _operations(one: Told, keys: list[str]) -> Iterator[Operation]:
    """A request as operations on single keys, all within the time that it took."""
    if one.outcome in (OutcomeKind.NOT_DONE, OutcomeKind.REJECTED):
        return
    result = decode_result(one.body) if one.outcome is OutcomeKind.DONE else None
    match _asked(one):
        case Put(key, value, previous):
            yield _operation(one, key, ("put", value.decode()), _revision(result))
            if previous and isinstance(result, Written):
                yield _operation(one, key, ("get",), _content(result.previous))
        case Get(key) if isinstance(result, Found):
            yield _operation(one, key, ("get",), _content(result.items[0] if result.items else None))
        case Range(first) if isinstance(result, Found):
            items = {item.key: item for item in result.items}
            yield from (_operation(one, key, ("get",), _content(items.get(key))) for key in keys if key.startswith(first))
        case Delete(key, prefix, previous):
            touched = [each for each in keys if each.startswith(key)] if prefix else [key]
            nothing = isinstance(result, Deleted) and not result.count
            output: Output = False if nothing else result.revision if isinstance(result, Deleted) and not prefix else None
            yield from (_operation(one, each, ("delete",), output) for each in touched)
            if previous and not prefix and isinstance(result, Deleted):
                yield _operation(one, key, ("get",), _content(result.previous))
        case CompareAndSet(key, revision, value) if value is not None:
            told = False if isinstance(result, Refused) else _revision(result)
            yield _operation(one, key, ("compare_and_set_revision", revision, value.decode()), told)
            if isinstance(result, Refused):
                yield _operation(one, key, ("get",), _content(result.current))
        case Transaction(conditions, then):
            yield from _transacted(one, conditions, then, result)


def _transacted(
    one: Told, conditions: tuple[Condition, ...], then: tuple[object, ...], result: KeyValueResult | None
) -> Iterator[Operation]:
    """Puts without a condition, or one put under the condition that the key has a value."""
    puts = [operation for operation in then if isinstance(operation, Put)]
    for put in puts:
        told: Output = result.revision if isinstance(result, Branch) and result.succeeded else None
        if conditions and isinstance(conditions[0].operand, bytes):
            expected = conditions[0].operand.decode() or None
            refused = isinstance(result, Branch) and not result.succeeded
            yield _operation(one, put.key, ("compare_and_set", expected, put.value.decode()), False if refused else told)
        else:
            yield _operation(one, put.key, ("put", put.value.decode()), told)


def _operation(one: Told, key: str, asked: Input, output: Output) -> Operation:
    if one.outcome is not OutcomeKind.DONE:
        return Operation(one.client, key, asked, None, one.invoked, None, Outcome.UNKNOWN)
    return Operation(one.client, key, asked, output, one.invoked, one.responded)


def _revision(result: KeyValueResult | None) -> int | None:
    return result.revision if isinstance(result, Written | Deleted) else None


def _content(item: Item | None) -> tuple[str | None, int]:
    return (None, 0) if item is None else (item.value.decode(), item.revision)


def disorder(told: list[Told]) -> str:
    """Two writes of the store with one revision, or with revisions that fall although one was answered before the other began."""
    writes = [(one, revision) for one in told if (revision := _written(one))]
    by_revision: dict[int, Told] = {}
    for one, revision in writes:
        other = by_revision.setdefault(revision, one)
        if other is not one:
            return f"{other.request.id} and {one.request.id} were both told revision {revision}"
    for one, revision in writes:
        highest = max((known for before, known in writes if before.responded < one.invoked), default=0)
        if highest >= revision:
            return f"{one.request.id} was told revision {revision} after somebody had been told {highest}"
    return ""


def _written(one: Told) -> int:
    """The revision of a change, or 0."""
    if one.request.key != KEY_VALUE or one.request.verb != "call" or one.outcome is not OutcomeKind.DONE:
        return 0
    match decode_result(one.body):
        case Written(revision):
            return revision
        case Deleted(revision, count) if count:
            return revision
        case Branch(True, revision, results) if any(isinstance(result, Written) for result in results):
            return revision
    return 0
