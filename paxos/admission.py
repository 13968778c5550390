"""Admission: a store takes no part until enough other acceptors have written down that it is the one of its member.

A member whose disk was emptied looks like one that starts for the first time, and may have forgotten promises that others count on. So
an acceptor's store introduces itself when it is made. Every acceptor, admitted or not, writes down the first store of each member
that introduces itself, and answers for no other from then on. `Quorum.admits` asks for so many of them that any two such sets of
others share more members than there are disks to lose: two stores of one member are never both admitted. docs/adr/0005 counts it out;
ladder 8 in docs/protocol.md. Once admitted, a store is so for good, and a restart asks nobody; before that it remembers who answered.

Whoever counts votes and promises remembers the store that they came from, and hears no other. What a store says before it was admitted
is no reason to remember it: an empty disk that is shown by mistake leaves the place to the one that was admitted, if that comes back.
"""

from collections.abc import Iterable
from typing import assert_never

from paxos.archive import Archive
from paxos.cast import Cast, Role
from paxos.company import Company
from paxos.cues import Admitted, Begin, Expired, Message
from paxos.effects import ACCEPTORS, NOTHING, CancelTimer, Effects, Send, StartTimer, sending, telling, together
from paxos.messages import Accept, Decided, Heartbeat, Inquire, Prepare, Probe, Report
from paxos.records import ADMITTED, PeerStore
from paxos.store_messages import Acquainted, Introduce, Stranger

AdmissionMessage = Begin | Expired | Introduce | Acquainted

INTRODUCE = "introduce"
ACCEPTOR_STORE = "acceptor"
_ACQUAINTED = "/acquainted/"
_PROBER_COUNT = 100
# What an acceptor's store says before it is admitted.
_UNADMITTED = (Introduce, Acquainted, Stranger, Inquire, Report)
# What a proposer's store says only after a quorum has promised it something or voted for it, and what it says to that end.
_LEADING = (Decided, Heartbeat)
_CAMPAIGNING = (Prepare, Accept, Heartbeat)


def is_memorable(store: str, messages: Iterable[Message], hearer: str) -> bool:
    """Whether a store that says this is to be remembered as the one of its node, by an actor whose own store is `hearer`.

    An acceptor remembers a proposer's before it promises it anything; everybody else remembers what no other store of the node will say,
    because enough acceptors remember this one.
    """
    if store == ACCEPTOR_STORE:
        return any(not isinstance(message, _UNADMITTED) for message in messages)
    return any(isinstance(message, _CAMPAIGNING if hearer == ACCEPTOR_STORE else _LEADING) for message in messages)


class Admission:
    """The admission of one acceptor's store, which all its groups share, and its memory of the stores of others."""

    handles = (Begin, Expired, Introduce, Acquainted)

    def __init__(self, company: Company, archive: Archive, store_id: str) -> None:
        self._node = company.node
        self._quorum = company.quorum
        self._settings = company.settings
        self._store_id = store_id
        # The first store of each acceptor that introduced itself, by name; never another one.
        self._known = archive.peer_stores()
        # Whether this store may promise and vote; never falls.
        self.is_admitted = self._known.get(ADMITTED) == store_id
        # Distinct other members that have this store on their disks.
        self.acquainted = {other for other in self._quorum.members if self._known.get(_ACQUAINTED + other) == store_id}
        self._pause_seconds = company.settings.ask_seconds

    def handle(self, source: str, message: AdmissionMessage) -> Effects:
        """Introduce oneself, or get acquainted with another."""
        match message:
            case Introduce():
                return self._meet(source, message)
            case _ if self.is_admitted:
                return NOTHING
            case Acquainted():
                return self._acquainted(source, message)
            case Begin():
                return self._introduce()
            case Expired():
                return self._introduce() if message.timer == INTRODUCE else NOTHING
            case _:
                assert_never(message)

    def _introduce(self) -> Effects:
        """Ask everybody, again and again; the only member has nobody to ask."""
        if self._quorum.admits(self.acquainted):
            return self._admit()
        pause = StartTimer(INTRODUCE, self._pause_seconds, self._pause_seconds)
        self._pause_seconds = min(2 * self._pause_seconds, self._settings.backoff_cap_seconds)
        return Effects(send=(Send(ACCEPTORS, Introduce(self._store_id)),), timers=(pause,))

    def _meet(self, source: str, message: Introduce) -> Effects:
        """Write a store down before it is told so; where one is known already, another one is a stranger."""
        if source == self._node or source not in self._quorum.members:
            return NOTHING
        name = f"{source}/introduced"
        known = self._known.setdefault(name, message.store_id)
        if known != message.store_id:
            return sending(source, Stranger(ACCEPTOR_STORE, known, message.store_id))
        met = Effects(persist=(PeerStore(name, known),), send=(Send(source, Acquainted(known)),))
        # Who introduces itself has just come, and may not have heard this store's introduction.
        missed = not self.is_admitted and source not in self.acquainted
        return met + sending(source, Introduce(self._store_id)) if missed else met

    def _acquainted(self, source: str, message: Acquainted) -> Effects:
        if message.store_id != self._store_id or source == self._node or source not in self._quorum.members:
            return NOTHING
        if source in self.acquainted:
            return NOTHING
        self.acquainted.add(source)
        # Who has answered once need not be there again, should this node restart before it is admitted.
        met = Effects(persist=(PeerStore(_ACQUAINTED + source, self._store_id),))
        return met + self._admit() if self._quorum.admits(self.acquainted) else met

    def _admit(self) -> Effects:
        self.is_admitted = True
        admitted = PeerStore(ADMITTED, self._store_id)
        return Effects(persist=(admitted,), timers=(CancelTimer(INTRODUCE),)) + telling(Admitted(tuple(sorted(self.acquainted))))


class GuardedCast(Cast):
    """A cast that hears nothing but introductions until its store is admitted."""

    def __init__(self, node: str, roles: tuple[Role, ...], admission: Admission) -> None:
        super().__init__(node, roles)
        self._admission = admission
        # The last probe of each candidate: an election that is under way need not wait for the next one.
        self._probes: dict[str, Probe] = {}

    def handle(self, source: str, message: Message) -> Effects:
        """Let the roles hear it, if the store may take part."""
        if self._admission.is_admitted:
            return Cast.handle(self, source, message)
        if isinstance(message, Probe) and len(self._probes) < _PROBER_COUNT:
            self._probes[source] = message
        if not isinstance(message, Admission.handles):
            return NOTHING
        return Cast.handle(self, source, message) + self._catch_up()

    def _catch_up(self) -> Effects:
        """Answer the probes that waited, once the store may take part."""
        if not self._admission.is_admitted:
            return NOTHING
        probes, self._probes = self._probes, {}
        return together([Cast.handle(self, source, probe) for source, probe in probes.items()])
