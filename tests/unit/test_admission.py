"""Admission: a fresh store takes no part until enough others have it on their disks, and no two stores of a member are ever admitted."""

import itertools
from collections.abc import Iterable

import pytest

from actors.storage.memory import MemoryStorage
from paxos.admission import INTRODUCE, Admission, GuardedCast, is_memorable
from paxos.ballot import END_SLOT
from paxos.casting import acceptor_cast
from paxos.cues import Admitted, Begin, Expired
from paxos.effects import ACCEPTORS, NOTHING, CancelTimer, Effects, Send, StartTimer
from paxos.groups import LOG
from paxos.messages import Accept, Accepted, Decided, Heartbeat, Inquire, Prepare, Probe, ProbeReply, Promise, Report, WireMessage
from paxos.quorum import Quorum, flexible, majority
from paxos.records import ADMITTED, PeerStore, Promised
from paxos.store_messages import Acquainted, Introduce, Stranger
from tests.unit.company import FIRST, company, keep, started

MINE = "store-1"


def fresh(node: str = "a1", members: tuple[str, ...] = ("a1", "a2", "a3")) -> Admission:
    """The admission of a store that was just made."""
    return Admission(company(node, members), MemoryStorage("demo", node, MINE), MINE)


# ---- introducing oneself ---------------------------------------------------------------------------------------------------------


def test_a_fresh_store_introduces_itself_until_it_is_admitted() -> None:
    admission = fresh()
    begun = admission.handle("a1", Begin())
    assert begun.send == (Send(ACCEPTORS, Introduce(MINE)),)
    again = admission.handle("a1", Expired(INTRODUCE))
    assert again.send == begun.send
    assert started(again)[INTRODUCE].after_seconds > started(begun)[INTRODUCE].after_seconds
    assert admission.handle("a1", Expired("another")) is NOTHING


def test_the_pauses_between_introductions_are_drawn_and_grow_up_to_a_bound() -> None:
    admission = fresh()
    pauses = [started(admission.handle("a1", Expired(INTRODUCE)))[INTRODUCE] for _ in range(7)]
    assert pauses == [StartTimer(INTRODUCE, seconds, seconds) for seconds in (0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0)]


def test_it_is_admitted_when_enough_others_have_it_on_their_disks() -> None:
    admission = fresh()
    assert admission.handle("a2", Acquainted(MINE)) == Effects(persist=(PeerStore("/acquainted/a2", MINE),))
    assert admission.handle("a2", Acquainted(MINE)) is NOTHING
    effects = admission.handle("a3", Acquainted(MINE))
    assert effects.persist == (PeerStore("/acquainted/a3", MINE), PeerStore(ADMITTED, MINE))
    assert effects.timers == (CancelTimer(INTRODUCE),)
    assert effects.tell == (Admitted(("a2", "a3")),)
    assert admission.handle("a1", Expired(INTRODUCE)) is NOTHING


def test_the_only_member_admits_itself() -> None:
    admission = fresh(members=("a1",))
    assert admission.handle("a1", Begin()).persist == (PeerStore(ADMITTED, MINE),)
    assert admission.is_admitted


@pytest.mark.parametrize(
    ("source", "store_id"),
    [("a2", "store-0"), ("a1", MINE), ("x1", MINE)],
    ids=["for a store that was lost", "from itself", "from no member"],
)
def test_other_acquaintances_do_not_count(source: str, store_id: str) -> None:
    admission = fresh()
    for _ in range(3):
        assert admission.handle(source, Acquainted(store_id)) is NOTHING
    assert admission.acquainted == set()


def test_one_that_says_so_twice_counts_once() -> None:
    admission = fresh()
    for _ in range(3):
        admission.handle("a2", Acquainted(MINE))
    assert not admission.is_admitted


def test_a_restart_asks_nobody() -> None:
    archive = MemoryStorage("demo", "a1", MINE)
    admission = Admission(company("a1"), archive, MINE)
    for other in ("a2", "a3"):
        keep(archive, admission.handle(other, Acquainted(MINE)))
    again = Admission(company("a1"), archive, MINE)
    assert again.is_admitted
    assert again.handle("a1", Begin()) is NOTHING


