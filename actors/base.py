"""The shell of every role: decode, call the role, perform its effects.

A drain takes what waits, lets the roles handle it, makes ONE durable write for all of it, and only then sends. This is the single place
where a promise or a vote becomes visible, and it is visible only after it is on disk. The busier the actor, the more one write and one
sync cover. Only what repeats what a quorum has on disk anyway (paxos.records.LAZY), and snapshots, are written after the sending.

The same class runs under Pykka's thread and in the simulator, which calls on_start() and on_receive() itself.
"""

import json
from collections.abc import Iterable
from typing import Any

import pykka

from actors.casts import Casts
from actors.channels import Channels
from actors.complaints import Complaints
from actors.framing import Framing
from actors.inbox import Inbox
from actors.peers import Peers, UnheardError
from actors.running import RunningTimers
from actors.sequences import Numbering, Sequences
from actors.wiring import Cue, Delivery, Item, Ring, Wiring
from paxos.cast import Cast
from paxos.codec import Envelope, Letter
from paxos.cues import (
    Admitted,
    Begin,
    Contradicted,
    Deposed,
    Elected,
    Expired,
    Following,
    Message,
    Resume,
    Resumed,
    Retired,
    Succeed,
    Yield,
)
from paxos.effects import NOTHING, Effects, Send, StartTimer
from paxos.errors import MalformedError
from paxos.groups import LOG, is_decree
from paxos.messages import Inquire, Report
from paxos.records import LAZY, Record
from paxos.snapshots import SnapshotPart
from paxos.store_messages import Stranger
from transport.base import TransportClosedError, TransportError

# Of messages in one drain: the first of very many are not answered with the last, and heartbeats are not late.
_DRAIN_COUNT = 512
_TRANSITIONS = frozenset((Elected, Deposed, Following, Admitted, Succeed, Yield, Resume, Resumed))


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
        self._casts = Casts(self.make_cast)
        self._running = RunningTimers(wiring)
        self._sequences = Sequences()
        numbering = Numbering()
        self._peers = Peers(wiring.company, wiring.storage, self.store, numbering)
        self._framing = Framing(wiring, self.store, numbering)
        self._complaints = Complaints(f"{self._node} {self.kind}", wiring.warn)
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
        """Begin to hear, and wake the log."""
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
        """One drain; the mailbox wakes the actor again if there is more."""
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
            if self._running.expires(item):
                self._feed(item.group, self._node, Expired(item.timer))
            return
        try:
            self._open(item.channel, self._wiring.codec.decode(item.payload))
        except MalformedError as error:
            self._complaints.refuse(error.kind, item.channel, str(error))
        except UnheardError as error:
            self._complaints.refuse(error.kind, error.sender, str(error))
            if error.answer is not None:
                self._post(LOG, error.answer)

    def _open(self, channel: str, envelope: Envelope) -> None:
        """Let the casts hear an envelope, if it is fresh and from whom its channel says."""
        if Channels.sender(channel) != envelope.source:
            raise MalformedError("forged", f"{envelope.source!r} on {channel!r}")
        if envelope.addressee not in ("", self._identity.store_id):
            raise MalformedError("other store", f"{envelope.source} answers store {envelope.addressee}, this is {self._identity.store_id}")
        # A stranger's numbers begin anew and are no sign of a duplicate, so who speaks is asked first.
        if (met := self._peers.meet(channel, envelope)) is not None:
            self._records.append(met)
        if not self._sequences.is_fresh(f"{channel}/{envelope.store_id}", envelope.incarnation, envelope.sequence):
            return
        for letter in envelope.letters:
            self._feed(letter.group, envelope.source, letter.message)

    def _feed(self, group: str, source: str, message: Message) -> None:
        """Let the group's cast handle a message, and gather its effects."""
        if isinstance(message, Inquire):
            self._post(group, Send(source, Report(json.dumps(self.report()).encode())))
        elif isinstance(message, Stranger):
            if complaint := self._peers.hear(source, message):
                self._complaints.complain("refused", source, complaint)
        else:
            cast = self._touched[group] = self._casts.of(group)
            self._gather(group, cast.handle(source, message))

    # ---- effects -----------------------------------------------------------------------------------------------------------------

    def _gather(self, group: str, effects: Effects) -> None:
        if effects is NOTHING:
            return
        self._records += effects.persist
        self._parts += effects.save
        for send in effects.send:
            self._post(group, send)
        for timer in effects.timers:
            if isinstance(timer, StartTimer):
                self._running.start(group, timer)
            else:
                self._running.cancel(group, timer.name)
        for told in effects.tell:
            if isinstance(told, Retired):
                self._has_retired = True
            elif isinstance(told, Contradicted):
                self._complaints.refuse("contradicted", told.ballot.node, f"{group!r}: {told}")
            elif type(told) in _TRANSITIONS and not is_decree(group):
                self._wiring.trace(f"{self._node} {self.kind} {group}: {told}")
        self._announcements += [(announcement.door, announcement.payload) for announcement in effects.announce]

    def _post(self, group: str, send: Send) -> None:
        self._letters.setdefault(send.target, []).append(Letter(group, send.message))

    def _perform(self) -> None:
        """Write what others rely on, then send, then write the rest: the only place where any of it happens."""
        self._flush()
        records, letters, announcements = self._records, self._letters, self._announcements
        # Before the write: if it fails, none of this is ever sent.
        self._records, self._letters, self._announcements = [], {}, []
        is_relied_on = any(not isinstance(record, LAZY) for record in records)
        if is_relied_on:
            self._wiring.storage.write(records, sync=True)
        frames = [frame for target, posted in letters.items() for frame in self.frames(target, posted)]
        frames += [(self._wiring.channels.door(door), payload) for door, payload in announcements]
        if frames:
            self._publish(frames)
        if records and not is_relied_on:
            # What only repeats what a quorum has on disk keeps nobody waiting.
            self._wiring.storage.write(records, sync=False)
        self._finish()

    def _flush(self) -> None:
        """Let the casts that heard anything say what waited for the end of the drain."""
        for group, cast in self._touched.items():
            if not is_decree(group):
                # Only a log has a clock.
                cast.tick(self._wiring.clock())
            self._gather(group, cast.flush())
        self._touched = {}

    def _finish(self) -> None:
        """What nobody relies on: snapshots, the news that a leader has retired, memory."""
        parts, self._parts = self._parts, []
        for saved in parts:
            self._wiring.storage.shelf.save(saved)
        if self._has_retired:
            self._has_retired = False
            self._wiring.retired()
        self._casts.let_go(self._running)

    def frames(self, target: str, letters: list[Letter]) -> Iterable[tuple[str, bytes]]:
        """What is published of letters for one target, with its channel."""
        return self._framing.frames(target, letters)

    def _publish(self, frames: list[tuple[str, bytes]]) -> None:
        try:
            self._wiring.transport.publish_together(frames)
        except TransportError:
            # Lost, like any message may be: whoever needs it asks again.
            self._complaints.refused["publish failed"] += 1

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
            "refused": dict(self._complaints.refused),
            "duplicates": self._sequences.duplicate_count,
            "gaps": self._sequences.gap_count,
            "dropped": self._wiring.mailbox.dropped_count,
        }
