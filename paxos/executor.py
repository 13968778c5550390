"""The executor: carries out what sessions ask of the state machines, the same on every replica.

It keeps a running digest of all results. A leader puts the digest of a slot that it has executed into its batches, and a replica that
had another one at that slot is not the same any more: it must not go on.
"""

import inspect
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import msgspec
from msgspec import Struct

from paxos.errors import InvariantViolation
from paxos.machines.base import Machine
from paxos.messages import Result, ResultKind
from paxos.sessions import UNSETTLED_COUNT, Session, Sessions
from paxos.snapshots import in_parts
from paxos.values import Batch, Close, Open, Operation

_WITNESSED_SLOTS = 10_000

_SESSION_BYTES = 64

Reply = tuple[str, Result]
"""A result and the client that it is for."""


class _Head(Struct, frozen=True, array_like=True):
    """What a snapshot begins with: the slot that was executed last, the digest after it, the log's clock, and the sessions ever opened."""

    slot: int
    digest: int
    clock: int
    opened_count: int


class _Piece(Struct, frozen=True, array_like=True):
    """A part of a machine's snapshot, or of the sessions, which have no name."""

    machine: str
    body: bytes


_encode = msgspec.msgpack.Encoder().encode
_head_decoder = msgspec.msgpack.Decoder(_Head)
_piece_decoder = msgspec.msgpack.Decoder(_Piece)
_sessions_decoder = msgspec.msgpack.Decoder(list[tuple[int, Session]])


def _captured(machine: Machine) -> Iterator[bytes]:
    """A machine's snapshot; a generator function would begin when its first part is asked for, and tell what was executed meanwhile."""
    parts = machine.snapshot()
    return iter(list(parts)) if inspect.isgeneratorfunction(machine.snapshot) else parts


class Executor:
    """The sessions and machines of one replica."""

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self.machines = machines
        self.sessions = Sessions()
        # Every slot below is executed.
        self.end_slot = 0
        # A checksum of every result so far, in order.
        self.digest = 0
        # The digest after each of the latest slots.
        self._digests: OrderedDict[int, int] = OrderedDict()

    def execute(self, slot: int, batch: Batch) -> tuple[Reply, ...]:
        """Carry out the operations of one slot, in order."""
        self._compare(slot, batch.witness)
        self.sessions.advance(batch.stamp)
        replies: list[Reply] = []
        for action in batch.actions:
            match action:
                case Operation():
                    # Of a session that has ended nobody knows whose it was.
                    if (session := self.sessions.enter(action)) is not None:
                        self._operate(session, action, replies)
                case Open():
                    replies.append((action.client, Result(self.sessions.open(action), action.nonce, ResultKind.OPENED, b"")))
                case Close(session):
                    self.sessions.close(session)
                case _:
                    continue
        self._note(slot, replies)
        self.end_slot = slot + 1
        return tuple(replies)

    def snapshot(self, slot: int) -> Iterator[bytes]:
        """All of this after `slot` was executed, as it is at the call; in parts, each made when it is asked for."""
        head = _Head(slot, self.digest, self.sessions.clock, self.sessions.opened_count)
        sessions = self.sessions.snapshot()
        machines = [(name, _captured(machine)) for name, machine in self.machines.items()]
        return self._pieces(head, sessions, machines)

    @staticmethod
    def _pieces(head: _Head, sessions: list[tuple[int, Session]], machines: list[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
        yield _encode(head)
        sizes = (session.result_bytes + _SESSION_BYTES * (1 + len(session.results)) for _, session in sessions)
        for name, bodies in [("", in_parts(sessions, sizes)), *machines]:
            for body in bodies:
                yield _encode(_Piece(name, body))

    def restore(self, contents: Iterable[bytes]) -> None:
        """Be as the executor was that this is a snapshot of; only before anything is executed."""
        rest = iter(contents)
        head = _head_decoder.decode(next(rest))
        self.digest = self._digests[head.slot] = head.digest
        self.end_slot = head.slot + 1
        self.sessions.clock, self.sessions.opened_count = head.clock, head.opened_count
        for name, pieces in groupby(map(_piece_decoder.decode, rest), key=lambda piece: piece.machine):
            if name:
                self.machines[name].restore(piece.body for piece in pieces)
            else:
                self.sessions.restore(session for piece in pieces for session in _sessions_decoder.decode(piece.body))

    def _operate(self, session: Session, operation: Operation, replies: list[Reply]) -> None:
        if operation.number < session.settled:
            return
        result = session.recall(operation)
        if result is None:
            result = session.remember(operation, self._carry_out(operation) if session.has_room else None)
            if len(session.results) > UNSETTLED_COUNT:
                self.sessions.close(operation.session)
        replies.append((session.client, result))

    def _carry_out(self, operation: Operation) -> bytes:
        machine = self.machines.get(operation.machine)
        return machine.execute(operation.body) if machine is not None else b""

    def _note(self, slot: int, replies: list[Reply]) -> None:
        # Of a session that was opened, whose it is.
        self.digest = zlib.crc32(b"".join([result.body or client.encode() for client, result in replies]), self.digest)
        self._digests[slot] = self.digest
        if len(self._digests) > _WITNESSED_SLOTS:
            self._digests.popitem(last=False)

    def _compare(self, slot: int, witness: tuple[int, int]) -> None:
        """Hold the leader's digest against our own."""
        at, digest = witness
        mine = self._digests.get(at, digest)
        if digest and mine != digest:
            raise InvariantViolation(
                f"state differs: after slot {at} the leader's digest was {digest}, ours {mine}, found at slot {slot}; "
                "is a state machine not the one that other nodes have, or had?"
            )
