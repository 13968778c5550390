"""Which of ZooKeeper's replies answer a command.

A command is one request, or one that has to be answered before the other is sent. Requests are numbered so that it shows: the reply to an
odd one answers a command, and an even one is followed by the next odd one.
"""

import struct

LENGTH = struct.Struct("!i")
"""What goes before everything that travels: how long it is."""

# The length, the request's number, a transaction's, an error.
_HEAD = struct.Struct("!iiqi")
_NODE_EXISTS = -110


class ZooKeeperError(Exception):
    """A request failed."""


class Replies:
    """Replies in the order of their requests, cut out of what arrives."""

    def __init__(self) -> None:
        # The beginning of a reply that is not whole yet.
        self._rest = b""

    def feed(self, chunk: bytes) -> list[int]:
        """The requests whose replies are whole by this; that somebody created a node before is a reply like others."""
        data = self._rest + chunk
        place, numbers = 0, []
        while len(data) - place >= LENGTH.size and len(data) - place >= (size := LENGTH.size + LENGTH.unpack_from(data, place)[0]):
            _, number, _, error = _HEAD.unpack_from(data, place)
            if error not in (0, _NODE_EXISTS):
                raise ZooKeeperError(f"request {number} failed with error {error}")
            numbers.append(number)
            place += size
        self._rest = data[place:]
        return numbers


def preceding(command: int) -> int:
    """The number of the request that goes before the one that answers."""
    return 2 * command + 2


def answering(command: int) -> int:
    """The number of the request whose reply answers this command."""
    return preceding(command) + 1


def is_answer(number: int) -> bool:
    """Whether the reply to this request answers a command."""
    return number % 2 == 1
