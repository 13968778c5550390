"""A closed loop over a session: puts to the key-value store, each executed once, or fresh reads of one key.

It does not matter here how frames travel: a carrier hands in what arrived, and sends what refill() and overdue() return. A put that is
sent twice has the same number, and is executed once.
"""

import itertools
import secrets

from benchmarks.load.base import Window
from benchmarks.load.closed_loop import LOCATE_SECONDS, OVERDUE_SECONDS, Frame, Participant
from benchmarks.measuring import Job, Sample, histogram
from paxos.effects import PROPOSERS
from paxos.groups import LOG
from paxos.machines.kv_messages import KEY_VALUE, Get, Put, encode
from paxos.messages import Answer, Call, Locate, Located, Read, ResultKind, Results, Turned, WireMessage
from paxos.values import Open, Operation

_EXPIRY_MILLISECONDS = 60_000
_KEY_COUNT = 100_000


class SessionLoop:
    """One job of puts or reads, at whoever leads."""

    def __init__(self, participant: Participant, job: Job, window: Window) -> None:
        self._participant = participant
        self._job = job
        self._window = window
        self._value = b"v" * job.value_bytes
        self._question = encode(Get("read"))
        # Whom operations go to, once its life is known; empty until somebody is known to lead.
        self._leader = ""
        # By node: the life of its proposer, which every Call names.
        self._lives: dict[str, int] = {}
        self._attempts = itertools.count(secrets.randbits(48))
        # What the request for a session is answered with, and the session; 0 until it is open.
        self._nonce = secrets.randbits(48)
        self._session = 0
        self._number = 0
        # By number, in order: when it was first sent, when last, and what.
        self._sent: dict[int, tuple[float, float, bytes]] = {}
        # Answered since the last refill, or never sent.
        self._free = job.outstanding
        self._to_repeat: list[int] = []
        self._asked_at = 0.0
        self._repeated = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is outstanding."""
        return not self._sent

    def hear(self, payload: bytes, now: float) -> None:
        """Take answers."""
        envelope = self._participant.open(payload)
        for letter in envelope.letters:
            match letter.message:
                case Results(results):
                    for result in results:
                        if result.kind is ResultKind.OPENED:
                            self._session = result.session
                        elif result.kind is ResultKind.DONE:
                            self._answered(result.number, now)
                        else:
                            raise RuntimeError(f"operation {result.number}: {result.kind.name} {result.body!r}")
                case Answer(number, known):
                    if known:
                        self._answered(number, now)
                    else:
                        self._to_repeat.append(number)
                case Located(leader=leader, incarnation=incarnation):
                    self._lives[envelope.source] = incarnation
                    self._leader = leader or self._leader
                case Turned(leader=leader):
                    self._leader = leader or self._leader
                case _:
                    pass

    def refill(self, now: float) -> list[Frame]:
        """As many new operations as were answered, while the job lasts."""
        if self._leader not in self._lives:
            return self._ask_now_and_then(now, PROPOSERS, Locate())
        if not self._session and self._job.load == "put":
            request = Open(self._participant.name, self._nonce, _EXPIRY_MILLISECONDS)
            return self._ask_now_and_then(now, self._desk, self._call(request))
        fresh = [self._next(now) for _ in range(self._free)] if now < self._window.end else []
        self._free = 0
        again = [number for number in self._to_repeat if number in self._sent]
        self._repeated += len(again)
        self._to_repeat.clear()
        return self._frames([*again, *fresh])

    def overdue(self, now: float) -> list[Frame]:
        """What was not answered for too long is sent again, and the leader looked for."""
        late = [number for number, (_, sent_at, _) in self._sent.items() if now - sent_at > OVERDUE_SECONDS]
        for number in late:
            first, _, body = self._sent[number]
            self._sent[number] = (first, now, body)
        self._to_repeat += late
        return self._ask_now_and_then(now, PROPOSERS, Locate()) if late else []

    def sample(self, cpu_seconds: float) -> Sample:
        """What there was."""
        found = self._window.latencies
        return Sample(len(found), self._job.seconds, self._window.total, histogram(found), cpu_seconds, self._repeated)

    @property
    def _desk(self) -> str:
        return f"{self._leader}/desk"

    def _next(self, now: float) -> int:
        self._number += 1
        body = self._question
        if self._job.load == "put":
            body = encode(Put(f"{self._job.prefix}-{self._number % _KEY_COUNT}", self._value))
        self._sent[self._number] = (now, now, body)
        return self._number

    def _answered(self, number: int, now: float) -> None:
        if number in self._sent:
            self._window.answered(self._sent.pop(number)[0], now)
            self._free += 1

    def _frames(self, numbers: list[int]) -> list[Frame]:
        """One frame for each operation, or for all."""
        if self._job.load == "read":
            reads = [Read(number, KEY_VALUE, self._sent[number][2], fresh=True) for number in numbers]
            return [self._participant.frame(self._desk, LOG, read) for read in reads]
        operations = [self._operation(number) for number in numbers]
        if self._job.style == "together" and operations:
            return [self._participant.frame(self._desk, LOG, self._call(*operations))]
        return [self._participant.frame(self._desk, LOG, self._call(operation)) for operation in operations]

    def _operation(self, number: int) -> Operation:
        return Operation(self._session, number, next(iter(self._sent)), KEY_VALUE, self._sent[number][2])

    def _call(self, *actions: Open | Operation) -> Call:
        return Call(actions, next(self._attempts), self._lives[self._leader])

    def _ask_now_and_then(self, now: float, target: str, message: WireMessage) -> list[Frame]:
        if now - self._asked_at < LOCATE_SECONDS:
            return []
        self._asked_at = now
        return [self._participant.frame(target, LOG, message)]
