"""A client's line to the cluster: messages out under a name of its own, and answers in, each to who waits for it."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Protocol

from actors.channels import Channels
from actors.sequences import Sequences
from paxos.codec import Codec, Envelope, Letter
from paxos.effects import AUDIENCES
from paxos.errors import MalformedError
from paxos.groups import LOG
from paxos.messages import Answer, Inquire, Located, LogPage, Outcome, Report, Results, Transferred, Turned, WireMessage
from redpaxos.errors import CLOSED, NotDoneError, RejectedError
from transport.base import Transport, TransportClosedError

Key = tuple[str, str]
"""The group and what identifies an answer there."""

PAUSE_SECONDS = 0.05
"""Before somebody tries again to whom nothing could be sent."""

LOCATED = (LOG, "located")
REPORTS = (LOG, "reports")
CALLS = (LOG, "calls")


def page_key(group: str, number: int) -> Key:
    """What to listen for after asking for a page of the log."""
    return group, f"page {number}"


def answer_key(number: int) -> Key:
    """What to listen for after a question to a state machine."""
    return LOG, f"answer {number}"


class Answers:
    """What arrives for one listener, in order."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[str, WireMessage] | None] = SimpleQueue()

    def put(self, source: str, message: WireMessage) -> None:
        """Leave an answer."""
        self._queue.put((source, message))

    def end(self) -> None:
        """Let who waits go on: nothing more will arrive."""
        self._queue.put(None)

    def next(self, until: float) -> tuple[str, WireMessage] | None:
        """The next answer and who sent it, or None when the monotonic clock reaches `until` or the line is closed."""
        try:
            return self._queue.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            return None

    def until(self, until: float) -> Iterator[tuple[str, WireMessage]]:
        """Every answer that arrives until then."""
        while (heard := self.next(until)) is not None:
            yield heard


class Listener(Protocol):
    """What hears answers, on the thread that they arrive on: it never blocks, waits or publishes."""

    def put(self, source: str, message: WireMessage) -> None:
        """Take an answer."""
        ...


class Line:
    """Safe to share between threads."""

    def __init__(self, transport: Transport, cluster: str, secret: bytes) -> None:
        self.name = f"client-{secrets.token_hex(6)}"
        self._transport = transport
        self._channels = Channels(cluster)
        self._codec = Codec(cluster, secret)
        self._cluster = cluster
        self._incarnation = secrets.randbits(60)
        self._sent_count: Counter[str] = Counter()
        # Frames that the network repeats are dropped, so that no answer counts twice.
        self._sequences = Sequences()
        # Kinds of frames that could not be taken.
        self.refused: Counter[str] = Counter()
        self._listeners: dict[Key, list[Listener]] = {}
        # Of those that listen, who sleeps meanwhile.
        self._awaited: set[Answers] = set()
        self._lock = threading.Lock()
        transport.subscribe(self._channels.incoming(self.name), self.hear)

    def close(self) -> None:
        """Close the transport, and wake who waits for an answer; idempotent."""
        self._transport.close()
        with self._lock:
            awaited = list(self._awaited)
        for answers in awaited:
            answers.end()

    def send(self, target: str, group: str, message: WireMessage) -> None:
        """Publish a message; TransportError as the transport does, NotDoneError when closed, RejectedError if no node is so named."""
        whole_node = target in AUDIENCES or isinstance(message, Inquire)
        channel = self._channels.outgoing(target if whole_node else self._channels.desk(target), self.name)
        with self._lock:
            self._sent_count[channel] += 1
            sequence = self._sent_count[channel]
        envelope = Envelope(self._cluster, self.name, "", "", self._incarnation, sequence, (Letter(group, message),))
        try:
            # Not every transport looks at the name.
            channel.encode()
            self._transport.publish(channel, self._codec.encode(envelope))
        except TransportClosedError as error:
            raise NotDoneError(CLOSED) from error
        except UnicodeEncodeError as error:
            raise RejectedError(f"{error.object!a} is not text that can be sent") from error

    @contextmanager
    def listening(self, *keys: Key) -> Iterator[Answers]:
        """Hear what answers these keys; several may listen to one."""
        answers = Answers()
        self.attach(answers, *keys)
        with self._lock:
            self._awaited.add(answers)
        try:
            yield answers
        finally:
            self.detach(answers, *keys)
            with self._lock:
                self._awaited.discard(answers)

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond close()."""
        with self.listening() as answers:
            answers.next(time.monotonic() + seconds)

    def attach(self, listener: Listener, *keys: Key) -> None:
        """Let it hear what answers these keys."""
        with self._lock:
            for key in keys:
                self._listeners.setdefault(key, []).append(listener)

    def detach(self, listener: Listener, *keys: Key) -> None:
        """Let it hear them no more; idempotent."""
        with self._lock:
            for key in keys:
                left = [other for other in self._listeners.pop(key, []) if other is not listener]
                if left:
                    self._listeners[key] = left

    def hear(self, channel: str, payload: bytes) -> None:
        """Hand what arrived on a channel to those who wait for it; what cannot be taken is counted, and nothing else."""
        try:
            envelope = self._open(channel, payload)
        except MalformedError as error:
            self.refused[error.kind] += 1
            return
        if not self._sequences.is_fresh(f"{channel}/{envelope.store_id}", envelope.incarnation, envelope.sequence):
            return
        for letter in envelope.letters:
            with self._lock:
                listeners = list(self._listeners.get(_key(letter), ()))
            for answers in listeners:
                answers.put(envelope.source, letter.message)

    def _open(self, channel: str, payload: bytes) -> Envelope:
        """The envelope, if it is from whom its channel says."""
        envelope = self._codec.decode(payload)
        if Channels.sender(channel) != envelope.source:
            raise MalformedError("forged", f"{envelope.source!r} on {channel!r}")
        return envelope


def _key(letter: Letter) -> Key:
    """What an answer answers."""
    match letter.message:
        case Outcome(id=request_id):
            return letter.group, f"request {request_id}"
        case LogPage(number=number):
            return page_key(letter.group, number)
        case Results() | Turned():
            return CALLS
        case Answer(number=number):
            return answer_key(number)
        case Transferred(attempt=attempt):
            return transfer_key(attempt)
        case Located():
            return LOCATED
        case Report():
            return REPORTS
        case _:
            return letter.group, ""


def request_key(group: str, request_id: str) -> Key:
    """What to listen for after a command or question."""
    return group, f"request {request_id}"


def transfer_key(attempt: int) -> Key:
    """What to listen for after asking for another leader."""
    return LOG, f"transfer {attempt}"
