"""The shell: what it hears in one drain is written once, and sent only after that; what it cannot take is counted and harmless."""

import pytest
from msgspec.structs import replace

from actors.acceptor import AcceptorActor
from actors.base import RoleActor
from actors.learner import LearnerActor
from actors.peers import StrangerError
from actors.proposer import ProposerActor
from actors.storage.base import StorageError
from actors.storage.memory import MemoryStorage
from paxos.ballot import END_SLOT, Ballot
from paxos.batches import encode_batch
from paxos.codec import FRAME_BYTES, Codec, Envelope, Letter
from paxos.groups import LOG
from paxos.messages import (
    Accept,
    Accepted,
    ChosenPage,
    Inquire,
    Nack,
    Prepare,
    Probe,
    Promise,
    Report,
    Submit,
    Vote,
    VotesPage,
    WireMessage,
)
from paxos.quorum import majority
from paxos.records import ADMITTED, Promised, Voted
from paxos.store_messages import Acquainted, Introduce, Stranger
from paxos.values import Command
from tests.actors.stage import CHANNELS, CODEC, FINGERPRINT, JournalStorage, Stage
from transport.base import TransportError

BALLOT = Ballot(1, "n2")


@pytest.fixture
def stage() -> Stage:
    """An acceptor on node n1."""
    return Stage()


# ---- write, then send ------------------------------------------------------------------------------------------------------------


def test_it_writes_before_it_sends(stage: Stage) -> None:
    stage.play("n2", Prepare(BALLOT, 0))
    assert stage.acts == ["write", "publish"]
    assert stage.writes == [(Promised(LOG, BALLOT),)]
    assert stage.said == [Promise(BALLOT, 0, END_SLOT, ())]


def test_what_others_will_rely_on_is_synced_and_what_a_quorum_has_on_disk_is_not(stage: Stage) -> None:
    stage.play("n2", Accept(BALLOT, 0, b"v", 0))
    assert stage.storage.syncs == [True]
    learner = Stage(LearnerActor)
    for slot in (0, 1):
        learner.play("n2", ChosenPage(slot, ((BALLOT, encode_batch(BALLOT, ())),), slot + 1), target="n1")
    assert learner.storage.syncs == [False, False]


def test_one_drain_is_one_write_however_much_it_heard(stage: Stage) -> None:
    stage.put("n2", Accept(BALLOT, 0, b"v", 0), Accept(BALLOT, 1, b"w", 0))
    stage.put("n2", Accept(BALLOT, 2, b"x", 0))
    stage.put("n2", Accept(BALLOT, 0, b"y", 0), group="decree:colour")
    stage.drain()
    assert stage.acts == ["write", "publish"]
    assert len([record for record in stage.writes[0] if isinstance(record, Voted)]) == 4
    assert stage.said == [Accepted(BALLOT, 0, 2), Accepted(BALLOT, 0, 0)]


def test_what_needs_no_write_is_sent_without_one(stage: Stage) -> None:
    stage.play("n2", Prepare(Ballot(9, "n2"), 0))
    stage.journal.clear()
    stage.play("n3", Prepare(Ballot(1, "n3"), 0), target="acceptors")
    assert stage.acts == ["publish"]
    assert stage.said == [Nack(Ballot(1, "n3"), Ballot(9, "n2"))]


def test_nothing_is_sent_when_the_write_fails(stage: Stage) -> None:
    stage.storage.fails = True
    stage.put("n2", Prepare(BALLOT, 0))
    with pytest.raises(StorageError):
        stage.drain()
    assert stage.journal == []


def test_a_message_that_cannot_be_published_is_lost_like_any_message_may_be(stage: Stage) -> None:
    stage.transport.is_down = True
    stage.play("n2", Prepare(BALLOT, 0))
    assert stage.acts == ["write"]
    assert stage.refused["publish failed"] == 1


