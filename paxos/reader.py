"""The reader: answers questions to the state machines without a write.

A fresh answer reflects every write that was answered before the question was put. The leader that has executed all that its
predecessors may have answered asks the acceptors whether anybody was promised a higher ballot; if a quorum says no, nobody else led
when it asked, and what it had executed by then is fresh. Many questions share one such confirmation. Another replica asks the leader
up to where it must have executed. Since learners need no leader, another replica may have shown what the leader has not executed yet: so
fresh means that every slot is executed that the leader had proposed when it asked. Ongaro, "Consensus: Bridging Theory and Practice",
section 6.4. A question that waits is answered by any replica, as soon as its machine has something to say; one that is to reflect what
its client has written and read so far, as soon as that is executed here, which asks nobody.
"""

import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import assert_never

from msgspec import Struct

from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.cues import Deposed, Elected, Executed, Expired, Following
from paxos.effects import ACCEPTORS, NOTHING, CancelTimer, Effects, Send, StartTimer, sending
from paxos.executor import Executor
from paxos.messages import Answer, AskSlot, Confirm, Confirmed, FreshSlot, Read
from paxos.proposer import Proposer

ReaderMessage = Read | AskSlot | FreshSlot | Confirmed | Elected | Deposed | Following | Executed | Expired

CONFIRM = "confirm"
_QUESTION_COUNT = 50_000
_WATCHER_COUNT = 1000
# Nobody waits for as many slots as a replica is behind that was away for long.
_FAR_SLOTS = 10_000


def first_number(incarnation: int) -> int:
    """The number before those of the questions that this life of a node puts; those of other lives are far from it."""
    return zlib.crc32(incarnation.to_bytes(8, "big")) << 29


Question = tuple[str, Read | AskSlot]
"""A question, and who put it."""


class Round(Struct):
    """A confirmation under way."""

    number: int
    # Every slot that may have been chosen when it began is below.
    end_slot: int
    questions: list[Question]
    # Distinct acceptors that have promised nothing higher.
    confirmed: set[str]


