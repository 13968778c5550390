"""Storage in dictionaries: the reference that the store on disk is compared with.

Nothing survives the object. The simulator's disks (redpaxos/simulation/parts/disks.py) keep the batches and replay them into one of these.
"""

import secrets
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, assert_never

from actors.storage.base import StorageError, StoreIdentity
from actors.storage.paging import first_page
from actors.storage.shelf import MemoryShelf
from paxos.archive import AcceptorState
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.errors import InvariantViolation
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted

R = TypeVar("R", Learned, Voted)


class _Slots(Generic[R]):
    """Records of one group by slot; read in slot order."""

    __slots__ = ("_by_slot", "_order")

    def __init__(self) -> None:
        self._by_slot: dict[int, R] = {}
        # The keys, ascending; slots come nearly in order, so that an insertion is nearly an append.
        self._order: list[int] = []

    def put(self, record: R) -> None:
        if record.slot not in self._by_slot:
            insort(self._order, record.slot)
        self._by_slot[record.slot] = record

    def get(self, slot: int) -> R | None:
        return self._by_slot.get(slot)

    def last(self) -> R | None:
        return self._by_slot[self._order[-1]] if self._order else None

    def between(self, first_slot: int, last_slot: int) -> Iterator[R]:
        """Records within both bounds inclusive."""
        for index in range(bisect_left(self._order, first_slot), bisect_right(self._order, last_slot)):
            yield self._by_slot[self._order[index]]


class MemoryStorage:
    """A store that lives as long as the object."""

    def __init__(self, cluster: str, node: str, store_id: str | None = None, boot_count: int = 1, shelf: MemoryShelf | None = None) -> None:
        # Its id is drawn at random if none is given.
        self.identity = StoreIdentity(cluster, node, store_id or secrets.token_hex(16), boot_count)
        self.shelf = shelf or MemoryShelf()
        self._open = True
        self._promised: dict[str, Ballot] = {}
        self._chosen_through: dict[str, int] = {}
        self._rounds: dict[str, int] = {}
        self._votes: defaultdict[str, _Slots[Voted]] = defaultdict(_Slots)
        self._learned: defaultdict[str, _Slots[Learned]] = defaultdict(_Slots)
        # Of each group the pairs of first revision and slot, ascending, of the slots that hold any command.
        self._revisions: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._executed: dict[tuple[str, str], int] = {}
        self._peers: dict[str, str] = {}

    # ---- writing -----------------------------------------------------------------------------------------------------------------

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        """Apply all records or none."""
        self._require_open()
        self._check(records)
        for record in records:
            self._apply(record)

    def close(self) -> None:
        """Refuse everything from here on."""
        self._open = False

    def _require_open(self) -> None:
        if not self._open:
            raise StorageError(f"the store of node {self.identity.node} is closed")

    def _check(self, records: Sequence[Record]) -> None:
        """InvariantViolation if a record contradicts what is stored or an earlier record of the batch."""
        values: dict[tuple[str, int], bytes] = {}
        peers: dict[str, str] = {}
        for record in records:
            if isinstance(record, Learned):
                known = self._learned[record.group].get(record.slot)
                value = values.setdefault((record.group, record.slot), record.value if known is None else known.value)
                if value != record.value:
                    raise InvariantViolation(f"{record.group}: slot {record.slot} was learned with another value")
            elif isinstance(record, PeerStore):
                store_id = peers.setdefault(record.store, self._peers.get(record.store, record.store_id))
                if store_id != record.store_id:
                    raise InvariantViolation(f"{record.store} has store {record.store_id}, recorded is {store_id}")

    def _apply(self, record: Record) -> None:
        match record:
            case Promised():
                self._promised[record.group] = record.ballot
            case Voted():
                self._votes[record.group].put(record)
            case KnownChosen():
                self._chosen_through[record.group] = max(record.chosen_through, self._chosen_through.get(record.group, 0))
            case RoundUsed():
                self._rounds[record.group] = max(record.round, self._rounds.get(record.group, 0))
            case Learned():
                self._learn(record)
            case PeerStore():
                self._peers.setdefault(record.store, record.store_id)
            case _:
                assert_never(record)

    def _learn(self, record: Learned) -> None:
        if self._learned[record.group].get(record.slot) is not None:
            return
        for command_id, revision in record.new_ids:
            self._executed.setdefault((record.group, command_id), revision)
        if record.command_count:
            insort(self._revisions[record.group], (record.first_revision, record.slot))
        bare = Learned(record.group, record.slot, record.ballot, record.value, record.first_revision, record.command_count, ())
        self._learned[record.group].put(bare)

    # ---- reading -----------------------------------------------------------------------------------------------------------------

    def acceptor_state(self, group: str) -> AcceptorState:
        """The acceptor's promise, its watermark and its votes from there on."""
        self._require_open()
        chosen_through = self._chosen_through.get(group, 0)
        votes = tuple(self._votes[group].between(chosen_through, END_SLOT)) if group in self._votes else ()
        return AcceptorState(self._promised.get(group, ZERO), chosen_through, votes)

    def votes(self, group: str, first_slot: int, last_slot: int, limit_bytes: int) -> list[Voted]:
        """One page of votes in slot order."""
        self._require_open()
        return first_page(self._votes[group].between(first_slot, last_slot), limit_bytes) if group in self._votes else []

    def round_used(self, group: str) -> int:
        """The highest round that the proposer has reserved."""
        self._require_open()
        return self._rounds.get(group, 0)

    def learned(self, group: str, first_slot: int, limit_bytes: int) -> list[Learned]:
        """One page of learned values in slot order."""
        self._require_open()
        return first_page(self._learned[group].between(first_slot, END_SLOT), limit_bytes) if group in self._learned else []

    def learned_at_revision(self, group: str, revision: int) -> Learned | None:
        """The learned slot that holds the revision, or the last one before it that holds any command."""
        self._require_open()
        revisions = self._revisions.get(group, [])
        index = bisect_right(revisions, (revision, END_SLOT))
        return self._learned[group].get(revisions[index - 1][1]) if index else None

    def learned_end(self, group: str) -> tuple[int, int]:
        """The slot and the revision after the last learned slot."""
        self._require_open()
        last = self._learned[group].last() if group in self._learned else None
        return (0, 1) if last is None else (last.slot + 1, last.first_revision + last.command_count)

    def revision_of(self, group: str, command_id: str) -> int | None:
        """The revision at which this command id was executed."""
        self._require_open()
        return self._executed.get((group, command_id))

    def peer_stores(self) -> dict[str, str]:
        """The id of each peer's store by its name."""
        self._require_open()
        return dict(self._peers)
