"""The invariants of consensus, checked at every write and every message of a simulated run, while it happens.

    agreement            one value is chosen for a slot; whoever learns, reads or is answered gets that one, and what a node says was
                         decided at its ballot has the votes of a quorum there
    validity             only what somebody proposed is chosen
    one value a ballot   among all Accepts sent and all votes on disk, for one slot and ballot
    promises             never fall, also over a restart; a vote is never below or above the promise on disk
    chosen is for ever   once a quorum has voted (slot, ballot, v), every Accept and vote of a higher ballot has v
    durable first        a Prepare, Promise, Accepted or page of votes speaks of what its sender has on disk, and leaves nothing out
    ballots              are owned by their sender and never used again after a restart
    one log              revisions are consecutive, an id is executed once, all replicas execute alike
    one state            after the same slot every replica has the same digest, and the sessions that the log gives
    outcomes             DONE names what is in the log; a command that was called NOT DONE never appears; the result of an operation
                         is that of its one execution, and only a session that has ended is called so

Claims P1a, P2a and P2b are those of Lamport, "Paxos Made Simple", section 2.2.
"""

from collections.abc import Sequence

from msgspec import Struct

from paxos.ballot import ZERO, Ballot
from paxos.groups import LOG
from paxos.messages import Result, ResultKind
from paxos.quorum import Quorum
from paxos.records import Learned, Promised, Record, RoundUsed, Voted
from paxos.replica import Replica
from paxos.values import Command, Entry
from redpaxos.simulation.judges.facts import AcceptorFacts, Execution, Group, Slot
from redpaxos.simulation.judges.ledger import Ledger, Machines, print_of
from redpaxos.simulation.parts.disks import Disk, SimulatedStorage
from redpaxos.simulation.parts.trace import render


class Violation(Struct, frozen=True):
    """An invariant that did not hold: its name, and what was seen."""

    invariant: str
    text: str


class _Claim:
    """What became of the requests for one command."""

    def __init__(self) -> None:
        self.request_count = 0
        self.not_done_count = 0


