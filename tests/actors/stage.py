"""A stage for one actor: it is built and never started, hears what a test plays to it, and everything it does is in one journal."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from actors.acceptor import AcceptorActor
from actors.base import RoleActor
from actors.channels import Channels
from actors.mailbox import Mailbox
from actors.storage.base import StorageError
from actors.storage.memory import MemoryStorage
from actors.wiring import WAKE, Delivery, Item, Wiring
from paxos.codec import Codec, Envelope, Letter
from paxos.company import Company
from paxos.groups import LOG
from paxos.messages import WireMessage
from paxos.quorum import majority
from paxos.records import ADMITTED, PeerStore, Record
from paxos.settings import Settings
from transport.base import Deliver, TransportDownError

MEMBERS = ("n1", "n2", "n3")
FINGERPRINT = majority(MEMBERS).fingerprint
CHANNELS = Channels("demo")
CODEC = Codec("demo")

Act = tuple[str, object]
"""`("write", records)` or `("publish", (channel, payload))`."""


class JournalStorage(MemoryStorage):
    """Writes down when it is written to; fails when told to."""

    def __init__(self, node: str, journal: list[Act], boot_count: int = 1, *, is_admitted: bool = True) -> None:
        super().__init__("demo", node, "store-of-" + node, boot_count)
        if is_admitted:
            super().write((PeerStore(ADMITTED, self.identity.store_id),), sync=True)
        self.journal = journal
        # Whether each write was asked to be on disk.
        self.syncs: list[bool] = []
        self.fails = False
        self.closed = False

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        if self.fails:
            raise StorageError("no space left on device")
        super().write(records, sync=sync)
        # Whom one has met is not what these tests are about.
        if kept := tuple(record for record in records if not isinstance(record, PeerStore)):
            self.journal.append(("write", kept))
            self.syncs.append(sync)

    def close(self) -> None:
        super().close()
        self.closed = True


class JournalTransport:
    """Writes down what is published, and delivers nothing."""

    def __init__(self, journal: list[Act]) -> None:
        self.journal = journal
        self.subscriptions: dict[str, Deliver] = {}
        self.is_down = False

    def subscribe(self, channel: str, deliver: Deliver) -> None:
        self.subscriptions[channel] = deliver

    def publish(self, channel: str, payload: bytes) -> None:
        if self.is_down:
            raise TransportDownError("no connection")
        self.journal.append(("publish", (channel, payload)))

    def publish_together(self, frames: Sequence[tuple[str, bytes]]) -> None:
        for channel, payload in frames:
            self.publish(channel, payload)

    def close(self) -> None:
        pass


class HandTimers:
    """Timers that a test rings."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, ring: Callable[[], None]) -> None:
        self.waiting.append((seconds, ring))


class Stage:
    """One actor and what is around it."""

    def __init__(
        self,
        kind: type[RoleActor] = AcceptorActor,
        node: str = "n1",
        settings: Settings | None = None,
        storage: JournalStorage | None = None,
    ) -> None:
        self.journal: list[Act] = storage.journal if storage else []
        self.node = node
        self.storage = storage or JournalStorage(node, self.journal)
        self.transport = JournalTransport(self.journal)
        self.timers = HandTimers()
        self.mailbox: Mailbox[Item] = Mailbox()
        self.lines: list[str] = []
        self.failures: list[BaseException] = []
        self._sent_count: dict[tuple[str, str], int] = {}
        self.wiring = Wiring(
            company=Company(node, majority(MEMBERS), settings or Settings(), self.storage.identity.incarnation),
            channels=CHANNELS,
            codec=CODEC,
            storage=self.storage,
            transport=self.transport,
            timers=self.timers,
            random=Random(1),
            clock=lambda: 0,
            mailbox=self.mailbox,
            trace=self.lines.append,
            warn=self.lines.append,
            failed=self.failures.append,
        )
        self.actor = kind(self.wiring)
        self.actor.on_start()
        self.journal.clear()

    def put(self, source: str, *messages: WireMessage, target: str = "acceptors", group: str = LOG, store: str = "log") -> None:
        """Leave one frame from a node, or from a client where `store` is empty, in the mailbox."""
        self.put_frame(CHANNELS.outgoing(target, source), self.frame(source, *messages, target=target, group=group, store=store))

    def frame(
        self,
        source: str,
        *messages: WireMessage,
        target: str = "acceptors",
        group: str = LOG,
        store: str = "log",
    ) -> bytes:
        """The next frame from a sender, about one group."""
        return self._enclose(source, target, store, tuple(Letter(group, message) for message in messages))

    def introduction(self, source: str, store: str, *messages: WireMessage) -> tuple[bytes, int]:
        """A frame from a store of a node that has an id of its own, and the number that it bears."""
        number = self._sent_count[source, store] = self._sent_count.get((source, store), 0) + 1
        letters = tuple(Letter(LOG, message) for message in messages)
        envelope = Envelope("demo", source, store, f"store-of-{source}-{store}", 1, number, letters, FINGERPRINT)
        return CODEC.encode(envelope), number

    def put_letters(self, source: str, *letters: Letter, target: str = "acceptors", store: str = "log") -> None:
        """Leave one frame about any groups in the mailbox."""
        self.put_frame(CHANNELS.outgoing(target, source), self._enclose(source, target, store, letters))

    def _enclose(self, source: str, target: str, store: str, letters: tuple[Letter, ...]) -> bytes:
        number = self._sent_count[source, target] = self._sent_count.get((source, target), 0) + 1
        return CODEC.encode(
            Envelope(
                "demo",
                source,
                store,
                "store-of-" + source if store else "",
                1,
                number,
                letters,
                FINGERPRINT if store else "",
            )
        )

    def put_frame(self, channel: str, payload: bytes) -> None:
        """Leave any bytes in the mailbox, as the transport would."""
        self.mailbox.put(Delivery(channel, payload), len(payload))

    def drain(self) -> None:
        """Let the actor take all that waits, in as many drains as it needs."""
        woken = ["first"]
        self.mailbox.attach(lambda: woken.append("again"))
        while woken:
            woken.clear()
            self.actor.on_receive(WAKE)
        self.mailbox.attach(lambda: None)

    def play(self, source: str, *messages: WireMessage, target: str = "acceptors", group: str = LOG, store: str = "log") -> None:
        """One frame, one drain."""
        self.put(source, *messages, target=target, group=group, store=store)
        self.drain()

    @property
    def acts(self) -> list[str]:
        """What kind of thing it did, in order."""
        return [kind for kind, _ in self.journal]

    @property
    def writes(self) -> list[tuple[Record, ...]]:
        """Every batch written."""
        return [what for kind, what in self.journal if kind == "write" and isinstance(what, tuple)]

    @property
    def sent(self) -> list[tuple[str, Envelope]]:
        """Every envelope published, with its channel."""
        published = [what for kind, what in self.journal if kind == "publish" and isinstance(what, tuple)]
        return [(channel, CODEC.decode(payload)) for channel, payload in published if ":from:" in channel]

    @property
    def refused(self) -> Counter[str]:
        """How often each kind of thing was refused."""
        return Counter(self.actor.report()["refused"])

    @property
    def said(self) -> list[WireMessage]:
        """Every message published."""
        return [letter.message for _, envelope in self.sent for letter in envelope.letters]
