"""The log's intake: each request ends as done, not done or unknown, and the three are never confused."""

import pytest

from actors.storage.memory import MemoryStorage
from paxos.cues import Begin, Chosen, Deposed, Elected, Executed, Expired, Following, Propose, Withdraw, Withdrawn
from paxos.effects import NOTHING, Effects, Send, StartTimer, sending, telling
from paxos.groups import LOG
from paxos.intake import NO_QUORUM, SWEEP, Intake
from paxos.messages import Locate, Located, Outcome, OutcomeKind, Submit
from paxos.replica import Replica
from paxos.settings import Settings
from paxos.values import Command, Entry
from tests.unit.company import BLUE, FIRST, MEMBERS, RED, RIVAL, SETTINGS, batch, company, empty_archive, end_drain

SWEEPING = Effects(timers=(StartTimer(SWEEP, SETTINGS.patience_seconds / 4),))
BLUE_ENTRY = Entry(1, 0, FIRST, BLUE.id, BLUE.value)


def new_intake(archive: MemoryStorage | None = None, settings: Settings = SETTINGS) -> Intake:
    """An intake of node p1 that knows of no leader."""
    return Intake(LOG, company(settings=settings), archive or empty_archive())


def leading(archive: MemoryStorage | None = None, settings: Settings = SETTINGS) -> Intake:
    """An intake whose node leads."""
    intake = new_intake(archive, settings)
    intake.handle("p1", Elected(FIRST, 0))
    intake.handle("p1", Following("p1"))
    return intake


def following() -> Intake:
    """An intake whose node follows p2."""
    intake = new_intake()
    intake.handle("p1", Following("p2"))
    return intake


def with_blue_executed() -> MemoryStorage:
    """An archive whose log begins with BLUE."""
    archive = empty_archive()
    replica = Replica(LOG, archive)
    end_drain(archive, replica, replica.handle("p1", Chosen(0, FIRST, batch(BLUE))))
    return archive


def submit(*commands: Command, attempt: int = 1, incarnation: int = 1) -> Submit:
    """A client's commands for this life of the node."""
    return Submit(commands, attempt, incarnation)


def outcome(kind: OutcomeKind, reason: str, *attempts: int, command: Command = BLUE, leader: str = "") -> Outcome:
    """An outcome without an entry, of the first attempt unless told otherwise."""
    return Outcome(command.id, kind, (), reason, leader, attempts or (1,))


def done(*attempts: int, leader: str = "p1") -> Outcome:
    """The outcome of BLUE."""
    return Outcome(BLUE.id, OutcomeKind.DONE, (BLUE_ENTRY,), "", leader, attempts or (1,))


def sweeps(intake: Intake, count: int) -> Effects:
    """What so many sweeps bring about."""
    effects = NOTHING
    for _ in range(count):
        effects += intake.handle("p1", Expired(SWEEP))
    return effects


# ---- arrivals --------------------------------------------------------------------------------------------------------------------


def test_a_leader_hands_over_at_once_and_watches_the_time() -> None:
    assert leading().handle("c1", submit(BLUE, RED)) == telling(Propose((BLUE, RED))) + SWEEPING


def test_a_leader_hands_nothing_over_before_it_has_executed_what_former_leaders_did() -> None:
    intake = new_intake()
    intake.handle("p1", Elected(FIRST, 2))
    assert intake.handle("c1", submit(BLUE)) == SWEEPING
    assert intake.handle("p1", Executed(0, FIRST, (), ())) == NOTHING
    assert intake.handle("p1", Executed(1, FIRST, (), ())) == telling(Propose((BLUE,)))


def test_what_waited_is_handed_over_on_election() -> None:
    intake = new_intake()
    assert intake.handle("c1", submit(BLUE)) == SWEEPING
    assert intake.handle("p1", Elected(FIRST, 0)) == telling(Propose((BLUE,)))


