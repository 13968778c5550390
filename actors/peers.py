"""Peers: with which store each node speaks, and what follows where one speaks with another.

A disk that was lost or copied shows itself by what comes under its node's name. Who speaks with another store than the one that is
remembered of its node is a stranger: it may have forgotten promises, so it is not heard, and is told so. A node that is told so stops,
unless enough others still hear it. And who speaks with this very store from elsewhere has a copy of it, which keeps promises of its own.

docs/adr/0005 says why; what is a reason to remember a store is in paxos/admission.py.
"""

from actors.sequences import Numbering
from actors.storage.base import Storage
from paxos.admission import ACCEPTOR_STORE, is_memorable
from paxos.codec import Envelope
from paxos.company import Company
from paxos.effects import Send
from paxos.errors import MalformedError, PaxosError
from paxos.records import PeerStore
from paxos.store_messages import Stranger

FORGETFUL = "a node that lost its disk may have forgotten promises, so it is lost to this cluster, and the others go on without it"


class StrangerError(PaxosError):
    """This node's store is not the one that its peers remember under its name."""


class UnheardError(PaxosError):
    """An envelope that nobody may hear: `kind` and `sender` are what to count it under, `answer` is what to send, if anything."""

    def __init__(self, kind: str, sender: str, reason: str, answer: Send | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.sender = sender
        self.answer = answer


class Peers:
    """What one actor knows of the stores of others, and what they know of its own."""

    def __init__(self, company: Company, storage: Storage, store: str, numbering: Numbering) -> None:
        self._node = company.node
        self._quorum = company.quorum
        self._fingerprint = company.quorum.fingerprint
        # The store of the actor itself, and its id and life.
        self._store = store
        self._identity = storage.identity
        # What the actor itself has said in this life.
        self._numbering = numbering
        # The id of each store that is remembered, by its node and its own name, such as n1/log; never another one.
        self.known = storage.peer_stores()
        # Members that remember another store of this node than the one here.
        self._refused_by: set[str] = set()

    def meet(self, channel: str, envelope: Envelope) -> PeerStore | None:
        """What to write down before anything follows from an envelope; UnheardError or MalformedError if nothing may."""
        if not envelope.store_id:
            if envelope.source in self._quorum.members:
                raise MalformedError("forged", f"a client calls itself {envelope.source!r}, which is a member")
            return None
        if envelope.quorum != self._fingerprint:
            members = ",".join(sorted(self._quorum.members))
            raise UnheardError("other members", envelope.source, f"node {envelope.source} was given other members than {members}")
        if envelope.source == self._node:
            self._meet_own(channel, envelope)
        store = f"{envelope.source}/{envelope.store}"
        known = self.known.get(store)
        if known is None:
            return self._meet_new(store, envelope)
        if known != envelope.store_id:
            answer = Send(envelope.source, Stranger(envelope.store, known, envelope.store_id))
            raise UnheardError("stranger", store, f"{store} has store {envelope.store_id}, remembered is {known}", answer)
        return None

    def hear(self, source: str, message: Stranger) -> str:
        """What to complain of when told that one's own store is a stranger, if anything; StrangerError where that is reason to stop."""
        found = message.found_store_id
        if (message.store, found) != (self._store, self._identity.store_id) or source == self._node:
            return ""
        known = f"had the {self._store} store {message.expected_store_id} when {source} first heard it, this one is {found}"
        members = self._quorum.members
        self._refused_by |= {source} & members
        if self._store == ACCEPTOR_STORE or not self._quorum.prepared(members - self._refused_by):
            raise StrangerError(f"node {self._node} {known}: {FORGETFUL}")
        # Those who heard an empty disk first, shown by mistake, are few: the others are enough.
        return known

    def _meet_new(self, store: str, envelope: Envelope) -> PeerStore | None:
        """Remember a store where what it says is reason to; one of this very node always, since it can only be the one beside it."""
        messages = (letter.message for letter in envelope.letters)
        if envelope.source != self._node and not is_memorable(envelope.store, messages, self._store):
            return None
        self.known[store] = envelope.store_id
        return PeerStore(store, envelope.store_id)

    def _meet_own(self, channel: str, envelope: Envelope) -> None:
        """Stop where somebody else speaks with this very store: a copy of the directory, which keeps promises of its own."""
        if envelope.store != self._store:
            return
        store_id = self._identity.store_id
        if envelope.store_id != store_id:
            # Late, and from a store that this node had before; nobody is there to be told.
            store = f"{self._node}/{self._store}"
            raise UnheardError("stranger", store, f"{store} has store {envelope.store_id}, this is {store_id}")
        said = (self._identity.boot_count, self._numbering.last(channel))
        if (envelope.incarnation, envelope.sequence) > said:
            raise StrangerError(
                f"another process runs as node {self._node} with a copy of its {self._store} store {store_id}: "
                "stop both, delete the copy, and start the original"
            )
