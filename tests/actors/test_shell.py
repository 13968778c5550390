"""The shell: what it hears in one drain is written once, and sent only after that; what it cannot take is counted and harmless."""

import pytest

from actors.acceptor import AcceptorActor
from actors.learner import LearnerActor
from actors.proposer import ProposerActor
from actors.storage.base import StorageError
from paxos.ballot import END_SLOT, Ballot
from paxos.batches import encode_batch
from paxos.codec import FRAME_BYTES, Codec, Envelope, Letter
from paxos.groups import LOG, decree_group
from paxos.messages import (
    Accept,
    Accepted,
    ChosenPage,
    Inquire,
    Nack,
    Prepare,
    Promise,
    Report,
    Submit,
    Vote,
    VotesPage,
)
from paxos.records import ADMITTED, Promised, Voted
from paxos.store_messages import Acquainted, Introduce
from paxos.values import Command, value_digest
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
    assert stage.said == [Accepted(BALLOT, 0, 2), Accepted(BALLOT, 0, 0, value_digest(b"y"))]


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


def test_votes_that_contradict_each_other_about_a_decree_are_complained_of_and_stop_nobody() -> None:
    stage = Stage(ProposerActor)
    group = decree_group("colour")
    submit = Submit((Command("a", b"1"),), 1, stage.storage.identity.incarnation)
    stage.put_letters("client", Letter(group, submit), target="n1/desk", store="")
    stage.drain()
    ballot = Ballot(1, "n1")
    for acceptor, value in (("n2", b"red"), ("n3", b"blue"), ("n3", b"blue")):
        vote = Vote(0, Ballot(0, "n2"), encode_batch(Ballot(0, "n2"), (Command("x", value),)))
        stage.put_letters(acceptor, Letter(group, Promise(ballot, 0, END_SLOT, (vote,))), target="n1/desk", store="acceptor")
    stage.drain()
    assert stage.refused == {"contradicted": 2}
    (complaint,) = [line for line in stage.lines if "refused" in line]
    assert complaint.endswith("refused: 'decree:colour': votes for two values at 0.n2: node n2 came back with an old log store")


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
