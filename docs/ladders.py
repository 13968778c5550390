"""Draws the ladders of docs/protocol.md: `python docs/ladders.py` plays each scene with the real roles, and writes what happened.

Every actor is a cast from paxos/casting.py on a disk of its own. A scene decides only what is sent first, which messages are lost or late,
and which timer runs out; everything else is what the roles do. tests/readme/test_ladders.py compares the page with the scenes.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct

from paxos.archive import Archive
from paxos.cast import Cast
from paxos.casting import acceptor_cast, proposer_cast
from paxos.company import Company
from paxos.cues import Begin, Expired, Message
from paxos.effects import ACCEPTORS, LEARNERS, PROPOSERS, Effects
from paxos.election import ELECTION, HEARTBEAT, LEADER_HEARD
from paxos.groups import LOG, decree_group
from paxos.intake import SWEEP
from paxos.learner import CATCH_UP
from paxos.messages import (
    Accept,
    Accepted,
    AskChosen,
    AskVotes,
    ChosenPage,
    Echo,
    Heartbeat,
    Locate,
    Located,
    Nack,
    Outcome,
    Prepare,
    Probe,
    ProbeReply,
    Promise,
    Query,
    Submit,
    VotesPage,
    WireMessage,
)
from paxos.quorum import majority
from paxos.values import Command
from redpaxos.simulation.scripted.ladder import Arrow, Note, Remark, Row, describe_ballot, describe_value, draw
from redpaxos.simulation.scripted.player import Player

PAGE = Path(__file__).resolve().parent / "protocol.md"
ACCEPTOR_NAMES = ("a1", "a2", "a3")
_BLOCK = re.compile(r"(<!-- ladder: ([a-z-]+) -->\n```text\n).*?(```\n)", re.DOTALL)


class _Parcel(Struct):
    source: str
    targets: tuple[str, ...]
    message: WireMessage


Judge = Callable[[_Parcel, str], bool]
"""Whether something happens to a message on its way to this target."""


class Scene:
    """Actors of one group, a network that delivers in the order of sending, and what was seen of it."""

    def __init__(self, group: str, **actors: str) -> None:
        kinds = {"acceptor": acceptor_cast, "proposer": proposer_cast}
        makers = {
            name: partial(kinds[kind], Company(name, majority(ACCEPTOR_NAMES)), group) for name, kind in actors.items() if kind in kinds
        }
        self._players = {name: _play(make) for name, make in makers.items()}
        self._audiences = {
            ACCEPTORS: list(self._players),
            LEARNERS: [name for name, kind in actors.items() if kind == "proposer"],
            PROPOSERS: [name for name, kind in actors.items() if kind == "proposer"],
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
        self._send(client, message, target)
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


def _play(make_cast: Callable[[Archive], Cast]) -> Player:
    return Player(make_cast)


def label(message: WireMessage) -> str:  # noqa: C901 - one line a message.
    """A message in very few words, for a narrow ladder."""
    match message:
        case Prepare():
            return f"Prepare {describe_ballot(message.ballot)}"
        case Promise():
            votes = ", ".join(f"{describe_ballot(vote.ballot)} {describe_value(vote.value)}" for vote in message.votes)
            return f"Promise {describe_ballot(message.ballot)}{f' ({votes})' if votes else ''}"
        case Accept():
            return f"Accept {describe_ballot(message.ballot)} {message.slot}:{describe_value(message.value)}"
        case Accepted():
            return f"Accepted {describe_ballot(message.ballot)} {message.first_slot}"
        case Nack():
            return f"Nack: {describe_ballot(message.promised)}"
        case Heartbeat() | Echo():
            return f"{type(message).__name__} {describe_ballot(message.ballot)}"
        case ProbeReply():
            return "I hear one" if message.hears_leader else "I hear none"
        case Probe():
            return "Probe"
        case Submit():
            return f"Submit {', '.join(command.value.decode() for command in message.commands)}"
        case Outcome():
            entry = f" {message.entries[0].value.decode()}" if message.entries else ""
            return f"{message.kind.name}{entry}{f' to {message.leader}' if message.kind.name == 'REDIRECT' else ''}"
        case Locate():
            return "Locate"
        case Located():
            return f"Located {message.leader or 'nobody'}"
        case AskChosen():
            return f"AskChosen {message.first_slot}"
        case ChosenPage():
            return f"ChosenPage {', '.join(describe_value(value) for _, value in message.values)}"
        case AskVotes():
            return f"AskVotes {message.first_slot}"
        case VotesPage():
            return f"VotesPage {', '.join(describe_value(vote.value) for vote in message.votes)}"
        case _:
            return type(message).__name__


# ---- the scenes ------------------------------------------------------------------------------------------------------------------

_COLOUR = decree_group("colour")


def _three_acceptors() -> dict[str, str]:
    return dict.fromkeys(ACCEPTOR_NAMES, "acceptor")


def _submit(value: str, command_id: str = "", attempt: int = 1) -> Submit:
    return Submit((Command(command_id or value, value.encode()),), attempt=attempt, incarnation=1)


def one_proposer() -> str:
    """Phase 1 and phase 2, undisturbed."""
    scene = Scene(_COLOUR, client="client", p1="proposer", **_three_acceptors())
    scene.client("client", "p1", _submit('"blue"'))
    return scene.draw()


def two_proposers() -> str:
    """The first is overtaken, and ends with the other's value."""
    scene = Scene(_COLOUR, p1="proposer", **_three_acceptors(), p2="proposer")
    scene.hidden = (Submit, Outcome)
    with scene.delaying(lambda parcel, target: parcel.source == "p1" and isinstance(parcel.message, Accept)):
        scene.client("client", "p1", _submit('"blue"'))
        scene.remark("p1's Accept is late; meanwhile:")
        scene.client("client", "p2", _submit('"red"'))
    return scene.draw()


