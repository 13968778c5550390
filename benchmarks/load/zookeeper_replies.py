"""Which of ZooKeeper's replies answer a command.

A command is one request or several, of which the last one answers it. Requests are numbered so that it shows: odd numbers answer.
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

    def feed(self, chunk: bytes) -> int:
        """How many of the replies that are whole by this answer commands; that somebody created a node before is an answer."""
        data = self._rest + chunk
        place = count = 0
        while len(data) - place >= LENGTH.size and len(data) - place >= (size := LENGTH.size + LENGTH.unpack_from(data, place)[0]):
            _, number, _, error = _HEAD.unpack_from(data, place)
            if error not in (0, _NODE_EXISTS):
                raise ZooKeeperError(f"request {number} failed with error {error}")
            count += number % 2
            place += size
        self._rest = data[place:]
        return count


def answered(number: int) -> int:
    """The number of the request whose reply answers this command: an odd one."""
    return 2 * number + 1


def unanswered(number: int) -> int:
    """The number of a request that goes before it."""
    return 2 * number + 2
