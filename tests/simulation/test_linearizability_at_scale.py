"""Long histories of a store that works, and the same with one answer that is wrong."""

import random
from heapq import heapify, heappop, heappush

import pytest
from msgspec.structs import replace

from redpaxos.simulation.linearizability.check import Linearizable, NotLinearizable, check
from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Output
from redpaxos.simulation.linearizability.models import KeyValue


class Store:
    """A key-value store, and what its clients were told."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        # What was in the store before the latest write: the expectation of a client that is behind.
        self.former: dict[str, str] = {}

    def run(self, key: str, verb: str, value: str, is_behind: bool) -> tuple[Input, Output]:
        held = self.values.get(key)
        if verb == "get":
            return (verb,), held
        expected = self.former.get(key) if is_behind else held
        if verb == "put" or expected == held:
            if held is not None:
                self.former[key] = held
            self.values[key] = value
        return ((verb, value), None) if verb == "put" else ((verb, expected, value), expected == held)


def history_of(count: int, keys: int, clients: int, seed: int) -> list[Operation]:
    """Clients that do one operation after the other, for random times; one of twenty never hears the answer."""
    chance = random.Random(seed)
    ready = [(chance.randrange(100), client) for client in range(clients)]
    heapify(ready)
    store, begun = Store(), []
    for number in range(count):
        invoked, client = heappop(ready)
        responded = invoked + chance.randrange(1, 100)
        is_unknown = chance.random() < 0.05
        instant = chance.randint(invoked, responded + 500 if is_unknown else responded)
        begun.append((instant, number, client, invoked, None if is_unknown else responded))
        heappush(ready, (responded + 1, client))
    operations = []
    for _, number, client, invoked, heard in sorted(begun):
        key, verb = f"key{chance.randrange(keys)}", chance.choice(("get", "get", "put", "compare_and_set"))
        asked, told = store.run(key, verb, f"value{number}", chance.random() < 0.3)
        outcome = Outcome.UNKNOWN if heard is None else Outcome.DONE
        operations.append(Operation(f"client{client}", key, asked, None if heard is None else told, invoked, heard, outcome))
    return operations


@pytest.mark.parametrize(("keys", "clients"), [(100, 15), (10, 20)])
def test_100_000_operations_are_judged(keys: int, clients: int) -> None:
    verdict = check(history_of(100_000 if keys == 100 else 20_000, keys, clients, seed=1), KeyValue())
    assert isinstance(verdict, Linearizable)
    assert len(verdict.orders) == keys


@pytest.mark.parametrize("seed", range(3))
def test_one_stale_read_among_10_000_operations_is_found_and_explained_by_a_few(seed: int) -> None:
    operations = history_of(10_000, 3, 10, seed)
    reads = [
        index for index, operation in enumerate(operations) if operation.input == ("get",) and operation.output and operation.key == "key0"
    ]
    victim, earlier = operations[reads[-20]], operations[reads[100]]
    operations[reads[-20]] = replace(victim, output=earlier.output)
    verdict = check(operations, KeyValue())
    assert isinstance(verdict, NotLinearizable)
    assert verdict.culprit.output == earlier.output
    assert len(verdict.region) < 12
