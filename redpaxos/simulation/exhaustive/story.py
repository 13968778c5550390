"""The story of a counterexample: its events as a message ladder."""

from collections.abc import Sequence

from msgspec import Struct

from paxos.cues import Expired, Lead
from redpaxos.simulation.exhaustive.actors import Event, Heard
from redpaxos.simulation.scripted.ladder import Arrow, Note, Remark, Row, describe, draw


class Happened(Struct, frozen=True):
    """An event and the actor it happened to."""

    actor: str
    event: Event


def tell(actors: Sequence[str], happened: Sequence[Happened], ending: str) -> str:
    """The ladder, proposers on the left, under it what went wrong."""
    ordered = sorted(actors, key=lambda name: (not name.startswith("p"), name))
    return draw(ordered, [*(_row(one.actor, one.event) for one in happened), Remark(ending)])


def _row(actor: str, event: Event) -> Row:
    if not isinstance(event, Heard):
        return Note(actor, "crash, restart" if event.loses_unsynced else "killed, restart")
    match event.message:
        case Expired(timer=timer):
            return Note(actor, f"{timer} timer")
        case Lead():
            return Note(actor, "told to lead")
        case message if event.source == actor:
            return Note(actor, describe(message) if not hasattr(message, "ballot") else f"hears its own {describe(message)}")
        case message:
            return Arrow(event.source, (actor,), describe(message))
