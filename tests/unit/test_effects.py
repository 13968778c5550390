"""Effects are values: they compare, they add up, and they cannot say that something is to be sent before it is written."""

from paxos.cues import Begin, Inspect
from paxos.effects import ACCEPTORS, NOTHING, Announcement, CancelTimer, Effects, Send, StartTimer, sending, telling, together
from paxos.messages import Prepare
from paxos.records import RoundUsed
from paxos.snapshots import SnapshotPart
from tests.unit.company import FIRST

PREPARE = Prepare(FIRST, 0)


def test_effects_with_the_same_content_are_equal() -> None:
    assert Effects(persist=(RoundUsed("log", 1),)) == Effects(persist=(RoundUsed("log", 1),))
    assert Effects(persist=(RoundUsed("log", 1),)) != Effects(persist=(RoundUsed("log", 2),))


def test_effects_add_up_in_order() -> None:
    first = Effects((RoundUsed("log", 1),), (Send("a", PREPARE),), (CancelTimer("t"),), (Begin(),), (Announcement("chosen", b"1"),))
    second = Effects((RoundUsed("log", 2),), (Send("b", PREPARE),), (StartTimer("t", 1.0),), (Inspect(),), (Announcement("chosen", b"2"),))
    assert first + second == Effects(
        (RoundUsed("log", 1), RoundUsed("log", 2)),
        (Send("a", PREPARE), Send("b", PREPARE)),
        (CancelTimer("t"), StartTimer("t", 1.0)),
        (Begin(), Inspect()),
        (Announcement("chosen", b"1"), Announcement("chosen", b"2")),
    )


def test_parts_of_a_snapshot_add_up_too() -> None:
    parts = [Effects(save=(SnapshotPart(1, number, b""),)) for number in range(2)]
    both = Effects(save=(SnapshotPart(1, 0, b""), SnapshotPart(1, 1, b"")))
    assert parts[0] + parts[1] == together(parts) == both


def test_nothing_adds_nothing() -> None:
    effects = sending(ACCEPTORS, PREPARE)
    assert NOTHING + effects is effects
    assert effects + NOTHING is effects
    assert Effects() == NOTHING + NOTHING


def test_sending_and_telling_are_effects_of_one_kind() -> None:
    assert sending(ACCEPTORS, PREPARE) == Effects(send=(Send(ACCEPTORS, PREPARE),))
    assert telling(Begin(), Inspect()) == Effects(tell=(Begin(), Inspect()))
