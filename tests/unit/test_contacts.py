"""Contacts: the leader is asked for the log, and the owner of first ballots for decrees, as long as it answers."""

import pytest

from paxos.errand import Contact
from paxos.groups import LOG, decree_group
from paxos.messages import Located, Turned
from redpaxos.contacts import Contacts

GROUP = decree_group("colour")
MEMBERS = ("n1", "n2", "n3")
OWNER, LEADER = Contact("n1", 4), Contact("n2", 7)


def known(only: str = "") -> Contacts:
    """Contacts that have heard all of three proposers, of which n2 leads."""
    contacts = Contacts(only)
    for node, incarnation in (("n2", 7), ("n1", 4), ("n3", 1)):
        contacts.put(node, Located("n2", incarnation, MEMBERS))
    contacts.settle(LOG, None, LEADER)
    return contacts


def test_who_has_heard_nobody_asks_nobody_first() -> None:
    assert [Contacts("").first(group) for group in (LOG, GROUP)] == [None, None]


def test_the_leader_is_asked_for_the_log_and_the_owner_for_a_decree() -> None:
    assert [known().first(group) for group in (LOG, GROUP)] == [LEADER, OWNER]


def test_an_errand_for_a_decree_does_not_change_whom_to_ask_for_the_log() -> None:
    contacts = known()
    contacts.settle(GROUP, OWNER, OWNER)
    assert [contacts.first(group) for group in (LOG, GROUP)] == [LEADER, OWNER]


@pytest.mark.parametrize("answered", [LEADER, None])
def test_an_owner_that_did_not_answer_is_not_asked_first_again_until_it_is_heard(answered: Contact | None) -> None:
    contacts = known()
    contacts.settle(GROUP, OWNER, answered)
    assert contacts.first(GROUP) == LEADER
    contacts.put("n1", Located("n2", 5, MEMBERS))
    assert contacts.first(GROUP) == Contact("n1", 5)


def test_an_owner_that_was_heard_in_another_life_meanwhile_is_asked_in_that_one() -> None:
    contacts = known()
    contacts.put("n1", Located("n2", 5, MEMBERS))
    contacts.settle(GROUP, OWNER, LEADER)
    assert contacts.first(GROUP) == Contact("n1", 5)


def test_a_leader_that_did_not_answer_makes_room_for_who_did() -> None:
    contacts = known()
    contacts.settle(LOG, LEADER, None)
    assert contacts.first(LOG) is None


def test_an_owner_that_led_as_well_and_does_not_answer_is_asked_first_for_nothing() -> None:
    contacts = Contacts("")
    contacts.put("n1", Located("n1", 4, MEMBERS))
    contacts.settle(LOG, None, OWNER)
    assert [contacts.first(group) for group in (LOG, GROUP)] == [OWNER, OWNER]
    contacts.settle(GROUP, OWNER, LEADER)
    assert [contacts.first(group) for group in (LOG, GROUP)] == [LEADER, LEADER]


def test_where_one_node_was_named_it_alone_is_asked() -> None:
    assert known("n2").first(GROUP) == LEADER
    assert not known("n2").wants_news(GROUP)


def test_an_announcement_without_members_leaves_those_that_are_known() -> None:
    contacts = known()
    contacts.put("n3", Located("n3", 1))
    contacts.put("n3", Turned(1, "", ""))
    assert contacts.first(GROUP) == OWNER


def test_news_are_asked_for_now_and_then_while_the_owner_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("redpaxos.contacts.time.monotonic", lambda: now)
    contacts = known()
    assert [contacts.wants_news(group) for group in (LOG, GROUP)] == [False, False]
    contacts.settle(GROUP, OWNER, LEADER)
    assert [contacts.wants_news(GROUP) for _ in range(2)] == [True, False]
    now += 10.0
    assert contacts.wants_news(GROUP)
    assert not contacts.wants_news(LOG)
