"""The wire format: frames, envelopes and letters.

A frame is one payload on a channel: four bytes (`r`, `p`, the wire version, 1 if signed), a 16-byte tag where signed, then one
MessagePack envelope. An envelope names its sender and carries letters, each a message of one group, so that many groups share a frame.
Everything is bounded and typed; what does not decode is refused and never half-believed.
"""

import hashlib
import hmac
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from paxos.ballot import NodeName, Slot
from paxos.errors import MalformedError
from paxos.groups import GroupName
from paxos.messages import WireMessage
from paxos.store_messages import StoreId

WIRE_VERSION = 3
FRAME_BYTES = 16 * 1024 * 1024

_MAGIC = b"rp"
_HEADER_BYTES = 4
_TAG_BYTES = 16


class Letter(Struct, frozen=True, array_like=True, gc=False):
    """One message of one group."""

    group: GroupName
    message: WireMessage


class Envelope(Struct, frozen=True, array_like=True, gc=False):
    """Letters from one sender. What one store's owner sends on one channel is numbered 1, 2, 3 … within an incarnation."""

    cluster: Annotated[str, Meta(max_length=64)]
    source: NodeName
    # Which of the node's stores the sender owns, and its random id, so that a forgotten disk is noticed; empty for a client.
    store: Annotated[str, Meta(max_length=16)]
    store_id: Annotated[str, Meta(max_length=64)]
    incarnation: Slot
    sequence: Slot
    letters: tuple[Letter, ...]
    # Which members the node counts, as Quorum.fingerprint; empty for a client, which counts nobody.
    quorum: Annotated[str, Meta(max_length=16)] = ""
    # The store that this answers, where an acceptor answers a proposer or learner: to any other store of that node it says nothing.
    addressee: StoreId = ""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


class Codec:
    """Frames of one cluster, signed with HMAC-SHA256 where there is a secret."""

    def __init__(self, cluster: str, secret: bytes = b"") -> None:
        self._cluster = cluster
        self._secret = secret
        self._header = _MAGIC + bytes((WIRE_VERSION, 1 if secret else 0))

    def encode(self, envelope: Envelope) -> bytes:
        """The frame of this envelope."""
        body = _encoder.encode(envelope)
        return self._header + self._tag(body) + body

    def decode(self, frame: bytes) -> Envelope:
        """The envelope in a frame; MalformedError, with a short kind to count by, if it is not one of this cluster and version."""
        if len(frame) > FRAME_BYTES:
            raise MalformedError("too large", f"{len(frame)} bytes, at most {FRAME_BYTES} are allowed")
        if frame[:2] != _MAGIC or len(frame) < _HEADER_BYTES:
            raise MalformedError("not a frame", f"{len(frame)} bytes that do not begin like one")
        if frame[2] != WIRE_VERSION:
            raise MalformedError("wire version", f"version {frame[2]}, this node speaks {WIRE_VERSION}")
        envelope = self._decode_body(self._verified(frame))
        if envelope.cluster != self._cluster:
            raise MalformedError("other cluster", f"cluster {envelope.cluster!r}, this node belongs to {self._cluster!r}")
        return envelope

    def _verified(self, frame: bytes) -> bytes:
        if frame[: len(self._header)] != self._header:
            expected = "signed" if self._secret else "unsigned"
            raise MalformedError("signature", f"this node takes {expected} frames only")
        if not self._secret:
            return frame[_HEADER_BYTES:]
        body = frame[_HEADER_BYTES + _TAG_BYTES :]
        if not hmac.compare_digest(frame[_HEADER_BYTES : _HEADER_BYTES + _TAG_BYTES], self._tag(body)):
            raise MalformedError("signature", "the tag does not fit the frame")
        return body

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, hashlib.sha256)[:_TAG_BYTES] if self._secret else b""

    @staticmethod
    def _decode_body(body: bytes) -> Envelope:
        try:
            return _decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedError("undecodable", str(error)) from error
