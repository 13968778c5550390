"""A store in memory: the reference for the one on disk, and the disk of the simulator."""

import secrets
from collections.abc import Sequence

from actors.storage.base import StoreIdentity
from paxos.archive import AcceptorState
from paxos.ballot import ZERO, Ballot
from paxos.errors import InvariantViolation
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted


class MemoryStorage:
    """Keeps what was written until the process ends."""

    def __init__(self, *, cluster: str, node: str) -> None:
        self._identity = StoreIdentity(cluster, node, secrets.token_hex(8), 1)
        self._promised: dict[str, Ballot] = {}
        self._votes: dict[str, dict[int, Voted]] = {}
        self._rounds: dict[str, int] = {}
        self._known_chosen: dict[str, int] = {}
        self._learned: dict[str, list[Learned]] = {}
        self._ids: dict[str, dict[str, int]] = {}
        self._peers: dict[str, str] = {}

    @property
    def identity(self) -> StoreIdentity:
        return self._identity

    def write(self, records: Sequence[Record], *, sync: bool) -> None:
        for record in records:
            match record:
                case Promised():
                    self._promised[record.group] = record.ballot
                case Voted():
                    self._votes.setdefault(record.group, {})[record.slot] = record
                case RoundUsed():
                    self._rounds[record.group] = max(record.round, self._rounds.get(record.group, 0))
                case KnownChosen():
                    self._known_chosen[record.group] = max(record.chosen_through, self._known_chosen.get(record.group, 0))
                case Learned():
                    self._learn(record)
                case PeerStore():
                    if self._peers.setdefault(record.store, record.store_id) != record.store_id:
                        raise InvariantViolation(f"{record.store} has two ids")

    def _learn(self, record: Learned) -> None:
        log = self._learned.setdefault(record.group, [])
        if record.slot < len(log):
            if log[record.slot].value != record.value:
                raise InvariantViolation(f"{record.group}: two values for slot {record.slot}")
            return
        if record.slot > len(log):
            raise InvariantViolation(f"{record.group}: slot {record.slot} before {len(log)}")
        log.append(record)
        self._ids.setdefault(record.group, {}).update(record.new_ids)

    def acceptor_state(self, group: str) -> AcceptorState:
        through = self._known_chosen.get(group, 0)
        votes = self._votes.get(group, {})
        return AcceptorState(self._promised.get(group, ZERO), through, tuple(votes[slot] for slot in sorted(votes) if slot >= through))

    def votes(self, group: str, first_slot: int, last_slot: int, limit_bytes: int) -> list[Voted]:
        votes = self._votes.get(group, {})
        return _cut([votes[slot] for slot in sorted(votes) if first_slot <= slot <= last_slot], limit_bytes)

    def round_used(self, group: str) -> int:
        return self._rounds.get(group, 0)

    def learned(self, group: str, first_slot: int, limit_bytes: int) -> list[Learned]:
        return _cut(self._learned.get(group, [])[first_slot : first_slot + 4096], limit_bytes)

    def learned_at_revision(self, group: str, revision: int) -> Learned | None:
        found = [record for record in self._learned.get(group, []) if record.first_revision <= revision and record.command_count]
        return found[-1] if found else None

    def learned_end(self, group: str) -> tuple[int, int]:
        log = self._learned.get(group, [])
        return (len(log), log[-1].first_revision + log[-1].command_count) if log else (0, 1)

    def revision_of(self, group: str, command_id: str) -> int | None:
        return self._ids.get(group, {}).get(command_id)

    def peer_stores(self) -> dict[str, str]:
        return dict(self._peers)

    def close(self) -> None:
        pass


def _cut(records: list, limit_bytes: int) -> list:  # type: ignore[type-arg]
    """As many records as fit the limit, at least one."""
    size = 0
    for count, record in enumerate(records):
        size += len(record.value)
        if size > limit_bytes:
            return records[: max(1, count)]
    return records