def test_who_answered_before_a_restart_need_not_be_there_again() -> None:
    archive = MemoryStorage("demo", "a1", MINE)
    keep(archive, Admission(company("a1"), archive, MINE).handle("a2", Acquainted(MINE)))
    again = Admission(company("a1"), archive, MINE)
    assert not again.is_admitted
    assert again.acquainted == {"a2"}
    keep(archive, again.handle("a3", Acquainted(MINE)))
    assert again.is_admitted


def test_a_restart_between_the_last_answer_and_the_admission_is_admitted_at_once() -> None:
    archive = MemoryStorage("demo", "a1", MINE)
    archive.write([PeerStore(f"/acquainted/{other}", MINE) for other in ("a2", "a3")], sync=True)
    assert Admission(company("a1"), archive, MINE).handle("a1", Begin()).persist == (PeerStore(ADMITTED, MINE),)


def test_what_others_know_of_a_store_that_was_lost_admits_no_other() -> None:
    archive = MemoryStorage("demo", "a1", "store-2")
    archive.write([PeerStore(f"/acquainted/{other}", MINE) for other in ("a2", "a3", "x9")], sync=True)
    assert Admission(company("a1"), archive, "store-2").acquainted == set()


# ---- meeting others --------------------------------------------------------------------------------------------------------------


def test_another_store_is_written_down_before_it_is_told_so() -> None:
    effects = fresh().handle("a2", Introduce("store-2"))
    assert effects.persist == (PeerStore("a2/introduced", "store-2"),)
    assert effects.send == (Send("a2", Acquainted("store-2")), Send("a2", Introduce(MINE)))


def test_only_who_waits_and_is_not_known_there_introduces_itself_in_return() -> None:
    admission = fresh()
    admission.handle("a2", Acquainted(MINE))
    assert admission.handle("a2", Introduce("store-2")).send == (Send("a2", Acquainted("store-2")),)
    admission.handle("a3", Acquainted(MINE))
    assert admission.handle("a4", Introduce("store-4")) is NOTHING
    assert admission.handle("a3", Introduce("store-3")).send == (Send("a3", Acquainted("store-3")),)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_second_store_of_a_member_is_a_stranger_for_ever(restarts: bool) -> None:
    archive = MemoryStorage("demo", "a1", MINE)
    admission = Admission(company("a1"), archive, MINE)
    keep(archive, admission.handle("a2", Introduce("store-2")))
    if restarts:
        admission = Admission(company("a1"), archive, MINE)
    effects = admission.handle("a2", Introduce("store-7"))
    assert effects == Effects(send=(Send("a2", Stranger("acceptor", "store-2", "store-7")),))
    assert admission.handle("a2", Introduce("store-2")).send[0] == Send("a2", Acquainted("store-2"))


def test_one_does_not_meet_oneself() -> None:
    assert fresh().handle("a1", Introduce(MINE)) is NOTHING


# ---- what a store is known by -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [Introduce(MINE), Acquainted(MINE), Stranger("acceptor", MINE, "x"), Inquire(), Report(b"{}")])
def test_nobody_remembers_a_store_for_what_it_says_before_it_is_admitted(message: WireMessage) -> None:
    for hearer in ("acceptor", "log"):
        assert not is_memorable("acceptor", (message,), hearer)
        assert is_memorable("acceptor", (message, Accepted(FIRST, 0, 0)), hearer)
        assert is_memorable("acceptor", (Promise(FIRST, 0, END_SLOT, ()),), hearer)


def test_an_acceptor_remembers_who_campaigns_before_it_promises_and_others_who_has_won() -> None:
    assert is_memorable("log", (Prepare(FIRST, 0),), "acceptor")
    assert is_memorable("log", (Accept(FIRST, 0, b"v", 0),), "acceptor")
    assert is_memorable("log", (Decided(FIRST, 0, b"v"),), "log")
    assert not is_memorable("log", (Prepare(FIRST, 0), Probe(1)), "log")
    for hearer in ("acceptor", "log"):
        assert not is_memorable("log", (Probe(1), Inquire()), hearer)
        assert is_memorable("log", (Probe(1), Heartbeat(FIRST, 0)), hearer)


