"""A client process: asks a cluster for all kinds of things from several threads, and writes down what it was told.

    python -m tests.nemesis.player URL CLUSTER MEMBERS NAME SEED

Every operation is two lines of JSON on standard output, [number, operation]: one when it is invoked, as unknown, and one when it has
ended. The end of standard input ends the process.
"""

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import msgspec

import redpaxos
from redpaxos.client import Client
from redpaxos.errors import NotDoneError, OutcomeUnknownError, UndecidedError
from redpaxos.simulation.linearizability.history import Input, Operation, Outcome, Output

LOG, DECREE, KV = "log", "decree", "kv"
"""The first part of an operation's key, and the model that judges it."""

_HOT_KEYS = 4
_DECREE_NANOSECONDS = 300_000_000
_PAUSE_SECONDS = 0.03
_PATIENCE_SECONDS = (0.5, 4.0)
_LOG_PAGE = 10


class Voice:
    """Tells of every operation as it begins and ends."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._encoder = msgspec.json.Encoder()

    def begin(self, client: str, key: str, input: Input) -> tuple[int, Operation]:
        """Call it unknown until it has ended."""
        begun = next(self._numbers), Operation(client, key, input, invoked=time.monotonic_ns(), outcome=Outcome.UNKNOWN)
        self._say(*begun)
        return begun

    def end(self, begun: tuple[int, Operation], outcome: Outcome, output: Output = None) -> None:
        """Tell how it ended; what is still unknown stays as it is."""
        number, operation = begun
        if outcome is not Outcome.UNKNOWN:
            self._say(number, msgspec.structs.replace(operation, outcome=outcome, output=output, responded=time.monotonic_ns()))

    def _say(self, number: int, operation: Operation) -> None:
        """One write for each line, so that no two are mixed, and what was said is out whoever kills this process."""
        os.write(1, self._encoder.encode([number, operation]) + b"\n")


class Table(NamedTuple):
    """What the players of one process share."""

    client: Client
    members: tuple[str, ...]
    seed: str
    voice: Voice
    # Set when nobody should ask for anything more.
    stop: threading.Event


class Player:
    """One thread of asking; subclasses say for what."""

    def __init__(self, table: Table, name: str) -> None:
        self.client = table.client
        self.members = table.members
        self.stop = table.stop
        self.voice = table.voice
        self.name = name
        self.random = Random(f"{table.seed}/{name}")
        self.count = 0

    def play(self) -> None:
        """Until told to stop."""
        while not self.stop.wait(self.random.expovariate(1 / _PAUSE_SECONDS)):
            self.count += 1
            self.turn(f"{self.name}-{self.count}")

    def turn(self, value: str) -> None:
        """Ask once."""
        raise NotImplementedError

    def ask(self, key: str, input: Input, act: Callable[[float], Output], *, again: bool = False) -> None:
        """Ask, with an id perhaps `again` until it is known what became of it, and tell the outcome."""
        begun = self.voice.begin(self.name, key, input)
        unknown = False
        while True:
            try:
                self.voice.end(begun, Outcome.DONE, act(self.random.choice(_PATIENCE_SECONDS)))
                return
            except NotDoneError:
                if not unknown:
                    self.voice.end(begun, Outcome.NOT_DONE)
                    return
            except OutcomeUnknownError:
                unknown = True
            if not again or self.stop.is_set():
                return

    def anybody(self) -> str:
        """A node to ask; empty for whoever leads."""
        return self.random.choice(("", *self.members))


class LogPlayer(Player):
    """Proposes to the log, and reads its end."""

    def turn(self, value: str) -> None:
        if self.random.random() < 0.7:
            self.ask(LOG, ("propose", value), lambda timeout: self.client.propose(value, id=value, timeout=timeout).revision, again=True)
            return
        node = self.random.choice(self.members)
        try:
            first = max(1, self.client.end_revision(node=node, timeout=0.5) - _LOG_PAGE)
        except NotDoneError:
            return
        self.ask(LOG, ("read", first, _LOG_PAGE), lambda timeout: self._read(node, first, timeout))

    def _read(self, node: str, first: int, timeout: float) -> Output:
        entries = itertools.islice(self.client.log(first, node=node, timeout=timeout), _LOG_PAGE)
        values = tuple(entry.value for entry in entries)
        if len(values) < _LOG_PAGE:
            # A replica may be behind and says so: a shorter page is a reading of less, of which another page would tell more.
            raise NotDoneError("the page is not full")
        return values


class DecreePlayer(Player):
    """Decides decrees that others want to decide at the same time, and asks for them."""

    def turn(self, value: str) -> None:
        number = time.monotonic_ns() // _DECREE_NANOSECONDS
        if self.random.random() < 0.6:
            name = f"d{number}"
            self.ask(
                f"{DECREE}/{name}",
                ("decide", value),
                lambda timeout: str(self.client.decide(name, value, id=value, timeout=timeout).value),
                again=True,
            )
            return
        name = f"d{number - self.random.randrange(4)}"
        self.ask(f"{DECREE}/{name}", ("query",), lambda timeout: self._query(name, timeout))

    def _query(self, name: str, timeout: float) -> Output:
        try:
            return str(self.client.decision(name, timeout=timeout).value)
        except UndecidedError:
            return None


class KeyValuePlayer(Player):
    """Reads and writes a few keys that all want, and keys of its own once each."""

    def turn(self, value: str) -> None:
        store, key = self.client.kv, f"hot/{self.random.randrange(_HOT_KEYS)}"
        match self.random.choice(("own", "get", "get", "get", "put", "put", "cas", "delete")):
            case "own":
                self.ask(f"{KV}/own/{value}", ("put", value), lambda timeout: store.put(f"own/{value}", value, timeout=timeout).revision)
            case "get":
                node = self.anybody()
                self.ask(f"{KV}/{key}", ("get",), lambda timeout: self._get(key, node, timeout))
            case "put":
                self.ask(f"{KV}/{key}", ("put", value), lambda timeout: store.put(key, value, timeout=timeout).revision)
            case "delete":
                self.ask(f"{KV}/{key}", ("delete",), lambda timeout: self._delete(key, timeout))
            case _:
                expected = self._last_revision(key)
                swap = ("compare_and_set_revision", expected, value)
                self.ask(f"{KV}/{key}", swap, lambda timeout: self._swap(key, expected, value, timeout))

    def _get(self, key: str, node: str, timeout: float) -> Output:
        item = self.client.kv.get(key, node=node, timeout=timeout)
        return (item.value.decode(), item.revision) if item is not None else (None, 0)

    def _delete(self, key: str, timeout: float) -> Output:
        deleted = self.client.kv.delete(key, timeout=timeout)
        return deleted.revision if deleted.count else None

    def _swap(self, key: str, expected: int, value: str, timeout: float) -> Output:
        swap = self.client.kv.cas(key, value, revision=expected, timeout=timeout)
        return swap.revision if swap.succeeded else False

    def _last_revision(self, key: str) -> int:
        """As far as some node knows, so that some comparisons hold; 0 if nobody answers."""
        try:
            item = self.client.kv.get(key, consistency="stale", timeout=0.5)
        except NotDoneError:
            return 0
        return item.revision if item is not None else 0


CAST: tuple[tuple[str, type[Player]], ...] = (
    ("log", LogPlayer),
    ("decree", DecreePlayer),
    ("kv", KeyValuePlayer),
    ("kv-too", KeyValuePlayer),
)


def main() -> None:
    """Play until nobody wants more."""
    url, cluster, members, name, seed = sys.argv[1:]
    failures: list[BaseException] = []

    def play(player: Player) -> None:
        try:
            player.play()
        except BaseException as error:
            failures.append(error)
            raise

    with redpaxos.connect(url, cluster=cluster) as client:
        table = Table(client, tuple(members.split(",")), seed, Voice(), threading.Event())
        threads = [threading.Thread(target=play, args=(kind(table, f"{name}.{part}"),)) for part, kind in CAST]
        for thread in threads:
            thread.start()
        sys.stdin.buffer.read()
        table.stop.set()
        for thread in threads:
            thread.join()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
