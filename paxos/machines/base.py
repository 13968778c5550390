"""The port that every replicated state machine fulfils.

A machine is deterministic: its state and every result are a function of the commands executed so far, in order. It reads no clock and
draws no random number, and it never iterates over a set or raises for what a client sent: a command that makes no sense has a result
that says so. Replicas compare running digests of all results, so whatever matters must show in one.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol


class Machine(Protocol):
    """State that every replica has in common."""

    def execute(self, command: bytes) -> bytes:
        """Carry out the next command, and return its result."""
        ...

    def query(self, question: bytes) -> bytes:
        """Answer a question without changing anything."""
        ...

    def snapshot(self) -> Iterator[bytes]:
        """The state as it is at the call, whatever is executed meanwhile; in parts, each made when it is asked for.

        A generator function begins only when it is asked, so it is run to its end at the call. Where that takes too long, copy at the
        call what is about to change, and return an iterator over the copy.
        """
        ...

    def restore(self, parts: Iterable[bytes]) -> None:
        """Have the state that these parts are of; only before anything is executed."""
        ...

    def waiter(self, question: bytes) -> Callable[[], bytes]:
        """What is called now and after each change: it answers the question, or nothing as long as there is nothing to say."""
        ...