def test_an_actor_that_comes_back_remembers(stage: Stage) -> None:
    stage.play("n2", Accept(BALLOT, 0, b"v", 0))
    again = Stage(storage=stage.storage)
    again.play("n3", Prepare(Ballot(2, "n3"), 0))
    (promise,) = again.said
    assert isinstance(promise, Promise)
    assert [vote.value for vote in promise.votes] == [b"v"]


def test_a_promise_outlives_a_drain_of_more_groups_than_are_kept_in_memory(stage: Stage) -> None:
    crowd = [f"decree:{number}" for number in range(5000)]
    stage.put_letters("n2", *(Letter(group, Prepare(Ballot(9, "n2"), 0)) for group in crowd))
    stage.put("n3", Prepare(Ballot(3, "n3"), 0), Accept(Ballot(3, "n3"), 0, b"late", 0), group=crowd[-1])
    stage.drain()
    assert stage.storage.acceptor_state(crowd[-1]).promised == Ballot(9, "n2")
    assert stage.said[-2:] == [Nack(Ballot(3, "n3"), Ballot(9, "n2"))] * 2


def test_frames_are_numbered_by_channel_and_name_their_sender_and_its_store(stage: Stage) -> None:
    for round_ in (1, 2):
        stage.play("n2", Prepare(Ballot(round_, "n2"), 0))
    stage.play("n3", Prepare(Ballot(3, "n3"), 0))
    assert [(channel, envelope.sequence) for channel, envelope in stage.sent] == [
        (CHANNELS.outgoing("n2/desk", "n1"), 1),
        (CHANNELS.outgoing("n2/desk", "n1"), 2),
        (CHANNELS.outgoing("n3/desk", "n1"), 1),
    ]
    (_, envelope), *_ = stage.sent
    assert (envelope.source, envelope.store, envelope.store_id, envelope.incarnation) == ("n1", "acceptor", "store-of-n1", 1)


def test_large_answers_travel_in_several_frames_of_moderate_size(stage: Stage) -> None:
    for slot in range(4):
        stage.play("n2", Accept(BALLOT, slot, b"x" * 200_000, 0))
    stage.journal.clear()
    stage.put("n3", Prepare(Ballot(2, "n3"), 0), Prepare(Ballot(2, "n3"), 1), Prepare(Ballot(2, "n3"), 2))
    stage.drain()
    assert [len(envelope.letters) for _, envelope in stage.sent] == [1, 1, 1]


@pytest.mark.parametrize("group", [LOG, "decree:colour"])
def test_an_acceptor_on_an_empty_disk_is_silent_until_others_know_it(group: str) -> None:
    stage = Stage(storage=JournalStorage("n1", [], is_admitted=False))
    assert stage.lines == ["n1 acceptor waits to be admitted by 2 of n2,n3"]
    stage.play("n2", Prepare(BALLOT, 0), group=group)
    assert stage.journal == []
    assert stage.actor.report()["admitted"] is False
    for other in ("n2", "n3"):
        stage.play(other, Acquainted("store-of-n1"), target="n1", store="acceptor")
    assert stage.actor.report()["admitted"] is True
    assert stage.storage.peer_stores()[ADMITTED] == "store-of-n1"
    stage.play("n2", Prepare(BALLOT, 0), group=group)
    assert stage.said == [Promise(BALLOT, 0, END_SLOT, ())]
    again = Stage(storage=JournalStorage("n1", []))
    assert again.lines == []


def test_an_acceptor_introduces_itself_at_its_first_start_and_tells_another_that_it_is_written_down() -> None:
    stage = Stage(storage=JournalStorage("n1", [], is_admitted=False))
    stage.play("n2", Introduce("store-of-n2"), store="acceptor")
    assert stage.storage.peer_stores()["n2/introduced"] == "store-of-n2"
    assert stage.said == [Acquainted("store-of-n2"), Introduce("store-of-n1")]


# ---- what it cannot take ---------------------------------------------------------------------------------------------------------

