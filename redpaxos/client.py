"""The client: proposes, decides, reads the log, and tells done from not done from unknown.

A client is a participant of its own name on the transport. It finds a proposer, sends its command there under an id that makes it
execute once, and repeats it until it is answered or its time is over. "Not done" is said only when every attempt was answered so.
"""

import itertools
import json
import math
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, assert_never

from msgspec import Raw, Struct

from paxos.codec import FRAME_BYTES
from paxos.cues import Expired
from paxos.doors import check_decree, check_id, check_json, check_machine
from paxos.effects import EVERYONE, PROPOSERS, Effects, StartTimer, sending
from paxos.errand import Errand
from paxos.errors import MalformedError
from paxos.groups import LOG
from paxos.messages import Inquire, Locate, Located, Outcome, OutcomeKind, Query, Report, Submit
from paxos.values import Command, Entry
from redpaxos.contacts import Contacts
from redpaxos.errors import CLOSED, UNHEARD, NotDoneError, OutcomeUnknownError, RejectedError, UndecidedError
from redpaxos.kv import KeyValueStore
from redpaxos.leadership import Leadership
from redpaxos.line import LOCATED, PAUSE_SECONDS, REPORTS, Line, request_key
from redpaxos.log_reader import LogReader
from redpaxos.machine import MachineClient
from redpaxos.questions import Questions
from redpaxos.session import Session
from transport.base import PayloadTooLargeError, Transport, TransportDownError, TransportError

_INTEGER_DIGITS = 4000
_VALUE_BYTES = FRAME_BYTES // 2


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


