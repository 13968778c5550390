"""The JSON doors under any JSON value and any bytes."""

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from paxos.ballot import Ballot
from paxos.doors import check_json, chosen, malformed, parse_proposal, rejection
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group
from paxos.values import Command, Entry

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SPACE = st.text(" \t\n\r", max_size=3)
NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?\Z", fullmatch=True)
ESCAPES = st.lists(
    st.sampled_from(
        ['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u00e9", "\\ud83d\\ude00", "[", "{", "é", "😀", "a"]
    )
)
ODD_STRINGS = ESCAPES.map(lambda parts: '"' + "".join(parts) + '"')
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


def _joined(parts: list[str], space: str, brackets: str) -> str:
    return brackets[0] + space + f"{space},{space}".join(parts) + space + brackets[1]


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.sampled_from(['"a"', '"\\u0061"', '""']), inner).map(":".join)
    arrays = st.builds(_joined, st.lists(inner, max_size=4), SPACE, st.just("[]"))
    return arrays | st.builds(_joined, st.lists(pairs, max_size=4), SPACE, st.just("{}"))


ODD = st.recursive(NUMBERS | ODD_STRINGS | st.sampled_from(["null", "true", "false"]), _containers, max_leaves=10)
"""JSON text with odd numbers, escapes, duplicate keys and white space."""


def through_the_doors(text: bytes, command_id: str, space: str) -> None:
    """Propose a value, and find it in what is announced, byte for byte."""
    proposal = f'{{{space}"value"{space}:{space}'.encode() + text + f'{space},"id":{json.dumps(command_id)}}}'.encode()
    group, command = parse_proposal(proposal)
    assert (group, command) == (LOG, Command(command_id, text))
    announced = chosen(group, Entry(1, 0, Ballot(1, "n"), command_id, text)).payload
    assert b'"value":' + text + b',"ballot"' in announced
    assert b"\n" not in announced.replace(text, b"")
    json.loads(announced)


@given(value=PLAIN, command_id=TEXT.filter(bool), space=SPACE, ascii_only=st.booleans())
def test_any_json_value_comes_back_as_it_went_in(value: Any, command_id: str, space: str, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    through_the_doors(text, command_id, space)
    assert check_json(text) == text


@given(text=ODD, space=SPACE)
def test_any_json_text_comes_back_byte_for_byte_as_it_went_in(text: str, space: str) -> None:
    through_the_doors(text.encode(), "id", space)


@given(payload=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_are_refused_with_a_reason_that_can_be_announced(payload: bytes) -> None:
    for text in (payload, b'{"value":' + payload + b"}"):
        try:
            parse_proposal(text)
        except MalformedError as error:
            json.loads(malformed(text, str(error)).payload)
    with contextlib.suppress(MalformedError):
        json.loads(check_json(payload))


DAMAGE = [b"", b"\\", b'"', b",", b"0", b"-", b"e", b"\x00", b"\xff", b"]", b"}"]


@given(text=ODD, data=st.data())
def test_what_is_taken_for_json_is_json_also_for_other_readers(text: str, data: st.DataObject) -> None:
    damaged = bytearray(text.encode())
    at = data.draw(st.integers(0, len(damaged)))
    damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(
        st.sampled_from([b"", b"\\", b'"', b",", b"0", b"-", b"e", b"\x00", b"\xff", b"]", b"}"])
    )
    try:
        _, command = parse_proposal(b'{"value":' + bytes(damaged) + b"}")
    except MalformedError:
        return
    assert command is not None
    json.loads(command.value)


@given(name=TEXT.filter(bool), reason=TEXT, command_id=TEXT)
def test_what_is_refused_is_one_json_object_whatever_its_names(name: str, reason: str, command_id: str) -> None:
    told = json.loads(rejection(decree_group(name), Command(command_id, b"1"), reason).payload)
    assert (told["decree"], told.get("id", ""), told["reason"]) == (name, command_id, reason)
