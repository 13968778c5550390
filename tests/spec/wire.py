"""From frames to the events of docs/spec/RedPaxosTrace.tla: what actors said about one group, in the order in which they did it.

An actor publishes what it did in one drain audience by audience, so its frames may be out of its own order. The order is mended by
what never falls: the ballots of a proposer and the promises of an acceptor. An event is only ever moved to before what its own actor
said; TLC then finds out whether all that led to it had been said by then.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from paxos.ballot import END_SLOT, Ballot
from paxos.batches import decode_batch
from paxos.codec import Envelope
from paxos.messages import Accept, Accepted, ChosenPage, Decided, Nack, Prepare, Promise, VotesPage, WireMessage

_EVER = 10**9
Order = tuple[Ballot, float]


class Event(Struct):
    """One event: its kind, who did it, and the fields of the kind; values and ballots as in the code."""

    kind: str
    node: str
    fields: dict[str, Any]


def events_of(envelopes: Iterable[Envelope], group: str) -> list[Event]:
    """What the nodes that sent these did about one group."""
    events: list[Event] = []
    lives: dict[tuple[str, str], int] = {}
    for envelope in envelopes:
        life = lives.setdefault((envelope.source, envelope.store), envelope.incarnation)
        if envelope.incarnation > life:
            lives[envelope.source, envelope.store] = envelope.incarnation
            if envelope.store == "log":
                events.append(Event("Restart", envelope.source, {"kept": _EVER}))
        for letter in envelope.letters:
            if letter.group == group:
                events += _events(envelope.source, letter.message)
    _note_what_is_kept(events)
    return _in_order(events)


def _events(node: str, message: WireMessage) -> list[Event]:
    match message:
        case Prepare(ballot, first):
            return [Event("Prepare", node, {"ballot": ballot, "first": first})]
        case Promise(ballot, first, end, votes):
            return [Event("Promise", node, {"ballot": ballot, "first": first, "end": end, "votes": votes})]
        case Accept(ballot, slot, value, through):
            return [Event("Accept", node, {"ballot": ballot, "slot": slot, "value": value, "through": through})]
        case Accepted(ballot, first, last):
            return [Event("Accepted", node, {"ballot": ballot, "slot": slot}) for slot in range(first, last + 1)]
        case VotesPage(votes):
            return [Event("Accepted", node, {"ballot": vote.ballot, "slot": vote.slot}) for vote in votes]
        case Nack(ballot, promised):
            return [Event("Nack", node, {"ballot": ballot, "promised": promised})]
        case Decided(ballot, slot, value):
            return [Event("Decided", node, {"ballot": ballot, "slot": slot, "value": value})]
        case ChosenPage(first, values):
            return [Event("Chosen", node, {"slot": slot, "value": value}) for slot, (_, value) in enumerate(values, first)]
        case _:
            return []


def _note_what_is_kept(events: list[Event]) -> None:
    """A restart may forget the last of what was learned: it kept no more than its node knew when it next spoke."""
    known: dict[str, int] = {}
    for event in reversed(events):
        match event:
            case Event("Restart", node, fields):
                fields["kept"] = known.pop(node, _EVER)
            case Event("Prepare", node, fields):
                known[node] = fields["first"]
            case Event("Accept", node, fields):
                known[node] = fields["through"]
            case _:
                pass


# ---- order ----------------------------------------------------------------------------------------------------------------------


def _in_order(events: list[Event]) -> list[Event]:
    """Move each event to before the first event of its actor that it cannot have followed."""
    votes = _numbered_votes(events)
    ordered: list[Event] = []
    latest: dict[tuple[str, bool], Order] = {}
    for event in events:
        actor = (event.node, event.kind in ("Promise", "Accepted", "Nack"))
        if event.kind == "Restart":
            latest.pop(actor, None)
        least, most = _orders(event, votes)
        if least is None or most is None:
            ordered.append(event)
            continue
        place = len(ordered)
        if actor in latest and latest[actor] > most:
            place = next(index for index, other in enumerate(ordered) if _follows(other, event, most, votes))
        ordered.insert(place, event)
        latest[actor] = max(latest.get(actor, least), least)
    return ordered


def _follows(other: Event, event: Event, most: Order, votes: dict[tuple[str, Ballot, int], int]) -> bool:
    """Whether another event of the same actor came later than this one can have."""
    if other.node != event.node or (other.kind in ("Prepare", "Accept")) != (event.kind in ("Prepare", "Accept")):
        return False
    least, _ = _orders(other, votes)
    return least is not None and least > most


def _numbered_votes(events: list[Event]) -> dict[tuple[str, Ballot, int], int]:
    """The place of each vote among the votes of its acceptor at its ballot."""
    votes: dict[tuple[str, Ballot, int], int] = {}
    counts: dict[tuple[str, Ballot], int] = {}
    for event in events:
        if event.kind == "Accepted" and (event.node, event.fields["ballot"], event.fields["slot"]) not in votes:
            counts[event.node, event.fields["ballot"]] = counts.get((event.node, event.fields["ballot"]), 0) + 1
            votes[event.node, event.fields["ballot"], event.fields["slot"]] = counts[event.node, event.fields["ballot"]]
    return votes


def _orders(event: Event, votes: dict[tuple[str, Ballot, int], int]) -> tuple[Order | None, Order | None]:
    """From where on and up to where in its actor's own order the event stands; None where that says nothing."""
    fields = event.fields
    match event.kind:
        case "Prepare" | "Accept":
            place = (fields["ballot"], 0.0 if event.kind == "Prepare" else 1.0)
            return place, place
        case "Accepted":
            place = (fields["ballot"], float(votes[event.node, fields["ballot"], fields["slot"]]))
            return place, place
        case "Promise":
            told = [votes.get((event.node, vote.ballot, vote.slot), 0) for vote in fields["votes"] if vote.ballot == fields["ballot"]]
            place = (fields["ballot"], max(told, default=0) + 0.5)
            return place, place
        case "Nack":
            return (fields["promised"], 0.0), (fields["promised"], float(_EVER))
        case _:
            return None, None