ACCEPTORS_FROM_N2 = CHANNELS.outgoing("acceptors", "n2")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "not a frame"),
        (b"PING", "not a frame"),
        (b"rp\x03\x00\xc0", "undecodable"),
        (b"rp\x01\x00\x90", "wire version"),
        (b"rp\x03\x01" + bytes(40), "signature"),
        (bytes(FRAME_BYTES + 1), "too large"),
        (Codec("other").encode(Envelope("other", "n2", "log", "s", 1, 1, ())), "other cluster"),
        (CODEC.encode(Envelope("demo", "n3", "log", "s", 1, 1, (Letter(LOG, Prepare(Ballot(9, "n3"), 0)),))), "forged"),
        (CODEC.encode(Envelope("demo", "n2", "", "", 1, 1, (Letter(LOG, Prepare(Ballot(9, "n2"), 0)),))), "forged"),
    ],
    ids=["empty", "text", "body", "version", "signed", "huge", "cluster", "sender", "member without a store"],
)
def test_what_cannot_be_taken_is_counted_said_once_and_harmless(stage: Stage, payload: bytes, kind: str) -> None:
    for _ in range(3):
        stage.put_frame(ACCEPTORS_FROM_N2, payload)
    stage.put("n2", Prepare(BALLOT, 0))
    stage.drain()
    assert stage.refused == {kind: 3}
    assert len([line for line in stage.lines if "refused" in line]) == 1
    assert stage.said == [Promise(BALLOT, 0, END_SLOT, ())]


def test_a_frame_that_arrives_twice_is_heard_once(stage: Stage) -> None:
    frame = stage.frame("n2", Prepare(BALLOT, 0))
    for _ in range(3):
        stage.put_frame(ACCEPTORS_FROM_N2, frame)
    stage.drain()
    assert stage.said == [Promise(BALLOT, 0, END_SLOT, ())]
    assert stage.actor.report()["duplicates"] == 2


def test_two_actors_of_one_node_are_told_apart_by_their_stores(stage: Stage) -> None:
    for store in ("log", "acceptor"):
        frame = CODEC.encode(Envelope("demo", "n2", store, f"{store}-of-n2", 1, 1, (Letter(LOG, Prepare(BALLOT, 0)),), FINGERPRINT))
        stage.put_frame(ACCEPTORS_FROM_N2, frame)
    stage.drain()
    assert len(stage.said) == 2


def test_frames_out_of_order_are_all_heard_and_leave_no_gap(stage: Stage) -> None:
    frames = [stage.frame("n2", Prepare(Ballot(round_, "n2"), 0)) for round_ in (1, 2, 3)]
    for index in (0, 2, 1):
        stage.put_frame(ACCEPTORS_FROM_N2, frames[index])
    stage.drain()
    assert len(stage.said) == 3
    assert stage.actor.report()["gaps"] == 0


# ---- strangers -------------------------------------------------------------------------------------------------------------------


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
    [("acceptor", Introduce(EMPTY), Accepted(BALLOT, 0, 0)), ("log", Prepare(BALLOT, 0), Accept(BALLOT, 0, b"v", 0))],
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


# ---- what is heard and told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "audiences"),
    [
        (AcceptorActor, ["acceptors", "everyone", "n1"]),
        (LearnerActor, ["everyone", "learners", "n1", "n1/desk"]),
        (ProposerActor, ["everyone", "learners", "n1", "n1/desk", "proposers"]),
    ],
)
def test_each_actor_hears_its_audiences_and_itself(kind: type[AcceptorActor], audiences: list[str]) -> None:
    heard = Stage(kind).transport.subscriptions
    assert {channel for channel in heard if ":from:" in channel} == {CHANNELS.incoming(audience) for audience in audiences}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [(AcceptorActor, {"promised", "chosen_through"}), (LearnerActor, {"slot", "revision"}), (ProposerActor, {"phase", "leader", "round"})],
)
def test_every_actor_reports_how_it_is(kind: type[AcceptorActor], fields: set[str]) -> None:
    stage = Stage(kind)
    stage.play("c1", Inquire(), store="")
    (report,) = stage.said
    assert isinstance(report, Report)
    assert fields <= stage.actor.report().keys()


