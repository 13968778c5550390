"""Sessions: what makes an operation execute once, however often it is sent.

A session is opened by the log and ends by the log. The log's clock is the highest stamp in a batch so far, and a leader moves it on by
what elapses while it leads; so every replica ends a session at the same slot, whatever its own clock says, and none ends while nobody
leads. Operations of a session are numbered by its client; the results of those that the client has not settled are kept, and a repeated
operation is answered with the result that it had. What a client leaves unsettled is bounded: beyond some bytes its operations are refused,
and beyond some number its session ends. Ongaro, "Consensus: Bridging Theory and Practice", section 6.3.
"""

import heapq
from collections.abc import Iterable
from itertools import islice

from msgspec import Struct

from paxos.messages import Result, ResultKind
from paxos.values import Open, Operation

UNSETTLED_BYTES = 16 * 1024 * 1024
UNSETTLED_COUNT = 65_536
TOO_MUCH_UNSETTLED = b"its session has too many results that were not settled"


class Session(Struct, array_like=True):
    """One client's session."""

    client: str
    expiry_milliseconds: int
    # The log's clock at which it ends, unless something of it is executed before.
    ends_at: int
    # Operations below were answered: they are neither executed nor remembered.
    settled: int
    # The result of each executed operation from there on; None for one that was refused.
    results: dict[int, bytes | None]
    # Of all results.
    result_bytes: int = 0

    @property
    def has_room(self) -> bool:
        """Whether one more operation may be executed before some are settled."""
        return self.result_bytes < UNSETTLED_BYTES and len(self.results) < UNSETTLED_COUNT

    def remember(self, operation: Operation, body: bytes | None) -> Result:
        """Keep an operation's result until the client has settled it."""
        self.results[operation.number] = body
        if body:
            self.result_bytes += len(body)
        return _result(operation, body)

    def recall(self, operation: Operation) -> Result | None:
        """What became of an operation, if anything did and it is not settled."""
        return _result(operation, self.results[operation.number]) if operation.number in self.results else None


def _result(operation: Operation, body: bytes | None) -> Result:
    if body is None:
        return Result(operation.session, operation.number, ResultKind.REFUSED, TOO_MUCH_UNSETTLED)
    return Result(operation.session, operation.number, ResultKind.DONE, body)


class Sessions:
    """All sessions; the same on every replica after the same slot."""

    def __init__(self) -> None:
        # The log's clock in milliseconds; never runs backwards.
        self.clock = 0
        self._sessions: dict[int, Session] = {}
        # Sessions are numbered 1, 2, 3 … as they are opened.
        self.opened_count = 0
        # When each session may end, the soonest first; a session that lived on is put back when its turn comes.
        self._ends: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._sessions)

    def advance(self, stamp: int) -> None:
        """Move the log's clock on, and end the sessions that nothing was executed of."""
        self.clock = max(self.clock, stamp)
        while self._ends and self._ends[0][0] <= self.clock:
            _, number = heapq.heappop(self._ends)
            session = self._sessions.get(number)
            if session is None:
                # It was closed.
                continue
            if session.ends_at <= self.clock:
                del self._sessions[number]
            else:
                heapq.heappush(self._ends, (session.ends_at, number))

    def snapshot(self) -> list[tuple[int, Session]]:
        """All sessions with their numbers, as they are."""
        copy = [Session(*(getattr(session, field) for field in Session.__struct_fields__)) for session in self._sessions.values()]
        for session in copy:
            session.results = session.results.copy()
        return list(zip(self._sessions, copy, strict=True))

    def restore(self, sessions: Iterable[tuple[int, Session]]) -> None:
        """Have these sessions as well."""
        for number, session in sessions:
            self._sessions[number] = session
            heapq.heappush(self._ends, (session.ends_at, number))

    def open(self, action: Open) -> int:
        """Open a session and return its number."""
        self.opened_count += 1
        ends_at = self.clock + max(1, action.expiry_milliseconds)
        self._sessions[self.opened_count] = Session(action.client, max(1, action.expiry_milliseconds), ends_at, 0, {})
        heapq.heappush(self._ends, (ends_at, self.opened_count))
        return self.opened_count

    def close(self, number: int) -> None:
        """End a session; one that has ended stays so."""
        self._sessions.pop(number, None)

    def find(self, number: int) -> Session | None:
        """The session of this number, if it has not ended."""
        return self._sessions.get(number)

    def clients(self, count: int) -> tuple[str, ...]:
        """Whose sessions are open, of so many that were opened last."""
        return tuple({session.client: None for session in islice(reversed(self._sessions.values()), count)})

    def enter(self, operation: Operation) -> Session | None:
        """The operation's session, kept alive and with what the client has settled forgotten; None if it has ended."""
        session = self._sessions.get(operation.session)
        if session is None:
            return None
        session.ends_at = self.clock + session.expiry_milliseconds
        if operation.settled > session.settled:
            self._settle(session, operation.settled)
        return session

    @staticmethod
    def _settle(session: Session, settled: int) -> None:
        """Forget the results that the client has; a client that settles far ahead costs no more than what is kept."""
        if settled - session.settled <= len(session.results):
            for number in range(session.settled, settled):
                session.result_bytes -= len(session.results.pop(number, None) or b"")
        else:
            session.results = {number: result for number, result in session.results.items() if number >= settled}
            session.result_bytes = sum(len(result or b"") for result in session.results.values())
        session.settled = settled
