"""The codec: what does not decode is refused with a kind to count it under, and is never half-believed."""

import msgspec
import pytest

from paxos.ballot import Ballot
from paxos.codec import FRAME_BYTES, WIRE_VERSION, Codec, Envelope, Letter
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group
from paxos.messages import Accept, AskChosen, Inquire, Prepare
from tests.unit.company import FIRST

SECRET = b"open sesame"
LETTERS = (Letter(LOG, Prepare(FIRST, 0)), Letter(decree_group("colour"), Inquire()))
ENVELOPE = Envelope("demo", "p1", "log", "store-1", 3, 14, LETTERS)


def refusal_of(codec: Codec, frame: bytes) -> MalformedError:
    """What is said of a frame that is refused."""
    with pytest.raises(MalformedError) as refused:
        codec.decode(frame)
    return refused.value


def kind_of(codec: Codec, frame: bytes) -> str:
    """What a frame is refused as."""
    return refusal_of(codec, frame).kind


@pytest.mark.parametrize("secret", [b"", SECRET])
def test_an_envelope_comes_back_as_it_was(secret: bytes) -> None:
    codec = Codec("demo", secret)
    assert codec.decode(codec.encode(ENVELOPE)) == ENVELOPE


@pytest.mark.parametrize("value", [b"", b"null", b"0", b"\x00", b"x" * 1_000_000])
def test_any_bytes_are_a_value(value: bytes) -> None:
    letter = Letter(LOG, Accept(FIRST, 0, value, 0))
    envelope = Envelope("demo", "p1", "log", "store-1", 1, 1, (letter,))
    assert Codec("demo").decode(Codec("demo").encode(envelope)).letters == (letter,)


@pytest.mark.parametrize("frame", [b"", b"r", b"rp", b"rp\x03", b"PING", b"{}", b"\x00" * 100])
def test_bytes_that_begin_unlike_a_frame_are_no_frame(frame: bytes) -> None:
    assert kind_of(Codec("demo"), frame) == "not a frame"


def test_a_frame_of_a_hundred_megabytes_is_too_large_and_not_even_looked_at() -> None:
    assert kind_of(Codec("demo"), bytes(FRAME_BYTES)) == "not a frame"
    assert kind_of(Codec("demo"), bytes(FRAME_BYTES + 1)) == "too large"
    assert kind_of(Codec("demo"), bytes(100 * 1024 * 1024)) == "too large"


@pytest.mark.parametrize(("secret", "is_signed"), [(b"", 0), (SECRET, 1)])
def test_a_frame_begins_with_its_version_and_whether_it_is_signed(secret: bytes, is_signed: int) -> None:
    assert Codec("demo", secret).encode(ENVELOPE)[:4] == b"rp" + bytes((WIRE_VERSION, is_signed))


def test_another_wire_version_is_refused_by_its_number() -> None:
    frame = bytearray(Codec("demo").encode(ENVELOPE))
    frame[2] = WIRE_VERSION + 1
    assert kind_of(Codec("demo"), bytes(frame)) == "wire version"


def test_another_cluster_is_refused() -> None:
    envelope = msgspec.structs.replace(ENVELOPE, cluster="other")
    assert kind_of(Codec("demo"), Codec("other").encode(envelope)) == "other cluster"


@pytest.mark.parametrize("body", [b"", b"\xc0", b"\x97", b"\xff", b"\x90", b"\x97\xa4demo\xa1\xff", b"\x91" * 5000])
def test_a_frame_whose_envelope_does_not_decode_is_refused(body: bytes) -> None:
    assert kind_of(Codec("demo"), b"rp\x03\x00" + body) == "undecodable"


def test_a_frame_that_claims_billions_of_letters_costs_nothing() -> None:
    body = b"\x97\xa4demo\xa2p1\xa0\xa0\x01\x01\xdd\xff\xff\xff\xff"
    assert kind_of(Codec("demo"), b"rp\x03\x00" + body) == "undecodable"


@pytest.mark.parametrize(
    "letter",
    [
        Letter(LOG, AskChosen(-1)),
        Letter(LOG, AskChosen(2**62)),
        Letter(LOG, Prepare(Ballot(2**62, "p1"), 0)),
        Letter(LOG, Prepare(Ballot(-1, "p1"), 0)),
        Letter(LOG, Prepare(Ballot(1, "x" * 65), 0)),
        Letter("", AskChosen(0)),
        Letter("x" * 257, AskChosen(0)),
    ],
)
def test_numbers_and_names_out_of_bounds_are_refused(letter: Letter) -> None:
    frame = Codec("demo").encode(Envelope("demo", "p1", "log", "store-1", 1, 1, (letter,)))
    assert kind_of(Codec("demo"), frame) == "undecodable"


def test_a_message_of_no_known_kind_is_refused() -> None:
    body = msgspec.msgpack.encode(["demo", "p1", "log", "store-1", 1, 1, [[LOG, [99, 1]]]])
    assert kind_of(Codec("demo"), b"rp\x03\x00" + body) == "undecodable"


# ---- signatures ------------------------------------------------------------------------------------------------------------------


def test_every_bit_of_a_signed_frame_matters() -> None:
    codec = Codec("demo", SECRET)
    frame = codec.encode(ENVELOPE)
    for index in range(4, len(frame)):
        changed = bytearray(frame)
        changed[index] ^= 1
        assert kind_of(codec, bytes(changed)) == "signature"


def test_a_frame_signed_with_another_secret_is_refused() -> None:
    assert kind_of(Codec("demo", SECRET), Codec("demo", b"other").encode(ENVELOPE)) == "signature"


def test_signed_and_unsigned_do_not_mix() -> None:
    signed, unsigned = Codec("demo", SECRET), Codec("demo")
    assert str(refusal_of(signed, unsigned.encode(ENVELOPE))) == "signature: this node takes signed frames only"
    assert str(refusal_of(unsigned, signed.encode(ENVELOPE))) == "signature: this node takes unsigned frames only"


def test_a_signed_frame_that_ends_in_its_tag_is_refused() -> None:
    codec = Codec("demo", SECRET)
    assert kind_of(codec, codec.encode(ENVELOPE)[:10]) == "signature"
    assert kind_of(codec, codec.encode(ENVELOPE)[:20]) == "signature"
