"""The stage of the ladders in docs/protocol.md: real roles, and a network that loses or delays what a scene says.

Every actor is a cast from paxos/casting.py on a disk of its own. Messages arrive in the order of sending, and what an actor sends to
itself it hears at once. The scenes are in docs/drawing/ladders.py.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from msgspec import Struct

from docs.drawing.ladder_labels import label
from paxos.admission import Admission
from paxos.archive import Archive
from paxos.cast import Cast
from paxos.casting import acceptor_cast, proposer_cast
from paxos.company import Company
from paxos.cues import Begin, Expired, Message
from paxos.effects import ACCEPTORS, EVERYONE, LEARNERS, PROPOSERS, Effects
from paxos.messages import WireMessage
from paxos.quorum import majority
from redpaxos.simulation.scripted.ladder import Arrow, Note, Remark, Row, draw
from redpaxos.simulation.scripted.player import FirstOwner, Player

ACCEPTOR_NAMES = ("a1", "a2", "a3")


class _Parcel(Struct):
    source: str
    targets: tuple[str, ...]
    message: WireMessage


Judge = Callable[[_Parcel, str], bool]
"""Whether something happens to a message on its way to this target."""


class Scene:
    """Actors of one group, a network that delivers in the order of sending, and what was seen of it."""

    def __init__(self, group: str, **actors: str) -> None:
        kinds: dict[str, Callable[..., Cast]] = {
            "acceptor": acceptor_cast,
            "proposer": proposer_cast,
            "fresh acceptor": _fresh_acceptor_cast,
            "first owner": _first_owner_cast,
        }
        makers = {
            name: partial(kinds[kind], Company(name, majority(ACCEPTOR_NAMES)), group) for name, kind in actors.items() if kind in kinds
        }
        self._players = {name: _play(make) for name, make in makers.items()}
        self._audiences = {
            ACCEPTORS: [name for name, kind in actors.items() if kind.endswith("acceptor")],
            EVERYONE: list(self._players),
            LEARNERS: [name for name, kind in actors.items() if kind in ("proposer", "first owner")],
            PROPOSERS: [name for name, kind in actors.items() if kind in ("proposer", "first owner")],
        }
        self._waiting: deque[_Parcel] = deque()
        self._late: deque[_Parcel] = deque()
        self._is_lost: Judge = lambda parcel, target: False
        self._is_late: Judge = lambda parcel, target: False
        # Whether what is lost is drawn.
        self._draws_loss = True
        self._dead: set[str] = set()
        # Kinds of message that this scene is not about.
        self.hidden: tuple[type, ...] = ()
        self.names = tuple(actors)
        self.rows: list[Row] = []

    def client(self, client: str, target: str, message: WireMessage) -> None:
        """A client sends something, and all that follows happens."""
        self.send(client, message, target)

    def send(self, source: str, message: WireMessage, target: str) -> None:
        """Somebody sends something, and all that follows happens."""
        self._send(source, message, target)
        self.run()

    def expire(self, name: str, timer: str, text: str = "") -> None:
        """A timer runs out."""
        if text:
            self.rows.append(Note(name, text))
        self._hear(name, name, Expired(timer))
        self.run()

    def begin(self, *names: str) -> None:
        """The group is live on these actors."""
        for name in names:
            self._hear(name, name, Begin())

    def remark(self, text: str) -> None:
        """A line for the reader."""
        self.rows.append(Remark(text))

    def crash(self, name: str, text: str = "kill -9") -> None:
        """An actor dies, and hears nothing any more."""
        self.rows.append(Note(name, text))
        self._dead.add(name)

    @contextmanager
    def losing(self, judge: Judge, *, drawn: bool = True) -> Iterator[None]:
        """Meanwhile such messages are lost."""
        self._is_lost, self._draws_loss = judge, drawn
        yield
        self._is_lost, self._draws_loss = lambda parcel, target: False, True

    @contextmanager
    def delaying(self, judge: Judge) -> Iterator[None]:
        """Such messages arrive when this is over."""
        self._is_late = judge
        yield
        self._is_late = lambda parcel, target: False
        self._waiting.extend(self._late)
        self._late.clear()
        self.run()

    def run(self) -> None:
        """Deliver until nothing waits."""
        while self._waiting:
            self._deliver(self._waiting.popleft())

    def draw(self) -> str:
        """What happened between the actors that are named."""
        names = {*self.names}
        rows = [row for row in self.rows if not isinstance(row, Arrow) or names.issuperset((row.source, *row.targets))]
        return draw(self.names, rows)

    def _deliver(self, parcel: _Parcel) -> None:
        late = tuple(target for target in parcel.targets if self._is_late(parcel, target))
        if late:
            self._late.append(_Parcel(parcel.source, late, parcel.message))
        here = [target for target in parcel.targets if target not in late and target not in self._dead]
        lost = tuple(target for target in here if self._is_lost(parcel, target))
        heard = tuple(target for target in here if target not in lost)
        self._note(parcel, heard, is_lost=False)
        if self._draws_loss:
            self._note(parcel, lost, is_lost=True)
        for target in heard:
            if target in self._players:
                self._hear(target, parcel.source, parcel.message)

    def _note(self, parcel: _Parcel, targets: tuple[str, ...], *, is_lost: bool) -> None:
        if targets and not isinstance(parcel.message, self.hidden):
            self.rows.append(Arrow(parcel.source, targets, label(parcel.message), is_lost))

    def _hear(self, name: str, source: str, message: Message) -> None:
        effects: Effects = self._players[name].hear(source, message)
        targets: dict[WireMessage, list[str]] = {}
        for send in effects.send:
            targets.setdefault(send.message, []).append(send.target)
        for said, audiences in targets.items():
            self._send(name, said, *audiences)

    def _send(self, source: str, message: WireMessage, *audiences: str) -> None:
        """One parcel for everybody who does anything with it; what an actor sends to itself is not drawn."""
        heard = dict.fromkeys(name for audience in audiences for name in self._audiences.get(audience, [audience]))
        targets = [name for name in heard if self._takes(name, message)]
        if source in targets:
            targets.remove(source)
            self._hear(source, source, message)
        if targets:
            self._waiting.append(_Parcel(source, tuple(targets), message))

    def _takes(self, name: str, message: WireMessage) -> bool:
        return name not in self._players or any(type(message) in role.handles for role in self._players[name].cast.roles)


def _fresh_acceptor_cast(company: Company, group: str, archive: Archive) -> Cast:
    """An acceptor whose store was just made."""
    return acceptor_cast(company, group, archive, Admission(company, archive, f"store of {company.node}"))


def _first_owner_cast(company: Company, group: str, archive: Archive) -> Cast:
    """A proposer that owns first ballots."""
    return proposer_cast(company, group, archive, FirstOwner(company))


def _play(make_cast: Callable[[Archive], Cast]) -> Player:
    return Player(make_cast)