# ---- how many are enough ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "count"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (6, 4), (7, 5), (9, 6)])
def test_so_many_others_admit_a_store(size: int, count: int) -> None:
    assert majority(_names(size)).admit_count == count


@pytest.mark.parametrize(
    "quorum",
    [
        *(majority(f"a{number}" for number in range(size)) for size in range(2, 8)),
        flexible(("a0", "a1", "a2", "a3"), 2, 3),
        flexible(("a0", "a1", "a2", "a3", "a4"), 4, 2),
        flexible(("a0", "a1", "a2"), 3, 1),
    ],
    ids=lambda quorum: f"{len(quorum.members)} members, {quorum.prepare_count} and {quorum.accept_count}",
)
def test_two_stores_of_a_member_are_never_both_admitted_while_a_quorum_keeps_its_disks(quorum: Quorum) -> None:
    """Whoever admits the first, the second, and whichever disks were lost besides: somebody remembers."""
    others = sorted(quorum.members)[1:]
    spare = max(len(quorum.members) - max(quorum.prepare_count, quorum.accept_count), 1)
    enough = list(itertools.combinations(others, quorum.admit_count))
    assert all(quorum.admits(some) for some in enough)
    for first, second, lost in itertools.product(enough, enough, itertools.combinations(others, spare - 1)):
        assert {*first} & {*second} - {*lost}, (first, second, lost)
    assert not quorum.admits(others[: quorum.admit_count - 1])


def test_one_less_would_not_be_enough() -> None:
    for size in range(2, 8):
        quorum = majority(_names(size))
        others, spare = sorted(quorum.members)[1:], max((size - 1) // 2, 1)
        fewer = list(itertools.combinations(others, quorum.admit_count - 1))
        lost = list(itertools.combinations(others, spare - 1))
        assert any(not {*first} & {*second} - {*gone} for first, second, gone in itertools.product(fewer, fewer, lost))


def _names(size: int) -> Iterable[str]:
    return (f"a{number}" for number in range(size))


# ---- taking no part --------------------------------------------------------------------------------------------------------------


def guarded(group: str = LOG) -> tuple[GuardedCast, Admission]:
    admission = fresh()
    cast = acceptor_cast(company("a1"), group, MemoryStorage("demo", "a1", MINE), admission)
    assert isinstance(cast, GuardedCast)
    return cast, admission


@pytest.mark.parametrize("group", [LOG, "decree:colour"])
def test_nothing_is_promised_before_the_admission_in_any_group(group: str) -> None:
    cast, admission = guarded(group)
    assert cast.handle("p1", Prepare(FIRST, 0)) is NOTHING
    assert cast.flush() == NOTHING
    for other in ("a2", "a3"):
        admission.handle(other, Acquainted(MINE))
    effects = cast.handle("p1", Prepare(FIRST, 0))
    assert effects.persist == (Promised(group, FIRST),)
    assert effects.send == (Send("p1", Promise(FIRST, 0, END_SLOT, ())),)


def test_the_log_hears_introductions_and_a_decree_hears_none() -> None:
    assert guarded(LOG)[0].handle("a2", Introduce("store-2")).send[0] == Send("a2", Acquainted("store-2"))
    assert guarded("decree:colour")[0].handle("a2", Introduce("store-2")) is NOTHING


def test_the_last_probe_of_each_candidate_is_answered_upon_admission() -> None:
    cast, _ = guarded()
    for source, number in (("p1", 1), ("p2", 1), ("p1", 2)):
        assert cast.handle(source, Probe(number)) is NOTHING
    assert cast.handle("a2", Acquainted(MINE)).send == ()
    replies = [(send.target, send.message) for send in cast.handle("a3", Acquainted(MINE)).send + cast.handle("p1", Probe(3)).send]
    told = [(target, reply.number, reply.hears_leader) for target, reply in replies if isinstance(reply, ProbeReply)]
    assert told == [("p1", 2, False), ("p2", 1, False), ("p1", 3, False)]


def test_probes_of_very_many_are_not_all_kept() -> None:
    cast, _ = guarded()
    for number in range(200):
        cast.handle(f"x{number}", Probe(1))
    cast.handle("a2", Acquainted(MINE))
    assert len(cast.handle("a3", Acquainted(MINE)).send) == 100
