"""Batches: how commands become the value of a slot, and back."""

from typing import assert_never

import msgspec

from paxos.archive import Archive
from paxos.ballot import Ballot
from paxos.errors import InvariantViolation
from paxos.records import Learned
from paxos.values import Action, Batch, Close, Command, Entry, Open, Operation

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)


def encode_batch(ballot: Ballot, actions: tuple[Action, ...], stamp: int = 0, witness: tuple[int, int] = (0, 0)) -> bytes:
    """The slot value that carries these actions; without any it is a NOOP."""
    return _encoder.encode(Batch(ballot, actions, stamp, witness))


def weight(action: Action) -> int:
    """About how many bytes an action takes in a batch."""
    match action:
        case Operation():
            return len(action.body) + 24
        case Command():
            return len(action.value) + len(action.id) + 8
        case Open():
            return 64
        case Close():
            return 16
        case _:
            assert_never(action)


def decode_batch(value: bytes) -> Batch:
    """The commands of a slot value; a chosen value that does not decode is a bug of a proposer, and no replica may skip it."""
    try:
        return _decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvariantViolation(f"a chosen value of {len(value)} bytes is no batch: {error}") from error


def entries_of(learned: Learned, archive: Archive) -> tuple[Entry, ...]:
    """The entries that a learned slot gave when it was executed: commands that repeated an earlier id gave none."""
    batch = decode_batch(learned.value)
    commands = [action for action in batch.actions if isinstance(action, Command)]
    entries: list[Entry] = []
    for command in commands:
        revision = learned.first_revision + len(entries)
        if len(commands) == learned.command_count or not command.id or archive.revision_of(learned.group, command.id) == revision:
            entries.append(Entry(revision, learned.slot, batch.ballot, command.id, command.value))
    return tuple(entries)


def entry_at(group: str, revision: int, archive: Archive) -> Entry | None:
    """The entry of this revision, if it was executed here."""
    learned = archive.learned_at_revision(group, revision)
    entries = entries_of(learned, archive) if learned is not None else ()
    return next((entry for entry in entries if entry.revision == revision), None)
