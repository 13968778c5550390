"""Records for the tests of storage, and everything that a store can be asked about them."""

from typing import Any

from actors.storage.base import Storage
from paxos.ballot import Ballot
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted

PAGE = 1 << 40
"""A limit that nothing reaches."""


def ballot(number: int) -> Ballot:
    """A ballot of node n1."""
    return Ballot(number, "n1")


def vote(slot: int, value: bytes = b"v", *, group: str = "log", at: int = 1) -> Voted:
    """A vote at ballot (at, n1)."""
    return Voted(group, slot, ballot(at), value)


def learned(slot: int, first_revision: int, *ids: str, group: str = "log", value: bytes | None = None) -> Learned:
    """A slot whose commands have these ids and were all executed for the first time."""
    new_ids = tuple((name, first_revision + index) for index, name in enumerate(ids))
    return Learned(group, slot, ballot(1), b"value %d" % slot if value is None else value, first_revision, len(ids), new_ids)


def bare(record: Learned) -> Learned:
    """As it is read back."""
    return Learned(record.group, record.slot, record.ballot, record.value, record.first_revision, record.command_count, ())


def some_of_each(number: int) -> list[Record]:
    """One record of each type in two groups, with values of very different sizes."""
    value = b"%d" % number * (number % 5) ** 5
    records: list[Record] = [PeerStore(f"n{number}/log", f"{number:032x}")]
    for group in ("log", "decree/Grüße"):
        records += [
            Promised(group, ballot(number)),
            vote(number, value, group=group, at=number),
            RoundUsed(group, number),
            KnownChosen(group, number // 2),
            learned(number, 1 + number, f"id {number}", group=group, value=value),
        ]
    return records


def contents(store: Storage, groups: tuple[str, ...] = ("log", "decree/Grüße", "unknown"), ids: int = 24) -> list[Any]:
    """Every answer of a store about these groups."""
    answers: list[Any] = [store.peer_stores()]
    for group in groups:
        answers += [store.acceptor_state(group), store.votes(group, 0, PAGE, PAGE), store.round_used(group)]
        answers += [store.learned(group, 0, PAGE), store.learned_end(group)]
        answers += [store.learned_at_revision(group, revision) for revision in range(ids)]
        answers += [store.revision_of(group, f"id {number}") for number in range(ids)]
    return answers