class Client:
    """Safe to share between threads. Close it when done, or use it in a `with`."""

    def __init__(self, transport: Transport, cluster: str, *, secret: bytes = b"", node: str = "") -> None:
        self._line = Line(transport, cluster, secret)
        # The only node to ask, where the caller named one.
        self._node = node
        self._contacts = Contacts(node)
        self._line.attach(self._contacts, LOCATED)
        self._attempts = itertools.count(secrets.randbits(48))
        # Set when the client is closed, so that no pause and no request outlives it.
        self._ended = threading.Event()
        self._kv: KeyValueStore | None = None
        self._session: Session | None = None
        self._reader = LogReader(self._line, node)
        self._questions = Questions(self._line, self._attempts)
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What the nodes know this client by."""
        return self._line.name

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the transport; requests under way end at once, as not done or unknown, and those that come later as not done."""
        with self._lock:
            self._ended.set()
            session = self._session
        if session is not None:
            session.close()
        self._line.close()

    @property
    def kv(self) -> KeyValueStore:
        """The replicated key-value store; all threads share one session of this client."""
        session, questions = self._machines()
        with self._lock:
            if self._kv is None:
                self._kv = KeyValueStore(session, questions)
            return self._kv

    def machine(self, name: str) -> MachineClient:
        """A state machine that the nodes were given under this name; it shares the session of `kv`."""
        return MachineClient(_checked(check_machine, name), *self._machines())

    def _machines(self) -> tuple[Session, Questions]:
        """This client's way to the replicated state machines."""
        with self._lock:
            if self._session is None:
                self._session = Session(self._line, self._attempts)
            session, ended = self._session, self._ended.is_set()
        if ended:
            session.close()
        return session, self._questions

    # ---- what a caller wants -----------------------------------------------------------------------------------------------------

    def propose(self, value: Any, *, id: str | None = None, timeout: float = 10.0) -> Decision:
        """Append a JSON value to the log; with an `id`, at most once however often it is proposed.

        Raises RejectedError, NotDoneError, or OutcomeUnknownError after `timeout` seconds.
        """
        request_id = _request_id(id)
        command = Command(request_id, to_json(value))
        return self._request(LOG, request_id, command, timeout)

    def decide(self, name: str, value: Any, *, id: str | None = None, timeout: float = 10.0) -> Decision:
        """Decide a named thing once and for all; returns what won, which is the same for everybody who ever asks.

        Raises RejectedError, NotDoneError, or OutcomeUnknownError after `timeout` seconds.
        """
        request_id = _request_id(id)
        command = Command(request_id, to_json(value))
        return self._request(_checked(check_decree, name), request_id, command, timeout)

    def decision(self, name: str, *, timeout: float = 10.0) -> Decision:
        """What was decided under this name; UndecidedError if nothing was when a quorum was asked.

        Raises NotDoneError if nobody could tell within `timeout` seconds.
        """
        request_id = secrets.token_hex(16)
        try:
            return self._request(_checked(check_decree, name), request_id, None, timeout)
        except OutcomeUnknownError as error:
            if self._ended.is_set():
                raise NotDoneError(CLOSED) from error
            raise NotDoneError(f"nobody could tell what {name!r} is within {timeout} s: is a quorum running, and {UNHEARD}") from error

    def log(self, from_revision: int = 1, *, follow: bool = False, node: str = "", timeout: float = 10.0) -> Iterator[Decision]:
        """The log from a revision on, nothing missing and nothing twice; with `follow` it waits for more, for ever.

        As `node` has it, if one is named, and otherwise as any node has it that has all this client was told. Raises NotDoneError if nobody
        answers for `timeout` seconds, or who answers lacks that for so long.
        """
        for entry in self.entries(from_revision, follow=follow, node=node, timeout=timeout):
            yield to_decision(entry, mine=False)

    def entries(self, from_revision: int = 1, *, follow: bool = False, node: str = "", timeout: float = 10.0) -> Iterator[Entry]:
        """The log as log() reads it, but each value as the JSON text that it came in."""
        return self._reader.entries(from_revision, follow=follow, node=node, timeout=timeout)

    def learned(self, name: str, *, timeout: float = 0.0) -> Decision | None:
        """What one learner knows to be decided under this name, waiting for it if asked to; it asks no quorum.

        Raises NotDoneError if no node answers.
        """
        entry = self._reader.learned(_checked(check_decree, name), timeout)
        return to_decision(entry, mine=False) if entry is not None else None

    def end_revision(self, *, node: str = "", timeout: float = 10.0) -> int:
        """The first revision that is not given out yet, as log() would find it."""
        return self._reader.end_revision(node=node, timeout=timeout)

    def transfer_lead(self, node: str, *, timeout: float = 10.0) -> None:
        """Make this node lead the log, and return when it does.

        Raises NotDoneError where it cannot and the leader goes on, and OutcomeUnknownError where nobody could tell.
        """
        Leadership(self._line, self._attempts).transfer(node, timeout)

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
        with self._line.listening(REPORTS) as answers:
            try:
                self._line.send(node or EVERYONE, LOG, Inquire())
            except TransportError as error:
                raise NotDoneError(f"nobody could be asked: {error}") from error
            for _, message in answers.until(time.monotonic() + timeout):
                if isinstance(message, Report):
                    yield json.loads(message.json)

    # ---- requests ----------------------------------------------------------------------------------------------------------------

    def _request(self, group: str, request_id: str, command: Command | None, timeout: float) -> Decision:
        """Run one errand to its end."""
        if not 0 < timeout < float("inf"):
            raise RejectedError(f"a timeout is a number of seconds above 0, found {timeout}")
        errand = Errand(group, request_id, command, self._attempts, only=self._node)
        deadline = time.monotonic() + timeout
        first = self._contacts.first(group)
        with self._line.listening(request_key(group, request_id), LOCATED) as answers:
            timers = self._perform(errand, errand.begin(first), {})
            if first is not None and self._contacts.wants_news(group):
                self._perform(errand, sending(PROPOSERS, Locate()), {})
            while errand.outcome is None and time.monotonic() < deadline and not self._ended.is_set():
                heard = answers.next(min([deadline, *timers.values()]))
                if heard is not None and isinstance(heard[1], Located | Outcome):
                    timers = self._perform(errand, errand.handle(heard[0], heard[1]), timers)
                for timer in [name for name, due in timers.items() if due <= time.monotonic()]:
                    del timers[timer]
                    timers = self._perform(errand, errand.handle(self.name, Expired(timer)), timers)
        answered = errand.contact if errand.outcome is not None else None
        self._contacts.settle(group, first, answered)
        decision = _conclude(errand, timeout, closed=self._ended.is_set())
        if group == LOG:
            self._reader.note_told(decision.revision)
        return decision

    def _perform(self, errand: Errand, effects: Effects, timers: dict[str, float]) -> dict[str, float]:
        """Send what an errand wants sent; the timers that run now, by name, with the time at which each is due."""
        running = dict(timers)
        for timer in effects.timers:
            running.pop(timer.name, None)
            if isinstance(timer, StartTimer):
                running[timer.name] = time.monotonic() + timer.after_seconds + random.random() * timer.jitter_seconds
        for send in effects.send:
            try:
                self._line.send(send.target, LOG if isinstance(send.message, Locate) else errand.group, send.message)
            except (TransportDownError, PayloadTooLargeError, NotDoneError):
                if isinstance(send.message, Submit | Query):
                    errand.unsent(send.message.attempt)
            except TransportError:
                # It may have been sent: the attempt stays open.
                self._ended.wait(PAUSE_SECONDS)
        return running