def test_a_command_that_is_executed_is_answered_to_everyone_who_asked_for_it() -> None:
    intake = leading()
    intake.handle("c1", submit(BLUE))
    assert intake.handle("c2", submit(BLUE, attempt=7)) == NOTHING
    assert intake.handle("c1", submit(BLUE, attempt=2)) == NOTHING
    assert intake.handle("p1", Executed(0, FIRST, (BLUE_ENTRY,), ())) == Effects(send=(Send("c1", done(1, 2)), Send("c2", done(7))))
    assert intake.handle("p1", Executed(1, FIRST, (BLUE_ENTRY,), ())) == NOTHING


def test_a_command_executed_before_is_done_and_not_proposed_again() -> None:
    assert leading(with_blue_executed()).handle("c1", submit(BLUE)) == sending("c1", done())


def test_a_client_at_a_follower_is_sent_to_the_leader() -> None:
    redirect = outcome(OutcomeKind.REDIRECT, "another node leads", leader="p2")
    assert following().handle("c1", submit(BLUE)) == sending("c1", redirect)


def test_clients_that_wait_are_sent_on_when_somebody_leads() -> None:
    intake = new_intake()
    intake.handle("c1", submit(BLUE))
    assert intake.handle("p1", Following("")) == NOTHING
    redirect = outcome(OutcomeKind.REDIRECT, "another node leads", leader="p2")
    assert intake.handle("p1", Following("p2")) == sending("c1", redirect)


def test_an_outcome_names_the_attempts_that_it_answers() -> None:
    intake = new_intake()
    intake.handle("c1", submit(BLUE, attempt=1))
    intake.handle("c1", submit(BLUE, attempt=2))
    intake.handle("c2", submit(BLUE, attempt=1))
    (first, second) = intake.handle("p1", Following("p2")).send
    assert (first.target, second.target) == ("c1", "c2")
    assert first.message == outcome(OutcomeKind.REDIRECT, "another node leads", 1, 2, leader="p2")


def test_what_is_meant_for_another_life_of_the_node_is_left_unanswered() -> None:
    assert leading().handle("c1", submit(BLUE, incarnation=2)) == NOTHING


def test_a_clients_command_needs_an_id() -> None:
    nameless = Command("", b"1")
    rejected = outcome(OutcomeKind.REJECTED, "a client's command needs an id", command=nameless, leader="p1")
    assert leading().handle("c1", submit(nameless)) == sending("c1", rejected)


def test_an_id_that_is_too_long_is_rejected_since_it_travels_with_the_value_for_ever() -> None:
    long = Command("i" * 129, b"1")
    rejected = outcome(OutcomeKind.REJECTED, "id: it has 129 characters, at most 128 are allowed", command=long, leader="p1")
    assert leading().handle("c1", submit(long)) == sending("c1", rejected)


def test_a_value_that_is_too_large_is_rejected_with_its_size() -> None:
    intake = leading(settings=Settings(value_bytes=3))
    rejected = outcome(OutcomeKind.REJECTED, "the value has 6 bytes, at most 3 are allowed", leader="p1")
    assert intake.handle("c1", submit(BLUE)) == sending("c1", rejected)


def test_what_a_leader_with_a_higher_limit_had_executed_is_done_whatever_its_size() -> None:
    intake = leading(with_blue_executed(), settings=Settings(value_bytes=3))
    assert intake.handle("c1", submit(BLUE)) == sending("c1", done())


def test_what_does_not_fit_the_waiting_room_is_not_done() -> None:
    intake = leading(settings=Settings(waiting_bytes=256 + 8))
    overloaded = outcome(OutcomeKind.NOT_DONE, "overloaded, try later", command=RED, leader="p1")
    effects = intake.handle("c1", submit(BLUE, RED))
    assert effects.send == (Send("c1", overloaded),)
    intake.handle("p1", Executed(0, FIRST, (BLUE_ENTRY,), ()))
    assert intake.handle("c1", submit(RED)).tell == (Propose((RED,)),)


