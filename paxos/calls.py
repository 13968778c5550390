"""Calls: the client's side of a session, which has operations executed once and knows what became of each.

It opens a session at the leader, numbers operations, and keeps each until it is answered. What waits travels together in one Call; what
nobody answers is sent again, to whoever leads by then. An operation ends as done, as not done (no attempt of it is left anywhere), or as
unknown (given up, or the session ended while an attempt was under way). Operations that are under way at the same time may be executed
in any order. Ongaro, "Consensus: Bridging Theory and Practice", section 6.3.
"""

from collections import deque
from collections.abc import Iterator
from typing import Literal, assert_never

from msgspec import Struct

from paxos.cues import Expired
from paxos.effects import NOTHING, PROPOSERS, CancelTimer, Effects, Send, StartTimer, sending
from paxos.errand import Contact
from paxos.messages import Call, Locate, Located, OutcomeKind, Result, ResultKind, Results, Turned
from paxos.values import Close, Open, Operation

CallsMessage = Located | Results | Turned | Expired

LOCATE = "locate"
RESEND = "resend"
PAUSE = "pause"
KEEP_ALIVE = "keep alive"


class CallSettings(Struct, frozen=True):
    """Times in seconds, sizes in bytes."""

    # The session ends when nothing of it is executed for so long.
    expiry_seconds: float = 60.0
    # An operation without an answer is sent again after this long, each time after twice as long.
    first_patience_seconds: float = 0.25
    last_patience_seconds: float = 2.0
    # Without a leader, or turned away, the next attempt is after this long, each time after twice as long.
    first_pause_seconds: float = 0.02
    last_pause_seconds: float = 0.2
    locate_seconds: float = 0.1
    # So much may be under way, and so much travels in one Call.
    window_count: int = 4096
    # Operations are numbered no further than this above the first that is not answered, since the log keeps the results from there on.
    span_count: int = 32_768
    window_bytes: int = 4 * 1024 * 1024
    call_bytes: int = 256 * 1024


CALL_SETTINGS = CallSettings()

SettlementKind = Literal[OutcomeKind.DONE, OutcomeKind.REJECTED, OutcomeKind.NOT_DONE, OutcomeKind.UNKNOWN]
"""How an operation can end; the other outcomes are on the way there, or of questions."""

_OUTCOMES: dict[ResultKind, SettlementKind] = {
    ResultKind.DONE: OutcomeKind.DONE,
    ResultKind.REJECTED: OutcomeKind.REJECTED,
    ResultKind.REFUSED: OutcomeKind.NOT_DONE,
}


class Settlement(Struct, frozen=True):
    """What became of the operation with this ticket: DONE with its result, REJECTED with the reason, NOT_DONE or UNKNOWN.

    NOT_DONE has a reason where a leader refused it.
    """

    ticket: int
    kind: SettlementKind
    body: bytes


class Pending(Struct):
    """An operation that was not answered yet."""

    # 0 for one that only keeps the session alive.
    ticket: int
    machine: str
    body: bytes
    # 0 until it was sent.
    number: int = 0
    # Attempts that may have been, or may yet be, executed.
    open_count: int = 0
    # The run of the resend timer during which it was sent last.
    run: int = 0