class Reader:
    """The log's reader on one node."""

    handles = (Read, AskSlot, FreshSlot, Confirmed, Elected, Deposed, Following, Executed, Expired)

    def __init__(self, company: Company, executor: Executor, end_slot: int, proposer: Proposer | None = None) -> None:
        self._company = company
        self._executor = executor
        # Of this node, if it may lead.
        self._proposer = proposer
        # Every slot below is executed.
        self._end_slot = end_slot
        self._leader = ""
        # ZERO while another leads or nobody.
        self._ballot: Ballot = ZERO
        self._ready_slot = 0
        # Questions for the next confirmation, and the one under way.
        self._next: list[Question] = []
        self._round: Round | None = None
        self._round_count = 0
        # Questions put to the leader, by number, each batch with what it asks for. No two lives of a node use the same number: a late
        # answer to the former life would be taken for a fresh one.
        self._forwarded: OrderedDict[int, list[Question]] = OrderedDict()
        self._forwarded_count = first_number(company.incarnation)
        # Questions that are answered once every slot below is executed.
        self._waiting: list[tuple[int, list[Question]]] = []
        self._waiting_count = 0
        # Questions that wait for the machine to have something to say, by who asks under which number; one that is crowded out asks again.
        self._watchers: OrderedDict[tuple[str, int], Callable[[], bytes]] = OrderedDict()
        # Whether a machine may have changed in this drain.
        self._changed = False

    def handle(self, source: str, message: ReaderMessage) -> Effects:
        """Take a question, or what brings an answer nearer."""
        match message:
            case Read():
                return self._read(source, message)
            case AskSlot():
                self._next.append((source, message))
                return NOTHING
            case Confirmed():
                return self._confirmed(source, message)
            case FreshSlot():
                return self._fresh_slot(message)
            case Executed():
                self._end_slot = message.slot + 1
                self._changed = self._changed or bool(message.results)
                return self._answer_executed() if self._waiting else NOTHING
            case Elected() | Deposed() | Following():
                return self._office(message)
            case Expired():
                return self._ask_again() if message.timer == CONFIRM else NOTHING
            case _:
                assert_never(message)

    def flush(self) -> Effects:
        """At the end of a drain: one confirmation, or one question to the leader, for all that was asked."""
        effects = self._tell_watchers() if self._changed else NOTHING
        return effects + self._ask_for_next() if self._next and self._round is None else effects

    def _ask_for_next(self) -> Effects:
        if self._ballot != ZERO:
            return self._confirm() if self._end_slot >= self._ready_slot else NOTHING
        questions, self._next = self._next, []
        reads = [question for question in questions if isinstance(question[1], Read)]
        if not self._leader or self._leader == self._company.node or not reads:
            return self._refuse(questions)
        return self._forward(reads)

    def _read(self, source: str, message: Read) -> Effects:
        if message.waits:
            return self._watch(source, message)
        if message.fresh:
            self._next.append((source, message))
            overflow, self._next = self._next[:-_QUESTION_COUNT], self._next[-_QUESTION_COUNT:]
            return self._refuse(overflow)
        return self._answer_at(message.from_slot, [(source, message)])

    def _watch(self, source: str, message: Read) -> Effects:
        machine = self._executor.machines.get(message.machine)
        if machine is None:
            return sending(source, _unheard_of(message))
        waiter = machine.waiter(message.question)
        if body := waiter():
            return sending(source, Answer(message.number, True, body, self._executor.end_slot))
        self._watchers[source, message.number] = waiter
        if len(self._watchers) <= _WATCHER_COUNT:
            return NOTHING
        (crowded_out, number), _ = self._watchers.popitem(last=False)
        return sending(crowded_out, Answer(number, False, b""))

    def _tell_watchers(self) -> Effects:
        self._changed = False
        answers = [(asker, body) for asker, waiter in self._watchers.items() if (body := waiter())]
        for asker, _ in answers:
            del self._watchers[asker]
        return Effects(send=tuple(Send(source, Answer(number, True, body, self._executor.end_slot)) for (source, number), body in answers))

    # ---- as leader ---------------------------------------------------------------------------------------------------------------

    def _confirm(self) -> Effects:
        questions, self._next = self._next, []
        self._round_count += 1
        end_slot = max(self._end_slot, self._proposer.proposed_end if self._proposer is not None else 0)
        self._round = Round(self._round_count, end_slot, questions, set())
        return self._ask_again()

    def _ask_again(self) -> Effects:
        if self._round is None:
            return NOTHING
        timer = StartTimer(CONFIRM, self._company.settings.retry_seconds)
        return Effects(send=(Send(ACCEPTORS, Confirm(self._ballot, self._round.number)),), timers=(timer,))

    def _confirmed(self, source: str, message: Confirmed) -> Effects:
        current = self._round
        if current is None or message.ballot != self._ballot or message.number != current.number:
            return NOTHING
        if source not in self._company.quorum.members:
            return NOTHING
        current.confirmed.add(source)
        if not self._company.quorum.accepted(current.confirmed):
            return NOTHING
        self._round = None
        asked = [(asker, question) for asker, question in current.questions if isinstance(question, AskSlot)]
        told = tuple(Send(asker, FreshSlot(question.number, current.end_slot)) for asker, question in asked)
        reads = [question for question in current.questions if isinstance(question[1], Read)]
        return Effects(send=told, timers=(CancelTimer(CONFIRM),)) + self._answer_at(current.end_slot, reads)

    def _answer_at(self, end_slot: int, reads: list[Question]) -> Effects:
        """Answer as soon as every slot below is executed."""
        if end_slot <= self._end_slot:
            return self._answer(reads)
        if end_slot - self._end_slot > _FAR_SLOTS:
            return self._refuse(reads)
        self._waiting.append((end_slot, reads))
        self._waiting_count += len(reads)
        return self._crowd_out() if self._waiting_count > _QUESTION_COUNT else NOTHING

    def _crowd_out(self) -> Effects:
        """Refuse what would wait longest, and more than has to be, so that it is not done for every question."""
        self._waiting.sort(key=lambda waiting: waiting[0])
        refused: list[Question] = []
        while self._waiting_count > _QUESTION_COUNT * 3 // 4:
            _, questions = self._waiting.pop()
            self._waiting_count -= len(questions)
            refused += questions
        return self._refuse(refused)

    def _answer(self, questions: list[Question]) -> Effects:
        return Effects(send=tuple(Send(source, self._reply(question)) for source, question in questions if isinstance(question, Read)))

    # ---- as any other replica ----------------------------------------------------------------------------------------------------

    def _forward(self, reads: list[Question]) -> Effects:
        self._forwarded_count += 1
        self._forwarded[self._forwarded_count] = reads
        if len(self._forwarded) > _QUESTION_COUNT:
            self._forwarded.popitem(last=False)
        return sending(self._leader, AskSlot(self._forwarded_count))

    def _fresh_slot(self, message: FreshSlot) -> Effects:
        return self._answer_at(message.end_slot, self._forwarded.pop(message.number, []))

    def _answer_executed(self) -> Effects:
        ready = [question for end_slot, questions in self._waiting if end_slot <= self._end_slot for question in questions]
        self._waiting = [waiting for waiting in self._waiting if waiting[0] > self._end_slot]
        self._waiting_count -= len(ready)
        return self._answer(ready)

    # ---- changes of office -------------------------------------------------------------------------------------------------------

    def _office(self, message: Elected | Deposed | Following) -> Effects:
        match message:
            case Elected():
                self._ballot, self._ready_slot = message.ballot, message.free_slot
                return NOTHING
            case Following():
                changed, self._leader = self._leader != message.leader, message.leader
                return self._let_go() if changed else NOTHING
            case Deposed():
                self._ballot = ZERO
                asked = self._round.questions if self._round is not None else []
                self._round = None
                return self._refuse(asked) + self._let_go()
            case _:
                assert_never(message)

    def _let_go(self) -> Effects:
        """What the former leader was asked it may never answer, and what it had proposed may never be chosen."""
        asked = [question for questions in self._forwarded.values() for question in questions]
        waiting = [question for _, questions in self._waiting for question in questions]
        self._forwarded.clear()
        self._waiting, self._waiting_count = [], 0
        return self._refuse(asked + waiting)

    def _refuse(self, questions: list[Question]) -> Effects:
        """This node cannot tell; the client asks again, or elsewhere."""
        reads = [(source, question.number) for source, question in questions if isinstance(question, Read)]
        return Effects(send=tuple(Send(source, Answer(number, False, b"")) for source, number in reads))

    def _reply(self, read: Read) -> Answer:
        machine = self._executor.machines.get(read.machine)
        if machine is None:
            return _unheard_of(read)
        return Answer(read.number, True, machine.query(read.question), self._executor.end_slot)


def _unheard_of(read: Read) -> Answer:
    """To who asks for a machine that there is not: asking elsewhere is of no use."""
    return Answer(read.number, False, f"no state machine is called {read.machine!r}".encode())
