"""One decree: the first value decided wins, and every later answer names the winner.

decide(value) → winner        query() → winner, or null while undecided
"""

from collections.abc import Hashable

from redpaxos.simulation.linearizability.history import Input, text_of
from redpaxos.simulation.linearizability.models.base import NOTHING, UNKNOWN, Heard, Model, is_value, refuse

_USAGE = "decide(value) and query(); no value is null"

# The winner, or nothing yet.
Winner = tuple[object, ...]


class Decree(Model[Winner]):
    """A single decree, undecided at first."""

    name = "decree"
    unknown_only_enables = True

    def initial(self) -> Winner:
        return ()

    def step(self, state: Winner, input: Input, output: Heard) -> Winner | None:
        match input:
            case ("query",):
                return state if output is UNKNOWN or output == (state[0] if state else None) else None
            case ("decide", value):
                winner = state or (value,)
                return winner if output is UNKNOWN or output == winner[0] else None
        raise refuse(self, input, output, _USAGE)

    def validate(self, input: Input, output: Heard) -> None:
        match input:
            case ("query",):
                good = output is UNKNOWN or is_value(output)
            case ("decide", value):
                good = is_value(value) and value is not None and (output is UNKNOWN or (is_value(output) and output is not None))
            case _:
                good = False
        if not good:
            raise refuse(self, input, output, _USAGE)

    def observes(self, input: Input, output: Heard) -> bool:
        return input[0] == "query" or (output is not UNKNOWN and output != input[1])

    def needs(self, input: Input, output: Heard) -> Hashable:
        return NOTHING if output is None or output is UNKNOWN else output

    def shows(self, input: Input) -> Hashable:
        return input[1] if len(input) == 2 else NOTHING

    def shown(self, state: Winner) -> Hashable:
        return state[0] if state else NOTHING

    def describe(self, state: Winner) -> str:
        return text_of(state[0]) if state else "undecided"