def test_a_value_that_is_not_json_is_rejected_whoever_wrote_the_client() -> None:
    (send,) = leading().handle("c1", submit(Command("x", b"Hello, Paxos!"))).send
    assert isinstance(send.message, Outcome)
    assert (send.message.kind, send.message.reason[:16]) == (OutcomeKind.REJECTED, "value: not JSON:")


@pytest.mark.parametrize("value", [b"null", b"0", b"false", b'""', b"[]"])
def test_any_json_is_a_value(value: bytes) -> None:
    command = Command("any", value)
    assert leading().handle("c1", submit(command)).tell == (Propose((command,)),)


def test_anybody_is_told_who_leads() -> None:
    assert new_intake().handle("c1", Locate()) == sending("c1", Located("", 1, MEMBERS))
    assert following().handle("c1", Locate()) == sending("c1", Located("p2", 1, MEMBERS))


def test_nothing_begins_by_itself() -> None:
    assert new_intake().handle("p1", Begin()) == NOTHING
    assert new_intake().handle("p1", Expired("retry")) == NOTHING


# ---- losing office ---------------------------------------------------------------------------------------------------------------


def test_what_may_be_in_an_accept_is_unknown_when_the_leader_is_deposed() -> None:
    intake = leading()
    intake.handle("c1", submit(BLUE))
    assert intake.handle("p1", Deposed(RIVAL)) == sending("c1", outcome(OutcomeKind.UNKNOWN, "the leader changed", leader="p1"))


def test_what_was_withdrawn_in_time_is_kept_and_handed_over_by_the_next_reign() -> None:
    intake = leading()
    intake.handle("c1", submit(BLUE))
    assert intake.handle("p1", Withdrawn((BLUE, RED))) == NOTHING
    assert intake.handle("p1", Deposed(RIVAL)) == NOTHING
    assert intake.handle("p1", Elected(FIRST, 0)) == telling(Propose((BLUE,)))


# ---- time ------------------------------------------------------------------------------------------------------------------------


def test_not_done_is_said_of_what_was_never_proposed_when_patience_ends() -> None:
    intake = new_intake()
    intake.handle("c1", submit(BLUE))
    assert sweeps(intake, 3).send == ()
    assert intake.handle("p1", Expired(SWEEP)) == sending("c1", outcome(OutcomeKind.NOT_DONE, NO_QUORUM))
    assert intake.handle("p1", Expired(SWEEP)) == NOTHING


def test_what_waits_too_long_at_the_proposer_is_taken_back_and_then_not_done() -> None:
    intake = leading()
    intake.handle("c1", submit(BLUE))
    assert sweeps(intake, 4).tell == (Withdraw((BLUE,)),)
    intake.handle("p1", Withdrawn((BLUE,)))
    assert sweeps(intake, 1).send == (Send("c1", outcome(OutcomeKind.NOT_DONE, NO_QUORUM, leader="p1")),)


def test_what_cannot_be_taken_back_is_never_called_not_done() -> None:
    intake = leading()
    intake.handle("c1", submit(BLUE))
    for _ in range(20):
        assert sweeps(intake, 1).send == ()
        intake.handle("p1", Withdrawn(()))
    assert intake.handle("p1", Executed(0, FIRST, (BLUE_ENTRY,), ())).send == (Send("c1", done()),)


def test_a_sweep_finds_what_was_executed_unnoticed() -> None:
    archive = empty_archive()
    intake = leading(archive)
    intake.handle("c1", submit(BLUE))
    replica = Replica(LOG, archive)
    end_drain(archive, replica, replica.handle("p1", Chosen(0, FIRST, batch(BLUE))))
    assert intake.handle("p1", Expired(SWEEP)) == sending("c1", done())


