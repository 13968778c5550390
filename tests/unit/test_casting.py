"""Casting: every role of a cast is of the same group, on the same store, and knows its fellows."""

from collections.abc import Callable

import pytest

from actors.storage.memory import MemoryStorage
from paxos.acceptor import Acceptor
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.batches import decode_batch, encode_batch
from paxos.cast import Cast
from paxos.casting import acceptor_cast, learner_cast, proposer_cast
from paxos.cues import Chosen, Elected, Following, Knock, Lead, Propose
from paxos.effects import Effects, Send
from paxos.election import Witness
from paxos.groups import LOG, decree_group
from paxos.machines.kv_messages import KEY_VALUE, Get, Put, encode
from paxos.messages import (
    Accept,
    Accepted,
    Answer,
    AskChosen,
    Call,
    ChosenPage,
    Confirm,
    Confirmed,
    Decided,
    Heartbeat,
    LogPage,
    Outcome,
    OutcomeKind,
    Prepare,
    Probe,
    ProbeReply,
    Promise,
    Read,
    ReadLog,
    ResultKind,
    Results,
    Submit,
    Transfer,
)
from paxos.records import Learned, Promised, RoundUsed
from paxos.replica import Replica, ReplicaMessage
from paxos.settings import Settings
from paxos.succession_messages import Canvass, Ready
from paxos.values import Open, Operation
from tests.unit.company import BLUE, FIRST, RED, RIVAL, batch, company, empty_archive, end_drain

DECREE = decree_group("colour")


def persisted(effects: Effects) -> set[str]:
    """The groups of what is written."""
    return {record.group for record in effects.persist if isinstance(record, Promised | Learned | RoundUsed)}


@pytest.mark.parametrize("group", [LOG, DECREE])
def test_what_a_cast_writes_is_of_its_group(group: str) -> None:
    archive = empty_archive()
    assert persisted(acceptor_cast(company("a1"), group, archive).handle("p1", Prepare(FIRST, 0))) == {group}
    for cast in (learner_cast(company("l1"), group, archive), proposer_cast(company(), group, archive)):
        assert persisted(cast.handle("p1", Decided(FIRST, 0, batch(BLUE)))) == {group}
    assert persisted(proposer_cast(company(), group, archive).handle("p1", Lead(ZERO))) == {group}