def value_kept() -> str:
    """What may have been chosen is proposed again by whoever comes later."""
    scene = Scene(_COLOUR, p1="proposer", **_three_acceptors(), p2="proposer")
    scene.hidden = (Submit, Outcome)
    with scene.losing(lambda parcel, target: isinstance(parcel.message, Accept) and target != "a1"):
        scene.client("client", "p1", _submit('"blue"'))
    scene.crash("p1")
    with scene.losing(lambda parcel, target: parcel.source == "a3"):
        scene.client("client", "p2", _submit('"red"'))
    return scene.draw()


def steady_state() -> str:
    """A leader needs one round trip a slot."""
    scene = _led_log()
    for value in ('"x"', '"y"'):
        scene.client("client", "p1", _submit(value))
    return scene.draw()


def election() -> str:
    """A leader dies; another asks around, and campaigns."""
    scene = _led_log()
    scene.client("client", "p1", _submit('"x"'))
    scene.rows.clear()
    scene.hidden = ()
    scene.expire("p1", HEARTBEAT)
    scene.crash("p1")
    for name in ACCEPTOR_NAMES:
        scene.expire(name, LEADER_HEARD)
    scene.hidden = (Heartbeat, Echo)
    scene.expire("p2", ELECTION, "hears nobody")
    return _without(scene, "client").draw()


def cut_off() -> str:
    """Who alone hears no leader disturbs nobody."""
    scene = _led_log()
    scene.rows.clear()
    scene.hidden = ()
    with scene.losing(lambda parcel, target: target == "p2" and isinstance(parcel.message, Heartbeat)):
        scene.expire("p1", HEARTBEAT)
    scene.expire("p2", ELECTION, "hears nobody")
    return _without(scene, "client").draw()


def catch_up() -> str:
    """A learner that missed votes asks another node, which has counted for itself."""
    scene = _led_log()
    with scene.losing(lambda parcel, target: target == "p2"):
        scene.client("client", "p1", _submit('"x"'))
    scene.hidden = (Echo,)
    scene.expire("p1", HEARTBEAT)
    scene.expire("p2", CATCH_UP, "still behind")
    return _without(scene, "client").draw()


