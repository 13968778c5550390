"""Peers: who speaks with another store than its node is remembered by is not heard, and is told."""

import pytest
from msgspec.structs import replace

from actors.base import RoleActor
from actors.learner import LearnerActor
from actors.peers import StrangerError
from actors.proposer import ProposerActor
from actors.storage.memory import MemoryStorage
from paxos.ballot import END_SLOT, Ballot
from paxos.batches import encode_batch
from paxos.codec import Envelope, Letter
from paxos.groups import LOG
from paxos.messages import (
    Accepted,
    Decided,
    Inquire,
    Prepare,
    Probe,
    Promise,
    Report,
    WireMessage,
)
from paxos.quorum import majority
from paxos.store_messages import Acquainted, Introduce, Stranger
from tests.actors.stage import CHANNELS, CODEC, FINGERPRINT, JournalStorage, Stage

BALLOT = Ballot(1, "n2")
ACCEPTORS_FROM_N2 = CHANNELS.outgoing("acceptors", "n2")


@pytest.fixture
def stage() -> Stage:
    """An acceptor on node n1."""
    return Stage()


def stranger_frame(incarnation: int = 1) -> bytes:
    """A frame of node n2 with a store that nobody knows."""
    return CODEC.encode(Envelope("demo", "n2", "log", "another", incarnation, 1, (Letter(LOG, Prepare(Ballot(9, "n2"), 0)),), FINGERPRINT))


@pytest.mark.parametrize("known_frames", [1, 300])
def test_a_node_that_lost_its_disk_is_not_heard_and_is_told(stage: Stage, known_frames: int) -> None:
    for round_ in range(1, known_frames + 1):
        stage.put("n2", Prepare(Ballot(round_, "n2"), 0))
    stage.drain()
    stage.journal.clear()
    stage.put_frame(ACCEPTORS_FROM_N2, stranger_frame())
    stage.drain()
    assert stage.said == [Stranger("log", "store-of-n2", "another")]
    assert stage.refused["stranger"] == 1


def test_what_an_acceptor_answers_is_for_the_store_that_asked_and_for_no_other_of_that_node(stage: Stage) -> None:
    stage.play("n2", Prepare(BALLOT, 0))
    channel, promise = stage.sent[-1]
    assert channel == CHANNELS.outgoing("n2/desk", "n1")
    assert promise.addressee == "store-of-n2"
    asker = Stage(ProposerActor, "n2")
    asker.put_frame(channel, CODEC.encode(promise))
    asker.drain()
    assert not asker.refused
    asker.put_frame(channel, CODEC.encode(replace(promise, sequence=promise.sequence + 1, addressee="the store before")))
    asker.drain()
    assert asker.refused == {"other store": 1}


def test_a_late_message_of_the_store_that_a_node_had_before_does_not_make_it_a_stranger_to_itself() -> None:
    stage = Stage(ProposerActor, "n1")
    former = Envelope("demo", "n1", "log", "the store before", 7, 1, (Letter(LOG, Inquire()),), FINGERPRINT)
    stage.put_frame(CHANNELS.outgoing("n1", "n1"), CODEC.encode(former))
    stage.drain()
    assert (stage.said, stage.refused) == ([], {"stranger": 1})
    stage.play("n1", Inquire(), target="n1")
    assert [type(message) for message in stage.said] == [Report]


def test_no_life_of_a_node_is_taken_for_another_whatever_became_of_its_disk() -> None:
    lives = [MemoryStorage("demo", "n1", store_id, boot_count).identity.incarnation for store_id in ("one", "two") for boot_count in (1, 2)]
    assert len(set(lives)) == 4
    assert all(0 < life < 2**62 for life in lives)


def test_a_store_is_remembered_over_restarts(stage: Stage) -> None:
    stage.play("n2", Prepare(BALLOT, 0))
    again = Stage(storage=stage.storage)
    again.put_frame(ACCEPTORS_FROM_N2, stranger_frame())
    again.drain()
    assert again.said == [Stranger("log", "store-of-n2", "another")]


