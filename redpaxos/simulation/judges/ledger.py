"""The ledger: sessions and state machines as they must be, executed slot by slot by somebody who sees only what is chosen.

It knows nothing of actors and shares no code with paxos/sessions.py or paxos/executor.py, whose work it judges. The machines are fresh
ones of the same kind, so what a machine does is not judged here but by the histories of its clients.
"""

import zlib
from collections.abc import Callable, Mapping

from msgspec import Struct

from paxos.machines.base import Machine
from paxos.sessions import Sessions
from paxos.values import Batch, Close, Open, Operation

Machines = Mapping[str, Callable[[], Machine]]
"""Makes each state machine of a replica, by name."""


class Done(Struct, frozen=True):
    """An operation that was executed: the slot, the machine, and what came of it."""

    slot: int
    machine: str
    command: bytes
    body: bytes


class _Account(Struct):
    """A session that has not ended."""

    client: str
    expiry_milliseconds: int
    ends_at: int
    settled: int = 0
    # What was executed and is not settled.
    results: dict[int, bytes] = {}


class Ledger:
    """What every replica must come to."""

    def __init__(self, machines: Machines) -> None:
        # Every operation ever executed, by session and number.
        self.done: dict[tuple[int, int], Done] = {}
        # The number of each session that was opened, by client and nonce, as often as it was asked for.
        self.opened: dict[tuple[str, int], list[int]] = {}
        self.opened_count = 0
        self._accounts: dict[int, _Account] = {}
        self._machines = {name: make() for name, make in machines.items()}
        self._clock = 0
        # The checksum of all sessions before each slot.
        self._prints = [self._print()]

    def execute(self, slot: int, batch: Batch) -> list[Operation]:
        """Carry out one slot; returns the operations that were executed now."""
        self._clock = max(self._clock, batch.stamp)
        self._accounts = {number: account for number, account in self._accounts.items() if account.ends_at > self._clock}
        executed = []
        for action in batch.actions:
            match action:
                case Open(client, nonce, expiry):
                    self.opened_count += 1
                    self.opened.setdefault((client, nonce), []).append(self.opened_count)
                    self._accounts[self.opened_count] = _Account(client, max(1, expiry), self._clock + max(1, expiry))
                case Close(session):
                    self._accounts.pop(session, None)
                case Operation() if self._operate(slot, action):
                    executed.append(action)
                case _:
                    pass
        self._prints.append(self._print())
        return executed

    def is_open(self, session: int) -> bool:
        """Whether this session was opened and has not ended."""
        return session in self._accounts

    def print_before(self, slot: int) -> int | None:
        """The checksum of all sessions when every slot below this one is executed; None if that is not known yet."""
        return self._prints[slot] if slot < len(self._prints) else None

    def _operate(self, slot: int, operation: Operation) -> bool:
        account = self._accounts.get(operation.session)
        if account is None:
            return False
        account.ends_at = self._clock + account.expiry_milliseconds
        account.settled = max(account.settled, operation.settled)
        account.results = {number: body for number, body in account.results.items() if number >= account.settled}
        if operation.number < account.settled or operation.number in account.results:
            return False
        machine = self._machines.get(operation.machine)
        body = machine.execute(operation.body) if machine is not None else b""
        account.results[operation.number] = body
        self.done[operation.session, operation.number] = Done(slot, operation.machine, operation.body, body)
        return True

    def _print(self) -> int:
        rows = [
            (number, account.client, account.expiry_milliseconds, account.ends_at, account.settled, sorted(account.results.items()))
            for number, account in sorted(self._accounts.items())
        ]
        return zlib.crc32(repr((self._clock, self.opened_count, rows)).encode())


def print_of(sessions: Sessions) -> int:
    """The same checksum of a replica's sessions."""
    found = [(number, session) for number in range(1, sessions.opened_count + 1) if (session := sessions.find(number)) is not None]
    rows = [
        (number, session.client, session.expiry_milliseconds, session.ends_at, session.settled, sorted(session.results.items()))
        for number, session in found
    ]
    return zlib.crc32(repr((sessions.clock, sessions.opened_count, rows)).encode())
