"""Looks at every payload that is published in a simulated run, and checks what it says against the facts."""

import msgspec

from actors.channels import Channels
from paxos.ballot import ZERO, Ballot
from paxos.codec import Envelope
from paxos.doors import CHOSEN
from paxos.effects import ACCEPTORS
from paxos.errors import MalformedError
from paxos.messages import (
    Accept,
    Accepted,
    ChosenPage,
    Decided,
    Heartbeat,
    LogPage,
    Outcome,
    OutcomeKind,
    Prepare,
    ProbeReply,
    Promise,
    Results,
    VotesPage,
    WireMessage,
)
from paxos.values import Entry
from redpaxos.simulation.judges.invariants import Invariants
from redpaxos.simulation.parts.cluster import CachingCodec
from redpaxos.simulation.parts.network import Endpoint
from redpaxos.simulation.parts.trace import render


class _ChosenText(msgspec.Struct):
    group: str
    slot: int
    revision: int
    id: str | None
    value: msgspec.Raw
    ballot: Ballot


_chosen_decoder = msgspec.json.Decoder(_ChosenText)


class Observer:
    """Hears everything, before any link can lose it."""

    def __init__(self, invariants: Invariants, codec: CachingCodec, channels: Channels) -> None:
        self._invariants = invariants
        self._codec = codec
        # Who led the log when a heartbeat was last heard of a ballot that is not lower.
        self.leader = ZERO
        self._chosen_door = channels.door(CHOSEN)
        self._internal = channels.outgoing(ACCEPTORS, "").partition(ACCEPTORS)[0]

    def look(self, endpoint: Endpoint, channel: str, payload: bytes) -> object:
        """Check a payload; returns what the trace says of it."""
        if not channel.startswith(self._internal):
            if channel == self._chosen_door:
                self._announced(endpoint.name, payload)
            return f"{channel.rpartition(':')[2]}: {render(payload)}"
        try:
            envelope = self._codec.decode(payload)
        except MalformedError as error:
            return f"{error.kind}: {render(payload)}"
        if envelope.store_id and envelope.source == endpoint.name:
            for letter in envelope.letters:
                self._said(envelope, letter.group, letter.message)
                if isinstance(letter.message, Results):
                    self._results(envelope.source, channel, letter.message)
        return envelope

    def mangle(self, payload: bytes, drawn: float) -> bytes:
        """Corrupt a payload in a way that whoever gets it must notice: cut it short, or where frames are signed flip a bit."""
        place = int(len(payload) * drawn)
        bad = payload[:place]
        if self._codec.is_signed and payload.startswith(b"rp") and place < len(payload):
            bad += bytes((payload[place] ^ 1 << int(drawn * 7919 % 8),)) + payload[place + 1 :]
        try:
            self._codec.decode(bad)
        except MalformedError:
            return bad
        self._invariants.fail("wire", f"a corrupted frame was believed: {bad!r}")
        return bad

    def _announced(self, who: str, payload: bytes) -> None:
        text = _chosen_decoder.decode(payload)
        entry = Entry(text.revision, text.slot, text.ballot, text.id or "", bytes(text.value))
        self._invariants.check_entry(f"{who} at the door", text.group, entry)

    def _said(self, envelope: Envelope, group: str, message: WireMessage) -> None:
        match message:
            case Accepted():
                self._accepted(envelope, group, message)
            case Accept():
                self._used(envelope, group, message.ballot)
                self._invariants.proposed(self._invariants.group(group), message.slot, message.ballot, message.value)
                self._chosen_through(envelope, group, message.chosen_through)
            case Decided():
                self._used(envelope, group, message.ballot)
                self._decided(envelope, group, message)
            case Promise():
                self._promise(envelope, group, message)
            case Prepare():
                self._used(envelope, group, message.ballot)
            case Heartbeat():
                self.leader = max(self.leader, message.ballot)
                self._chosen_through(envelope, group, message.chosen_through)
            case ProbeReply():
                self._chosen_through(envelope, group, message.chosen_through)
            case Outcome() if message.kind is OutcomeKind.DONE:
                self._invariants.check_entry(envelope.source, group, message.entries[0])
            case LogPage():
                self._page(envelope, group, message)
            case ChosenPage():
                self._chosen_page(envelope, group, message)
            case VotesPage():
                self._votes_page(envelope, group, message)
            case _:
                pass

    def _results(self, who: str, channel: str, message: Results) -> None:
        client = channel.removeprefix(self._internal).partition(":from:")[0]
        for result in message.results:
            self._invariants.check_result(who, client, result)

    def _used(self, envelope: Envelope, group: str, ballot: Ballot) -> None:
        self._invariants.used(envelope.store_id, envelope.source, envelope.incarnation, group, ballot)

    def _accepted(self, envelope: Envelope, group: str, message: Accepted) -> None:
        ever = self._invariants.acceptor(envelope.store_id, group).ever
        for slot in range(message.first_slot, message.last_slot + 1):
            if (slot, message.ballot) not in ever:
                text = f"{envelope.source} says that it voted at {render(message.ballot)} in {group} slot {slot}, and its disk does not"
                self._invariants.fail("durable first", text)

    def _decided(self, envelope: Envelope, group: str, message: Decided) -> None:
        """A quorum has voted for this value, at this very ballot."""
        chosen = self._invariants.group(group).slots.get(message.slot)
        if not self._invariants.has_decided(group, message.slot, message.ballot):
            text = f"{envelope.source} says that slot {message.slot} of {group} was decided at {render(message.ballot)}, and it was not"
            self._invariants.fail("agreement", text)
        elif chosen is None or chosen.value != message.value:
            text = f"{envelope.source} calls {render(message.value)} decided in {group} slot {message.slot}, and it is not"
            self._invariants.fail("agreement", text)

    def _promise(self, envelope: Envelope, group: str, message: Promise) -> None:
        """The promise is on disk, and so is each vote it tells; no vote of a lower ballot is left out."""
        facts = self._invariants.acceptor(envelope.store_id, group)
        if facts.promised < message.ballot:
            self._invariants.fail("durable first", f"{envelope.source} tells of a promise of {render(message.ballot)} before it is on disk")
        told = {vote.slot: vote.ballot for vote in message.votes}
        for slot, ballot in told.items():
            if (slot, ballot) not in facts.ever:
                self._invariants.fail("durable first", f"{envelope.source} tells of a vote in slot {slot} that is not on disk")
        for slot, vote in facts.votes.items():
            if message.first_slot <= slot < message.end_slot and vote.ballot < message.ballot and told.get(slot) != vote.ballot:
                self._invariants.fail("promises", f"{envelope.source} promises {render(message.ballot)} and hides its vote in slot {slot}")

    def _votes_page(self, envelope: Envelope, group: str, message: VotesPage) -> None:
        ever = self._invariants.acceptor(envelope.store_id, group).ever
        for vote in message.votes:
            if (vote.slot, vote.ballot) not in ever:
                self._invariants.fail("durable first", f"{envelope.source} tells of a vote in slot {vote.slot} that is not on disk")

    def _chosen_through(self, envelope: Envelope, group: str, chosen_through: int) -> None:
        if chosen_through > self._invariants.group(group).chosen_through:
            self._invariants.fail("agreement", f"{envelope.source} calls slots below {chosen_through} of {group} chosen, and they are not")

    def _chosen_page(self, envelope: Envelope, group: str, message: ChosenPage) -> None:
        self._chosen_through(envelope, group, message.first_slot + len(message.values))
        slots = self._invariants.group(group).slots
        for number, (_, value) in enumerate(message.values, message.first_slot):
            if number in slots and slots[number].value != value:
                self._invariants.fail(
                    "agreement", f"{envelope.source} calls {render(value)} chosen in {group} slot {number}, and it is not"
                )

    def _page(self, envelope: Envelope, group: str, message: LogPage) -> None:
        for offset, entry in enumerate(message.entries):
            self._invariants.check_entry(envelope.source, group, entry)
            if entry.revision != message.entries[0].revision + offset:
                self._invariants.fail("one log", f"{envelope.source} leaves out a revision before {entry.revision} of {group}")
