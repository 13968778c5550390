"""What a role may read back of what its node has written: the read-only side of storage, as the pure core sees it."""

from typing import Protocol

from msgspec import Struct

from paxos.ballot import Ballot
from paxos.records import Learned, Voted
from paxos.snapshots import Shelf


class AcceptorState(Struct, frozen=True):
    """What an acceptor must remember of a group."""

    promised: Ballot
    chosen_through: int
    # In slot order; only slots at or above `chosen_through`.
    votes: tuple[Voted, ...]


class Identity(Protocol):
    """Which store it is."""

    @property
    def store_id(self) -> str: ...


class Archive(Protocol):
    """Reads that are a function of what was written, last drain included; actors/storage/base.py describes each."""

    @property
    def identity(self) -> Identity: ...

    @property
    def shelf(self) -> Shelf: ...

    def acceptor_state(self, group: str) -> AcceptorState: ...

    def votes(self, group: str, first_slot: int, last_slot: int, limit_bytes: int) -> list[Voted]: ...

    def round_used(self, group: str) -> int: ...

    def learned(self, group: str, first_slot: int, limit_bytes: int) -> list[Learned]: ...

    def learned_at_revision(self, group: str, revision: int) -> Learned | None: ...

    def learned_end(self, group: str) -> tuple[int, int]: ...

    def revision_of(self, group: str, command_id: str) -> int | None: ...

    def peer_stores(self) -> dict[str, str]: ...
