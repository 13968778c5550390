"""The shell of every role: decode, call the role, perform its effects.

A drain takes everything that waits, lets the roles handle it, makes ONE durable write for all of it, and only then sends. This is the
single place where a promise or a vote becomes visible, and it is visible only after it is on disk. The busier the actor, the more one
write and one sync cover. Only what repeats what a quorum has on disk anyway (paxos.records.LAZY) is written after the sending.

The same class runs under Pykka's thread and in the simulator, which calls on_start() and on_receive() itself.
"""

import json
from collections import Counter, OrderedDict
from collections.abc import Iterable
from functools import partial
from typing import Any

import pykka

from actors.channels import Channels
from actors.inbox import Inbox
from actors.sequences import Numbering, Sequences
from actors.weights import weight_of
from actors.wiring import Cue, Delivery, Item, Ring, Wiring
from paxos.admission import ACCEPTOR_STORE, is_memorable
from paxos.cast import Cast
from paxos.codec import Envelope, Letter
from paxos.cues import Admitted, Begin, Deposed, Elected, Expired, Following, Message, Now, Resume, Resumed, Retired, Succeed, Yield
from paxos.effects import NOTHING, Effects, Send, StartTimer
from paxos.errors import MalformedError, PaxosError
from paxos.groups import LOG, is_decree
from paxos.messages import Inquire, Report
from paxos.records import LAZY, PeerStore, Record
from paxos.snapshots import SnapshotPart
from paxos.store_messages import Stranger
from transport.base import TransportClosedError, TransportError

_DRAIN_COUNT = 512
_FRAME_BYTES = 256 * 1024
_CAST_COUNT = 1024
_TRANSITIONS = frozenset((Elected, Deposed, Following, Admitted, Succeed, Yield, Resume, Resumed))

FORGETFUL = "a node that lost its disk may have forgotten promises, so it is lost to this cluster, and the others go on without it"


class StrangerError(PaxosError):
    """This node's store is not the one that its peers remember under its name."""


