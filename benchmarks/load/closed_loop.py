"""A closed loop over redpaxos' own messages: what a client has to know of the wire, without its threads.

It does not matter here how frames travel: a carrier hands in what arrived, and sends what refill() and overdue() return. Each command
has an id, so that one sent twice is executed once.
"""

import itertools
import secrets
from collections import Counter

from actors.channels import Channels
from benchmarks.load.base import Window
from benchmarks.measuring import Job, Sample, histogram
from paxos.codec import Codec, Envelope, Letter
from paxos.effects import PROPOSERS
from paxos.first_ballots import first_owner
from paxos.groups import LOG, decree_group
from paxos.messages import Locate, Located, Outcome, OutcomeKind, Submit, WireMessage
from paxos.values import Command

Frame = tuple[str, bytes]
"""A channel, and what to publish there."""

OVERDUE_SECONDS = 1.0
LOCATE_SECONDS = 0.25


class Participant:
    """A client on the wire: its name, and the numbers of its frames."""

    def __init__(self, cluster: str, secret: bytes = b"") -> None:
        self.name = f"load-{secrets.token_hex(6)}"
        self._cluster = cluster
        self._channels = Channels(cluster)
        self._codec = Codec(cluster, secret)
        self._incarnation = secrets.randbits(60)
        self._sent_count: Counter[str] = Counter()
        self.incoming = self._channels.incoming(self.name)

    def frame(self, target: str, group: str, message: WireMessage) -> Frame:
        """The next frame for this target."""
        channel = self._channels.outgoing(target, self.name)
        self._sent_count[channel] += 1
        letters = (Letter(group, message),)
        return channel, self._codec.encode(
            Envelope(self._cluster, self.name, "", "", self._incarnation, self._sent_count[channel], letters)
        )

    def open(self, payload: bytes) -> Envelope:
        """What is in a frame."""
        return self._codec.decode(payload)


class ClosedLoop:
    """One job: commands go to whoever leads, and decrees to the owner of first ballots, as a client sends them."""

    def __init__(self, participant: Participant, job: Job, window: Window) -> None:
        self._participant = participant
        self._job = job
        # Whom commands go to, once its life is known; empty until somebody is known to lead.
        self._leader = ""
        self._members: tuple[str, ...] = ()
        # By node: the life of its proposer, which every Submit names.
        self._lives: dict[str, int] = {}
        self._attempts = itertools.count(secrets.randbits(48))
        self._window = window
        self._value = b'"%s"' % (b"v" * (job.value_bytes - 2))
        self._number = 0
        # By id: when it was first sent, when last, and what.
        self._sent: dict[str, tuple[float, float, str, Command]] = {}
        # Answered since the last refill, or never sent.
        self._free = job.outstanding
        self._to_repeat: list[str] = []
        self._located_at = 0.0
        self._repeated = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is outstanding."""
        return not self._sent

    def hear(self, payload: bytes, now: float) -> None:
        """Take answers."""
        envelope = self._participant.open(payload)
        for letter in envelope.letters:
            if isinstance(letter.message, Outcome):
                self._answered(letter.message, now)
            elif isinstance(letter.message, Located):
                self._lives[envelope.source] = letter.message.incarnation
                self._members = letter.message.members
                self._leader = letter.message.leader or self._leader

    def refill(self, now: float) -> list[Frame]:
        """As many new commands as were answered, while the job lasts."""
        if self._leader not in self._lives:
            return self._locate(now)
        fresh = [self._next(now) for _ in range(self._free)] if now < self._window.end else []
        self._free = 0
        again = [self._sent[command_id][2:] for command_id in self._to_repeat if command_id in self._sent]
        self._repeated += len(again)
        self._to_repeat.clear()
        return self._frames([*again, *fresh])

    def overdue(self, now: float) -> list[Frame]:
        """What was not answered for too long is sent again, and the leader looked for."""
        late = [command_id for command_id, (_, sent_at, _, _) in self._sent.items() if now - sent_at > OVERDUE_SECONDS]
        for command_id in late:
            first, _, group, command = self._sent[command_id]
            self._sent[command_id] = (first, now, group, command)
        self._to_repeat += late
        return self._locate(now) if late else []

    def sample(self, cpu_seconds: float) -> Sample:
        """What there was."""
        found = self._window.latencies
        return Sample(len(found), self._job.seconds, self._window.total, histogram(found), cpu_seconds, self._repeated)

    def _next(self, now: float) -> tuple[str, Command]:
        command_id = f"{self._job.prefix}-{self._participant.name}-{self._number}"
        group = LOG if self._job.load == "log" else decree_group(f"{self._job.prefix}-{self._number}")
        self._number += 1
        command = Command(command_id, self._value)
        self._sent[command_id] = (now, now, group, command)
        return group, command

    def _answered(self, outcome: Outcome, now: float) -> None:
        if outcome.id not in self._sent:
            return
        if outcome.kind is OutcomeKind.DONE:
            self._window.answered(self._sent.pop(outcome.id)[0], now)
            self._free += 1
            return
        if outcome.kind is OutcomeKind.REDIRECT:
            self._leader = outcome.leader
        self._to_repeat.append(outcome.id)

    def _frames(self, commands: list[tuple[str, Command]]) -> list[Frame]:
        """One frame for each command, or for all."""
        if self._job.style == "together" and commands:
            return [self._submit(LOG, tuple(command for _, command in commands))]
        return [self._submit(group, (command,)) for group, command in commands]

    def _submit(self, group: str, commands: tuple[Command, ...]) -> Frame:
        owner = first_owner(self._members) if group != LOG else self._leader
        target = owner if owner in self._lives else self._leader
        return self._participant.frame(target, group, Submit(commands, next(self._attempts), self._lives[target]))

    def _locate(self, now: float) -> list[Frame]:
        if now - self._located_at < LOCATE_SECONDS:
            return []
        self._located_at = now
        return [self._participant.frame(PROPOSERS, LOG, Locate())]
