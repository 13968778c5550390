"""A session: operations on the replicated state machines, each executed once, from any number of threads.

A lone operation is sent by the thread that asks for it. What comes while others are under way is left to the session's own thread, and
travels together. Answers settle operations on the thread that they arrive on.
"""

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar, assert_never

from msgspec import Struct

from paxos.calls import CALL_SETTINGS, Calls, CallSettings, Settlement
from paxos.codec import FRAME_BYTES
from paxos.cues import Expired
from paxos.effects import Effects, Send, StartTimer
from paxos.groups import LOG
from paxos.messages import Call, Located, OutcomeKind, Results, Turned, WireMessage
from redpaxos.errors import CLOSED, UNHEARD, NotDoneError, OutcomeUnknownError, RejectedError
from redpaxos.line import CALLS, LOCATED, Line
from transport.base import PayloadTooLargeError, TransportDownError, TransportError

T = TypeVar("T")

_WAITING_COUNT = 16_384
_WAITING_BYTES = 16 * 1024 * 1024
_OPERATION_BYTES = FRAME_BYTES // 2
_DEADLINE_COUNT = 1024
_FOREVER_SECONDS = 3600.0

Settle = Callable[[Settlement], None]


class Request(Struct, frozen=True):
    """An operation that was handed in."""

    deadline: float
    machine: str
    body: bytes
    settle: Settle