class Calls:
    """One client's session, and what is under way in it."""

    def __init__(self, client: str, numbers: Iterator[int], settings: CallSettings = CALL_SETTINGS) -> None:
        # What was settled since this was last taken.
        self.settlements: list[Settlement] = []
        # Whoever has executed every slot below has executed all that was answered so far.
        self.seen_slot = 0
        # The leader when last heard.
        self.contact: Contact | None = None
        # Operations that were not sent yet, and their bytes.
        self.waiting_bytes = 0
        self._client = client
        self._numbers = numbers
        self._settings = settings
        self._pending: dict[int, Pending] = {}
        self._waiting: deque[Pending] = deque()
        # By number, in order of number; all of the session that is open.
        self._unanswered: dict[int, Pending] = {}
        self._unanswered_bytes = 0
        self._next_number = 1
        # 0 until one is opened, and after it has ended.
        self._session = 0
        # What the request for a session is answered with; 0 when none is under way.
        self._nonce = 0
        # The operations of each attempt that may still be turned away, in order of sending.
        self._attempts: dict[int, tuple[int, ...]] = {}
        self._heard: dict[Contact, str] = {}
        # Looking for the leader, or pausing before.
        self._searching = False
        self._refusal_count = 0
        self._run = 0
        self._resending = False
        # Whether anything was answered, or sent, since the timer that asks was started.
        self._progressed = False
        self._sent = False
        self._patience_seconds = settings.first_patience_seconds

    @property
    def waiting_count(self) -> int:
        """How many operations were not sent yet."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._pending

    # ---- what the caller wants ---------------------------------------------------------------------------------------------------

    def submit(self, ticket: int, machine: str, body: bytes) -> None:
        """Take an operation in; flush() sends it. Tickets are above 0 and never repeat."""
        self._pending[ticket] = pending = Pending(ticket, machine, body)
        self._waiting.append(pending)
        self.waiting_bytes += len(body)

    def flush(self) -> Effects:
        """Send what waits, as far as the window allows; find the leader and open a session first."""
        if self._searching or not (self._waiting or self._unanswered):
            return NOTHING
        if self.contact is None:
            return self._search()
        if not self._session:
            return self._open(self.contact) if not self._nonce else NOTHING
        return self._call(self.contact, self._next_batch())

    def give_up(self, ticket: int) -> None:
        """Its time is over: it is settled as not done if it certainly is not, and as unknown otherwise."""
        pending = self._pending.get(ticket)
        if pending is not None:
            self._settle(pending, OutcomeKind.UNKNOWN if pending.open_count else OutcomeKind.NOT_DONE)

    def close(self) -> Effects:
        """Have the session end in the log; where that is lost it ends by itself."""
        if not self._session or self.contact is None:
            return NOTHING
        session, self._session = self._session, 0
        return sending(self.contact.node, Call((Close(session),), next(self._numbers), self.contact.incarnation))

    def unsent(self, attempt: int) -> Effects:
        """This attempt certainly never left."""
        self._close(attempt)
        return self._pause() if self.contact is not None else NOTHING

    def handle(self, source: str, message: CallsMessage) -> Effects:
        """Take an answer, or the lack of one."""
        match message:
            case Results():
                return self._answered(message)
            case Turned():
                return self._turned(source, message)
            case Located():
                return self._located(source, message)
            case Expired(timer):
                return self._expired(timer)
            case _:
                assert_never(message)

    # ---- sending -----------------------------------------------------------------------------------------------------------------

    def _next_batch(self) -> list[Pending]:
        """What waits and fits the window, numbered."""
        batch: list[Pending] = []
        limits = self._settings
        end_number = next(iter(self._unanswered), self._next_number) + limits.span_count
        while self._waiting and len(self._unanswered) < limits.window_count and self._next_number < end_number:
            pending = self._waiting[0]
            if self._unanswered and self._unanswered_bytes + len(pending.body) > limits.window_bytes:
                break
            self._waiting.popleft()
            self.waiting_bytes -= len(pending.body)
            pending.number = self._next_number
            self._next_number += 1
            self._unanswered[pending.number] = pending
            self._unanswered_bytes += len(pending.body)
            batch.append(pending)
        return batch

    def _call(self, contact: Contact, batch: list[Pending]) -> Effects:
        """Send these, in as few Calls as their size allows."""
        if not batch:
            return NOTHING
        self._sent = True
        settled = next(iter(self._unanswered))
        sends: list[Send] = []
        part: list[Operation] = []
        size = 0
        for pending in batch:
            if part and size + len(pending.body) > self._settings.call_bytes:
                sends.append(self._attempt(contact, tuple(part)))
                part, size = [], 0
            pending.open_count += 1
            pending.run = self._run
            part.append(Operation(self._session, pending.number, settled, pending.machine, pending.body))
            size += len(pending.body)
        sends.append(self._attempt(contact, tuple(part)))
        return Effects(send=tuple(sends)) + self._keep_resending()

    def _attempt(self, contact: Contact, operations: tuple[Operation, ...]) -> Send:
        attempt = next(self._numbers)
        self._forget_attempts()
        self._attempts[attempt] = tuple(operation.number for operation in operations)
        return Send(contact.node, Call(operations, attempt, contact.incarnation))

    def _forget_attempts(self) -> None:
        """Drop attempts of which every operation is settled; what was sent later has a last number at least as high."""
        settled = next(iter(self._unanswered))
        while self._attempts and (oldest := next(iter(self._attempts.items())))[1][-1] < settled:
            del self._attempts[oldest[0]]

    def _open(self, contact: Contact) -> Effects:
        self._nonce = self._nonce or next(self._numbers)
        request = Open(self._client, self._nonce, int(self._settings.expiry_seconds * 1000))
        return sending(contact.node, Call((request,), next(self._numbers), contact.incarnation)) + self._keep_resending()

    def _keep_resending(self) -> Effects:
        """Keep the resend timer running while anything is under way."""
        if self._resending:
            return NOTHING
        self._resending, self._progressed = True, False
        self._run += 1
        return Effects(timers=(StartTimer(RESEND, self._patience_seconds),))

    # ---- finding the leader ------------------------------------------------------------------------------------------------------

    def _search(self) -> Effects:
        self._heard, self._searching, self.contact, self._resending = {}, True, None, False
        return sending(PROPOSERS, Locate()) + Effects(timers=(CancelTimer(RESEND), StartTimer(LOCATE, self._settings.locate_seconds)))

    def _pause(self) -> Effects:
        """Wait a little before looking again, longer each time."""
        self._heard, self._searching, self.contact, self._resending = {}, True, None, False
        seconds = min(self._settings.first_pause_seconds * 2 ** min(self._refusal_count, 30), self._settings.last_pause_seconds)
        self._refusal_count += 1
        return Effects(timers=(CancelTimer(RESEND), CancelTimer(LOCATE), StartTimer(PAUSE, seconds)))

    def _located(self, source: str, message: Located) -> Effects:
        if not self._searching:
            return self._announced(Contact(source, message.incarnation)) if message.leader == source else NOTHING
        self._heard[Contact(source, message.incarnation)] = message.leader
        contact = next((heard for heard in self._heard if heard.node in self._heard.values()), None)
        if contact is None:
            return NOTHING
        self._searching, self.contact = False, contact
        return Effects(timers=(CancelTimer(LOCATE), CancelTimer(PAUSE))) + self._resume(contact)

    def _announced(self, contact: Contact) -> Effects:
        """Somebody says unasked that it leads: what is under way goes there."""
        if self.contact is None or (contact.node == self.contact.node and contact.incarnation <= self.contact.incarnation):
            return NOTHING
        self.contact = contact
        return self._resume(contact)

    def _resume(self, contact: Contact) -> Effects:
        """Send everything that is under way to this leader."""
        if not self._session:
            return self._open(contact) if self._nonce else self.flush()
        return self._call(contact, list(self._unanswered.values())) + self.flush()

    # ---- answers -----------------------------------------------------------------------------------------------------------------

    def _answered(self, message: Results) -> Effects:
        self.seen_slot = max(self.seen_slot, message.end_slot)
        expired: set[int] = set()
        effects = NOTHING
        for result in message.results:
            if result.kind is ResultKind.OPENED:
                effects += self._opened(result)
            elif result.session == self._session and (pending := self._unanswered.get(result.number)) is not None:
                if result.kind is ResultKind.EXPIRED:
                    expired.add(result.number)
                else:
                    self._progressed, self._refusal_count = True, 0
                    self._patience_seconds = self._settings.first_patience_seconds
                    # What one leader rejects, by its settings, another may have taken: then it is asked again until its time is over.
                    if result.kind is not ResultKind.REJECTED or pending.open_count == 1:
                        self._settle(pending, _OUTCOMES[result.kind], result.body)
        if expired:
            self._start_afresh(expired)
        return effects + self.flush()

    def _opened(self, result: Result) -> Effects:
        if result.number != self._nonce or self._session:
            return NOTHING
        self._session, self._nonce, self._sent, self._progressed = result.session, 0, False, True
        return Effects(timers=(StartTimer(KEEP_ALIVE, self._settings.expiry_seconds / 3),))

    def _start_afresh(self, expired: set[int]) -> None:
        """The session has ended: what was certainly not executed in it goes into the next one, the rest is unknown.

        A leader that says so did not execute the attempt that it answers. If there was no other, the operation was not executed.
        """
        self._session = 0
        unanswered, self._unanswered, self._unanswered_bytes = self._unanswered, {}, 0
        self._attempts.clear()
        again: list[Pending] = []
        for pending in unanswered.values():
            if pending.open_count == (pending.number in expired) and pending.ticket:
                pending.number = pending.open_count = 0
                again.append(pending)
            else:
                pending.number = 0
                self._settle(pending, OutcomeKind.UNKNOWN)
        self._waiting.extendleft(reversed(again))
        self.waiting_bytes += sum(len(pending.body) for pending in again)

    def _turned(self, source: str, message: Turned) -> Effects:
        self._close(message.attempt)
        return self._pause() if self.contact is not None and source == self.contact.node else NOTHING

    def _close(self, attempt: int) -> None:
        """Nothing of this attempt is left anywhere."""
        for number in self._attempts.pop(attempt, ()):
            if number in self._unanswered:
                self._unanswered[number].open_count -= 1

    def _settle(self, pending: Pending, kind: SettlementKind, body: bytes = b"") -> None:
        self._pending.pop(pending.ticket, None)
        if self._unanswered.pop(pending.number, None) is not None:
            self._unanswered_bytes -= len(pending.body)
        elif kind is OutcomeKind.NOT_DONE:
            self._waiting.remove(pending)
            self.waiting_bytes -= len(pending.body)
        if pending.ticket:
            self.settlements.append(Settlement(pending.ticket, kind, body))

    # ---- time --------------------------------------------------------------------------------------------------------------------

    def _expired(self, timer: str) -> Effects:
        if timer == RESEND:
            return self._waited()
        if timer == KEEP_ALIVE:
            return self._live_on()
        return self._search_again()

    def _search_again(self) -> Effects:
        """Nobody led, or the pause is over."""
        self._searching = False
        return self._search() if self._waiting or self._unanswered else NOTHING

    def _waited(self) -> Effects:
        """What was under way for a whole run of the timer is sent again; if nothing at all is answered, perhaps another leads."""
        self._resending = False
        contact = self.contact
        if contact is None or not (self._unanswered or self._nonce):
            return NOTHING
        late = [pending for pending in self._unanswered.values() if pending.run < self._run]
        if not self._progressed and (late or self._nonce):
            self._patience_seconds = min(2 * self._patience_seconds, self._settings.last_patience_seconds)
            return self._search()
        return self._call(contact, late) + self._keep_resending()

    def _live_on(self) -> Effects:
        """An idle session is kept alive by an operation that does nothing."""
        if not self._session:
            return NOTHING
        if not self._sent and not self._unanswered:
            self._waiting.append(Pending(0, "", b""))
        effects = self.flush()
        self._sent = False
        return effects + Effects(timers=(StartTimer(KEEP_ALIVE, self._settings.expiry_seconds / 3),))