def test_a_sweep_tells_both_who_is_given_up_and_whose_command_was_executed() -> None:
    archive = empty_archive()
    intake = new_intake(archive)
    intake.handle("c1", submit(RED))
    intake.handle("c2", submit(BLUE))
    sweeps(intake, 3)
    replica = Replica(LOG, archive)
    end_drain(archive, replica, replica.handle("p1", Chosen(0, FIRST, batch(BLUE))))
    given_up = outcome(OutcomeKind.NOT_DONE, NO_QUORUM, command=RED)
    assert intake.handle("p1", Expired(SWEEP)).send == (Send("c1", given_up), Send("c2", done(leader="")))


def test_a_command_may_be_as_large_as_the_settings_allow() -> None:
    intake = leading(settings=Settings(value_bytes=len(BLUE.value)))
    assert intake.handle("c1", submit(BLUE)).tell == (Propose((BLUE,)),)


# ---- who leads -------------------------------------------------------------------------------------------------------------------


def test_who_asked_in_vain_who_leads_hears_it_as_soon_as_somebody_does() -> None:
    intake = new_intake()
    assert intake.handle("c1", Locate()) == sending("c1", Located("", 1, MEMBERS))
    intake.handle("c2", Locate())
    intake.handle("c1", Locate())
    assert intake.handle("p1", Following("")) == NOTHING
    located = Located("p2", 1, MEMBERS)
    assert intake.handle("p1", Following("p2")) == Effects(send=(Send("c1", located), Send("c2", located)))
    assert intake.handle("p1", Following("p2")) == NOTHING


def test_those_who_asked_in_vain_are_remembered_up_to_a_bound() -> None:
    intake = new_intake()
    for number in range(1001):
        intake.handle(f"c{number}", Locate())
    told = [send.target for send in intake.handle("p1", Following("p2")).send]
    assert (told[0], len(told)) == ("c1", 1000)


def test_all_that_a_deposed_leader_has_proposed_is_answered() -> None:
    intake = leading()
    for command in (BLUE, RED):
        intake.handle("c", submit(command))
    sends = intake.handle("p1", Deposed(RIVAL)).send
    assert [send.message.id for send in sends if isinstance(send.message, Outcome)] == [BLUE.id, RED.id]


def test_all_that_waits_is_sent_to_the_leader() -> None:
    intake = new_intake()
    for command in (BLUE, RED):
        intake.handle("c", submit(command))
    sends = intake.handle("p1", Following("p2")).send
    assert [send.message.id for send in sends if isinstance(send.message, Outcome)] == [BLUE.id, RED.id]


def test_all_that_one_slot_executed_is_answered() -> None:
    intake = leading()
    for command in (BLUE, RED):
        intake.handle("c", submit(command))
    entries = tuple(Entry(revision, 0, FIRST, command.id, command.value) for revision, command in ((1, BLUE), (2, RED)))
    sends = intake.handle("p1", Executed(0, FIRST, entries, ())).send
    assert [send.message.id for send in sends if isinstance(send.message, Outcome)] == [BLUE.id, RED.id]


def test_all_that_has_waited_too_long_is_answered() -> None:
    intake = new_intake()
    for command in (BLUE, RED):
        intake.handle("c", submit(command))
    sends = [send for _ in range(4) for send in intake.handle("p1", Expired(SWEEP)).send]
    assert [send.message.id for send in sends if isinstance(send.message, Outcome)] == [BLUE.id, RED.id]
    assert intake.handle("c", submit(BLUE)).timers == SWEEPING.timers


def test_the_waiting_room_is_filled_by_all_that_waits() -> None:
    intake = new_intake(settings=Settings(waiting_bytes=2 * 256 + len(BLUE.value) + len(RED.value)))
    assert intake.handle("c", submit(BLUE, RED)).send == ()
    (send,) = intake.handle("c", submit(Command("third", b"1"))).send
    assert isinstance(send.message, Outcome)
    assert send.message.kind is OutcomeKind.NOT_DONE


def test_a_timer_of_another_role_makes_nobody_impatient() -> None:
    intake = new_intake()
    intake.handle("c", submit(BLUE))
    assert [intake.handle("p1", Expired("retry")) for _ in range(9)] == [NOTHING] * 9
