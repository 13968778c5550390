"""The client: proposes, decides, reads the log, and tells done from not done from unknown.

A client is a participant of its own name on the transport. It finds a proposer, sends its command there under an id that makes it
execute once, and repeats it until it is answered or its time is over. "Not done" is said only when every attempt was answered so.
"""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from queue import Empty, SimpleQueue
from typing import Any

from msgspec import Raw, Struct

from actors.channels import Channels
from paxos.ballot import END_SLOT
from paxos.codec import Codec, Envelope, Letter
from paxos.doors import check_json
from paxos.effects import ACCEPTORS, PROPOSERS
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group
from paxos.messages import (
    Command,
    Entry,
    Inquire,
    Locate,
    Located,
    LogPage,
    Outcome,
    OutcomeKind,
    Query,
    ReadLog,
    Report,
    Submit,
    WireMessage,
)
from redpaxos.errors import NotDoneError, OutcomeUnknownError, RejectedError, UndecidedError
from transport.base import Transport, TransportDownError, TransportError

_LOCATE_SECONDS = 0.3
_ATTEMPT_SECONDS = 1.0
_FIRST_ATTEMPT_SECONDS = 0.25
_LAST_ATTEMPT_SECONDS = 2.0
_PAUSE_SECONDS = 0.05
_INTEGER_DIGITS = 4000


class Decision(Struct, frozen=True):
    """What was chosen: `value` as Python sees its JSON, `ballot` as (round, node), and whether it was the caller's own command."""

    value: Any
    ballot: tuple[int, str]
    slot: int
    revision: int
    id: str
    mine: bool
    # The value as the JSON text that it came in.
    json: bytes


class _Request:
    """One command or question under way, and what became of each attempt."""

    def __init__(self, group: str, request_id: str, message: Submit | Query) -> None:
        self.group = group
        self.id = request_id
        self.message = message
        # By proposer: attempts that were not answered with a definite no.
        self.open_attempts: dict[str, int] = {}
        # How long the next attempt waits before it looks for another leader.
        self.patience_seconds = _FIRST_ATTEMPT_SECONDS

    @property
    def is_open(self) -> bool:
        """Whether some attempt may still take effect."""
        return any(count > 0 for count in self.open_attempts.values())


