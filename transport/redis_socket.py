"""The fast transport over Redis: redis-py connects and logs in, and from then on the sockets are ours.

The writing connection has CLIENT REPLY OFF: a publish is one send, and the server spends nothing on replies. The price is that a
refusal (an ACL) is not seen; that the connection works at all is proved by the heartbeat, and its permission once, before replies are
switched off. The reading connection is received in large chunks and parsed by hiredis. Blocking threads, no polling.
"""

import contextlib
import select
import socket
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import hiredis
from redis.connection import ConnectionPool

from transport.base import TransportDownError, TransportError
from transport.broker import MAX_PAYLOAD_BYTES
from transport.connections import IO_SECONDS, address_of, ask, connect, free, make_pool
from transport.link import REFUSED, Frame
from transport.owned import OwnedTransport
from transport.subscriptions import Subscription
from transport.threaded import BrokerTransport

CHUNK_COUNT = 16
CHUNK_BYTES = 256 * 1024
"""Received at once; more than one TLS record (16 KiB), so that nothing is left inside the TLS layer where poll() cannot see it."""

_PUBLISH = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_HUNG_UP = getattr(select, "POLLRDHUP", 0)  # Linux tells when the peer closed; elsewhere the next heartbeat does.


class RedisSocketTransport(BrokerTransport):
    """Pub/sub over two raw sockets; `url` is anything that redis-py understands."""

    def __init__(self, url: str, *, heartbeat_name: str | None = None, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> None:
        pool = make_pool(url)
        super().__init__(
            lambda heartbeat: SocketLink(pool, heartbeat),
            address_of(pool),
            heartbeat_name=heartbeat_name,
            max_payload_bytes=max_payload_bytes,
        )
        self._pool = pool
        self._heartbeat_name = heartbeat_name

    def owned(self) -> OwnedTransport:
        """Another transport to the same server, for one thread that waits on it."""
        return OwnedTransport(
            lambda heartbeat: SocketLink(self._pool, heartbeat),
            address_of(self._pool),
            heartbeat_name=self._heartbeat_name,
            max_payload_bytes=self._max_payload_bytes,
        )


class SocketLink:
    """A link of two raw sockets."""

    def __init__(self, pool: ConnectionPool, heartbeat: bytes) -> None:
        self._broken = False
        self._writer = connect(pool)
        ask(self._writer, "PUBLISH", heartbeat, b"")
        ask(self._writer, "CLIENT", "REPLY", "ON")  # Proves that OFF, which has no reply, will be obeyed.
        try:
            self._reader = connect(pool)
        except TransportError:
            self._writer.disconnect()
            free(self._writer)
            raise
        self._writing = _take_socket(self._writer)
        self._reading = _take_socket(self._reader)
        self._reading_number = self._reading.fileno()
        self._writing_number = self._writing.fileno()
        self._parser = hiredis.Reader()
        self._chunk: Any = bytearray(CHUNK_BYTES)
        self._poller = select.poll()
        self._poller.register(self._reading, select.POLLIN)
        self._poller.register(self._writing, _HUNG_UP)
        send_all(self._writing, b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n")

    def publish(self, frames: Sequence[tuple[bytes, bytes]]) -> None:
        """One send in the ordinary case, however many there are; see Link."""
        if self._broken:
            raise TransportDownError("the connection is broken")
        try:
            send_all(self._writing, b"".join([_PUBLISH % (len(channel), channel, len(payload), payload) for channel, payload in frames]))
        except OSError as error:
            self.shut()
            raise TransportError(f"the connection broke while publishing: {error}") from error

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """One command for each, so that each has an answer of its own, and all in one send; see Link."""
        try:
            send_all(self._reading, b"".join(map(_subscribe_command, subscriptions)))
        except OSError as error:
            raise TransportDownError(f"cannot subscribe: {error}") from error

    def watch(self, descriptor: int) -> None:
        """Let read() return as soon as this file is readable, as well as when frames arrive; it reads nothing from it."""
        self._poller.register(descriptor, select.POLLIN)

    def read(self, timeout_seconds: float) -> Sequence[Frame] | None:
        """All frames of the next chunk; see Link."""
        ready = [descriptor for descriptor, _ in self._poller.poll(timeout_seconds * 1000)]
        if self._broken:
            raise TransportDownError("the connection is broken")
        if not ready:
            return None
        if self._writing_number in ready and self._reading_number not in ready:
            raise TransportDownError("the server closed the connection that publishes")
        return self._receive() if self._reading_number in ready else ()

    def _receive(self) -> Sequence[Frame]:
        """What has arrived, several chunks of it where there is so much: it had better wait here than in the server's buffer for us."""
        frames: list[Frame] = []
        size = CHUNK_BYTES
        for _ in range(CHUNK_COUNT):
            if size < CHUNK_BYTES:
                break
            size = self._receive_chunk()
            frames += self._frames(size)
        return frames

    def _receive_chunk(self) -> int:
        """How many bytes are in the chunk; 0 if there were none after all."""
        try:
            size = self._reading.recv_into(self._chunk)
        except _WOULD_BLOCK:
            return 0
        except OSError as error:
            raise TransportDownError(f"the connection broke: {error}") from error
        if size == 0:
            raise TransportDownError("the server closed the connection")
        return size

    def shut(self) -> None:
        """Shut both sockets down, which wakes their threads; see Link."""
        self._broken = True
        for connected in (self._writing, self._reading):
            with contextlib.suppress(OSError):  # The peer may have been faster.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # Not SSLSocket's, which would fall back to plain text.

    def close(self) -> None:
        """Close both; see Link."""
        for connection in (self._writer, self._reader):
            connection.disconnect()
            free(connection)

    def _frames(self, size: int) -> list[Frame]:
        frames: list[Frame] = []
        try:
            self._parser.feed(self._chunk, 0, size)
            while (frame := self._parser.gets()) is not False:
                frames.append(frame if type(frame) is list else [REFUSED, str(frame)])
        except hiredis.ProtocolError as error:
            raise TransportDownError(f"the server does not speak RESP: {error}") from error
        return frames


def send_all(connected: socket.socket, data: bytes) -> None:
    """Send everything; TimeoutError when there is no progress for IO_SECONDS, and then it is unknown how much was sent."""
    rest: bytes | memoryview = data
    while True:
        try:
            sent = connected.send(rest)
        except _WOULD_BLOCK as error:
            _wait(connected, select.POLLIN if isinstance(error, ssl.SSLWantReadError) else select.POLLOUT)
            continue
        if sent == len(rest):
            return
        rest = memoryview(rest)[sent:]


def _wait(connected: socket.socket, event: int) -> None:
    poller = select.poll()
    poller.register(connected, event)
    if not poller.poll(IO_SECONDS * 1000):
        raise TimeoutError(f"no progress for {IO_SECONDS} s")


def _take_socket(connection: Any) -> socket.socket:
    """The socket of a redis-py connection that owes no reply; the connection is kept only to close it."""
    taken: socket.socket = connection._sock  # noqa: SLF001 - redis-py has no public way to it.
    taken.setblocking(False)
    return taken


def _subscribe_command(subscription: Subscription) -> bytes:
    verb = b"PSUBSCRIBE" if subscription.is_prefix else b"SUBSCRIBE"
    return b"*2\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(verb), verb, len(subscription.key), subscription.key)