ORIGINAL, EMPTY = "the-original", "an-empty-one"


def n2_frame(store: str, store_id: str, message: WireMessage, incarnation: int = 1, number: int = 1) -> bytes:
    """A frame of node n2 with one of two disks, each with a store of either kind."""
    letters = (Letter(LOG, message),)
    return CODEC.encode(Envelope("demo", "n2", store, f"{store}-{store_id}", incarnation, number, letters, FINGERPRINT))


@pytest.mark.parametrize("kind", [LearnerActor, ProposerActor])
@pytest.mark.parametrize(
    ("store", "early", "proving"),
    [("acceptor", Introduce(EMPTY), Accepted(BALLOT, 0, 0)), ("log", Prepare(BALLOT, 0), Decided(BALLOT, 0, encode_batch(BALLOT, ())))],
)
def test_an_empty_disk_that_was_shown_by_mistake_leaves_its_place_to_the_original(
    kind: type[RoleActor], store: str, early: WireMessage, proving: WireMessage
) -> None:
    stage = Stage(kind)
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame(store, EMPTY, early))
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame(store, ORIGINAL, proving))
    stage.drain()
    assert stage.refused["stranger"] == 0
    assert stage.storage.peer_stores()[f"n2/{store}"] == f"{store}-{ORIGINAL}"
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame(store, EMPTY, early, number=2))
    stage.drain()
    assert stage.refused["stranger"] == 1
    assert Stranger(store, f"{store}-{ORIGINAL}", f"{store}-{EMPTY}") in stage.said


def test_an_acceptor_that_wrote_down_an_empty_disk_answers_for_no_other_and_refuses_nothing_that_an_admitted_one_says(
    stage: Stage,
) -> None:
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("acceptor", EMPTY, Introduce(EMPTY)))
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("acceptor", ORIGINAL, Introduce(ORIGINAL)))
    stage.drain()
    assert stage.said == [Acquainted(EMPTY), Stranger("acceptor", EMPTY, ORIGINAL)]
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("acceptor", ORIGINAL, Accepted(BALLOT, 0, 0), number=2))
    stage.drain()
    assert stage.refused["stranger"] == 0
    assert stage.storage.peer_stores()["n2/acceptor"] == f"acceptor-{ORIGINAL}"


def test_an_acceptor_remembers_the_store_of_a_proposer_before_it_promises_it_anything_and_not_for_less(stage: Stage) -> None:
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("log", EMPTY, Probe(1)))
    stage.drain()
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("log", ORIGINAL, Prepare(BALLOT, 0)))
    stage.drain()
    assert stage.said[-1] == Promise(BALLOT, 0, END_SLOT, ())
    assert stage.storage.peer_stores()["n2/log"] == f"log-{ORIGINAL}"
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("log", EMPTY, Prepare(Ballot(9, "n2"), 0), number=2))
    stage.drain()
    assert stage.refused["stranger"] == 1


def test_what_a_disk_says_is_no_repetition_of_what_another_one_said() -> None:
    stage = Stage(LearnerActor)
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("acceptor", EMPTY, Introduce(EMPTY), incarnation=7))
    stage.put_frame(ACCEPTORS_FROM_N2, n2_frame("acceptor", ORIGINAL, Accepted(BALLOT, 0, 0), incarnation=2))
    stage.drain()
    assert stage.actor.report()["duplicates"] == 0


def test_a_proposer_that_few_acceptors_refuse_goes_on_and_says_so_once() -> None:
    stage = Stage(ProposerActor)
    for _ in range(3):
        # Neither a node that does not vote nor another one's fellow is an acceptor more.
        for source in ("n2", "x1"):
            stage.play(source, Stranger("log", "another", "store-of-n1"), target="n1")
    complaint = "n1 proposer had the log store another when n2 first heard it, this one is store-of-n1"
    assert stage.lines.count(complaint) == 1
    stage.put("n3", Stranger("log", "another", "store-of-n1"), target="n1")
    with pytest.raises(StrangerError, match="had the log store another when n3 first heard it"):
        stage.drain()