class Client:
    """Safe to share between threads. Close it when done, or use it in a `with`."""

    def __init__(self, transport: Transport, cluster: str, *, secret: bytes = b"", node: str = "") -> None:
        self.name = f"client-{secrets.token_hex(6)}"
        self._transport = transport
        self._channels = Channels(cluster)
        self._codec = Codec(cluster, secret)
        self._cluster = cluster
        self._sent_count: Counter[str] = Counter()
        self._incarnation = secrets.randbits(60)
        self._lock = threading.Lock()
        self._waiting: dict[str, SimpleQueue[tuple[str, WireMessage]]] = {}
        # The only node to ask, where the caller named one.
        self._node = node
        # The node to ask next: the leader when last heard; empty while none is known.
        self._proposer = node
        # Set when the client is closed, so that no pause outlives it.
        self._pause = threading.Event()
        transport.subscribe(self._channels.incoming(self.name), self._deliver)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the transport; requests under way end as unknown."""
        self._pause.set()
        self._transport.close()

    # ---- what a caller wants -----------------------------------------------------------------------------------------------------

    def propose(self, value: Any, *, id: str | None = None, timeout: float = 10.0) -> Decision:
        """Append a JSON value to the log; with an `id`, at most once however often it is proposed.

        Raises RejectedError, NotDoneError, or OutcomeUnknownError after `timeout` seconds.
        """
        request_id = id or secrets.token_hex(16)
        command = Command(request_id, to_json(value))
        return self._request(_Request(LOG, request_id, Submit((command,))), timeout)

    def decide(self, name: str, value: Any, *, id: str | None = None, timeout: float = 10.0) -> Decision:
        """Decide a named thing once and for all; returns what won, which is the same for everybody who ever asks.

        Raises RejectedError, NotDoneError, or OutcomeUnknownError after `timeout` seconds.
        """
        request_id = id or secrets.token_hex(16)
        command = Command(request_id, to_json(value))
        return self._request(_Request(decree_group(name), request_id, Submit((command,))), timeout)

    def decision(self, name: str, *, timeout: float = 10.0) -> Decision:
        """What was decided under this name; UndecidedError if nothing was when a quorum was asked.

        Raises NotDoneError if nobody could tell within `timeout` seconds.
        """
        request_id = secrets.token_hex(16)
        try:
            return self._request(_Request(decree_group(name), request_id, Query(request_id)), timeout)
        except OutcomeUnknownError as error:
            raise NotDoneError(f"nobody could tell what {name!r} is within {timeout} s") from error

    def log(self, from_revision: int = 1, *, follow: bool = False, node: str = "", timeout: float = 10.0) -> Iterator[Decision]:
        """The log from a revision on, nothing missing and nothing twice; with `follow` it waits for more, for ever.

        As `node` has it, if one is named, and otherwise as any node has it. Raises NotDoneError if nobody answers for `timeout` seconds.
        """
        for entry in self.entries(from_revision, follow=follow, node=node, timeout=timeout):
            yield to_decision(entry, mine=False)

    def entries(self, from_revision: int = 1, *, follow: bool = False, node: str = "", timeout: float = 10.0) -> Iterator[Entry]:
        """The log as log() reads it, but each value as the JSON text that it came in."""
        group = LOG
        revision = from_revision
        while True:
            page = self._read(group, revision, timeout, node)
            for entry in page.entries:
                yield entry
                revision = entry.revision + 1
            if revision >= page.end_revision:
                if not follow:
                    return
                # Any answer, or none for a while, is a reason to read again.
                self._page(node or self._proposer, group, ReadLog(secrets.randbits(60), revision, waits=True), _ATTEMPT_SECONDS)

    def learned(self, name: str, *, timeout: float = 0.0) -> Decision | None:
        """What one learner knows to be decided under this name, waiting for it if asked to; it asks no quorum.

        Raises NotDoneError if no node answers.
        """
        deadline = time.monotonic() + timeout
        group = decree_group(name)
        while not (entries := self._read(group, 1, max(timeout, 2 * _ATTEMPT_SECONDS)).entries):
            if (left := deadline - time.monotonic()) <= 0:
                return None
            self._page(self._proposer, group, ReadLog(secrets.randbits(60), 1, waits=True), min(left, _ATTEMPT_SECONDS))
        return to_decision(entries[0], mine=False)

    def end_revision(self, *, node: str = "", timeout: float = 10.0) -> int:
        """The first revision that is not given out yet, as log() would find it."""
        return self._read(LOG, END_SLOT, timeout, node).end_revision

    def status(self, *, timeout: float = 1.0) -> list[dict[str, Any]]:
        """What each actor of the cluster says of itself, of those that answer in time."""
        reports: dict[tuple[str, str], dict[str, Any]] = {}
        for report in self.reports(timeout=timeout):
            reports[report["node"], report["kind"]] = report
            if _is_complete(reports):
                break
        return [reports[key] for key in sorted(reports)]

    def reports(self, *, node: str = "", timeout: float = 1.0) -> Iterator[dict[str, Any]]:
        """What each actor says of itself, as the answers come in; of one node, if one is named, and otherwise of all.

        Raises NotDoneError if nobody could be asked.
        """
        answers = self._expect("status")
        try:
            # Every actor hears what the acceptors do.
            self._send(node or ACCEPTORS, LOG, Inquire())
            for _, message in self._answers(answers, time.monotonic() + timeout):
                if isinstance(message, Report):
                    yield json.loads(message.json)
        except TransportError as error:
            raise NotDoneError(f"nobody could be asked: {error}") from error
        finally:
            self._waiting.pop("status", None)

    # ---- requests ----------------------------------------------------------------------------------------------------------------

    def _request(self, request: _Request, timeout: float) -> Decision:
        deadline = time.monotonic() + timeout
        answers = self._expect(request.id)
        try:
            while time.monotonic() < deadline:
                if not (proposer := self._proposer or self._locate(deadline)):
                    continue
                decision = self._attempt(request, proposer, answers, deadline)
                if decision is not None:
                    return decision
        finally:
            self._waiting.pop(request.id, None)
        if request.is_open:
            raise OutcomeUnknownError(f"no answer within {timeout} s; ask again with id {request.id}", request.id)
        raise NotDoneError(f"no proposer took it within {timeout} s: is a node running, and is Redis in reach?")

    def _attempt(
        self, request: _Request, proposer: str, answers: "SimpleQueue[tuple[str, WireMessage]]", deadline: float
    ) -> Decision | None:
        """Ask one proposer and wait for a while; None if the request should be tried again."""
        if not self._submit(request, proposer):
            return None
        until = min(deadline, time.monotonic() + request.patience_seconds)
        request.patience_seconds = min(2 * request.patience_seconds, _LAST_ATTEMPT_SECONDS)
        for source, message in self._answers(answers, until):
            if not isinstance(message, Outcome):
                continue
            if message.kind is OutcomeKind.DONE:
                return to_decision(message.entries[0], mine=message.entries[0].id == request.id)
            if message.kind is OutcomeKind.UNKNOWN:
                self._turn_to(message.leader)
                return None
            open_attempts = request.open_attempts.get(source, 0) - message.answered_count
            request.open_attempts[source] = max(0, open_attempts)
            if message.kind is OutcomeKind.REDIRECT:
                self._turn_to(message.leader)
                return None
            self._raise_for(message, request)
        self._turn_to("")
        return None

    def _submit(self, request: _Request, proposer: str) -> bool:
        """Send it, noting that it may take effect unless it certainly never left."""
        request.open_attempts[proposer] = request.open_attempts.get(proposer, 0) + 1
        try:
            self._send(proposer, request.group, request.message)
        except TransportDownError:
            request.open_attempts[proposer] -= 1
            self._pause.wait(_PAUSE_SECONDS)
            return False
        except TransportError:
            self._pause.wait(_PAUSE_SECONDS)
        return True

    @staticmethod
    def _raise_for(outcome: Outcome, request: _Request) -> None:
        """End the request if this answer settles it."""
        if outcome.kind is OutcomeKind.UNDECIDED:
            raise UndecidedError(outcome.reason)
        if outcome.kind is OutcomeKind.REJECTED:
            raise RejectedError(outcome.reason)
        if not request.is_open:
            raise NotDoneError(outcome.reason)

    def _turn_to(self, proposer: str) -> None:
        self._proposer = self._node or proposer

    def _locate(self, deadline: float) -> str:
        """Find a proposer, the leader if anybody knows it; empty if nobody answers yet."""
        answers = self._expect("locate")
        try:
            self._send(PROPOSERS, LOG, Locate())
        except TransportError:
            self._pause.wait(_PAUSE_SECONDS)
            return ""
        heard: list[str] = []
        for source, message in self._answers(answers, min(deadline, time.monotonic() + _LOCATE_SECONDS)):
            if isinstance(message, Located):
                if message.leader:
                    self._turn_to(message.leader)
                    return message.leader
                heard.append(source)
        self._turn_to(secrets.choice(heard) if heard else "")
        return self._proposer

    def _read(self, group: str, revision: int, timeout: float, node: str = "") -> LogPage:
        """One page of the log, from the node that is named or whichever answers."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            if not (source := node or self._proposer or self._locate(deadline)):
                continue
            page = self._page(source, group, ReadLog(secrets.randbits(60), revision), min(left, _ATTEMPT_SECONDS))
            if page is not None:
                return page
            self._turn_to("")
        whoever = f"node {node}" if node else "any node"
        raise NotDoneError(f"no answer from {whoever} that reads the log within {timeout} s")

    def _page(self, node: str, group: str, question: ReadLog, timeout: float) -> LogPage | None:
        """What one node answers within the time, or None."""
        until = time.monotonic() + timeout
        answers = self._expect(f"page-{question.number}")
        try:
            self._send(node, group, question)
            return next((message for _, message in self._answers(answers, until) if isinstance(message, LogPage)), None)
        except TransportError:
            self._pause.wait(_PAUSE_SECONDS)
            return None
        finally:
            self._waiting.pop(f"page-{question.number}", None)

    # ---- the wire ----------------------------------------------------------------------------------------------------------------

    def _send(self, target: str, group: str, message: WireMessage) -> None:
        channel = self._channels.outgoing(target, self.name)
        with self._lock:
            self._sent_count[channel] += 1
            sequence = self._sent_count[channel]
        envelope = Envelope(self._cluster, self.name, "", "", self._incarnation, sequence, (Letter(group, message),))
        self._transport.publish(channel, self._codec.encode(envelope))

    def _deliver(self, channel: str, payload: bytes) -> None:
        try:
            envelope = self._codec.decode(payload)
        except MalformedError:
            return
        for letter in envelope.letters:
            queue = self._waiting.get(_key(letter.message))
            if queue is not None:
                queue.put((envelope.source, letter.message))

    def _expect(self, key: str) -> "SimpleQueue[tuple[str, WireMessage]]":
        queue: SimpleQueue[tuple[str, WireMessage]] = SimpleQueue()
        self._waiting[key] = queue
        return queue

    @staticmethod
    def _answers(queue: "SimpleQueue[tuple[str, WireMessage]]", until: float) -> Iterator[tuple[str, WireMessage]]:
        """What arrives until then."""
        while (left := until - time.monotonic()) > 0:
            try:
                yield queue.get(timeout=left)
            except Empty:
                return


