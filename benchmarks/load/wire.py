"""Redis pub/sub over bare sockets, as fast as Python can: no thread, no lock, one send for all that is to be sent.

The floor is measured with it, and the load that has to keep up with the nodes. Loopback or Unix sockets of a server without password.
"""

import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import hiredis

_CHUNK_BYTES = 256 * 1024


class Wire:
    """One connection that publishes and gets no replies, and one that listens."""

    def __init__(self, url: str, *patterns: str) -> None:
        self._writing = connect(url)
        self._reading = connect(url)
        self._parser = hiredis.Reader()
        self._chunk: Any = bytearray(_CHUNK_BYTES)
        self._writing.sendall(b"CLIENT REPLY OFF\r\n")
        for pattern in patterns:
            self._reading.sendall(command(b"PSUBSCRIBE", pattern.encode()))
            self.receive(5.0)

    def send(self, frames: Iterable[tuple[str, bytes]]) -> None:
        """Publish all of them."""
        data = b"".join(command(b"PUBLISH", channel.encode(), payload) for channel, payload in frames)
        if data:
            self._writing.sendall(data)

    def receive(self, timeout_seconds: float | None) -> list[bytes]:
        """The payloads that arrive next, none if nothing does in time."""
        self._reading.settimeout(timeout_seconds)
        try:
            size = self._reading.recv_into(self._chunk)
        except TimeoutError:
            return []
        if size == 0:
            raise ConnectionError("the server closed the connection")
        self._parser.feed(self._chunk, 0, size)
        payloads = []
        while (reply := self._parser.gets()) is not False:
            if reply[0] == b"pmessage":
                payloads.append(reply[3])
        return payloads

    def close(self) -> None:
        """Close both."""
        self._writing.close()
        self._reading.close()


def command(*words: bytes) -> bytes:
    """A command as Redis reads it."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def connect(url: str) -> socket.socket:
    """A connection to redis://HOST:PORT or unix://PATH."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(parts.path)
        return connected
    connected = socket.create_connection((parts.hostname or "", parts.port or 0))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
