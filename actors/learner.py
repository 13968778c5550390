"""The learner's actor: learns, executes, and reads the log to whoever asks."""

from typing import Any

from actors.base import RoleActor
from paxos.cast import Cast
from paxos.casting import learner_cast
from paxos.effects import ACCEPTORS, LEARNERS
from paxos.groups import LOG
from paxos.learner import Learner
from paxos.replica import Replica


class LearnerActor(RoleActor):
    """Hears votes as an audience of its own, and the values they are for on the acceptors' channel."""

    kind = "learner"
    store = "log"
    audiences: tuple[str, ...] = (LEARNERS, ACCEPTORS)

    def subscribe(self) -> None:
        """Hear clients as well."""
        super().subscribe()
        channels = self._wiring.channels
        self._wiring.transport.subscribe(channels.incoming(channels.desk(self._node)), self._deliver)

    def make_cast(self, group: str) -> Cast:
        """The learner of this group, knowing all it has written."""
        return learner_cast(self._wiring.company, group, self._wiring.storage)

    def report(self) -> dict[str, Any]:
        """How far the log is known and executed, besides what every actor reports."""
        roles = self._cast(LOG).roles
        (learner,) = (role for role in roles if isinstance(role, Learner))
        (replica,) = (role for role in roles if isinstance(role, Replica))
        return super().report() | {
            "slot": learner.next_slot,
            "known_end": learner.known_end,
            "revision": replica.next_revision - 1,
            "sessions": len(replica.executor.sessions),
        }