class RoleActor(pykka.ThreadingActor):
    """Hosts the casts of one kind of role, one cast a group."""

    kind = "role"
    # The store that the actor owns; two actors of a node own two.
    store = ""
    audiences: tuple[str, ...] = ()
    use_daemon_thread = True

    def __init__(self, wiring: Wiring) -> None:
        super().__init__()
        assert isinstance(self.actor_inbox, Inbox)
        self._inbox = self.actor_inbox
        self._wiring = wiring
        self._node = wiring.company.node
        self._identity = wiring.storage.identity
        self._fingerprint = wiring.company.quorum.fingerprint
        self._peer_stores = wiring.storage.peer_stores()
        # Least recently used first; a group without a cast has its whole state in storage.
        self._casts: OrderedDict[str, Cast] = OrderedDict()
        # The generation of each running timer; a Ring of another generation is a timer that was restarted or cancelled.
        self._running: dict[tuple[str, str], int] = {}
        self._generation = 0
        self._sequences = Sequences()
        self._numbering = Numbering()
        self.refused: Counter[str] = Counter()
        # Complaints made: each is made once.
        self._complained: set[tuple[str, str]] = set()
        # Members that remember another store of this node than the one here.
        self._refused_by: set[str] = set()
        # What this drain has gathered, in order.
        self._records: list[Record] = []
        self._parts: list[SnapshotPart] = []
        self._letters: dict[str, list[Letter]] = {}
        self._announcements: list[tuple[str, bytes]] = []
        self._touched: dict[str, Cast] = {}
        self._has_retired = False

    # ---- Pykka's hooks -----------------------------------------------------------------------------------------------------------

    @staticmethod
    def _create_actor_inbox() -> Inbox:
        return Inbox()

    def on_start(self) -> None:
        """Hear one's audiences and oneself, and wake the log."""
        try:
            self._wiring.mind(self._inbox)
            self.subscribe()
            self._begin()
            self._perform()
            self._wiring.begun()
        except TransportClosedError:
            # Told to stop before it began, which is no failure; Pykka's stop is on its way.
            pass
        except Exception as error:
            # Pykka stops an actor that cannot start, and tells nobody.
            self._wiring.failed(error)
            self._wiring.ended()
            raise

    def on_receive(self, message: Any) -> None:
        """Take what waits; if that is very much, in several drains, so that the first is not answered with the last."""
        for item in self._wiring.mailbox.take(_DRAIN_COUNT):
            self._take(item)
        self._perform()

    def on_stop(self) -> None:
        """Release the store; what was sent was written before."""
        try:
            self._wiring.storage.close()
        finally:
            self._wiring.ended()

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        """Stop for good: after a failed write or a broken invariant nothing that is in memory may be believed."""
        try:
            self.say_last_words()
        finally:
            self._wiring.failed(exception_value)
            self._wiring.ended()

    # ---- arrivals ----------------------------------------------------------------------------------------------------------------

    def subscribe(self) -> None:
        """Hear one's audiences and oneself."""
        for target in (*self.audiences, self._node):
            self._wiring.transport.subscribe(self._wiring.channels.incoming(target), self._deliver)

    def make_cast(self, group: str) -> Cast:
        """The roles of this group, as they were when they last wrote."""
        raise NotImplementedError

    def say_last_words(self) -> None:
        """What can still be said by an actor that has failed: nothing that a write would have to come before."""

    def _deliver(self, channel: str, payload: bytes) -> None:
        self._wiring.mailbox.put(Delivery(channel, payload), len(payload))

    def _begin(self) -> None:
        self._feed(LOG, self._node, Begin())
        # Whoever runs on the original of a copied store, or on its copy, hears this.
        self._post(LOG, Send(self._node, Inquire()))

    def _take(self, item: Item) -> None:
        if isinstance(item, Cue):
            self._feed(item.group, self._node, item.message)
            return
        if isinstance(item, Ring):
            if self._running.get((item.group, item.timer)) == item.generation:
                del self._running[item.group, item.timer]
                self._feed(item.group, self._node, Expired(item.timer))
            return
        try:
            self._open(item.channel, self._wiring.codec.decode(item.payload))
        except MalformedError as error:
            self._refuse(error.kind, item.channel, str(error))

    def _open(self, channel: str, envelope: Envelope) -> None:
        """Let the casts hear an envelope, if it is fresh and from whom its channel says."""
        if Channels.sender(channel) != envelope.source:
            raise MalformedError("forged", f"{envelope.source!r} on {channel!r}")
        if envelope.addressee not in ("", self._identity.store_id):
            raise MalformedError("other store", f"{envelope.source} answers store {envelope.addressee}, this is {self._identity.store_id}")
        # A stranger's numbers begin anew and are no sign of a duplicate, so who speaks is asked first.
        if not self._is_known(envelope):
            return
        if envelope.source == self._node:
            self._meet_twin(channel, envelope)
        if not self._sequences.is_fresh(f"{channel}/{envelope.store_id}", envelope.incarnation, envelope.sequence):
            return
        for letter in envelope.letters:
            self._feed(letter.group, envelope.source, letter.message)

    def _is_known(self, envelope: Envelope) -> bool:
        """Whether a node speaks with the store that it had when it was first heard; a forgotten promise breaks Paxos."""
        if not envelope.store_id:
            if envelope.source in self._wiring.company.quorum.members:
                raise MalformedError("forged", f"a client calls itself {envelope.source!r}, which is a member")
            return True
        if envelope.quorum != self._fingerprint:
            members = ",".join(sorted(self._wiring.company.quorum.members))
            self._refuse("other members", envelope.source, f"node {envelope.source} was given other members than {members}")
            return False
        store = f"{envelope.source}/{envelope.store}"
        if store == f"{self._node}/{self.store}" and envelope.store_id != self._identity.store_id:
            # Late, and from a store that this node had before; nobody is there to be told.
            self._refuse("stranger", store, f"{store} has store {envelope.store_id}, this is {self._identity.store_id}")
            return False
        known = self._peer_stores.get(store)
        if known is None:
            if self._is_memorable(envelope):
                self._peer_stores[store] = envelope.store_id
                self._records.append(PeerStore(store, envelope.store_id))
        elif known != envelope.store_id:
            self._refuse("stranger", store, f"{store} has store {envelope.store_id}, remembered is {known}")
            self._post(LOG, Send(envelope.source, Stranger(envelope.store, known, envelope.store_id)))
            return False
        return True

    def _is_memorable(self, envelope: Envelope) -> bool:
        """Whether to write a store down; one of this very node always, since it can only be the one beside it."""
        messages = (letter.message for letter in envelope.letters)
        return envelope.source == self._node or is_memorable(envelope.store, messages, self.store)

    def _feed(self, group: str, source: str, message: Message) -> None:
        """Let the group's cast handle a message, and gather its effects."""
        if isinstance(message, Inquire):
            return self._post(group, Send(source, Report(json.dumps(self.report()).encode())))
        if isinstance(message, Stranger):
            return self._meet_stranger(source, message)
        cast = self._cast(group)
        self._touched[group] = cast
        self._gather(group, cast.handle(source, message))
        return None

    def _meet_stranger(self, source: str, message: Stranger) -> None:
        mine = message.store == self.store and message.found_store_id == self._identity.store_id
        if not mine or source == self._node:
            return
        known = f"had the {self.store} store {message.expected_store_id} when {source} first heard it, this one is {message.found_store_id}"
        members = self._wiring.company.quorum.members
        self._refused_by |= {source} & members
        if self.store == ACCEPTOR_STORE or not self._wiring.company.quorum.prepared(members - self._refused_by):
            raise StrangerError(f"node {self._node} {known}: {FORGETFUL}")
        # Those who heard an empty disk first, shown by mistake, are few: the others are enough.
        self._complain("refused", source, known)

    def _meet_twin(self, channel: str, envelope: Envelope) -> None:
        """Stop where somebody else speaks with this very store: a copy of the directory, which keeps promises of its own."""
        if envelope.store != self.store or envelope.store_id != self._identity.store_id:
            return
        said = (self._identity.boot_count, self._numbering.last(channel))
        if (envelope.incarnation, envelope.sequence) > said:
            raise StrangerError(
                f"another process runs as node {self._node} with a copy of its {self.store} store {self._identity.store_id}: "
                "stop both, delete the copy, and start the original"
            )

    def _cast(self, group: str) -> Cast:
        cast = self._casts.get(group)
        if cast is None:
            cast = self._casts[group] = self.make_cast(group)
        elif group != LOG:
            # The log's never goes.
            self._casts.move_to_end(group)
        return cast

    def _retire(self) -> None:
        """Between drains, when all is written, let go of the least recently used casts that wait for nothing."""
        if len(self._casts) <= _CAST_COUNT:
            return
        busy = {group for group, _ in self._running} | {LOG}
        for group in [group for group in self._casts if group not in busy][: len(self._casts) - _CAST_COUNT * 3 // 4]:
            del self._casts[group]

    # ---- effects -----------------------------------------------------------------------------------------------------------------

    def _gather(self, group: str, effects: Effects) -> None:
        if effects is NOTHING:
            return
        self._records += effects.persist
        self._parts += effects.save
        for send in effects.send:
            self._post(group, send)
        for timer in effects.timers:
            self._set(group, timer.name, timer if isinstance(timer, StartTimer) else None)
        for told in effects.tell:
            if isinstance(told, Retired):
                self._has_retired = True
            elif type(told) in _TRANSITIONS and not is_decree(group):
                self._wiring.trace(f"{self._node} {self.kind} {group}: {told}")
        self._announcements += [(announcement.door, announcement.payload) for announcement in effects.announce]

    def _post(self, group: str, send: Send) -> None:
        self._letters.setdefault(send.target, []).append(Letter(group, send.message))

    def _set(self, group: str, name: str, timer: StartTimer | None) -> None:
        """Start a timer, or forget it."""
        if timer is None:
            self._running.pop((group, name), None)
            return
        self._generation += 1
        self._running[group, name] = self._generation
        ring = Ring(group, name, self._generation)
        seconds = timer.after_seconds + self._wiring.random.random() * timer.jitter_seconds
        self._wiring.timers.after(seconds, partial(self._remind, ring))

    def _remind(self, ring: Ring) -> None:
        """A timer's time is over; one that was restarted or cancelled meanwhile wakes nobody."""
        if self._running.get((ring.group, ring.timer)) == ring.generation:
            self._wiring.mailbox.remind(ring)

    def _perform(self) -> None:
        """Write, then send: the only place where either happens."""
        now = Now(self._wiring.clock())
        for group, cast in self._touched.items():
            if not is_decree(group):
                # Only a log has a clock.
                self._gather(group, cast.handle(self._node, now))
            self._gather(group, cast.flush())
        records, letters, announcements = self._records, self._letters, self._announcements
        self._records, self._letters, self._announcements, self._touched = [], {}, [], {}
        binding = any(not isinstance(record, LAZY) for record in records)
        if binding:
            self._wiring.storage.write(records, sync=True)
        frames = [self._frame(target, part) for target, posted in letters.items() for part in self.parcel(posted)]
        frames += [(self._wiring.channels.door(door), payload) for door, payload in announcements]
        if frames:
            self._publish(frames)
        if records and not binding:
            # What only repeats what a quorum has on disk keeps nobody waiting.
            self._wiring.storage.write(records, sync=False)
        parts, self._parts = self._parts, []
        for saved in parts:
            self._wiring.storage.shelf.save(saved)
        if self._has_retired:
            self._has_retired = False
            self._wiring.retired()
        self._retire()

    def parcel(self, letters: list[Letter]) -> Iterable[tuple[Letter, ...]]:
        """Letters for one target, in frames of moderate size."""
        part: list[Letter] = []
        size = 0
        for letter in letters:
            weight = weight_of(letter.message)
            if part and size + weight > _FRAME_BYTES:
                yield tuple(part)
                part, size = [], 0
            part.append(letter)
            size += weight
        if part:
            yield tuple(part)

    def _frame(self, target: str, letters: tuple[Letter, ...]) -> tuple[str, bytes]:
        channel = self._wiring.channels.outgoing(target, self._node)
        identity = self._identity
        number = self._numbering.next(channel)
        envelope = Envelope(
            identity.cluster,
            self._node,
            self.store,
            identity.store_id,
            identity.boot_count,
            number,
            letters,
            self._fingerprint,
            self.addressee(target),
        )
        return channel, self._wiring.codec.encode(envelope)

    def addressee(self, target: str) -> str:
        """The only store that may hear what is sent to this target; empty where any may."""
        return ""

    def _publish(self, frames: list[tuple[str, bytes]]) -> None:
        try:
            self._wiring.transport.publish_together(frames)
        except TransportError:
            # Lost, like any message may be: whoever needs it asks again.
            self.refused["publish failed"] += 1

    # ---- what is said of it ------------------------------------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        """The actor's state, for `redpaxos status`."""
        return {
            "node": self._node,
            "kind": self.kind,
            "actors": self._wiring.actors,
            "members": sorted(self._wiring.company.quorum.members),
            "incarnation": self._identity.boot_count,
            "groups": len(self._casts),
            "refused": dict(self.refused),
            "duplicates": self._sequences.duplicate_count,
            "gaps": self._sequences.gap_count,
            "dropped": self._wiring.mailbox.dropped_count,
        }

    def _refuse(self, kind: str, sender: str, reason: str) -> None:
        """Count what cannot be taken, and say so once a sender and kind."""
        self.refused[kind] += 1
        self._complain(kind, sender, f"refused: {reason}")

    def _complain(self, kind: str, sender: str, complaint: str) -> None:
        """Say something of a sender, once."""
        if (sender, kind) not in self._complained and len(self._complained) < 1000:
            self._complained.add((sender, kind))
            self._wiring.trace(f"{self._node} {self.kind} {complaint}")
