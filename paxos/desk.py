"""The desk: where sessions hand in operations, and from where the results go back.

Nothing is remembered here of an operation: the log has it, and the replica knows whose session it is of. So whoever leads when it is
executed answers, and a client that hears nothing hands it in again.
"""

from collections.abc import Iterator
from typing import assert_never

from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.cues import Deposed, Elected, Executed, Following, Propose
from paxos.effects import NOTHING, Effects, Send, sending, telling
from paxos.executor import Executor
from paxos.messages import Call, Located, Result, ResultKind, Results, Turned
from paxos.proposer import Proposer
from paxos.values import Close, Open, Operation

_CLIENT_COUNT = 1000

DeskMessage = Call | Executed | Elected | Deposed | Following


class Desk:
    """The log's desk on one node."""

    handles = (Call, Executed, Elected, Deposed, Following)

    def __init__(self, company: Company, proposer: Proposer, executor: Executor) -> None:
        self._company = company
        self._proposer = proposer
        self._executor = executor
        # Whom clients should turn to; empty while nobody is known to lead.
        self.leader = ""
        # ZERO while another leads or nobody.
        self._ballot: Ballot = ZERO
        # Only once every slot below is executed does this leader know which sessions there are.
        self._ready_slot = 0
        # Results of this drain, by client.
        self._results: dict[str, list[Result]] = {}

    def handle(self, source: str, message: DeskMessage) -> Effects:
        """Take operations in, and gather what is to be answered."""
        match message:
            case Call():
                return self._call(source, message)
            case Executed():
                # What a successor had chosen is the successor's to answer: it may not have executed it, and yet be asked to read it.
                if message.ballot <= self._ballot:
                    for client, result in message.results:
                        self._results.setdefault(client, []).append(result)
                return NOTHING
            case Elected():
                self._ballot, self._ready_slot = message.ballot, message.free_slot
                return self._announce()
            case Deposed():
                self._ballot = ZERO
                return NOTHING
            case Following():
                self.leader = message.leader
                return NOTHING
            case _:
                assert_never(message)

    def flush(self) -> Effects:
        """At the end of a drain: the results for a client go together, as many as fit a page."""
        if not self._results:
            return NOTHING
        results, self._results = self._results, {}
        pages = [(client, page) for client, found in results.items() for page in _pages(found, self._company.settings.page_bytes)]
        return Effects(send=tuple(Send(client, Results(page, self._executor.end_slot)) for client, page in pages))

    def _announce(self) -> Effects:
        """Tell the clients of sessions who leads, so that they need not find out by the silence of another."""
        located = Located(self._company.node, self._company.incarnation)
        return Effects(send=tuple(Send(client, located) for client in self._executor.sessions.clients(_CLIENT_COUNT)))

    def _call(self, source: str, message: Call) -> Effects:
        if message.incarnation != self._company.incarnation:
            return NOTHING
        if self._ballot == ZERO:
            return sending(source, Turned(message.attempt, "another node leads" if self.leader else "nobody leads", self.leader))
        if self._proposer.waiting.size_bytes > self._company.settings.waiting_bytes:
            return sending(source, Turned(message.attempt, "overloaded, try later", self.leader))
        fresh: list[Open | Operation | Close] = []
        for action in message.actions:
            known = self._known(source, action) if isinstance(action, Operation) else None
            if known is None:
                fresh.append(action)
            else:
                self._results.setdefault(source, []).append(known)
        return telling(Propose(tuple(fresh))) if fresh else NOTHING

    def _known(self, source: str, operation: Operation) -> Result | None:
        """What can be answered without the log: a result that is remembered, that the session has ended, or a mistake."""
        session = self._executor.sessions.find(operation.session)
        if session is not None and session.client != source:
            # Of a cluster that is no more: its disks were all made anew under a client that lived on.
            return Result(operation.session, operation.number, ResultKind.EXPIRED, b"")
        # A leader that allows more may have had it executed.
        if session is not None and (result := session.recall(operation)) is not None:
            return result
        if reason := self._mistake(operation):
            return Result(operation.session, operation.number, ResultKind.REJECTED, reason.encode())
        if session is not None:
            return None
        if self._proposer.next_slot < self._ready_slot or operation.session > self._executor.sessions.opened_count:
            # It may be open in slots that are not executed here; the log will tell.
            return None
        return Result(operation.session, operation.number, ResultKind.EXPIRED, b"")

    def _mistake(self, operation: Operation) -> str:
        """Why it is not proposed; empty if it may be. Without a machine it only keeps its session alive."""
        if operation.machine and operation.machine not in self._executor.machines:
            return f"no state machine is called {operation.machine!r}"
        if len(operation.body) > self._company.settings.value_bytes:
            return f"the operation has {len(operation.body)} bytes, at most {self._company.settings.value_bytes} are allowed"
        return ""


def _pages(results: list[Result], page_bytes: int) -> Iterator[tuple[Result, ...]]:
    """The results in order; a page ends with the one that fills it."""
    page: list[Result] = []
    size = 0
    for result in results:
        page.append(result)
        size += len(result.body)
        if size >= page_bytes:
            yield tuple(page)
            page, size = [], 0
    if page:
        yield tuple(page)
