"""The proposer's actor: a learner that also proposes, elects, and minds the JSON doors."""

from typing import Any

from actors.base import Delivery, Ring
from actors.learner import LearnerActor
from paxos import doors
from paxos.cast import Cast
from paxos.casting import proposer_cast
from paxos.effects import ACCEPTORS, LEARNERS, PROPOSERS, Effects
from paxos.errors import MalformedError
from paxos.groups import LOG
from paxos.intake import Intake
from paxos.messages import Knock
from paxos.proposer import Proposer


class ProposerActor(LearnerActor):
    """A proposer knows what was chosen, so it plays the learner's roles too; a node needs no second learner beside it."""

    kind = "proposer"
    audiences = (PROPOSERS, LEARNERS, ACCEPTORS)

    def subscribe(self) -> None:
        """Mind the door as well."""
        self._wiring.transport.subscribe(self._wiring.channels.door(doors.PROPOSE), self._deliver)
        super().subscribe()

    def make_cast(self, group: str) -> Cast:
        """The proposer of this group, above every round it ever used."""
        return proposer_cast(self._wiring.company, group, self._wiring.storage)

    def report(self) -> dict[str, Any]:
        """Who leads, besides what a learner reports."""
        (proposer,) = (role for role in self._cast(LOG).roles if isinstance(role, Proposer))
        phase = type(proposer.phase).__name__.lower()
        return super().report() | {"phase": phase, "leader": self._intake().leader, "round": proposer.round_used}

    def _take(self, item: Delivery | Ring) -> None:
        if isinstance(item, Delivery) and item.channel == self._wiring.channels.door(doors.PROPOSE):
            self._open_door(item.payload)
        else:
            super()._take(item)

    def _open_door(self, payload: bytes) -> None:
        """Every proposer hears the door: the leader acts, or everyone while there is none."""
        leader = self._intake().leader
        try:
            group, command = doors.parse_proposal(payload)
        except MalformedError as error:
            self._refuse(error.kind, "door", str(error))
            if leader in ("", self._node):
                self._gather(LOG, Effects(announce=(doors.malformed(payload, str(error)),)))
            return
        self._feed(group, self._node, Knock(command, eager=leader == self._node))

    def _intake(self) -> Intake:
        (intake,) = (role for role in self._cast(LOG).roles if isinstance(role, Intake))
        return intake
