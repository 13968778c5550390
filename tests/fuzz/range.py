"""The range: the actors of a real node, built and never started, each shot at on a stage of its own; and a client's line.

Every shot is judged at once: what must be refused is counted once, as what it is, and changes, writes and sends nothing.
"""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from actors.acceptor import AcceptorActor
from actors.base import RoleActor
from actors.learner import LearnerActor
from actors.proposer import ProposerActor
from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.effects import ACCEPTORS
from paxos.errors import InvariantViolation
from paxos.messages import Accept, Echo, Heartbeat, Prepare
from paxos.store_messages import Stranger
from paxos.values import Command
from redpaxos.line import Line
from tests.actors.stage import CHANNELS, Stage
from tests.fuzz.shots import ANYTHING, DOOR, DOOR_KINDS, DUPLICATE, STORES, Gunner, Shot
from transport.memory import MemoryHub, MemoryTransport

_BALLOT = Ballot(1, "n2")


class Target:
    """One actor that knows n2 and has something to lose."""

    def __init__(self, kind: type[RoleActor], chance: Random) -> None:
        self._kind = kind
        self._sequences: dict[str, int] = {}
        self._gunner = Gunner(chance, self._sequences, has_door=kind is ProposerActor)
        self._set_up()

    def _set_up(self) -> None:
        """Build the actor, and let n2 introduce itself."""
        self.stage = Stage(self._kind)
        self._actor = self.stage.actor
        for store in STORES:
            self._introduce(store)
        self.stage.journal.clear()
        self._report = self._actor.report()

    def _introduce(self, store: str) -> None:
        """n2 leads, and proposes; its acceptor says that it hears so."""
        value = encode_batch(_BALLOT, (Command("id", b"1"),))
        messages = (Prepare(_BALLOT, 0), Accept(_BALLOT, 0, value, 0), Heartbeat(_BALLOT, 0)) if store == "log" else (Echo(_BALLOT),)
        payload, number = self.stage.introduction("n2", store, *messages)
        self._sequences[store] = number
        self.stage.put_frame(CHANNELS.outgoing(ACCEPTORS, "n2"), payload)
        self.stage.drain()

    def draw(self) -> Shot:
        """The next shot."""
        return self._gunner.draw()

    def shoot(self, shot: Shot) -> str:
        """Let the actor have it; what is wrong with how it took it, or nothing."""
        before = self._report
        self.stage.put_frame(shot.channel, shot.payload)
        try:
            self.stage.drain()
        except InvariantViolation:
            # A member that lies, as sound frames with anything in them do, may stop a node; it may not make it go on.
            self._set_up()
            return "" if shot.expected == ANYTHING else "an invariant was violated"
        except Exception as error:
            return f"it crashed: {type(error).__name__}: {error}"
        self._report = self._actor.report()
        if shot.expected == ANYTHING:
            self.stage.journal.clear()
            return ""
        counted = Counter(self._report["refused"]) - Counter(before["refused"])
        wrong = _misjudged(shot, counted, self._report["duplicates"] - before["duplicates"]) or self._consequences(shot)
        return wrong or ("" if _state(self._report) == _state(before) else f"its state changed to {self._report}")

    def _consequences(self, shot: Shot) -> str:
        """What was written or said, that should not have been."""
        writes, said = self.stage.writes, self.stage.said
        announced = len(self.stage.journal) - len(writes) - len(said)
        self.stage.journal.clear()
        if writes:
            return f"it wrote {writes}"
        if shot.expected == "stranger":
            said = [message for message in said if not isinstance(message, Stranger)]
        if said:
            return f"it said {said}"
        return "" if announced <= (shot.expected == DOOR) else "it announced something"


class ClientTarget:
    """A client's line, which hears what it did not ask for."""

    def __init__(self, chance: Random) -> None:
        self._line = Line(MemoryTransport(MemoryHub()), "demo", b"")
        self._sequences = dict.fromkeys(STORES, 1)
        self._gunner = Gunner(chance, self._sequences, has_door=False)
        self._heard: list[object] = []

    def draw(self) -> Shot:
        """The next shot that a client can know to be one: it counts no members, and remembers no stores."""
        while (shot := self._gunner.draw()).way in _NOT_FOR_CLIENTS:
            pass
        return shot

    def shoot(self, shot: Shot) -> str:
        """Let the line have it; what is wrong with how it took it, or nothing."""
        refused = Counter(self._line.refused)
        try:
            self._line.hear(shot.channel, shot.payload)
        except Exception as error:
            return f"it crashed: {type(error).__name__}: {error}"
        counted = self._line.refused - refused
        return "" if shot.expected == ANYTHING else _misjudged(shot, counted, 0)


_NOT_FOR_CLIENTS = ("a client that calls itself a member", "a node with other members", "a node on another disk", "replayed")

TARGETS: dict[str, Callable[[Random], "Target | ClientTarget"]] = {
    "acceptor": lambda chance: Target(AcceptorActor, chance),
    "proposer": lambda chance: Target(ProposerActor, chance),
    "learner": lambda chance: Target(LearnerActor, chance),
    "client": ClientTarget,
}


def _state(report: dict[str, Any]) -> dict[str, Any]:
    """What an actor reports of itself, without what it counts."""
    return {name: value for name, value in report.items() if name not in ("refused", "duplicates", "gaps", "groups")}


def _misjudged(shot: Shot, counted: Counter[str], repeated: int) -> str:
    """Whether the shot was counted as anything else than what it is."""
    if shot.expected == DUPLICATE:
        return "" if not counted and repeated == 1 else f"counted as {dict(counted)} and {repeated} duplicates, not as a duplicate"
    kinds = DOOR_KINDS if shot.expected == DOOR else (shot.expected,)
    if sum(counted.values()) == 1 and all(kind in kinds for kind in counted) and not repeated:
        return ""
    return f"counted as {dict(counted)} and {repeated} duplicates, not as {shot.expected}"