def to_json(value: Any) -> bytes:
    """The JSON text of a Python value, a msgspec.Raw being such a text already; RejectedError if it has none."""
    try:
        if isinstance(value, Raw):
            return check_json(bytes(value))
        return check_json(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError, MalformedError) as error:
        raise RejectedError(f"the value is not JSON: {error}") from error


def to_decision(entry: Entry, *, mine: bool) -> Decision:
    """An entry as callers see it."""
    value = json.loads(entry.value, parse_int=_to_integer)
    return Decision(value, (entry.ballot.round, entry.ballot.node), entry.slot, entry.revision, entry.id, mine, entry.value)


def _to_integer(digits: str) -> int | Decimal:
    """Python refuses to convert very long integers, and one in the log may not make the log unreadable."""
    return int(digits) if len(digits) <= _INTEGER_DIGITS else Decimal(digits)


def _key(message: WireMessage) -> str:
    """Which request a message answers."""
    match message:
        case Outcome(id=request_id):
            return request_id
        case LogPage(number=number):
            return f"page-{number}"
        case Located():
            return "locate"
        case Report():
            return "status"
        case _:
            return ""


def _is_complete(reports: dict[tuple[str, str], dict[str, Any]]) -> bool:
    """Whether every member's acceptor has answered, and of each node that was heard, every actor."""
    members = {member for report in reports.values() for member in report["members"]}
    due = {(member, "acceptor") for member in members} | {
        (report["node"], kind) for report in reports.values() for kind in report["actors"]
    }
    return bool(due) and due <= set(reports)
