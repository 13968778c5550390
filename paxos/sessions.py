"""Sessions: what makes an operation execute once, however often it is sent.

A session is opened by the log and ends by the log. The log's clock is the highest stamp in a batch so far, and a leader moves it on by
what elapses while it leads; so every replica ends a session at the same slot, whatever its own clock says, and none ends while nobody
leads. Operations of a session are numbered by its client; the results of those that the client has not settled are kept, and a repeated
operation is answered with the result that it had. Ongaro, "Consensus: Bridging Theory and Practice", section 6.3.
"""

import heapq

from msgspec import Struct

from paxos.values import Open, Operation


class Session(Struct):
    """One client's session."""

    client: str
    expiry_milliseconds: int
    # The log's clock at which it ends, unless something of it is executed before.
    ends_at: int
    # Operations below were answered: they are neither executed nor remembered.
    settled: int
    # The result of each executed operation from there on.
    results: dict[int, bytes]


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
            session = self._sessions[number]
            if session.ends_at <= self.clock:
                del self._sessions[number]
            else:
                heapq.heappush(self._ends, (session.ends_at, number))

    def open(self, action: Open) -> int:
        """Open a session and return its number."""
        self.opened_count += 1
        ends_at = self.clock + max(1, action.expiry_milliseconds)
        self._sessions[self.opened_count] = Session(action.client, max(1, action.expiry_milliseconds), ends_at, 0, {})
        heapq.heappush(self._ends, (ends_at, self.opened_count))
        return self.opened_count

    def find(self, number: int) -> Session | None:
        """The session of this number, if it has not ended."""
        return self._sessions.get(number)

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
                session.results.pop(number, None)
        else:
            session.results = {number: result for number, result in session.results.items() if number >= settled}
        session.settled = settled
