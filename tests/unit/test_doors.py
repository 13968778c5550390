"""The JSON doors: a value comes back as the text it came in, and what is no proposal is told what is wrong with it."""

import json
from collections.abc import Callable

import pytest

from paxos.ballot import Ballot
from paxos.doors import (
    CHOSEN,
    REJECTED,
    check_decree,
    check_id,
    check_json,
    check_machine,
    chosen,
    malformed,
    parse_proposal,
    rejection,
    repetition,
)
from paxos.effects import Announcement
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group
from paxos.values import Command, Entry
from tests.unit.company import BLUE

ODD_VALUES = [
    "null", "false", "0", "-0", '""', "[]", "{}", "1.0", "1E400", "-1e-400", "123456789012345678901234567890", '"\\u00e9\\/\\n"', '"é😀"',
    '"\\ud83d\\ude00"', '{"a": 1, "a": 2}', "[ 1 ,\t2 ]", '"\\u0000"', "[" * 100 + "]" * 100, '"' + "[" * 500 + '"',
    '["\\"", "' + "{" * 200 + '"]', "[" * 100 + "]" * 99 + ",[]]",
]  # fmt: skip

# 101 deep, but not counted from where the first brackets close.
DEEP_AFTER_SHALLOW = b"[[" + b"[]," + b"[" * 99 + b"]" * 99 + b"]]"


@pytest.mark.parametrize("value", ODD_VALUES)
def test_a_value_comes_back_byte_for_byte_as_it_went_in(value: str) -> None:
    group, command = parse_proposal(f'{{"value": {value} , "id": "x"}}'.encode())
    assert (group, command) == (LOG, Command("x", value.encode()))
    announcement = chosen(LOG, Entry(1, 0, Ballot(1, "p1"), "x", value.encode()))
    assert b'"value":' + value.encode() + b"," in announcement.payload


def test_what_was_chosen_is_one_json_object() -> None:
    announcement = chosen(LOG, Entry(5, 3, Ballot(2, "p1"), "x", b'{"a": null}'))
    assert announcement.door == CHOSEN
    assert json.loads(announcement.payload) == {
        "group": "log", "slot": 3, "revision": 5, "id": "x", "value": {"a": None}, "ballot": [2, "p1"],
    }  # fmt: skip


def test_a_command_without_an_id_is_chosen_with_the_id_null() -> None:
    assert json.loads(chosen(LOG, Entry(1, 0, Ballot(1, "p1"), "", b"1")).payload)["id"] is None


def test_a_decree_is_chosen_under_its_name() -> None:
    text = json.loads(chosen(decree_group("colour"), Entry(1, 0, Ballot(1, "p1"), "", b"1")).payload)
    assert (text["group"], text["decree"]) == ("decree:colour", "colour")


def test_a_repetition_says_that_it_is_one() -> None:
    entry = Entry(1, 0, Ballot(1, "p1"), "x", b"1")
    again = repetition(LOG, entry)
    assert again.door == CHOSEN
    assert json.loads(again.payload)["repeated"] is True
    assert "repeated" not in json.loads(chosen(LOG, entry).payload)


@pytest.mark.parametrize(("payload", "text"), [(b"", "it is empty"), (b'{"value": 1, "id": ""}', "it is empty; a proposal without")])
def test_nothing_and_an_id_that_is_nothing_are_refused_in_words(payload: bytes, text: str) -> None:
    with pytest.raises(MalformedError, match=text):
        parse_proposal(payload)


def test_a_decree_is_proposed_and_asked_for_by_its_name() -> None:
    assert parse_proposal(b'{"decree": "colour", "value": "blue"}') == ("decree:colour", Command("", b'"blue"'))
    assert parse_proposal(b'{"decree": "colour", "value": null}') == ("decree:colour", Command("", b"null"))
    assert parse_proposal(b'{"decree": "colour"}') == ("decree:colour", None)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "not a proposal"),
        (b"Hello, Paxos!", "not a proposal"),
        (b"[]", "not a proposal"),
        (b"{}", "not a proposal"),
        (b'{"id": "x"}', "not a proposal"),
        (b'{"value": 1', "not a proposal"),
        (b'{"value": }', "not a proposal"),
        (b'{"value": 01}', "not a proposal"),
        (b'{"value": NaN}', "not a proposal"),
        (b'{"value": 1} {"value": 2}', "not a proposal"),
        (b'{"valeu": 1}', "not a proposal"),
        (b'{"value": 1, "id": 7}', "not a proposal"),
        (b'{"value": 1, "id": null}', "not a proposal"),
        (b'{"value": 1, "decree": null}', "not a proposal"),
        (b'{"value": "\xff"}', "not a proposal"),
        (b'{"value": "\xed\xa0\x80"}', "not a proposal"),
        (b'{"value": "\\ud800"}', "not a proposal"),
        (b'{"value": 1, "decree": "\\udfff"}', "not a proposal"),
        (b'\xef\xbb\xbf{"value": 1}', "not a proposal"),
        (b'{"value": ' + b"[" * 100_000, "not a proposal"),
        (b'{"value": ' + b"[" * 101 + b"]" * 101 + b"}", "value"),
        (b'{"value": ' + b'{"a":' * 101 + b"1" + b"}" * 101 + b"}", "value"),
        (b'{"value": 1, "id": "' + b"x" * 129 + b'"}', "id"),
        (b'{"value": 1, "decree": ""}', "decree"),
        (b'{"value": 1, "decree": "' + b"x" * 129 + b'"}', "decree"),
    ],
)  # fmt: skip
def test_what_is_no_proposal_is_refused(payload: bytes, kind: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_proposal(payload)
    assert refused.value.kind == kind


@pytest.mark.parametrize("name", ["x", "x" * 128])
def test_the_shortest_and_the_longest_name_of_a_decree_and_the_longest_id_are_taken(name: str) -> None:
    assert parse_proposal(f'{{"decree": "{name}"}}'.encode()) == (decree_group(name), None)
    assert parse_proposal(f'{{"id": "{name}", "value": 1}}'.encode()) == (LOG, Command(name, b"1"))


@pytest.mark.parametrize("check", [check_id, check_decree, check_machine])
def test_half_of_a_surrogate_pair_is_no_name(check: Callable[[str], str]) -> None:
    with pytest.raises(MalformedError, match="is not text that can be sent"):
        check("\udcff")


@pytest.mark.parametrize("name", ["", "m" * 65])
def test_a_machine_has_a_name_that_a_message_can_bear(name: str) -> None:
    assert check_machine("m" * 64) == "m" * 64
    with pytest.raises(MalformedError, match="1 to 64 characters"):
        check_machine(name)


@pytest.mark.parametrize("text", [b"", b"tru", b"1 2", b"\xff", b'"\xc3"', b"'a'", b"[" * 101 + b"]" * 101, DEEP_AFTER_SHALLOW])
def test_text_that_is_no_json_value_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedError, match=r"^value: "):
        check_json(text)


def test_what_is_refused_is_told_why_and_where() -> None:
    announcement = rejection(decree_group("colour"), BLUE, "no reason")
    assert announcement == Announcement(
        REJECTED, b'{"reason":"no reason","group":"decree:colour","id":"id-blue","decree":"colour"}'
    )  # fmt: skip


def test_malformed_bytes_are_quoted_shortly_as_text() -> None:
    announcement = malformed(b"\xff" + b"x" * 10_000, "not JSON")
    assert announcement.door == REJECTED
    assert json.loads(announcement.payload) == {"reason": "not JSON", "proposal": "\ufffd" + "x" * 199}
