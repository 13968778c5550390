"""Histories: what the clients of a run asked, what they were told, and when.

A history is a list of operations. It is recorded by a simulated run or by clients of real servers, written as JSON lines, one operation
a line, and judged by redpaxos.simulation.linearizability.check, at once or years later.

Times are integers of any unit on any one monotonic clock. Only their order counts: an operation comes before another if its response
is earlier than the other's invocation; with equal times the two overlap.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

Scalar = None | bool | int | str
Input = tuple[Scalar, ...]
Output = Scalar | tuple[Scalar, ...]


class HistoryError(ValueError):
    """A history that cannot be judged: an operation contradicts itself, or its model does not know it."""


class Outcome(StrEnum):
    """What the client knows of its operation."""

    DONE = "done"
    # It had no effect and never will have.
    NOT_DONE = "not done"
    # It may take effect at any time after its invocation, or never.
    UNKNOWN = "unknown"


class Operation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One operation of one client on one key: `input` is the verb and its arguments, `output` what the client was told."""

    client: str
    key: str
    input: Input
    output: Output = None
    invoked: int = 0
    # None unless a response arrived; an unknown operation never has one.
    responded: int | None = None
    outcome: Outcome = Outcome.DONE

    def __post_init__(self) -> None:
        if not self.input or not isinstance(self.input[0], str):
            raise HistoryError(f"the input {self.input!r} does not start with a verb, as in ('put', 'red')")
        if self.outcome is Outcome.DONE and self.responded is None:
            raise HistoryError(f"{self.text()} is done but has no response time; give one, or call it unknown")
        if self.outcome is not Outcome.DONE and self.output is not None:
            raise HistoryError(f"{self.text()} is {self.outcome} but has the output {text_of(self.output)}; only a done operation has one")
        if self.outcome is Outcome.UNKNOWN and self.responded is not None:
            raise HistoryError(f"{self.text()} is unknown but has a response time; give none, or call it done or not done")
        if self.responded is not None and self.responded < self.invoked:
            raise HistoryError(f"{self.text()} has its response at {self.responded}, before its invocation at {self.invoked}")

    def text(self) -> str:
        """The operation as people write it: put("red") → 7."""
        verb, *arguments = self.input
        call = f"{verb}({', '.join(text_of(argument) for argument in arguments)})"
        if self.outcome is not Outcome.DONE:
            return f"{call} → {'?' if self.outcome is Outcome.UNKNOWN else 'not done'}"
        return f"{call} → {text_of(self.output)}"


def text_of(value: object) -> str:
    """A value as JSON, or as Python shows it if it has no JSON."""
    try:
        return msgspec.json.encode(value).decode()
    except TypeError:
        return repr(value)


def write_history(operations: Iterable[Operation]) -> bytes:
    """The operations as JSON lines."""
    return msgspec.json.Encoder().encode_lines(list(operations))


def read_history(lines: Iterable[bytes | str]) -> list[Operation]:
    """The operations of JSON lines (an open file will do); empty lines are skipped. Raises HistoryError with the line's number."""
    decoder = msgspec.json.Decoder(Operation)
    operations = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            operations.append(decoder.decode(line))
        except (msgspec.DecodeError, ValueError) as error:
            raise HistoryError(f"line {number} of the history: {error}") from error
    return operations


class Recorder:
    """Collects a history while it happens; what never came back is unknown. One recorder a thread; histories are joined with +."""

    def __init__(self) -> None:
        # Every operation invoked, in that order; unknown until its end is reported.
        self._operations: list[Operation] = []

    def invoke(self, client: str, key: str, input: Input, time: int) -> int:
        """Note that a client is about to send an operation, and return the number to report its end under."""
        self._operations.append(Operation(client, key, input, invoked=time, outcome=Outcome.UNKNOWN))
        return len(self._operations) - 1

    def done(self, number: int, output: Output, time: int) -> None:
        """Note that the operation took effect and what it returned."""
        self._end(number, output, time, Outcome.DONE)

    def not_done(self, number: int, time: int) -> None:
        """Note that the operation certainly had no effect, and will have none."""
        self._end(number, None, time, Outcome.NOT_DONE)

    def operations(self) -> list[Operation]:
        """The history until this moment."""
        return list(self._operations)

    def _end(self, number: int, output: Output, time: int, outcome: Outcome) -> None:
        begun = self._operations[number]
        if begun.outcome is not Outcome.UNKNOWN:
            raise HistoryError(f"{begun.text()} of {begun.client} has ended already")
        self._operations[number] = msgspec.structs.replace(begun, output=output, responded=time, outcome=outcome)