def to_json(value: Any) -> bytes:
    """The JSON text of a Python value, a msgspec.Raw being such a text already; RejectedError if it has none."""
    try:
        if isinstance(value, Raw):
            text = bytes(value)
        else:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        check_json(text)
    except MalformedError as error:
        raise RejectedError(str(error)) from error
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError) as error:
        raise RejectedError(f"the value is not JSON: {error}") from error
    if len(text) > _VALUE_BYTES:
        raise RejectedError(f"the value has {len(text)} bytes, at most {_VALUE_BYTES} can be sent")
    return text


def _request_id(chosen: str | None) -> str:
    """The caller's id, or one that nobody else has; an empty one is a slip, and would not make a repeated request execute once."""
    if chosen == "":
        raise RejectedError("id: it is empty; without an id, leave it out")
    return secrets.token_hex(16) if chosen is None else _checked(check_id, chosen)


def _checked(check: Callable[[str], str], text: str) -> str:
    """What the check makes of the text; RejectedError if it refuses it, before anybody is asked."""
    try:
        return check(text)
    except MalformedError as error:
        raise RejectedError(str(error)) from error


def to_decision(entry: Entry, *, mine: bool) -> Decision:
    """An entry as callers see it."""
    value = json.loads(entry.value, parse_int=_to_integer, parse_float=_to_float)
    return Decision(value, (entry.ballot.round, entry.ballot.node), entry.slot, entry.revision, entry.id, mine, entry.value)


def _to_integer(digits: str) -> int | Decimal:
    """Python refuses to convert very long integers, and one in the log may not make the log unreadable."""
    return int(digits) if len(digits) <= _INTEGER_DIGITS else Decimal(digits)


def _to_float(digits: str) -> float | Decimal:
    """No float is as large as some numbers of JSON."""
    number = float(digits)
    return number if math.isfinite(number) else Decimal(digits)


def _conclude(errand: Errand, timeout: float, *, closed: bool) -> Decision:
    """What the caller is told of an errand whose time is over."""
    outcome = errand.outcome
    if outcome is None and errand.open_attempts:
        when = "before the client was closed" if closed else f"within {timeout} s"
        raise OutcomeUnknownError(f"no outcome {when}, so it may be chosen yet; ask again with id {errand.id}", errand.id)
    if outcome is None:
        raise NotDoneError(CLOSED if closed else f"no proposer took it within {timeout} s: are a node and Redis in reach, and {UNHEARD}")
    match outcome.kind:
        case OutcomeKind.DONE:
            entry = outcome.entries[0]
            return to_decision(entry, mine=Command(entry.id, entry.value) == errand.command)
        case OutcomeKind.UNDECIDED:
            raise UndecidedError(outcome.reason)
        case OutcomeKind.REJECTED:
            raise RejectedError(outcome.reason)
        case OutcomeKind.NOT_DONE | OutcomeKind.REDIRECT:
            raise NotDoneError(outcome.reason)
        case OutcomeKind.UNKNOWN:
            raise OutcomeUnknownError(outcome.reason, errand.id)
        case _:
            assert_never(outcome.kind)


def _is_complete(reports: dict[tuple[str, str], dict[str, Any]]) -> bool:
    """Whether every member's acceptor has answered, and of each node that was heard, every actor."""
    members = {member for report in reports.values() for member in report["members"]}
    due = {(member, "acceptor") for member in members} | {
        (report["node"], kind) for report in reports.values() for kind in report["actors"]
    }
    return bool(due) and due <= set(reports)
