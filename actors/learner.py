"""The learner's actor: learns, executes, and reads the log to whoever asks."""

import contextlib
from typing import Any

from actors.base import RoleActor
from actors.storage.base import StorageError
from paxos.cast import Cast
from paxos.casting import learner_cast
from paxos.cues import Expired, Stopping
from paxos.effects import EVERYONE, LEARNERS
from paxos.groups import LOG
from paxos.learner import Learner
from paxos.replica import SAVE, Replica

_FAREWELL_MILLISECONDS = 300


class LearnerActor(RoleActor):
    """Hears what was decided, and counts the votes that it asked for."""

    kind = "learner"
    store = "log"
    audiences: tuple[str, ...] = (LEARNERS, EVERYONE)

    def subscribe(self) -> None:
        """Hear clients as well."""
        super().subscribe()
        channels = self._wiring.channels
        self._wiring.transport.subscribe(channels.incoming(channels.desk(self._node)), self._deliver)

    def make_cast(self, group: str) -> Cast:
        """The learner of this group, knowing all it has written."""
        return learner_cast(self._wiring.company, group, self._wiring.storage)

    def on_stop(self) -> None:
        """Save what would have to be executed again at the next start, if that takes but a moment."""
        if LOG in self._casts:
            with contextlib.suppress(StorageError):
                self._save_all()
        super().on_stop()

    def report(self) -> dict[str, Any]:
        """How far the log is known and executed, besides what every actor reports."""
        (learner,) = (role for role in self._casts.of(LOG).roles if isinstance(role, Learner))
        replica = self._replica()
        return super().report() | {
            "slot": learner.next_slot,
            "known_end": learner.known_end,
            "revision": replica.next_revision - 1,
            "sessions": len(replica.executor.sessions),
            "snapshot": replica.saved_slot,
        }

    def _replica(self) -> Replica:
        (replica,) = (role for role in self._casts.of(LOG).roles if isinstance(role, Replica))
        return replica

    def _save_all(self) -> None:
        """A snapshot, or nothing if it takes too long: then the one before it stays."""
        replica = self._replica()
        deadline = self._wiring.clock() + _FAREWELL_MILLISECONDS
        effects = replica.handle(self._node, Stopping())
        while effects.save and self._wiring.clock() < deadline:
            for part in effects.save:
                self._wiring.storage.shelf.save(part)
            effects = replica.handle(self._node, Expired(SAVE))
