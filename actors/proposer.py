"""The proposer's actor: a learner that also proposes, elects, and minds the JSON doors."""

import contextlib
from collections import deque
from typing import Any

from actors.learner import LearnerActor
from actors.peers import UnheardError
from actors.wiring import Delivery, Item, Wiring
from paxos import doors
from paxos.cast import Cast
from paxos.casting import proposer_cast
from paxos.codec import Letter
from paxos.cues import Knock, Message
from paxos.effects import EVERYONE, LEARNERS, PROPOSERS, Effects, Send
from paxos.errors import MalformedError
from paxos.first_ballots import FirstBallots
from paxos.groups import LOG, is_decree
from paxos.intake import Intake
from paxos.messages import Outcome, OutcomeKind, Query, Submit
from paxos.phases import Leading
from paxos.proposer import Proposer
from paxos.succession_messages import Resigned
from paxos.values import Command

_OVERLOADED = "overloaded, try later"
# Each open decree has two or three.
_BUSY_TIMERS = 1000
_ECHO_COUNT = 64


class ProposerActor(LearnerActor):
    """A proposer knows what was chosen, so it plays the learner's roles too; a node needs no second learner beside it."""

    kind = "proposer"
    audiences = (PROPOSERS, LEARNERS, EVERYONE)

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        self._door = wiring.channels.door(doors.PROPOSE)
        # All decrees share a store, and what acceptors know of it.
        self._firsts = FirstBallots(wiring.company)
        # The latest that came in this node's own name since the last drain; few, since whatever else comes wakes the actor.
        self._echoes: deque[bytes] = deque(maxlen=_ECHO_COUNT)
        self._own_tellings = wiring.channels.outgoing(LEARNERS, self._node)

    def subscribe(self) -> None:
        """Mind the door as well."""
        self._wiring.transport.subscribe(self._door, self._deliver)
        super().subscribe()

    def make_cast(self, group: str) -> Cast:
        """The proposer of this group, above every round it ever used."""
        return proposer_cast(self._wiring.company, group, self._wiring.storage, self._firsts)

    def say_last_words(self) -> None:
        """A leader that has failed says so, and the others need not wait for its silence; its ballot was on disk before it led."""
        phase = self._proposer().phase
        if isinstance(phase, Leading):
            self._publish([*self.frames(EVERYONE, [Letter(LOG, Resigned(phase.ballot))])])

    def report(self) -> dict[str, Any]:
        """Who leads, besides what a learner reports."""
        proposer = self._proposer()
        phase = type(proposer.phase).__name__.lower()
        return super().report() | {"phase": phase, "leader": self._intake().leader, "round": proposer.round_used}

    def on_receive(self, message: Any) -> None:
        """Take what waits, and look at what was told in this node's name."""
        while self._echoes:
            self._look_at_echo(self._echoes.popleft())
        super().on_receive(message)

    def _deliver(self, channel: str, payload: bytes) -> None:
        """What this node tells learners, its own has learned before, so it wakes nobody; but another may speak in its name."""
        if channel == self._own_tellings:
            self._echoes.append(payload)
        else:
            super()._deliver(channel, payload)

    def _look_at_echo(self, payload: bytes) -> None:
        """Nothing of it is heard; StrangerError where a copy of this store said it."""
        with contextlib.suppress(MalformedError, UnheardError):
            envelope = self._wiring.codec.decode(payload)
            if envelope.source == self._node and (met := self._peers.meet(self._own_tellings, envelope)) is not None:
                self._records.append(met)

    def _take(self, item: Item) -> None:
        if isinstance(item, Delivery) and item.channel == self._door:
            self._open_door(item.payload)
        else:
            super()._take(item)

    def _open_door(self, payload: bytes) -> None:
        """Every proposer hears the door: the leader acts, or everyone while there is none."""
        leader = self._intake().leader
        try:
            group, command = doors.parse_proposal(payload)
        except MalformedError as error:
            self._complaints.refuse(error.kind, "door", str(error))
            if leader in ("", self._node):
                self._gather(LOG, Effects(announce=(doors.malformed(payload, str(error)),)))
            return
        if not self._is_overloaded(group):
            self._feed(group, self._node, Knock(command, eager=leader == self._node))
        elif leader in ("", self._node):
            self._gather(group, Effects(announce=(doors.rejection(group, command or Command("", b""), _OVERLOADED),)))

    def _feed(self, group: str, source: str, message: Message) -> None:
        """Turn a client away while too many decrees are open; what was turned away was certainly not proposed."""
        if isinstance(message, (Submit, Query)) and message.incarnation == self._identity.incarnation and self._is_overloaded(group):
            ids = [message.id] if isinstance(message, Query) else [command.id for command in message.commands]
            for request_id in ids:
                self._post(group, Send(source, Outcome(request_id, OutcomeKind.NOT_DONE, (), _OVERLOADED, "", (message.attempt,))))
            return
        super()._feed(group, source, message)

    def _is_overloaded(self, group: str) -> bool:
        """Whether this is one decree more than this node takes on at a time; the log is never turned away for the sake of decrees."""
        return is_decree(group) and group not in self._casts and len(self._running) > _BUSY_TIMERS

    def _proposer(self) -> Proposer:
        (proposer,) = (role for role in self._casts.of(LOG).roles if isinstance(role, Proposer))
        return proposer

    def _intake(self) -> Intake:
        (intake,) = (role for role in self._casts.of(LOG).roles if isinstance(role, Intake))
        return intake
