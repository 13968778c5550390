"""The codec under any message and any bytes."""

import contextlib
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos.batches import decode_batch, encode_batch
from paxos.codec import Codec, Envelope
from paxos.errors import InvariantViolation, MalformedError
from paxos.messages import WireMessage
from paxos.values import Batch
from tests.properties.messages import BATCHES, ENVELOPES

CODECS = [Codec("demo"), Codec("demo", b"secret")]
UNSIGNED_HEADER = b"rp\x03\x00"


def decode_or_refuse(codec: Codec, frame: bytes) -> None:
    """Anything but an envelope or MalformedError fails the test."""
    with contextlib.suppress(MalformedError):
        assert isinstance(codec.decode(frame), Envelope)


@pytest.mark.parametrize("codec", CODECS, ids=["unsigned", "signed"])
@given(envelope=ENVELOPES)
def test_every_envelope_comes_back_as_it_was(codec: Codec, envelope: Envelope) -> None:
    assert codec.decode(codec.encode(envelope)) == envelope


def test_the_strategies_leave_no_message_out() -> None:
    assert len({kind.__struct_config__.tag for kind in get_args(WireMessage)}) == len(get_args(WireMessage)) == 41


@pytest.mark.parametrize("codec", CODECS, ids=["unsigned", "signed"])
@given(frame=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(codec: Codec, frame: bytes) -> None:
    decode_or_refuse(codec, frame)
    decode_or_refuse(codec, UNSIGNED_HEADER + frame)


@given(envelope=ENVELOPES, data=st.data())
def test_a_frame_with_changed_lost_or_added_bytes_is_refused_or_decodes(envelope: Envelope, data: st.DataObject) -> None:
    frame = bytearray(CODECS[0].encode(envelope))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(frame)))
        length = data.draw(st.integers(0, 3))
        frame[at : at + length] = data.draw(st.binary(max_size=3))
    decode_or_refuse(CODECS[0], bytes(frame))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=70) | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(envelope=ENVELOPES, data=st.data())
def test_a_frame_with_a_part_replaced_by_anything_is_refused_or_decodes(envelope: Envelope, data: st.DataObject) -> None:
    whole = msgspec.msgpack.decode(msgspec.msgpack.encode(envelope))
    part = whole
    while True:
        index = data.draw(st.integers(0, len(part) - 1))
        if not (isinstance(part[index], list) and part[index]) or data.draw(st.booleans()):
            break
        part = part[index]
    part[index] = data.draw(JUNK)
    decode_or_refuse(CODECS[0], UNSIGNED_HEADER + msgspec.msgpack.encode(whole))


@given(envelope=ENVELOPES, cluster=st.text(max_size=8).filter(lambda name: name != "demo"))
def test_an_envelope_of_another_cluster_is_never_taken(envelope: Envelope, cluster: str) -> None:
    frame = Codec(cluster).encode(msgspec.structs.replace(envelope, cluster=cluster))
    with pytest.raises(MalformedError, match="other cluster"):
        CODECS[0].decode(frame)


@given(batch=BATCHES)
def test_every_batch_comes_back_as_it_was(batch: Batch) -> None:
    assert decode_batch(encode_batch(batch.ballot, batch.actions, batch.stamp, batch.witness)) == batch


@given(value=st.binary(max_size=60))
def test_a_value_that_is_no_batch_is_a_violated_invariant_and_nothing_else(value: bytes) -> None:
    with contextlib.suppress(InvariantViolation):
        assert isinstance(decode_batch(value), Batch)