@pytest.mark.parametrize("group", [LOG, DECREE])
def test_what_a_cast_tells_itself_comes_from_its_node(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []
    handle = Replica.handle

    def note(self: Replica, source: str, message: ReplicaMessage) -> Effects:
        sources.append(source)
        return handle(self, source, message)

    monkeypatch.setattr(Replica, "handle", note)
    for make in (proposer_cast, learner_cast):
        cast = make(company(), group, empty_archive())
        cast.handle("p2", Decided(RIVAL, 0, batch(BLUE)))
    assert sources == ["p1", "p1"]


def test_only_a_log_has_machines() -> None:
    found = {}
    for group in (LOG, DECREE):
        (replica,) = (role for role in proposer_cast(company(), group, empty_archive()).roles if isinstance(role, Replica))
        found[group] = list(replica.executor.machines)
    assert found == {LOG: [KEY_VALUE], DECREE: []}


def test_a_log_is_read_from_the_cast_that_learned_it() -> None:
    archive = empty_archive()
    cast = proposer_cast(company(), LOG, archive)
    effects = cast.handle("p1", Chosen(0, FIRST, batch(BLUE)))
    end_drain(archive, cast, effects)
    (send,) = cast.handle("c", ReadLog(1, 1, False)).send
    assert isinstance(send.message, LogPage)
    assert [entry.id for entry in send.message.entries] == [BLUE.id]


def lead(cast: Cast) -> None:
    """Have a proposer's cast lead the log at FIRST."""
    cast.handle("p1", Lead(ZERO))
    for acceptor in ("a1", "a2"):
        cast.handle(acceptor, Promise(FIRST, 0, END_SLOT, ()))


def choose(cast: Cast, slot: int) -> Effects:
    """Have acceptors vote for what the leader proposes."""
    effects = cast.flush()
    (accept,) = (send.message for send in effects.send if isinstance(send.message, Accept))
    assert accept.slot == slot
    for acceptor in ("a1", "a2"):
        effects += cast.handle(acceptor, Accepted(FIRST, slot, slot))
    return effects + cast.flush()


def test_an_operation_comes_in_at_the_desk_and_its_result_goes_back() -> None:
    cast = proposer_cast(company(), LOG, empty_archive())
    lead(cast)
    cast.handle("c", Call((Open("c", 7, 1000),), 1, 1))
    (opened,) = (send.message for send in choose(cast, 0).send if isinstance(send.message, Results))
    assert [result.kind for result in opened.results] == [ResultKind.OPENED]
    cast.handle("c", Call((Operation(1, 1, 0, KEY_VALUE, encode(Put("k", b"v"))),), 2, 1))
    (done,) = (send.message for send in choose(cast, 1).send if isinstance(send.message, Results))
    assert [result.kind for result in done.results] == [ResultKind.DONE]


def test_a_command_comes_in_at_the_intake_and_its_outcome_goes_back() -> None:
    cast = proposer_cast(company(), LOG, empty_archive())
    lead(cast)
    cast.handle("c", Submit((BLUE,), 1, 1))
    (done,) = (send.message for send in choose(cast, 0).send if isinstance(send.message, Outcome))
    assert done.kind is OutcomeKind.DONE


def test_a_log_has_a_witness_that_knows_its_settings_and_a_decree_has_none() -> None:
    cast = acceptor_cast(company("a1"), LOG, empty_archive())
    assert [type(role) for role in cast.roles] == [Acceptor, Witness]
    assert cast.handle("p1", Heartbeat(FIRST, 0)).timers
    assert [type(role) for role in acceptor_cast(company("a1"), DECREE, empty_archive()).roles] == [Acceptor]


def test_what_was_executed_before_is_known_after_a_restart() -> None:
    archive = empty_archive()
    cast = proposer_cast(company(), LOG, archive)
    end_drain(archive, cast, cast.handle("p1", Chosen(0, FIRST, batch(BLUE))))
    again = proposer_cast(company(), LOG, archive)
    again.handle("p1", Elected(FIRST, 1))
    again.handle("p1", Following("p1"))
    (send,) = again.handle("c", Submit((BLUE,), 1, 1)).send
    assert isinstance(send.message, Outcome)
    assert send.message.kind is OutcomeKind.DONE
    assert Propose((BLUE,)) not in again.handle("c", Submit((BLUE,), 2, 1)).tell


def restarted_archive(group: str = LOG, value: bytes = b"") -> MemoryStorage:
    """The store of a node that has executed slot 0 and then stopped."""
    archive = empty_archive()
    cast = learner_cast(company(), group, archive)
    end_drain(archive, cast, cast.handle("p1", Chosen(0, FIRST, value or batch(BLUE))))
    return archive


@pytest.mark.parametrize("make", [proposer_cast, learner_cast])
def test_a_question_is_answered_up_to_where_the_node_was_before_its_restart(make: Callable[..., Cast]) -> None:
    cast = make(company(), LOG, restarted_archive())
    (send,) = cast.handle("c", Read(5, KEY_VALUE, encode(Get("k")), fresh=False, from_slot=1)).send
    assert isinstance(send.message, Answer)
    assert (send.message.known, send.message.end_slot) == (True, 1)


@pytest.mark.parametrize("group", [LOG, DECREE])
@pytest.mark.parametrize("make", [proposer_cast, learner_cast])
def test_a_restarted_learner_tells_others_what_it_knew(make: Callable[..., Cast], group: str) -> None:
    cast = make(company(), group, restarted_archive(group))
    assert cast.handle("n8", AskChosen(0)).send == (Send("n8", ChosenPage(0, ((FIRST, batch(BLUE)),), 1)),)


def test_the_leaders_own_reader_waits_for_what_the_leader_has_proposed() -> None:
    cast = proposer_cast(company(), LOG, empty_archive())
    lead(cast)
    cast.handle("c", Submit((BLUE,), 1, 1))
    proposed = cast.flush()
    cast.handle("c", Read(5, KEY_VALUE, encode(Get("k")), fresh=True))
    (confirm,) = (send.message for send in cast.flush().send if isinstance(send.message, Confirm))
    confirmed = [cast.handle(acceptor, Confirmed(FIRST, confirm.number)) for acceptor in ("a1", "a2")]
    assert [effects.send for effects in confirmed] == [(), ()]
    assert any(isinstance(send.message, Accept) for send in proposed.send)
    answers = [cast.handle(acceptor, Accepted(FIRST, 0, 0)) for acceptor in ("a1", "a2")]
    assert [type(send.message) for send in answers[1].send if send.target == "c"] == [Outcome, Answer]


def test_the_logs_clock_goes_on_after_a_restart() -> None:
    archive = restarted_archive(value=encode_batch(FIRST, (BLUE,), stamp=5_000))
    cast = proposer_cast(company(), LOG, archive)
    ballot = Ballot(2, "p1")
    cast.handle("p1", Lead(FIRST))
    for acceptor in ("a1", "a2"):
        cast.handle(acceptor, Promise(ballot, 1, END_SLOT, ()))
    cast.handle("p1", Propose((RED,)))
    (accept,) = (send.message for send in cast.flush().send if isinstance(send.message, Accept))
    assert decode_batch(accept.value).stamp == 5_000


def test_a_leader_that_knows_from_before_its_restart_all_that_is_chosen_proposes_at_once() -> None:
    archive = empty_archive()
    cast = proposer_cast(company(), LOG, archive)
    for slot in range(2):
        end_drain(archive, cast, cast.handle("p1", Chosen(slot, FIRST, batch())))
    again = proposer_cast(company(), LOG, archive)
    again.handle("p1", Elected(FIRST, 2))
    assert Propose((BLUE,)) in again.handle("c", Submit((BLUE,), 1, 1)).tell


def test_what_is_refused_at_the_door_of_a_decree_names_the_decree() -> None:
    cast = proposer_cast(company(), DECREE, restarted_archive(DECREE))
    (said,) = cast.handle("p1", Knock(RED, eager=True)).announce
    assert b'"decree":"colour"' in said.payload


def test_an_heir_that_has_restarted_is_ready_where_it_knows_all_that_is_chosen() -> None:
    cast = proposer_cast(company(), LOG, restarted_archive())
    (probe,) = (send.message for send in cast.handle("p2", Canvass(RIVAL, 1)).send if isinstance(send.message, Probe))
    replies = [cast.handle(acceptor, ProbeReply(probe.number, True, RIVAL, 1)) for acceptor in ("a1", "a2")]
    assert replies[1].send == (Send("p2", Ready(RIVAL, 1)),)


def test_a_leader_that_hands_over_says_how_far_the_heir_has_to_be() -> None:
    cast = proposer_cast(company(), LOG, restarted_archive())
    cast.handle("p1", Elected(RIVAL, 1))
    assert cast.handle("c", Transfer("p2", 1, 1)).send == (Send("p2", Canvass(RIVAL, 1)),)


def test_a_log_is_saved_as_often_as_the_settings_say() -> None:
    for snapshot_bytes, is_saved in ((1, True), (1_000_000, False)):
        cast = learner_cast(company(settings=Settings(snapshot_bytes=snapshot_bytes)), LOG, empty_archive())
        assert bool(cast.handle("p1", Chosen(0, FIRST, batch(BLUE))).save) == is_saved


def test_a_witness_tells_the_priority_of_its_node() -> None:
    cast = acceptor_cast(company("a1", priority=3), LOG, empty_archive("a1"))
    assert cast.handle("p2", Probe(1)).send == (Send("p2", ProbeReply(1, False, ZERO, 0, 3)),)


def test_a_decree_that_was_only_learned_is_answered_in_the_same_drain_and_after_it() -> None:
    archive = empty_archive()
    cast = proposer_cast(company(), DECREE, archive)
    learned = cast.handle("p2", Decided(RIVAL, 0, batch(BLUE, ballot=RIVAL)))
    at_once = cast.handle("c", Submit((RED,), 1, 1))
    end_drain(archive, cast, learned + at_once)
    later = proposer_cast(company(), DECREE, archive)
    for effects in (at_once, later.handle("c", Submit((RED,), 1, 1))):
        (send,) = effects.send
        assert isinstance(send.message, Outcome)
        assert (send.message.kind, send.message.entries[0].id) == (OutcomeKind.DONE, BLUE.id)


def test_a_decree_that_was_learned_in_an_earlier_drain_is_answered_by_roles_that_come_later() -> None:
    archive = empty_archive()
    cast = proposer_cast(company(), DECREE, archive)
    end_drain(archive, cast, cast.handle("p2", Decided(RIVAL, 0, batch(BLUE, ballot=RIVAL))))
    (send,) = cast.handle("c", Submit((RED,), 1, 1)).send
    assert isinstance(send.message, Outcome)
    assert send.message.kind is OutcomeKind.DONE
    assert [type(role) for role in cast.roles] == [type(role) for role in proposer_cast(company(), DECREE, empty_archive()).roles]