def test_a_subscriber_that_hears_a_frame_only_leaves_it_in_the_mailbox(stage: Stage) -> None:
    deliver = stage.transport.subscriptions[CHANNELS.incoming("acceptors")]
    deliver(ACCEPTORS_FROM_N2, stage.frame("n2", Prepare(BALLOT, 0)))
    assert stage.journal == []
    stage.drain()
    assert stage.acts == ["write", "publish"]


def test_an_actor_that_cannot_start_tells_its_node() -> None:
    class Refused(AcceptorActor):
        def subscribe(self) -> None:
            raise TransportError("no permission to subscribe")

    stage = Stage()
    with pytest.raises(TransportError):
        Refused(stage.wiring).on_start()
    assert [str(failure) for failure in stage.failures] == ["no permission to subscribe"]


def test_thousands_of_groups_are_played_by_turns_and_none_forgets() -> None:
    stage = Stage()
    for number in range(4200):
        stage.put("n2", Prepare(BALLOT, 0), group=f"decree:{number}")
    stage.drain()
    stage.play("n3", Prepare(Ballot(0, "n3"), 0), group="decree:0")
    assert stage.actor.report()["groups"] <= 4096
    assert stage.said[-1] == Nack(Ballot(0, "n3"), BALLOT)


def test_a_group_that_waits_for_something_is_not_let_go_of() -> None:
    stage = Stage(ProposerActor)
    submit = Submit((Command("id", b"1"),), 1, stage.storage.identity.incarnation)
    stage.play("c1", submit, target="n1", group="decree:busy", store="")
    for number in range(4200):
        stage.put("n2", Nack(BALLOT, BALLOT), target="n1", group=f"decree:{number}", store="acceptor")
    stage.drain()
    assert stage.actor.report()["groups"] <= 4096
    for acceptor in ("n2", "n3"):
        stage.play(acceptor, Promise(Ballot(1, "n1"), 0, END_SLOT, ()), target="n1", group="decree:busy", store="acceptor")
    assert isinstance(stage.said[-1], Accept)


def test_a_store_is_closed_when_the_actor_stops(stage: Stage) -> None:
    stage.actor.on_stop()
    assert isinstance(stage.storage, JournalStorage)
    assert stage.storage.closed


def test_a_node_with_other_members_is_not_heard_since_their_majorities_need_not_meet(stage: Stage) -> None:
    other = majority(("n1", "n2", "n4")).fingerprint
    letters = (Letter(LOG, Prepare(Ballot(9, "n2"), 0)),)
    stage.put_frame(CHANNELS.outgoing("acceptors", "n2"), CODEC.encode(Envelope("demo", "n2", "log", "store-of-n2", 1, 1, letters, other)))
    stage.drain()
    assert stage.said == []
    assert stage.refused["other members"] == 1
    assert "n2 was given other members than n1,n2,n3" in stage.lines[-1]


def test_a_vote_that_is_delivered_twice_convinces_nobody() -> None:
    stage = Stage(LearnerActor)
    vote = stage.frame("n3", VotesPage((Vote(0, BALLOT, encode_batch(BALLOT, ())),)), target="learners", store="acceptor")
    for _ in range(2):
        stage.put_frame(CHANNELS.outgoing("learners", "n3"), vote)
    stage.drain()
    assert stage.storage.learned_end(LOG) == (0, 1)


def test_a_promise_that_is_delivered_twice_elects_nobody() -> None:
    stage = Stage(ProposerActor)
    submit = Submit((Command("id", b"1"),), 1, stage.storage.identity.incarnation)
    stage.play("c1", submit, target="n1", group="decree:colour", store="")
    assert any(isinstance(message, Prepare) for message in stage.said)
    promise = stage.frame("n3", Promise(Ballot(1, "n1"), 0, END_SLOT, ()), target="n1", group="decree:colour", store="acceptor")
    for _ in range(2):
        stage.put_frame(CHANNELS.outgoing("n1", "n3"), promise)
    stage.drain()
    assert not any(isinstance(message, Accept) for message in stage.said)