class Session:
    """Safe to share between threads; close() it when done. Nothing is sent before the first operation."""

    def __init__(self, line: Line, numbers: Iterator[int], settings: CallSettings = CALL_SETTINGS) -> None:
        self._line = line
        self._calls = Calls(line.name, numbers, settings)
        # What was handed in, for the thread to take: without the lock, or those who hand in much would starve those who settle.
        self._inbox: deque[Request] = deque()
        # Guards all that follows and _calls; nothing is published and no future is settled by who holds it.
        self._lock = threading.Lock()
        self._woken, self._room = threading.Condition(self._lock), threading.Condition(self._lock)
        # How to settle each operation that is under way, by ticket.
        self._settles: dict[int, Settle] = {}
        # When each ticket is given up, a heap; those that were settled before are in it for a while.
        self._deadlines: list[tuple[float, int]] = []
        # When each timer is due.
        self._timers: dict[str, float] = {}
        # To be published.
        self._outbox: list[Send] = []
        self._ticket_count = 0
        self._thread: threading.Thread | None = None
        # Until when the thread sleeps unless it is woken.
        self._sleeps_until = 0.0
        self._asleep = False
        self._closed = False
        # Marks threads that settle: callbacks may submit, but must not wait for room.
        self._settling = threading.local()
        line.attach(self, LOCATED, CALLS)

    @property
    def seen_slot(self) -> int:
        """Whoever has executed every slot below has executed all that was answered so far."""
        return self._calls.seen_slot

    def call(self, machine: str, body: bytes, decode: Callable[[bytes], T], *, timeout: float) -> T:
        """The result of an operation. Raises RejectedError, NotDoneError, or OutcomeUnknownError after `timeout` seconds."""
        return self._submit(machine, body, decode, timeout, alone=True).result()

    def submit(self, machine: str, body: bytes, decode: Callable[[bytes], T], *, timeout: float) -> "Future[T]":
        """Have an operation executed; the future returns or raises what call() does. Slows down who submits faster than is executed.

        Callbacks of the future run on the thread that hears the answers: they may submit, and must not wait.
        """
        return self._submit(machine, body, decode, timeout, alone=False)

    def close(self) -> None:
        """Settle what is under way, as not done or unknown, have the session end in the log, and end the thread; idempotent."""
        with self._lock:
            self._closed = True
            self._admit_all()
            for ticket in list(self._settles):
                self._calls.give_up(ticket)
            self._take(self._calls.close())
            settled = self._take_settlements()
            self._room.notify_all()
            self._wake(0.0)
            thread = self._thread
        self._publish_all()
        self._line.detach(self, LOCATED, CALLS)
        self._settle_all(settled)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def put(self, source: str, message: WireMessage) -> None:
        """Take an answer, on the thread that it arrived on; the line calls it."""
        if not isinstance(message, Located | Results | Turned):
            return
        with self._lock:
            self._take(self._calls.handle(source, message))
            settled = self._take_settlements()
            if self._outbox:
                self._wake(0.0)
        self._settle_all(settled)

    # ---- handing in --------------------------------------------------------------------------------------------------------------

    def _submit(self, machine: str, body: bytes, decode: Callable[[bytes], T], timeout: float, *, alone: bool) -> "Future[T]":
        if len(body) > _OPERATION_BYTES:
            raise RejectedError(f"the operation has {len(body)} bytes, at most {_OPERATION_BYTES} can be sent")
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # It cannot be taken back from here on.
        request = Request(time.monotonic() + timeout, machine, body, lambda settlement: _settle(future, settlement, decode, timeout))
        if not self._has_room() or self._closed:
            self._await_room(request.deadline, timeout)
        if not alone or self._inbox or not self._calls.is_idle:
            self._inbox.append(request)
            if self._asleep or self._closed or self._thread is None:
                self._call_thread()
            return future
        with self._lock:
            if self._closed:
                raise NotDoneError(CLOSED)
            self._inbox.append(request)
            self._admit_all()
            self._take(self._calls.flush())
            self._start_thread()
            self._wake(self._next_due())
        self._publish_all()
        return future

    def _admit_all(self) -> None:
        """Take in what was handed in."""
        while self._inbox:
            request = self._inbox.popleft()
            self._ticket_count += 1
            self._settles[self._ticket_count] = request.settle
            heapq.heappush(self._deadlines, (request.deadline, self._ticket_count))
            self._calls.submit(self._ticket_count, request.machine, request.body)
        if len(self._deadlines) > 2 * len(self._settles) + _DEADLINE_COUNT:
            self._deadlines = [entry for entry in self._deadlines if entry[1] in self._settles]
            heapq.heapify(self._deadlines)

    def _call_thread(self) -> None:
        """Let the thread see to the inbox; after the end there is none, and what was handed in meanwhile is not done."""
        with self._lock:
            if not self._closed:
                self._start_thread()
                self._wake(0.0)
                return
            self._admit_all()
            for ticket in list(self._settles):
                self._calls.give_up(ticket)
            settled = self._take_settlements()
        self._settle_all(settled)

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="redpaxos-session", daemon=True)
            self._thread.start()

    def _await_room(self, deadline: float, timeout: float) -> None:
        """Wait while too much waits; who settles others may not."""
        with self._lock:
            while not self._closed and not self._has_room() and not getattr(self._settling, "active", False):
                if not self._room.wait(deadline - time.monotonic()) and not self._has_room():
                    raise NotDoneError(f"too many operations wait, and none was taken within {timeout} s")
            if self._closed:
                raise NotDoneError(CLOSED)

    def _has_room(self) -> bool:
        return len(self._inbox) + self._calls.waiting_count < _WAITING_COUNT and self._calls.waiting_bytes < _WAITING_BYTES

    # ---- the thread --------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Send what waits, and let timers and deadlines pass, until closed."""
        while True:
            with self._lock:
                if self._closed:
                    return
                self._admit_all()
                self._pass_time(time.monotonic())
                self._take(self._calls.flush())
                settled = self._take_settlements()
                if not self._outbox and not settled:
                    self._sleep()
                    continue
            self._settle_all(settled)
            self._publish_all()

    def _sleep(self) -> None:
        """Until somebody wakes it, or the next timer or deadline.

        Who hands in looks at _asleep afterwards, so it is set before the inbox is looked at.
        """
        self._sleeps_until = self._next_due()
        self._asleep = True
        while not self._inbox and (left := self._sleeps_until - time.monotonic()) > 0:
            self._woken.wait(min(left, _FOREVER_SECONDS))
        self._asleep = False

    def _wake(self, due: float) -> None:
        """Have the thread look again at `due`, if it would sleep longer."""
        if due < self._sleeps_until:
            self._sleeps_until = due
            self._woken.notify()

    def _next_due(self) -> float:
        return min([*self._timers.values(), self._deadlines[0][0] if self._deadlines else time.monotonic() + _FOREVER_SECONDS])

    def _pass_time(self, now: float) -> None:
        for timer in [name for name, due in self._timers.items() if due <= now]:
            del self._timers[timer]
            self._take(self._calls.handle(self._line.name, Expired(timer)))
        while self._deadlines and self._deadlines[0][0] <= now:
            self._calls.give_up(heapq.heappop(self._deadlines)[1])

    # ---- carrying out ------------------------------------------------------------------------------------------------------------

    def _take(self, effects: Effects) -> None:
        """Set timers, and leave what is to be published in the outbox."""
        for timer in effects.timers:
            self._timers.pop(timer.name, None)
            if isinstance(timer, StartTimer):
                self._timers[timer.name] = time.monotonic() + timer.after_seconds
        self._outbox += effects.send

    def _take_settlements(self) -> list[tuple[Settle, Settlement]]:
        """What was settled; there may be room for others."""
        settlements, self._calls.settlements = self._calls.settlements, []
        if self._has_room():
            self._room.notify_all()
        return [(self._settles.pop(settlement.ticket), settlement) for settlement in settlements]

    def _settle_all(self, settled: list[tuple[Settle, Settlement]]) -> None:
        self._settling.active = True
        for settle, settlement in settled:
            settle(settlement)
        self._settling.active = False

    def _publish_all(self) -> None:
        with self._lock:
            sends, self._outbox = self._outbox, []
        for send in sends:
            try:
                self._line.send(send.target, LOG, send.message)
            except (TransportDownError, PayloadTooLargeError, NotDoneError):
                if isinstance(send.message, Call):
                    with self._lock:
                        self._take(self._calls.unsent(send.message.attempt))
                        self._wake(self._next_due())
            except TransportError:
                # It may have been sent: the timer that asks again is running.
                continue


def _settle(future: "Future[T]", settlement: Settlement, decode: Callable[[bytes], T], timeout: float) -> None:
    """Tell who waits."""
    match settlement.kind:
        case OutcomeKind.DONE:
            try:
                future.set_result(decode(settlement.body))
            except Exception as error:
                future.set_exception(error)
        case OutcomeKind.REJECTED:
            future.set_exception(RejectedError(settlement.body.decode(errors="replace")))
        case OutcomeKind.NOT_DONE:
            reason = (
                settlement.body.decode(errors="replace")
                or f"no leader took it within {timeout} s: are a quorum and Redis in reach, and {UNHEARD}"
            )
            future.set_exception(NotDoneError(reason))
        case OutcomeKind.UNKNOWN:
            future.set_exception(OutcomeUnknownError("its answer did not come in time: it may be done, or may yet be", ""))
        case _:
            assert_never(settlement.kind)