# ---- as text --------------------------------------------------------------------------------------------------------------------


class Names:
    """How the model calls what a run calls otherwise: proposers by number, END_SLOT by the model's own, values by what they carry."""

    def __init__(self, nodes: Iterable[str], max_slot: int) -> None:
        # The ballot below all others is nobody's.
        self._numbers = {"": 0} | {name: number for number, name in enumerate(sorted(nodes), 1)}
        self._end = max_slot + 2
        self._commands: dict[bytes, str] = {}

    def event(self, event: Event) -> str:
        """An event as a TLA+ record."""
        node = f'"{event.node}"' if event.kind in ("Promise", "Accepted", "Nack") else str(self._numbers[event.node])
        fields = "".join(f", {name} |-> {self._field(name, value)}" for name, value in event.fields.items())
        return f'[kind |-> "{event.kind}", node |-> {node}{fields}]'

    def _field(self, name: str, value: Any) -> str:
        match name:
            case "ballot" | "promised":
                return self._ballot(value)
            case "value":
                return self._value(value)
            case "votes":
                votes = (
                    f"[slot |-> {vote.slot}, ballot |-> {self._ballot(vote.ballot)}, value |-> {self._value(vote.value)}]" for vote in value
                )
                return f"{{{', '.join(votes)}}}"
            case "end":
                return str(self._end if value == END_SLOT else value)
            case _:
                return str(value)

    def _ballot(self, ballot: Ballot) -> str:
        return f"<<{ballot.round}, {self._numbers[ballot.node]}>>"

    def _value(self, value: bytes) -> str:
        batch = decode_batch(value)
        command = self._commands.setdefault(value, f"v{len(self._commands)}") if batch.actions else "NOOP"
        return f'<<{self._ballot(batch.ballot)}, "{command}">>'
