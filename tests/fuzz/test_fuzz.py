"""Spoiled frames and proposals: no crash, no change of state, and each is counted as what it is. And the judge can fail.

100,000 here; `python -m tests.fuzz` goes on for as long as anybody likes.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from actors.channels import Channels
from actors.complaints import Complaints
from actors.sequences import Sequences
from paxos import doors
from paxos.codec import Codec, Envelope
from paxos.errors import MalformedError
from redpaxos.line import Line
from tests.fuzz.__main__ import main
from tests.fuzz.campaign import BLOCK_COUNT, Result, replay, run
from tests.fuzz.range import TARGETS

SEED = 20_261


@pytest.mark.timeout(300)
def test_a_hundred_thousand_spoiled_frames_are_each_refused_and_counted() -> None:
    result = run(100_000, SEED)
    assert result.findings == [], result.findings
    assert result.next_number == 100_000
    assert set(result.targets) == set(TARGETS)
    assert len(result.ways) == 21
    assert all(count >= 10 for count in result.ways.values()), result.ways


def test_a_campaign_that_was_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tmp_path / "fuzz.json"
    for count in (2 * BLOCK_COUNT, 5 * BLOCK_COUNT):
        monkeypatch.setattr("sys.argv", ["fuzz", "--count", str(count), "--seed", "7", "--json", str(saved)])
        assert main() == 0
    result = msgspec.json.decode(saved.read_bytes(), type=Result)
    assert (result.next_number, result.ways) == (5 * BLOCK_COUNT, run(5 * BLOCK_COUNT, 7).ways)


def test_a_shot_can_be_replayed_and_is_the_same() -> None:
    shot, wrong = replay(SEED, 777)
    assert wrong == ""
    assert replay(SEED, 777)[0] == shot


# ---- planted bugs ----------------------------------------------------------------------------------------------------------------


class _LooseEnvelope(Envelope, frozen=True, array_like=True):
    """An envelope whose incarnation nobody bounds."""

    incarnation: int


def _uncounted(complaints: Complaints, kind: str, sender: str, reason: str) -> None:
    """Say nothing of what was refused."""


def _counted_as_one(complaints: Complaints, kind: str, sender: str, reason: str) -> None:
    complaints.refused["refused"] += 1


def _half_believed(body: bytes) -> Envelope:
    """Take what could be read before the damage."""
    try:
        return msgspec.msgpack.decode(body, type=Envelope)
    except msgspec.MsgspecError:
        return Envelope("demo", "n2", "log", "store-of-n2-log", 1, 2**40, ())


def _hear_uncounted(line: Line, channel: str, payload: bytes) -> None:
    try:
        line._open(channel, payload)  # noqa: SLF001 - what is planted stands in the class's own place.
    except MalformedError:
        return


def _unguarded(body: bytes) -> Envelope:
    """Let errors of the decoder through."""
    return msgspec.msgpack.decode(body, type=Envelope)


def _any_version(codec: Codec, frame: bytes) -> bytes:
    return frame[4:]


PLANTED: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "the source in the body is believed": lambda: patch.object(Channels, "sender", lambda channel: _BodySource()),
    "a bound is not checked": lambda: patch("paxos.codec._decoder", msgspec.msgpack.Decoder(_LooseEnvelope)),
    "a refusal is not counted": lambda: patch.object(Complaints, "refuse", _uncounted),
    "every refusal is counted as one kind": lambda: patch.object(Complaints, "refuse", _counted_as_one),
    "a replayed frame is fresh": lambda: patch.object(Sequences, "is_fresh", lambda *arguments: True),
    "damage is half believed": lambda: patch.object(Codec, "_decode_body", staticmethod(_half_believed)),
    "an error of the decoder is let through": lambda: patch.object(Codec, "_decode_body", staticmethod(_unguarded)),
    "a signature is not looked at": lambda: patch.object(Codec, "_verified", _any_version),
    "a client does not count": lambda: patch.object(Line, "hear", _hear_uncounted),
    "the door takes any depth": lambda: patch.object(doors, "_DEPTH", 10**9),
    "the door takes any id": lambda: patch.object(doors, "_ID_CHARACTERS", 10**9),
}


class _BodySource:
    """Equal to whatever source the body names."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_and_shrunk_to_a_payload_that_shows_it(name: str) -> None:
    with PLANTED[name]():
        (finding,) = run(40 * BLOCK_COUNT, SEED).findings
        assert len(finding.shrunk_hex) <= len(finding.payload_hex)
        assert replay(SEED, finding.number)[1] == finding.wrong
        assert replay(SEED, finding.number, bytes.fromhex(finding.shrunk_hex))[1] == finding.wrong
    assert replay(SEED, finding.number)[1] == ""
