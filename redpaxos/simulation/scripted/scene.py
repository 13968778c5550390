"""A scene: real casts, moved by hand through one schedule that a reader can follow.

    scene = Scene(decree_group("colour"))
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise")
    scene.lose("p1 -> a3: Accept")
    scene.crash("a1")

Nothing happens but what the script says. A message is named by who sent it, who gets it, its kind and any further words of its
description in the ladder. What an actor sends to itself it hears at once. After every event the facts are judged: a broken promise of
Paxos raises Violation, with the ladder of what led there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from msgspec import Struct

from paxos import casting
from paxos.acceptor import Acceptor
from paxos.admission import Admission
from paxos.archive import Archive
from paxos.ballot import ZERO
from paxos.cast import Cast
from paxos.company import Company
from paxos.cues import Begin, Executed, Expired, Lead, Message, Propose
from paxos.effects import ACCEPTORS, EVERYONE, LEARNERS, PROPOSERS, Effects, Send
from paxos.errors import InvariantViolation
from paxos.messages import Outcome, OutcomeKind, Submit, WireMessage
from paxos.quorum import majority
from paxos.values import Command
from redpaxos.simulation.exhaustive.case import CHECKS
from redpaxos.simulation.exhaustive.verdict import chosen_by_votes, judge
from redpaxos.simulation.scripted.conduct import Conduct
from redpaxos.simulation.scripted.ladder import Arrow, Note, Remark, Row, describe, describe_value, draw
from redpaxos.simulation.scripted.player import FirstOwner, Player

_MAKERS = {"a": "acceptor_cast", "p": "proposer_cast", "l": "learner_cast"}


class SceneError(Exception):
    """The script asks for what cannot be done."""


class Violation(Exception):  # noqa: N818
    """A promise of Paxos is broken, or what the script expects has not come about; the text ends with the ladder."""


class Letter(Struct, eq=False):
    """A message on its way to one actor."""

    source: str
    target: str
    message: WireMessage
    delivered_count: int = 0
    is_lost: bool = False


Fits = Callable[[Letter], bool]


class Scene:
    """Actors by the names a1…, p1…, l1…, and everything that is in the air between them."""

    def __init__(
        self,
        group: str,
        *,
        acceptors: int = 3,
        proposers: int = 2,
        learners: int = 1,
        is_first_start: bool = False,
        first_owner: str = "",
    ) -> None:
        self.group = group
        # The proposer that may begin without phase 1.
        self._first_owner = first_owner
        # Whether the acceptors have yet to be admitted.
        self._is_first_start = is_first_start
        # How many disks each acceptor has had; the names of its stores follow from that.
        self._disk_count = Counter[str]()
        self._acceptors = tuple(f"a{number + 1}" for number in range(acceptors))
        proposing = tuple(f"p{number + 1}" for number in range(proposers))
        learning = tuple(f"l{number + 1}" for number in range(learners))
        self.actors = (*proposing, *self._acceptors, *learning)
        self._audiences = {
            ACCEPTORS: self._acceptors,
            PROPOSERS: proposing,
            LEARNERS: (*proposing, *learning),
            EVERYONE: self.actors,
        }
        self._players = {name: self._player(name) for name in self.actors}
        self._conducts = {name: Conduct() for name in self.actors}
        self._letters: list[Letter] = []
        self._rows: list[Row] = []
        self._answers: list[tuple[str, Outcome]] = []
        # Values of commands in the order in which each actor executed them.
        self._executed: dict[str, list[str]] = {name: [] for name in self.actors}

    def ladder(self) -> str:
        """What has happened so far."""
        return draw(self.actors, self._rows)

    # ---- what a script does ------------------------------------------------------------------------------------------------------

    def propose(self, proposer: str, value: str, *, command_id: str = "") -> None:
        """Give a proposer work."""
        self._rows.append(Note(proposer, f"proposes {value}" if value else "proposes ''"))
        self._hear(proposer, proposer, Propose((Command(command_id, value.encode()),)))

    def lead(self, proposer: str) -> None:
        """Have a log's proposer campaign, as the election does."""
        self._rows.append(Note(proposer, "campaigns"))
        self._hear(proposer, proposer, Lead(ZERO))

    def submit(self, client: str, proposer: str, value: str) -> None:
        """Let a client ask a proposer, as it does over the wire."""
        self._rows.append(Note(proposer, f"{client} submits {value}"))
        self._hear(proposer, client, Submit((Command(f"{client}-id", value.encode()),), 1, self._company(proposer).incarnation))

    def expire(self, actor: str, timer: str) -> None:
        """Let a running timer expire."""
        player = self._players[actor]
        if timer not in player.timers:
            raise SceneError(f"{actor} runs no timer {timer!r}, but {sorted(player.timers)}\n{self.ladder()}")
        self._rows.append(Note(actor, f"{timer} timer"))
        player.timers.discard(timer)
        self._hear(actor, actor, Expired(timer))

    def crash(self, actor: str) -> None:
        """Stop an actor, and start it again from what is certainly on its disk."""
        self._rows.append(Note(actor, "crash, restart"))
        self._players[actor].crash()
        self._judge(actor)

    def begin(self, *actors: str) -> None:
        """Start actors of a log, for the first time or after a crash."""
        for actor in actors:
            self._rows.append(Note(actor, "starts"))
            self._hear(actor, actor, Begin())

    def wipe(self, acceptor: str) -> None:
        """Replace an acceptor's disk by an empty one."""
        self._rows.append(Note(acceptor, "loses its disk"))
        self._disk_count[acceptor] += 1
        self._players[acceptor].wipe()
        self._conducts[acceptor].forget()

    def deliver(self, what: str) -> None:
        """Deliver what was sent and not delivered yet: to each target from each source, the oldest that fits."""
        self._deliver(self._named(what, _waits, "is under way"))

    def deliver_again(self, what: str) -> None:
        """Deliver a duplicate of what was delivered."""
        self._deliver(self._named(what, lambda letter: letter.delivered_count > 0, "was delivered"))

    def deliver_if_sent(self, what: str) -> None:
        """Deliver what only a mistaken actor sends."""
        found = self._found(what, _waits)
        self._deliver([letter for letter in found if letter is not None])

    def lose(self, what: str) -> None:
        """Let what was sent never arrive."""
        letters = self._named(what, _waits, "is under way")
        for letter in letters:
            letter.is_lost = True
        self._draw(letters, is_lost=True)

    def remark(self, text: str) -> None:
        """A line for the reader."""
        self._rows.append(Remark(text))

    # ---- what a script expects ---------------------------------------------------------------------------------------------------

    def expect_chosen(self, value: str, slot: int = 0) -> None:
        """A majority has voted for this value at one ballot."""
        self._expect(self._chosen(slot), [value], f"chosen for slot {slot}")

    def expect_nothing_chosen(self, slot: int = 0) -> None:
        """No majority has voted for anything."""
        self._expect(self._chosen(slot), [], f"chosen for slot {slot}")

    def expect_learned(self, actor: str, *values: str) -> None:
        """The actor has learned exactly these values, slot by slot."""
        learned = sorted((fact for fact in self._conducts[actor].facts if fact.kind == "learned"), key=lambda fact: fact.slot)
        self._expect([describe_value(fact.value) for fact in learned], list(values), f"learned by {actor}")

    def expect_executed(self, actor: str, *values: str) -> None:
        """The actor has executed exactly these commands, in this order."""
        self._expect(self._executed[actor], list(values), f"executed by {actor}")

    def expect_answers(self, client: str, *kinds: OutcomeKind) -> None:
        """The client has been answered exactly so."""
        self._expect([outcome.kind for name, outcome in self._answers if name == client], list(kinds), f"answered to {client}")

    def expect_under_way(self, what: str) -> None:
        """This was sent, and neither delivered nor lost."""
        found = self._found(what, _waits)
        self._expect([letter is not None for letter in found], [True] * len(found), f"sent as {what!r}")

    def expect_not_sent(self, what: str) -> None:
        """This was never sent."""
        found = self._found(what, lambda letter: True)
        self._expect([letter is not None for letter in found], [False] * len(found), f"sent as {what!r}")

    # ---- actors ------------------------------------------------------------------------------------------------------------------

    def _company(self, name: str) -> Company:
        return Company(name, majority(self._acceptors))

    def _player(self, name: str) -> Player:
        if self._is_first_start and name[0] == "a":
            return Player(partial(self._unadmitted_cast, name))
        if name == self._first_owner:
            return Player(partial(casting.proposer_cast, self._company(name), self.group, firsts=FirstOwner(self._company(name))))
        return Player(partial(getattr(casting, _MAKERS[name[0]]), self._company(name), self.group))

    def _unadmitted_cast(self, name: str, archive: Archive) -> Cast:
        company = self._company(name)
        admission = Admission(company, archive, f"{name}-disk-{self._disk_count[name] + 1}")
        return casting.acceptor_cast(company, self.group, archive, admission)

    def _hear(self, actor: str, source: str, message: Message) -> None:
        try:
            effects = self._players[actor].hear(source, message)
        except InvariantViolation as violation:
            raise self._violation(f"{actor} stops itself: {violation}") from violation
        self._conducts[actor].observe(message, effects)
        self._gather(actor, effects)
        self._judge(actor)
        own = [letter for letter in self._letters if letter.source == letter.target == actor and not letter.delivered_count]
        for letter in own:
            letter.delivered_count += 1
            self._hear(actor, actor, letter.message)

    def _gather(self, actor: str, effects: Effects) -> None:
        for send in effects.send:
            self._letters += (Letter(actor, target, send.message) for target in self._targets(send))
            if isinstance(send.message, Outcome):
                self._answers.append((send.target, send.message))
        for told in effects.tell:
            if isinstance(told, Executed):
                self._executed[actor] += (entry.value.decode() for entry in told.entries)

    def _targets(self, send: Send) -> Iterator[str]:
        for name in self._audiences.get(send.target, (send.target,)):
            if name in self._players and any(type(send.message) in role.handles for role in self._players[name].cast.roles):
                yield name

    # ---- letters -----------------------------------------------------------------------------------------------------------------

    def _named(self, what: str, fits: Fits, wanted: str) -> list[Letter]:
        letters = self._found(what, fits)
        if None in letters:
            raise Violation(f"no such message {wanted}: {what}\nunder way are:\n{self._in_the_air()}\n{self.ladder()}")
        return [letter for letter in letters if letter is not None]

    def _found(self, what: str, fits: Fits) -> list[Letter | None]:
        """For each source and target the oldest letter that fits, None where there is none."""
        sources, arrow, rest = what.partition(" -> ")
        targets, colon, words = rest.partition(": ")
        names = [*sources.split(), *targets.split()]
        if not arrow or not colon or not all(name in self._players for name in names):
            raise SceneError(f"not of the form 'p1 -> a1 a2: Prepare 1.p1': {what}")
        candidates = [letter for letter in self._letters if fits(letter) and _words(words) <= _words(describe(letter.message))]
        return [
            next((letter for letter in candidates if letter.source == source and letter.target == target), None)
            for source in sources.split()
            for target in targets.split()
        ]

    def _deliver(self, letters: Sequence[Letter]) -> None:
        self._draw(letters, is_lost=False)
        for letter in letters:
            letter.delivered_count += 1
            self._hear(letter.target, letter.source, letter.message)

    def _draw(self, letters: Iterable[Letter], *, is_lost: bool) -> None:
        """One arrow for all that one actor says to several."""
        grouped: dict[tuple[str, str], list[str]] = {}
        for letter in letters:
            grouped.setdefault((letter.source, describe(letter.message)), []).append(letter.target)
        self._rows += (Arrow(source, tuple(targets), label, is_lost) for (source, label), targets in grouped.items())

    def _in_the_air(self) -> str:
        waiting = (letter for letter in self._letters if _waits(letter))
        return "".join(f"  {letter.source} -> {letter.target}: {describe(letter.message)}\n" for letter in waiting)

    # ---- judging -----------------------------------------------------------------------------------------------------------------

    def _judge(self, actor: str) -> None:
        """Raise Violation if the last event broke a promise."""
        conduct = self._conducts[actor]
        if actor in self._acceptors:
            conduct.inspect(self._players[actor].role(Acceptor))
        facts = [(name, fact) for name in self.actors for fact in self._conducts[name].facts]
        if broken := conduct.breach or judge(facts, len(self._acceptors) // 2 + 1, CHECKS):
            raise self._violation(broken)

    def _chosen(self, slot: int) -> list[str]:
        facts = [(name, fact) for name in self.actors for fact in self._conducts[name].facts]
        return [describe_value(value) for value in chosen_by_votes(facts, len(self._acceptors) // 2 + 1).get(slot, {})]

    def _expect(self, found: Sequence[object], expected: Sequence[object], what: str) -> None:
        if found != expected:
            raise self._violation(f"{what}: found {found}, expected {expected}")

    def _violation(self, text: str) -> Violation:
        return Violation(f"{text}\n{self.ladder()}")


def _waits(letter: Letter) -> bool:
    return not letter.delivered_count and not letter.is_lost


def _words(text: str) -> set[str]:
    return {word.strip("(),:") for word in text.split()}
