"""The trace of a simulated run: one readable line for everything that happened, in order.

Lines are rendered when they are read, because most runs end well and nobody reads them. What is noted never changes afterwards.
"""

from collections.abc import Iterator

from paxos.ballot import Ballot
from paxos.codec import Envelope
from paxos.messages import Vote
from paxos.values import Batch, Command, Entry

_VALUE_CHARACTERS = 60


class Trace:
    """What was noted, as (virtual time, who, what)."""

    def __init__(self) -> None:
        self.notes: list[tuple[float, str, object]] = []

    def note(self, time: float, who: str, what: object) -> None:
        """Remember one line."""
        self.notes.append((time, who, what))

    def lines(self) -> Iterator[str]:
        """Every line, oldest first."""
        for time, who, what in self.notes:
            yield f"{time:9.4f} {who:<14} {render(what)}"


def render(what: object) -> str:
    """What was noted, in the words of the protocol."""
    match what:
        case Envelope():
            letters = "; ".join(f"{letter.group}: {render(letter.message)}" for letter in what.letters)
            return f"[{what.store or 'client'} {what.incarnation}.{what.sequence}] {letters}"
        case Ballot():
            return what.shown
        case bytes():
            return _shorten(what.decode("utf-8", "backslashreplace"))
        case Vote():
            return f"{what.slot}={render(what.value)} at {render(what.ballot)}"
        case Command() | Batch() | Entry():
            return _shorten(str([render(getattr(what, name)) for name in what.__struct_fields__]))
        case tuple():
            return f"({', '.join(render(part) for part in what)})"
        case str() | int() | float():
            return str(what)
        case _ if hasattr(what, "__struct_fields__"):
            fields = ", ".join(f"{name} {render(getattr(what, name))}" for name in what.__struct_fields__)
            return f"{type(what).__name__}({fields})"
        case _:
            return repr(what)


def _shorten(text: str) -> str:
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}… ({len(text)})"