def test_a_node_that_is_told_it_is_a_stranger_stops(stage: Stage) -> None:
    stage.put("n2", Stranger("acceptor", "the-old-one", "store-of-n1"), target="n1")
    with pytest.raises(StrangerError, match="had the acceptor store the-old-one when n2 first heard it"):
        stage.drain()


def own_frame(stage: Stage, incarnation: int, number: int, target: str = "acceptors") -> tuple[str, bytes]:
    """What the node itself sent to the acceptors or to itself, or a copy of it."""
    envelope = Envelope("demo", stage.node, "log", "store-of-" + stage.node, incarnation, number, (Letter(LOG, Inquire()),), FINGERPRINT)
    return CHANNELS.outgoing(target, stage.node), CODEC.encode(envelope)


def test_its_own_words_of_this_life_and_of_former_ones_are_no_sign_of_a_copy() -> None:
    stage = Stage(ProposerActor, storage=JournalStorage("n1", [], boot_count=2))
    stage.put_frame(*own_frame(stage, 1, 99))
    stage.drain()
    assert stage.sent
    for channel, envelope in list(stage.sent):
        stage.put_frame(channel, CODEC.encode(envelope))
    stage.drain()
    assert not stage.failures


def test_its_own_words_are_no_sign_of_a_copy_when_very_many_clients_were_answered_since(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sequences._CHANNEL_COUNT", 3)
    stage = Stage(ProposerActor)
    for number in range(10):
        stage.play(f"c{number}", Inquire(), target="n1", store="")
    # What it asked itself when it began, which comes once more.
    stage.put_frame(*own_frame(stage, 1, 1, target="n1"))
    stage.drain()
    assert [type(message) for message in stage.said] == [Report] * 11


def test_a_copy_that_tells_learners_what_it_decided_is_found_out_although_its_words_wake_nobody() -> None:
    stage = Stage(ProposerActor)
    hear = stage.actor._deliver  # noqa: SLF001 - it is what the transport calls.
    channel, said_by_a_former_life = own_frame(stage, 0, 7, "learners")
    for payload in (b"rubbish", said_by_a_former_life, own_frame(stage, 2, 1, "learners")[1]):
        hear(channel, payload)
    assert list(stage.mailbox.take(10)) == []
    with pytest.raises(StrangerError, match="another process runs as node n1 with a copy of its log store"):
        stage.drain()


@pytest.mark.parametrize(("incarnation", "number"), [(1, 1000), (2, 1)])
def test_words_of_its_own_that_it_never_said_are_those_of_a_copy_of_its_store(incarnation: int, number: int) -> None:
    stage = Stage(ProposerActor)
    stage.put_frame(*own_frame(stage, incarnation, number))
    with pytest.raises(StrangerError, match="a copy of its log store"):
        stage.drain()


@pytest.mark.parametrize(
    "message",
    [Stranger("log", "old", "store-of-n1"), Stranger("acceptor", "old", "not-mine")],
    ids=["of the other actor", "of a former life"],
)
def test_a_node_that_is_told_of_another_stranger_goes_on(stage: Stage, message: Stranger) -> None:
    stage.play("n2", message, target="n1")
    stage.play("n2", Prepare(BALLOT, 0))
    assert stage.said == [Promise(BALLOT, 0, END_SLOT, ())]


def test_a_node_with_other_members_is_not_heard_since_their_majorities_need_not_meet(stage: Stage) -> None:
    other = majority(("n1", "n2", "n4")).fingerprint
    letters = (Letter(LOG, Prepare(Ballot(9, "n2"), 0)),)
    stage.put_frame(CHANNELS.outgoing("acceptors", "n2"), CODEC.encode(Envelope("demo", "n2", "log", "store-of-n2", 1, 1, letters, other)))
    stage.drain()
    assert stage.said == []
    assert stage.refused["other members"] == 1
    assert "n2 was given other members than n1,n2,n3" in stage.lines[-1]
