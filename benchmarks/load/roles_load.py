"""Single decrees in one process, without actors, sockets and disks: one proposer, three acceptors and a learner.

What actors do is done here by a loop: whoever has mail takes all of it, writes to its store in memory, and only then sends. `roles` are
the three of the papers and nothing else, with the learner beside the proposer, where votes go. `casts` are what nodes have: the proposer's
also executes, answers, announces, and informs a learner on a node of its own.
"""

from collections.abc import Callable, Mapping, Sequence

from actors.storage.memory import MemoryStorage
from benchmarks.load.one_by_one import decide_for
from benchmarks.measuring import Job, Sample
from paxos.acceptor import Acceptor
from paxos.archive import Archive
from paxos.cast import Cast, Role
from paxos.casting import acceptor_cast, learner_cast, proposer_cast
from paxos.company import Company
from paxos.cues import Message, Propose
from paxos.effects import ACCEPTORS, EVERYONE, LEARNERS, Effects, Send
from paxos.groups import decree_group
from paxos.learner import Learner
from paxos.proposer import Proposer
from paxos.quorum import majority
from paxos.values import Command

VOTERS = ("a1", "a2", "a3")
PROPOSER, LEARNER = "p1", "l1"
_AUDIENCES = {ACCEPTORS: VOTERS, LEARNERS: (PROPOSER, LEARNER), EVERYONE: (PROPOSER, *VOTERS, LEARNER)}

Player = Role | Cast
Maker = Callable[[Company, str, Archive], Player]


def bare_acceptor(_: Company, group: str, archive: Archive) -> Player:
    """An acceptor that nothing stands beside."""
    return Acceptor(group, archive)


def bare_proposer(company: Company, group: str, archive: Archive) -> Player:
    """A proposer with the learner that counts its votes."""
    return Cast(company.node, [Learner(group, company, archive), Proposer(group, company, archive)])


KINDS: Mapping[str, Mapping[str, Maker]] = {
    "roles": {PROPOSER: bare_proposer, **dict.fromkeys(VOTERS, bare_acceptor)},
    "casts": {PROPOSER: proposer_cast, **dict.fromkeys(VOTERS, acceptor_cast), LEARNER: learner_cast},
}


class Stage:
    """The stores of all nodes, and what plays one decree after the other on them."""

    def __init__(self, kind: str) -> None:
        self._makers = KINDS[kind]
        self._companies = {name: Company(name, majority(VOTERS)) for name in self._makers}
        self._stores = {name: MemoryStorage("bench", name) for name in self._makers}
        # Who takes each kind of message, by whom it is for.
        self._routes: dict[tuple[str, type], tuple[str, ...]] = {}

    def decide(self, name: str, value: bytes) -> bool:
        """Whether every learner knows the value, once nothing is under way."""
        group = decree_group(name)
        players = {node: make(self._companies[node], group, self._stores[node]) for node, make in self._makers.items()}
        mail: dict[str, list[tuple[str, Message]]] = {PROPOSER: [(PROPOSER, Propose((Command(name, value),)))]}
        while mail:
            node = next(iter(mail))
            effects = drain(players[node], mail.pop(node))
            if effects.persist:
                self._stores[node].write(effects.persist, sync=True)
            for send in effects.send:
                for target in self._route(send, players):
                    mail.setdefault(target, []).append((node, send.message))
        learners = [role for player in players.values() for role in roles_of(player) if isinstance(role, Learner)]
        return all(learner.next_slot == 1 for learner in learners)

    def _route(self, send: Send, players: Mapping[str, Player]) -> Sequence[str]:
        kind = type(send.message)
        route = self._routes.get((send.target, kind))
        if route is None:
            targets = _AUDIENCES.get(send.target, (send.target,))
            present = [target for target in targets if target in players]
            route = tuple(target for target in present if any(kind in role.handles for role in roles_of(players[target])))
            self._routes[send.target, kind] = route
        return route


class RolesLoad:
    """One decree at a time; the job's style says by what."""

    def run(self, job: Job) -> Sample:
        """Decide, one after the other."""
        return decide_for(job, Stage(job.style).decide)

    def close(self) -> None:
        """Nothing is open."""


def drain(player: Player, mail: Sequence[tuple[str, Message]]) -> Effects:
    """What comes of all that waits for one."""
    effects = player.handle(*mail[0])
    for source, message in mail[1:]:
        effects += player.handle(source, message)
    # Not every role gathers something.
    flush = getattr(player, "flush", None)
    return effects if flush is None else effects + flush()


def roles_of(player: Player) -> Sequence[Role]:
    """Those of a cast, or the one."""
    return player.roles if isinstance(player, Cast) else (player,)
