"""Snapshots: what is whole and as it was written is believed, and nothing else is."""

from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.snapshots import PART_BYTES, Saver, SnapshotPart, Verdict, examine, in_parts, origin_of

ORIGIN = origin_of("store-1", ("kv", "votes"))
SEAL = msgspec.msgpack.encode(["store-1", ["kv", "votes"]])


@dataclass
class Saved:
    """A snapshot of slot 7 and what is done to it."""

    parts: list[SnapshotPart]

    def complaint(self, end_slot: int = 7) -> str:
        """What is found wrong with it."""
        verdict = examine(self.parts, end_slot, ORIGIN)
        assert (verdict.slot == 0) == bool(verdict.complaint)
        return verdict.complaint


def saved(*contents: bytes) -> Saved:
    """The parts that a saver hands out."""
    saver = Saver(7, iter(contents), ORIGIN)
    parts = []
    while not saver.is_done:
        parts.append(saver.next_part())
    return Saved(parts)


def test_a_snapshot_comes_in_numbered_parts_of_which_the_last_seals_all() -> None:
    parts = saved(b"a", b"bc").parts
    assert [(part.slot, part.number, part.content, bool(part.digest)) for part in parts] == [
        (7, 0, b"a", False),
        (7, 1, b"bc", False),
        (7, 2, SEAL, True),
    ]
    assert examine(parts, 7, ORIGIN) == Verdict(7, 3 + len(SEAL))
    assert examine(parts, 7, origin_of("store-1", ("votes", "kv"))) == Verdict(7, 3 + len(SEAL)), "in whatever order they are given"


def test_a_saver_counts_what_whoever_reads_it_will_count() -> None:
    saver = Saver(7, iter((b"a", b"bc")), ORIGIN)
    parts = [saver.next_part() for _ in range(3)]
    assert saver.saved_bytes == examine(parts, 7, ORIGIN).saved_bytes


def test_where_there_is_no_snapshot_there_is_nothing_to_complain_of() -> None:
    assert examine([], 7, ORIGIN) == Verdict()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_snapshot_without_one_of_its_parts_is_not_believed(position: int) -> None:
    snapshot = saved(b"a", b"b")
    del snapshot.parts[position]
    assert "missing" in snapshot.complaint() or "breaks off" in snapshot.complaint()


def test_a_snapshot_with_parts_of_another_is_not_believed() -> None:
    snapshot = saved(b"a", b"b")
    snapshot.parts[1] = SnapshotPart(6, 1, b"b")
    assert "part 1 of the snapshot is missing" in snapshot.complaint()
    snapshot = saved(b"a")
    snapshot.parts.append(SnapshotPart(7, 2, b"b"))
    assert "part 2 of the snapshot is missing" in snapshot.complaint()


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=4), st.data())
def test_a_snapshot_with_a_changed_byte_is_not_believed(contents: list[bytes], data: st.DataObject) -> None:
    snapshot = saved(*contents, b"x")
    number = data.draw(st.sampled_from([number for number, part in enumerate(snapshot.parts) if part.content]))
    part = snapshot.parts[number]
    place = data.draw(st.integers(0, len(part.content) - 1))
    changed = bytes(byte ^ (index == place) for index, byte in enumerate(part.content))
    snapshot.parts[number] = SnapshotPart(7, number, changed, part.digest)
    assert "digest" in snapshot.complaint()


def test_a_snapshot_of_slots_that_the_log_has_lost_is_not_believed() -> None:
    assert saved(b"a").complaint(6) == "the snapshot is of slot 7, and the log ends at 6"


@pytest.mark.parametrize("machines", [("kv",), ("kv", "votes", "locks"), ("kv", "polls"), ()], ids=" ".join)
def test_a_snapshot_of_other_machines_is_not_believed(machines: tuple[str, ...]) -> None:
    verdict = examine(saved(b"a").parts, 7, origin_of("store-1", machines))
    assert verdict.slot == 0
    assert "the snapshot is of the machines kv, votes, this node has " + ", ".join(sorted(machines)) in verdict.complaint


def test_a_snapshot_that_another_store_has_left_behind_is_not_believed() -> None:
    verdict = examine(saved(b"a").parts, 7, origin_of("store-2", ORIGIN.machines))
    assert verdict == Verdict(complaint="the snapshot is of store store-1, this one is store-2: the whole log is executed again")


def test_values_are_told_in_lists_of_about_a_parts_size() -> None:
    assert [len(part) for part in in_parts([b"x" * 10] * 3, [PART_BYTES // 2] * 3)] == [25, 13]
    assert list(in_parts([], [])) == []