def catch_up_from_votes() -> str:
    """Where no learner knows, the votes themselves are asked for, and counted."""
    scene = _led_log()
    scene.hidden = (Heartbeat, Echo, Outcome)
    with scene.losing(lambda parcel, target: target == "p2" and not isinstance(parcel.message, Accepted)):
        scene.client("client", "p1", _submit('"x"'))
    scene.crash("p1")
    scene.expire("p2", CATCH_UP, "knows the votes, not the value")
    return _without(scene, "client").draw()


def redirect() -> str:
    """A client finds the leader."""
    scene = _led_log()
    scene.names = ("client", "p1", "p2")
    scene.hidden = (Accept, Accepted)
    scene.client("client", PROPOSERS, Locate())
    scene.remark("or, turned to the wrong one:")
    scene.client("client", "p2", _submit('"x"', "id-1"))
    scene.client("client", "p1", _submit('"x"', "id-1", attempt=2))
    scene.remark("asked again, since that answer may be lost: the same entry, not a second one")
    scene.client("client", "p1", _submit('"x"', "id-1", attempt=3))
    return scene.draw()


def not_done() -> str:
    """What never went out is certainly not done."""
    scene = Scene(LOG, client="client", p1="proposer", **_three_acceptors())
    scene.begin("p1")
    for name in ACCEPTOR_NAMES:
        scene.crash(name)
    scene.client("client", "p1", _submit('"x"', "id-1"))
    scene.remark("patience_seconds later")
    for _ in range(4):
        scene.expire("p1", SWEEP)
    return scene.draw()


def question() -> str:
    """Whether anything was decided can only be told by a quorum."""
    scene = Scene(_COLOUR, client="client", p1="proposer", **_three_acceptors())
    scene.client("client", "p1", Query("id-1", attempt=1, incarnation=1))
    return scene.draw()


def unknown() -> str:
    """A leader that is overthrown with the command in flight cannot know what becomes of it."""
    scene = _led_log()
    scene.hidden = (Heartbeat, Echo, Probe, ProbeReply)
    with scene.losing(lambda parcel, target: isinstance(parcel.message, Accept) and target != "a1"):
        scene.client("client", "p1", _submit('"x"', "id-1"))
    scene.remark("p1 is cut off for a while; p2 hears nobody, nor do a2 and a3")
    for name in ACCEPTOR_NAMES:
        scene.expire(name, LEADER_HEARD)
    with scene.losing(lambda parcel, target: "p1" in (parcel.source, target), drawn=False):
        scene.expire("p2", ELECTION)
    scene.remark("the cut heals, p1 hears p2's heartbeat and resigns")
    scene.expire("p2", HEARTBEAT)
    scene.client("client", "p2", _submit('"x"', "id-1", attempt=2))
    return scene.draw()


def _led_log() -> Scene:
    """A log that p1 leads, with p2 following; what led to it is not drawn."""
    scene = Scene(LOG, client="client", p1="proposer", **_three_acceptors(), p2="proposer")
    scene.hidden = (Heartbeat, Echo, Probe, ProbeReply, Prepare, Promise)
    scene.begin(*ACCEPTOR_NAMES, "p1", "p2")
    scene.expire("p1", ELECTION)
    scene.rows.clear()
    scene.hidden = (Heartbeat, Echo)
    return scene


def _without(scene: Scene, name: str) -> Scene:
    scene.names = tuple(other for other in scene.names if other != name)
    return scene


SCENES: dict[str, Callable[[], str]] = {
    "one-proposer": one_proposer,
    "two-proposers": two_proposers,
    "value-kept": value_kept,
    "steady-state": steady_state,
    "election": election,
    "cut-off": cut_off,
    "catch-up": catch_up,
    "catch-up-from-votes": catch_up_from_votes,
    "redirect": redirect,
    "not-done": not_done,
    "question": question,
    "unknown": unknown,
}


def redrawn(page: str) -> str:
    """The page with every ladder drawn anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{SCENES[block[2]]()}{block[3]}", page)


def main() -> None:
    """Draw them all."""
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
