"""A simulated client's line to the cluster, as redpaxos/line.py keeps it, and its session, as redpaxos/session.py keeps that.

Both are driven by events: what a thread waits for there is called here when it is due.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from actors.channels import Channels
from actors.sequences import Sequences
from paxos.calls import Calls, CallSettings, Settlement
from paxos.codec import Codec, Envelope, Letter
from paxos.cues import Expired
from paxos.effects import AUDIENCES, Effects, StartTimer
from paxos.errors import MalformedError
from paxos.groups import LOG
from paxos.messages import Call, Inquire, Located, Results, Turned, WireMessage
from redpaxos.simulation.parts.network import Network
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.plan import CHANNELS, CLUSTER
from transport.base import PayloadTooLargeError, TransportClosedError, TransportDownError, TransportError

Hear = Callable[[str, str, WireMessage], None]
"""Called with the group, the source and the message of every letter."""

Settle = Callable[[Settlement], None]


class SimulatedLine:
    """Messages out under the client's name, and answers in."""

    def __init__(self, name: str, network: Network, codec: Codec, chance: Random, hear: Hear) -> None:
        self.name = name
        self.endpoint = network.endpoint(name)
        self._codec = codec
        self._hear = hear
        self._incarnation = chance.getrandbits(60)
        self._sent_count: Counter[str] = Counter()
        self._sequences = Sequences()
        self.endpoint.subscribe(CHANNELS.incoming(name), self._deliver)

    def send(self, target: str, group: str, message: WireMessage) -> None:
        """Publish a message; TransportError as the transport says."""
        whole_node = target in AUDIENCES or isinstance(message, Inquire)
        channel = CHANNELS.outgoing(target if whole_node else CHANNELS.desk(target), self.name)
        self._sent_count[channel] += 1
        envelope = Envelope(CLUSTER, self.name, "", "", self._incarnation, self._sent_count[channel], (Letter(group, message),))
        self.endpoint.publish(channel, self._codec.encode(envelope))

    def _deliver(self, channel: str, payload: bytes) -> None:
        try:
            envelope = self._codec.decode(payload)
        except MalformedError:
            return
        if Channels.sender(channel) != envelope.source:
            return
        if not self._sequences.is_fresh(f"{channel}/{envelope.store_id}", envelope.incarnation, envelope.sequence):
            return
        for letter in envelope.letters:
            self._hear(letter.group, envelope.source, letter.message)


class SimulatedSession:
    """Operations on the state machines, each executed once; paxos/calls.py carries them."""

    def __init__(self, line: SimulatedLine, world: World, numbers: Iterator[int], settings: CallSettings) -> None:
        self._line = line
        self._world = world
        self._calls = Calls(line.name, numbers, settings)
        self._settles: dict[int, Settle] = {}
        self._ticket_count = 0
        # Which start of each timer counts; a timer that was restarted or cancelled is of an earlier one.
        self._timers: dict[str, int] = {}
        self._timer_count = 0
        self._is_closed = False

    def submit(self, machine: str, body: bytes, settle: Settle) -> int:
        """Have an operation executed; returns the ticket to give it up under."""
        self._ticket_count += 1
        self._settles[self._ticket_count] = settle
        self._calls.submit(self._ticket_count, machine, body)
        self._take(self._calls.flush())
        return self._ticket_count

    def give_up(self, ticket: int) -> None:
        """Its time is over: it is settled at once."""
        self._calls.give_up(ticket)
        self._settle_all()

    def put(self, source: str, message: Located | Results | Turned) -> None:
        """Take an answer."""
        if not self._is_closed:
            self._take(self._calls.handle(source, message))

    def close(self) -> None:
        """End the session in the log, or let it end by itself where that is lost."""
        if self._is_closed:
            return
        self._take(self._calls.close())
        self._is_closed = True
        self._timers.clear()

    def _take(self, effects: Effects) -> None:
        """Set timers, send, and tell who waits what was settled."""
        for timer in effects.timers:
            self._timers.pop(timer.name, None)
            if isinstance(timer, StartTimer):
                self._timer_count += 1
                self._timers[timer.name] = self._timer_count
                self._world.after(timer.after_seconds, partial(self._ring, timer.name, self._timer_count))
        for send in effects.send:
            try:
                self._line.send(send.target, LOG, send.message)
            except (TransportDownError, TransportClosedError, PayloadTooLargeError):
                if isinstance(send.message, Call):
                    self._take(self._calls.unsent(send.message.attempt))
            except TransportError:
                # It may have been sent: the timer that asks again is running.
                continue
        self._settle_all()

    def _ring(self, timer: str, number: int) -> None:
        if self._timers.get(timer) == number:
            del self._timers[timer]
            self._take(self._calls.handle(self._line.name, Expired(timer)))

    def _settle_all(self) -> None:
        settlements, self._calls.settlements = self._calls.settlements, []
        for settlement in settlements:
            self._settles.pop(settlement.ticket)(settlement)
