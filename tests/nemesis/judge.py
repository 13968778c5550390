"""What is held against a run: every acknowledged write is read again, all nodes tell the same, and every history is linearizable.

Of a soak, what was written while the store was filled is judged by its histories, and by what the keys and decrees are at the end: the
store does not keep so many changes.

The evidence is gathered when all faults are over; judging it is a function of it, so that a test can doctor it.
"""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from redpaxos.client import Client
from redpaxos.errors import UndecidedError
from redpaxos.kv import Change, Item
from redpaxos.simulation.linearizability.check import Linearizable, NotLinearizable, check
from redpaxos.simulation.linearizability.history import Operation, Outcome, write_history
from redpaxos.simulation.linearizability.models import AppendOnlyLog, Decree, KeyValue
from redpaxos.simulation.linearizability.models.base import Model
from redpaxos.simulation.linearizability.page import history_page
from tests.integration.cluster import Cluster
from tests.nemesis.player import DECREE, KV, LOG

_READ_SECONDS = 20.0
_PAGE_SECONDS = 5.0

MODELS: dict[str, Model[Any]] = {LOG: AppendOnlyLog(), DECREE: Decree(), KV: KeyValue()}


class Evidence(Struct):
    """What the clients were told, and what the cluster says when all is over."""

    history: list[Operation]
    # Revision, id and value of every entry, by node.
    logs: dict[str, list[tuple[int, str, str]]]
    # Every change to the key-value store from `first_revision` on, in order.
    changes: list[Change]
    # Every key, by node.
    items: dict[str, list[Item]]
    # What each decree is for which somebody was told a winner.
    decrees: dict[str, str]
    # What was changed before is not kept any more, or nobody's concern.
    first_revision: int = 1

    @property
    def acknowledged(self) -> list[Operation]:
        """Every write that somebody was told is done, and that can be read again."""
        done = [operation for operation in self.history if operation.outcome is Outcome.DONE and _is_write(operation)]
        return [one for one in done if not (one.key.startswith(f"{KV}/") and 0 < _revision(one) < self.first_revision)]


def gather(cluster: Cluster, client: Client, history: list[Operation], first_revision: int = 1, changes: Sequence[Change] = ()) -> Evidence:
    """Read everything again, but for the changes from `first_revision` on that were read already."""
    logs = dict(zip(cluster.members, cluster.logs(client), strict=True))
    return Evidence(
        history=history,
        logs={node: [(one.revision, one.id, str(one.value)) for one in log] for node, log in logs.items()},
        changes=[*changes, *changes_since(client, first_revision + len(changes))],
        items={node: list(client.kv.items(node=node, timeout=_READ_SECONDS)) for node in cluster.members},
        decrees=dict(_decrees(client, history)),
        first_revision=first_revision,
    )


def _decrees(client: Client, history: list[Operation]) -> Iterator[tuple[str, str]]:
    for name in _decided(history):
        with contextlib.suppress(UndecidedError):
            yield name, str(client.decision(name, timeout=_READ_SECONDS).value)


def changes_since(client: Client, first_revision: int) -> Iterator[Change]:
    """Every change to the key-value store from this revision up to now; as long as each has a revision of its own, none is missing."""
    end = client.kv.ls(limit=0, timeout=_READ_SECONDS).revision
    if end >= first_revision:
        for change in client.kv.watch("", first_revision, timeout=_PAGE_SECONDS):
            yield change
            if change.revision >= end:
                return


def _decided(history: Iterable[Operation]) -> list[str]:
    told = {one.key for one in history if one.key.startswith(f"{DECREE}/") and one.outcome is Outcome.DONE and one.output is not None}
    return sorted(key.partition("/")[2] for key in told)


# ---- judging ---------------------------------------------------------------------------------------------------------------------


def complaints(evidence: Evidence) -> list[str]:
    """Everything that is wrong; empty if nothing is."""
    return [*_on_logs(evidence), *_on_decrees(evidence), *_on_keys(evidence), *_on_histories(evidence)]


