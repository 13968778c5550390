"""A world of real roles and a network that does anything but invent: what the rule-based machine plays with, and what must hold in it.

Each delivery is a drain: the role handles one message, everything it persists is written, and only then its messages are on the network.
"""

from collections import defaultdict
from typing import NamedTuple

from actors.storage.memory import MemoryStorage
from paxos.acceptor import Acceptor
from paxos.ballot import ZERO, Ballot
from paxos.batches import decode_batch
from paxos.cast import Cast
from paxos.company import Company
from paxos.cues import Chosen, Message
from paxos.effects import ACCEPTORS, EVERYONE, LEARNERS, Effects, Send
from paxos.learner import Learner
from paxos.messages import Accept, Accepted, Prepare, Promise
from paxos.proposer import Proposer
from paxos.quorum import Quorum
from paxos.records import Voted
from paxos.replica import Replica
from paxos.settings import Settings
from paxos.values import Command

ACCEPTOR_NAMES = ("a1", "a2", "a3")
PROPOSER_NAMES = ("p1", "p2")
SETTINGS = Settings(batch_bytes=1, window_slots=2)


class Packet(NamedTuple):
    """A message under way to one node."""

    source: str
    target: str
    message: Message


class World:
    """Three acceptors and two proposers that learn, in one group."""

    def __init__(self, group: str, quorum: Quorum, *, disks_survive: bool = True) -> None:
        self.group = group
        self.quorum = quorum
        self._disks_survive = disks_survive
        self.network: list[Packet] = []
        self.proposed: set[Command] = set()
        self.stores = {name: MemoryStorage("demo", name, name) for name in (*ACCEPTOR_NAMES, *PROPOSER_NAMES)}
        self.casts = {name: self._cast(name) for name in self.stores}
        # What was ever seen, for the invariants.
        self.voters: defaultdict[tuple[int, Ballot, bytes], set[str]] = defaultdict(set)
        self.accepts: dict[tuple[int, Ballot], bytes] = {}
        self.learned: dict[int, bytes] = {}
        self.ballots_used: dict[Ballot, int] = {}
        self._highest_promise = dict.fromkeys(ACCEPTOR_NAMES, ZERO)
        self._lives = dict.fromkeys(self.stores, 0)

    def _cast(self, name: str) -> Cast:
        store = self.stores[name]
        company = Company(name, self.quorum, settings=SETTINGS)
        if name in ACCEPTOR_NAMES:
            return Cast(name, [Acceptor(self.group, store)])
        return Cast(name, [Learner(self.group, company, store), Replica(self.group, store), Proposer(self.group, company, store)])

    # ---- what may happen -------------------------------------------------------------------------------------------------------

    def hear(self, target: str, source: str, message: Message, crash: str = "") -> None:
        """One drain at one node; it may crash `before` or `after` its write, and then nothing is sent."""
        cast = self.casts[target]
        effects = cast.handle(source, message)
        effects += cast.flush()
        if crash != "before":
            self.stores[target].write(effects.persist, sync=True)
            self._note_written(target, effects)
        if crash:
            self.restart(target)
            return
        for send in effects.send:
            self._send(target, send)

    def deliver(self, index: int, *, keep: bool = False, crash: str = "") -> None:
        """Let one packet arrive; with `keep` it may arrive again."""
        packet = self.network[index] if keep else self.network.pop(index)
        self.hear(packet.target, packet.source, packet.message, crash)

    def restart(self, name: str) -> None:
        """Lose what was in memory."""
        self._lives[name] += 1
        if not self._disks_survive:
            self.stores[name] = MemoryStorage("demo", name, name)
        self.casts[name] = self._cast(name)

    def _send(self, source: str, send: Send) -> None:
        audiences = {ACCEPTORS: ACCEPTOR_NAMES, LEARNERS: PROPOSER_NAMES, EVERYONE: (*ACCEPTOR_NAMES, *PROPOSER_NAMES)}
        targets = audiences.get(send.target, (send.target,))
        self._require_persisted(source, send.message)
        self.network += (Packet(source, target, send.message) for target in targets)

    # ---- what must hold --------------------------------------------------------------------------------------------------------

    def _note_written(self, name: str, effects: Effects) -> None:
        for record in effects.persist:
            if isinstance(record, Voted):
                self.voters[record.slot, record.ballot, record.value].add(name)
                assert self.stores[name].acceptor_state(self.group).promised >= record.ballot, "a vote is above the promise"
        for told in effects.tell:
            if isinstance(told, Chosen):
                assert self.learned.setdefault(told.slot, told.value) == told.value, "two learners learned different values"

    def _require_persisted(self, source: str, message: Message) -> None:
        """Nothing is sent that is not on disk."""
        store = self.stores[source]
        match message:
            case Prepare(ballot):
                assert store.round_used(self.group) >= ballot.round
                assert self.ballots_used.setdefault(ballot, self._lives[source]) == self._lives[source], "a ballot was used in two lives"
            case Promise(ballot):
                assert store.acceptor_state(self.group).promised >= ballot
            case Accepted(ballot, slot):
                (vote,) = store.votes(self.group, slot, slot, 1)
                assert vote.ballot >= ballot
            case Accept(ballot, slot, value):
                assert self.accepts.setdefault((slot, ballot), value) == value, "two values were proposed at one ballot and slot"
            case _:
                pass

    def check(self) -> None:
        """Agreement, validity, one value a ballot and slot, promises that never fall."""
        chosen: dict[int, bytes] = {}
        for (slot, ballot, value), voters in self.voters.items():
            assert self.accepts[slot, ballot] == value, "an acceptor voted for what was not proposed"
            if self.quorum.accepted(voters):
                assert chosen.setdefault(slot, value) == value, "two values were chosen for one slot"
                assert set(decode_batch(value).actions) <= self.proposed, "a value was chosen that nobody proposed"
        assert self.learned.items() <= chosen.items(), "a value was learned that is not chosen"
        for name in ACCEPTOR_NAMES:
            promised = self.stores[name].acceptor_state(self.group).promised
            assert promised >= self._highest_promise[name], "a promise fell"
            self._highest_promise[name] = promised