class Invariants:
    """Sees every write; redpaxos/simulation/judges/observer.py adds every message."""

    def __init__(self, quorum: Quorum, machines: Machines) -> None:
        self.violation: Violation | None = None
        self.groups: dict[str, Group] = {LOG: Group(LOG, Ledger(machines))}
        self._quorum = quorum
        self._acceptors: dict[tuple[str, str], AcceptorFacts] = {}
        self._rounds: dict[tuple[str, str], int] = {}
        self._lives: dict[tuple[str, Ballot, str], int] = {}
        self._proposed: dict[str, set[Command]] = {}
        self._claims: dict[tuple[str, str], _Claim] = {}
        # What was asked of the state machines; nothing at all keeps a session alive.
        self._operations: set[tuple[str, bytes]] = {("", b"")}
        # The digest of all results before each slot, as the first replica there had it, and who that was.
        self._digests: dict[int, tuple[int, str]] = {}

    def fail(self, invariant: str, text: str) -> None:
        """Remember the first violation; the run ends."""
        if self.violation is None:
            self.violation = Violation(invariant, text)

    def group(self, name: str) -> Group:
        """The facts of one group."""
        known = self.groups.get(name)
        if known is None:
            known = self.groups[name] = Group(name)
        return known

    def acceptor(self, store_id: str, group: str) -> AcceptorFacts:
        """The facts of one acceptor's store."""
        key = (store_id, group)
        known = self._acceptors.get(key)
        if known is None:
            known = self._acceptors[key] = AcceptorFacts()
        return known

    # ---- what is written ---------------------------------------------------------------------------------------------------------

    def written(self, disk: Disk, records: Sequence[Record]) -> None:
        """A replica has executed."""
        for record in records:
            if isinstance(record, Learned):
                self._learned(disk, record)

    def durable(self, disk: Disk, records: Sequence[Record]) -> None:
        """Promises, votes and rounds are on disk."""
        for record in records:
            match record:
                case Voted():
                    self._voted(disk, record)
                case Promised():
                    self._promised(disk, record)
                case RoundUsed():
                    self._round_used(disk, record)
                case _:
                    pass

    def opened(self, disk: Disk, storage: SimulatedStorage) -> None:
        """A node begins a life: its store must know all that was durable."""
        for (store_id, group), facts in self._acceptors.items():
            if store_id == disk.store_id and storage.acceptor_state(group).promised < facts.promised:
                self.fail("promises", f"{disk.node} forgot its promise of {render(facts.promised)} in {group}")

    def _promised(self, disk: Disk, record: Promised) -> None:
        facts = self.acceptor(disk.store_id, record.group)
        if record.ballot < facts.promised:
            self.fail("promises", f"{disk.node} promised {render(record.ballot)} after {render(facts.promised)} in {record.group}")
        facts.promised = record.ballot

    def _voted(self, disk: Disk, record: Voted) -> None:
        facts = self.acceptor(disk.store_id, record.group)
        where = f"{record.group} slot {record.slot}"
        if record.ballot != facts.promised:
            self.fail("promises", f"{disk.node} voted at {render(record.ballot)} in {where}, its promise is {render(facts.promised)}")
        facts.votes[record.slot] = record
        facts.ever.add((record.slot, record.ballot))
        group = self.group(record.group)
        slot = group.slot(record.slot)
        self.proposed(group, record.slot, record.ballot, record.value)
        voters = slot.voters.setdefault(record.ballot, set())
        voters.add(disk.node)
        if self._quorum.accepted(voters) and (slot.chosen_at == ZERO or record.ballot < slot.chosen_at):
            self._chosen(group, record, slot)

    def _chosen(self, group: Group, record: Voted, slot: Slot) -> None:
        """A quorum has voted: P2b holds for every higher ballot from here on, and must hold for those seen already."""
        where = f"{group.name} slot {record.slot}"
        for ballot, value in slot.values.items():
            if ballot > record.ballot and value != record.value:
                text = (
                    f"{render(record.value)} chosen at {render(record.ballot)} in {where}, {render(value)} was proposed at {render(ballot)}"
                )
                self.fail("chosen is for ever", text)
        slot.chosen_at, slot.value = record.ballot, record.value
        entries, operations = group.execute()
        for entry in entries:
            self._executed(group, entry)
        for operation in operations:
            if (operation.machine, operation.body) not in self._operations:
                self.fail("validity", f"nobody asked for {render(operation)}")

    def _executed(self, group: Group, entry: Entry) -> None:
        if Command(entry.id, entry.value) not in self._proposed.get(group.name, ()):
            self.fail("validity", f"nobody proposed {render(entry)} in {group.name}")
        self._check_claim(group, entry.id)

    def _round_used(self, disk: Disk, record: RoundUsed) -> None:
        key = (disk.store_id, record.group)
        if record.round <= self._rounds.get(key, 0):
            self.fail("ballots", f"{disk.node} uses round {record.round} again in {record.group}")
        self._rounds[key] = record.round

    def _learned(self, disk: Disk, record: Learned) -> None:
        group = self.group(record.group)
        where = f"{record.group} slot {record.slot}"
        if record.slot >= group.chosen_through:
            return self.fail("agreement", f"{disk.node} learned {render(record.value)} for {where}, which is not chosen")
        slot = group.slot(record.slot)
        if slot.value != record.value or not self._quorum.accepted(slot.voters.get(record.ballot, ())):
            seen = f"{render(record.value)} at {render(record.ballot)}"
            return self.fail("agreement", f"{disk.node} learned {seen} for {where}, chosen is {render(slot.value)}")
        found = Execution(record.first_revision, record.command_count, record.new_ids)
        if found != group.executions[record.slot]:
            return self.fail("one log", f"{disk.node} executed {where} as {found}, right is {group.executions[record.slot]}")
        return None

    def executed(self, node: str, replica: Replica) -> None:
        """A replica of the log may have got on: hold its state against the ledger's and the others'."""
        slot, executor = replica.next_slot, replica.executor
        expected = self.groups[LOG].ledger.print_before(slot)
        if expected is None:
            return self.fail("agreement", f"{node} executed slot {slot - 1}, which is not chosen")
        digest, first = self._digests.setdefault(slot, (executor.digest, node))
        if digest != executor.digest:
            return self.fail("one state", f"before slot {slot} {node} has the digest {executor.digest}, {first} had {digest}")
        if print_of(executor.sessions) != expected:
            return self.fail("one state", f"before slot {slot} {node} has other sessions than the log gives")
        return None

    # ---- what is proposed --------------------------------------------------------------------------------------------------------

    def proposed(self, group: Group, number: int, ballot: Ballot, value: bytes) -> None:
        """A value was proposed or voted for: one a ballot, and the chosen one above the ballot that chose it."""
        slot = group.slot(number)
        if slot.values.setdefault(ballot, value) != value:
            self.fail("one value a ballot", f"{group.name} slot {number} has two at {render(ballot)}")
        if slot.chosen_at != ZERO and ballot > slot.chosen_at and value != slot.value:
            text = f"{group.name} slot {number}: {render(value)} proposed at {render(ballot)}, chosen at {render(slot.chosen_at)}"
            self.fail("chosen is for ever", f"{text} is {render(slot.value)}")

    def used(self, store_id: str, source: str, incarnation: int, group: str, ballot: Ballot) -> None:
        """A proposer speaks at a ballot: its own, of a round on its disk, of this life."""
        if ballot.node != source:
            self.fail("ballots", f"{source} proposes at {render(ballot)}")
        if self._rounds.get((store_id, group), 0) < ballot.round:
            self.fail("durable first", f"{source} uses {render(ballot)} in {group} before its round is on disk")
        # A node on another disk is refused by its peers; what it proposes is held to all the other invariants.
        life = self._lives.setdefault((group, ballot, store_id), incarnation)
        if life != incarnation:
            self.fail("ballots", f"{source} uses {render(ballot)} in {group} in life {incarnation}, and did in life {life}")

    def has_decided(self, group: str, number: int, ballot: Ballot) -> bool:
        """Whether a quorum voted in this slot at this very ballot."""
        slot = self.group(group).slots.get(number)
        return slot is not None and self._quorum.accepted(slot.voters.get(ballot, ()))

    # ---- what clients are told ---------------------------------------------------------------------------------------------------

    def submits(self, group: str, command: Command) -> None:
        """Somebody is about to ask for this command."""
        self._proposed.setdefault(group, set()).add(command)
        if command.id:
            self._claims.setdefault((group, command.id), _Claim()).request_count += 1

    def operates(self, machine: str, body: bytes) -> None:
        """Somebody is about to ask a state machine for this."""
        self._operations.add((machine, body))

    def check_result(self, who: str, client: str, result: Result) -> None:
        """Somebody says what became of an operation."""
        ledger = self.groups[LOG].ledger
        match result.kind:
            case ResultKind.DONE:
                done = ledger.done.get((result.session, result.number))
                if done is None or done.body != result.body:
                    told = f"{who} tells {client} {render(result.body)} for operation {result.number} of session {result.session}"
                    self.fail("outcomes", f"{told}, right is {render(done)}")
            case ResultKind.OPENED if result.session not in ledger.opened.get((client, result.number), ()):
                self.fail("outcomes", f"{who} tells {client} of session {result.session}, which was not opened for it")
            case ResultKind.EXPIRED if result.session > ledger.opened_count or ledger.is_open(result.session):
                self.fail("outcomes", f"{who} tells {client} that session {result.session} has ended, and it has not")
            case _:
                pass

    def told_not_done(self, group: str, command_id: str) -> None:
        """Somebody who asked was told that it certainly is not, and will not be, done."""
        self._claims[group, command_id].not_done_count += 1
        if command_id in self.group(group).revisions:
            self._check_claim(self.group(group), command_id)

    def check_entry(self, who: str, group: str, entry: Entry) -> None:
        """Somebody says that this entry is in the log."""
        known = self.group(group).entries
        right = known[entry.revision - 1] if 0 < entry.revision <= len(known) else None
        if right != entry:
            told = f"{who} tells {render(entry)} at revision {entry.revision} of {group}"
            self.fail("outcomes", f"{told}, right is {render(right)}")

    def _check_claim(self, group: Group, command_id: str) -> None:
        claim = self._claims.get((group.name, command_id))
        if claim is not None and claim.not_done_count >= claim.request_count:
            self.fail("outcomes", f"{command_id} was called not done by all who asked, and is in {group.name}")