def _on_logs(evidence: Evidence) -> Iterator[str]:
    node, log = next(iter(evidence.logs.items()))
    yield from (f"the logs of {node} and {other} differ" for other, entries in evidence.logs.items() if entries != log)
    if [revision for revision, _, _ in log] != list(range(1, len(log) + 1)):
        yield "the revisions of the log have gaps"
    yield from (f"{value!r} is in the log {count} times" for value, count in Counter(value for _, _, value in log).items() if count > 1)
    places = {value: revision for revision, _, value in log}
    for operation in evidence.acknowledged:
        if operation.input[0] == "propose" and places.get(str(operation.input[1])) != operation.output:
            yield f"{operation.text()} was acknowledged, and the log has it at {places.get(str(operation.input[1]))}"


def _on_decrees(evidence: Evidence) -> Iterator[str]:
    for operation in evidence.history:
        area, _, name = operation.key.partition("/")
        if area == DECREE and operation.outcome is Outcome.DONE and operation.output not in (None, evidence.decrees.get(name)):
            yield f"{operation.text()} was told of decree {name}, which is {evidence.decrees.get(name)!r}"


def _on_keys(evidence: Evidence) -> Iterator[str]:
    node, items = next(iter(evidence.items.items()))
    yield from (f"the keys of {node} and {other} differ" for other, found in evidence.items.items() if found != items)
    changes = {change.revision: (change.key, change.value) for change in evidence.changes}
    first = evidence.first_revision
    if sorted(changes) != list(range(first, first + len(evidence.changes))):
        yield "the revisions of the key-value store have gaps or come twice"
    written: dict[str, bytes] = {}
    for change in evidence.changes:
        written.pop(change.key, None)
        if change.value is not None:
            written[change.key] = change.value
    if written != {item.key: item.value for item in items if item.revision >= first}:
        yield "the keys are not what the changes make of them"
    for operation in evidence.acknowledged:
        if operation.key.startswith(f"{KV}/") and changes.get(_revision(operation)) != _written(operation):
            yield f"{operation.text()} on {operation.key} was acknowledged, and revision {operation.output} is another change"


def _on_histories(evidence: Evidence) -> Iterator[str]:
    parts: dict[str, list[Operation]] = {area: [] for area in MODELS}
    for operation in [*evidence.history, *_last_words(evidence)]:
        parts[operation.key.partition("/")[0]].append(operation)
    for area, part in parts.items():
        verdict = check(part, MODELS[area])
        if not isinstance(verdict, Linearizable):
            yield verdict.text()


def _last_words(evidence: Evidence) -> Iterator[Operation]:
    """What was read when all was over, as operations that come after all others."""
    times = [time for one in evidence.history for time in (one.invoked, one.responded or 0)]
    end = max(times, default=0) + 1
    log = next(iter(evidence.logs.values()))
    if log:
        yield Operation("judge", LOG, ("read", 1, len(log)), tuple(value for _, _, value in log), end, end)
    yield from (Operation("judge", f"{DECREE}/{name}", ("query",), value, end, end) for name, value in evidence.decrees.items())
    items = {item.key: (item.value.decode(), item.revision) for item in next(iter(evidence.items.values()))}
    keys = {operation.key for operation in evidence.history if operation.key.startswith(f"{KV}/")}
    for key in sorted(keys):
        yield Operation("judge", key, ("get",), items.get(key.partition("/")[2], (None, 0)), end, end)


def _is_write(operation: Operation) -> bool:
    """Whether it changed something, as its client was told."""
    match operation.input[0]:
        case "get" | "read" | "query" | "decide":
            return False
        case "compare_and_set_revision":
            return operation.output is not False
        case "delete":
            return operation.output is not None
        case _:
            return True


def _revision(operation: Operation) -> int:
    return operation.output if isinstance(operation.output, int) else 0


def _written(operation: Operation) -> tuple[str, bytes | None]:
    value = None if operation.input[0] == "delete" else str(operation.input[-1]).encode()
    return operation.key.partition("/")[2], value


# ---- for people ------------------------------------------------------------------------------------------------------------------


def keep(evidence: Evidence, directory: Path) -> Sequence[Path]:
    """Leave the history, and a page for what is not linearizable in it, where people can look at them."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "history.jsonl"
    path.write_bytes(write_history(evidence.history))
    paths = [path]
    for area, model in MODELS.items():
        verdict = check([one for one in evidence.history if one.key.partition("/")[0] == area], model)
        if isinstance(verdict, NotLinearizable):
            paths.append(directory / f"{area}.html")
            paths[-1].write_text(history_page(verdict))
    return paths
