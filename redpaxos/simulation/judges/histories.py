"""Turns what the clients of a run were told into histories for the linearizability checker.

An entry stands in a history under its id, or under its value where it has none. An id that several clients used is one proposal, which
took effect between the first time it was asked for and the first answer; every other answer to it is a read of its place. A read is
recorded up to where its page ends, because a replica may be behind and says so.
"""

from msgspec.structs import replace

from paxos.groups import LOG
from paxos.messages import OutcomeKind
from paxos.values import Entry
from redpaxos.simulation.judges.facts import Group
from redpaxos.simulation.judges.ledger import Machines
from redpaxos.simulation.judges.machine_histories import contradiction, disorder, store_history
from redpaxos.simulation.judges.told import Told
from redpaxos.simulation.linearizability.check import NotLinearizable, Undecided, check
from redpaxos.simulation.linearizability.history import Operation, Outcome
from redpaxos.simulation.linearizability.models import AppendOnlyLog, Decree, KeyValue
from redpaxos.simulation.plans.plan import MACHINE_VERBS

_PROPOSES = ("propose", "door")
_DECIDES = ("decide", "door-decree")


def judge(told: list[Told], groups: dict[str, Group], machines: Machines) -> str:
    """Why the histories of a run are not linearizable, or an empty string."""
    plain = [one for one in told if one.request.verb not in MACHINE_VERBS]
    log = log_history([one for one in plain if not one.request.key], groups[LOG])
    decrees = [operation for one in plain if one.request.key for operation in decree_history(one)]
    for verdict in (check(log, AppendOnlyLog()), check(decrees, Decree()), check(store_history(told), KeyValue())):
        if isinstance(verdict, NotLinearizable | Undecided):
            return verdict.text()
    return disorder(told) or contradiction(told, groups[LOG], machines)


def log_history(told: list[Told], group: Group) -> list[Operation]:
    """What was proposed to the log and read from it."""
    proposals: dict[str, Operation] = {}
    operations: list[Operation] = []
    for one in told:
        if one.request.verb in _PROPOSES and one.request.id:
            _merge(proposals, operations, one)
        elif one.request.verb == "read" and one.outcome is OutcomeKind.DONE:
            operations += _reading(one)
        elif one.request.verb == "door":
            # Without an id it may be executed once for each node that heard it.
            count = sum(1 for entry in group.entries if not entry.id and entry.value == one.request.value)
            operations += [_operation(one, ("propose", one.request.value.decode()), Outcome.UNKNOWN) for _ in range(count)]
    return [*operations, *proposals.values()]


def decree_history(one: Told) -> list[Operation]:
    """What was asked of a decree, and what it is."""
    verb, entries = one.request.verb, one.entries
    if verb in _DECIDES:
        asked = ("decide", one.request.id or one.request.value.decode())
        if one.outcome in (OutcomeKind.NOT_DONE, OutcomeKind.REJECTED):
            return []
        if one.outcome is not OutcomeKind.DONE:
            return [_operation(one, asked, Outcome.UNKNOWN)]
        return [_operation(one, asked, Outcome.DONE, _token(entries[0]))]
    if verb == "query" and one.outcome is OutcomeKind.DONE:
        return [_operation(one, ("query",), Outcome.DONE, _token(entries[0]))]
    if verb == "query" and one.outcome is OutcomeKind.UNDECIDED:
        return [_operation(one, ("query",), Outcome.DONE)]
    if verb == "read" and entries:
        return [_operation(one, ("query",), Outcome.DONE, _token(entries[0]))]
    return []


def _merge(proposals: dict[str, Operation], operations: list[Operation], one: Told) -> None:
    """Add one more request for an id."""
    token = one.request.id
    asked = ("propose", token)
    known = proposals.get(token)
    if known is None or one.invoked < known.invoked:
        base = _operation(one, asked, Outcome.UNKNOWN)
        known = replace(known, client=base.client, invoked=base.invoked) if known is not None else base
    if one.outcome is OutcomeKind.DONE:
        revision = one.entries[0].revision
        operations.append(_operation(one, ("read", revision, 1), Outcome.DONE, (token,)))
        if known.responded is None or one.responded < known.responded:
            known = replace(known, outcome=Outcome.DONE, responded=one.responded, output=revision)
    proposals[token] = known


def _reading(one: Told) -> list[Operation]:
    if not one.entries:
        return []
    tokens = tuple(_token(entry) for entry in one.entries)
    return [_operation(one, ("read", one.entries[0].revision, len(tokens)), Outcome.DONE, tokens)]


def _operation(one: Told, asked: tuple[str | int, ...], outcome: Outcome, output: str | int | tuple[str, ...] | None = None) -> Operation:
    responded = one.responded if outcome is Outcome.DONE else None
    return Operation(one.client, one.request.key or LOG, asked, output, one.invoked, responded, outcome)


def _token(entry: Entry) -> str:
    return entry.id or entry.value.decode()
