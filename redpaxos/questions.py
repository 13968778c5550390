"""Questions to the replicated state machines: answered without a write, by the leader or by any node."""

import random
import time
from collections.abc import Iterator
from typing import Literal

from paxos.codec import FRAME_BYTES
from paxos.groups import LOG
from paxos.messages import Answer, Read
from redpaxos.errors import UNHEARD, NotDoneError, RejectedError
from redpaxos.line import Line, answer_key
from redpaxos.search import find_proposer
from transport.base import TransportError

_ANSWER_SECONDS = 0.25
_LAST_ANSWER_SECONDS = 2.0
_LAST_PAUSE_SECONDS = 2.0
_PAUSE_SECONDS = 0.02
_QUESTION_BYTES = FRAME_BYTES // 2


Consistency = Literal["linearizable", "session", "stale"]
"""What a read reflects.

"linearizable": every write that was done before the call, whoever did it. "session": whatever this client has written, read or watched
before, and perhaps more; any node answers that has it, and asks nobody. "stale": whatever one node has, which may be old.
"""

_CONSISTENCIES = ("linearizable", "session", "stale")


class Questions:
    """Safe to share between threads."""

    def __init__(self, line: Line, numbers: Iterator[int]) -> None:
        self._line = line
        self._numbers = numbers
        # The leader when last heard, and whoever answered a question that needs none.
        self._leader = ""
        self._reader = ""
        # The answers so far reflect no slot from here on.
        self.seen_slot = 0

    def ask(
        self, machine: str, question: bytes, consistency: Consistency, *, written_slot: int = 0, node: str = "", timeout: float
    ) -> bytes:
        """The machine's answer: fresh from the leader or `node`, or as any node, or `node`, has it, which for "session" has executed what
        was read and all below `written_slot`. NotDoneError if nobody can tell, RejectedError if it cannot be asked."""
        if consistency not in _CONSISTENCIES:
            raise RejectedError(f"consistency is one of {', '.join(_CONSISTENCIES)}, found {consistency!r}")
        if len(question) > _QUESTION_BYTES:
            raise RejectedError(f"the question has {len(question)} bytes, at most {_QUESTION_BYTES} can be sent")
        fresh = consistency == "linearizable"
        from_slot = max(written_slot, self.seen_slot) if consistency == "session" else 0
        read = Read(next(self._numbers), machine, question, fresh, from_slot=from_slot)
        deadline, patience = time.monotonic() + timeout, _ANSWER_SECONDS
        while time.monotonic() < deadline:
            target = node or (self._leader if fresh else self._reader) or self._find(deadline, leader=fresh)
            answer = self._answer(target, read, min(deadline, time.monotonic() + patience)) if target else None
            if answer is not None and answer.known:
                return self._take(answer)
            if answer is not None:
                _require_machine(answer)
                self._line.pause(_PAUSE_SECONDS)
            patience = min(2 * patience, _LAST_ANSWER_SECONDS)
            self._leader = self._reader = ""
        whoever, who = (f"node {node}", "it and a quorum") if node else ("any node", "a quorum")
        raise NotDoneError(f"no answer from {whoever} within {timeout} s: is {who} running, and {UNHEARD}")

    def wait(self, machine: str, question: bytes, *, node: str = "", timeout: float, refusals: int = 0) -> bytes | None:
        """The machine's answer once it has one, from any node or `node`; empty if it has none within the time.

        None if the node has too many who wait, after a pause that is longer the more `refusals` there were before.
        """
        deadline = time.monotonic() + timeout
        target = node or self._reader or self._find(deadline, leader=False)
        answer = self._answer(target, Read(next(self._numbers), machine, question, fresh=False, waits=True), deadline) if target else None
        if answer is not None and answer.known:
            return self._take(answer)
        # Nothing happened, or the node is no more.
        self._reader = ""
        if answer is None:
            return b""
        _require_machine(answer)
        longest = min(_LAST_PAUSE_SECONDS, 2**refusals * _PAUSE_SECONDS)
        self._line.pause(min(random.uniform(longest / 2, longest), deadline - time.monotonic()))
        return None

    def _take(self, answer: Answer) -> bytes:
        self.seen_slot = max(self.seen_slot, answer.end_slot)
        return answer.body

    def _answer(self, target: str, read: Read, until: float) -> Answer | None:
        with self._line.listening(answer_key(read.number)) as answers:
            try:
                self._line.send(target, LOG, read)
            except TransportError:
                self._line.pause(_PAUSE_SECONDS)
                return None
            heard = answers.next(until)
        return heard[1] if heard is not None and isinstance(heard[1], Answer) else None

    def _find(self, deadline: float, *, leader: bool) -> str:
        """Find the leader, or any node; empty if nobody is there yet."""
        found = find_proposer(self._line, deadline, leading=leader)
        if found is None:
            return ""
        if leader:
            self._leader = found.node
        else:
            self._reader = found.node
        return found.node


def _require_machine(answer: Answer) -> None:
    """RejectedError if a node cannot tell because it has no such machine, for then no other has it."""
    if answer.body:
        raise RejectedError(answer.body.decode(errors="replace"))
