"""The story: what happens on the stage, and what has to be true of it.

Nothing here is prepared: each line is said after it was seen, and whatever is not as Paxos promises raises DemoError. Every wait is for
a condition, with a deadline.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

from paxos.doors import chosen_text
from paxos.groups import LOG
from redpaxos.cli.health import Health, assess
from redpaxos.cli.output import ballot_text
from redpaxos.client import Client
from redpaxos.demo.narrator import Narrator
from redpaxos.demo.people import CHOSEN, PROPOSE, Listener, Person, all_at_once
from redpaxos.demo.stage import CLUSTER, NODES, DemoError, Stage

_DEADLINE_SECONDS = 15.0
_AGAIN_SECONDS = 2.0
_POLL_SECONDS = 0.02
_DECREE = "colour"

Found = TypeVar("Found")
Message = dict[str, Any]


class Story:
    """One telling; the stage is the caller's to close."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self._stage = stage
        self._narrator = narrator
        # Ids of everything proposed for the log so far.
        self._proposed: list[str] = []

    def tell(self) -> None:
        """From the first start to the last comparison; DemoError if anything disagrees."""
        began = time.monotonic()
        self._narrator.title("redpaxos demo", "Three nodes agree, lose their leader, and go on. Nothing is prepared.")
        self._narrator.chapter("A Redis and three nodes")
        self._narrator.about("redis", f"{self._stage.open()}: carries the messages, remembers nothing")
        self._client = Client(self._stage.transport(), CLUSTER)
        listening = self._stage.transport()
        self._listener = Listener(listening)
        self._alice, self._bob = Person("alice", self._stage.redis()), Person("bob", self._stage.redis())
        try:
            self._start_nodes()
            winner = self._decide_colour()
            self._fill_log()
            leader = self._lose_leader()
            self._bring_back(leader)
            self._compare(winner)
        finally:
            for closing in (self._alice, self._bob, self._client, listening):
                closing.close()
        self._narrator.verdict(
            f"One order of {len(self._proposed)} values, the same on every node, after {time.monotonic() - began:.1f} s."
        )

    # ---- chapters ----------------------------------------------------------------------------------------------------------------

    def _start_nodes(self) -> None:
        for node in NODES:
            self._narrator.about(node, f"{self._stage.start(node)}, with a disk of its own")
        began = time.monotonic()
        health = self._await_leader(among=NODES)
        ballot = ballot_text(health.ballot) if health.ballot is not None else "?"
        self._narrator.event(health.leader, f"leads: a majority promised it ballot {ballot} ({time.monotonic() - began:.1f} s)")

    def _decide_colour(self) -> Message:
        """Two proposals for one decree; whichever wins has won for good."""
        self._narrator.chapter("Two clients want different things at the same moment")
        self._narrator.say(f"on the channel {PROPOSE}, as redis-cli could:")
        wishes = ((self._alice, "blue"), (self._bob, "red"))
        proposals = [(person, {"decree": _DECREE, "value": value}) for person, value in wishes]
        heard = self._publish_until(proposals, lambda messages: [message for message in messages if message.get("decree") == _DECREE])
        self._narrator.say(f"on the channel {CHOSEN}, for everybody to hear:")
        self._narrator.decided(heard[0])
        for person, value in wishes:
            answer = self._client.decide(_DECREE, value)
            if (answer.value, list(answer.ballot)) != (heard[0]["value"], heard[0]["ballot"]):
                raise DemoError(f"{person.name} was told that {_DECREE} is {answer.value!r}, everybody else {heard[0]['value']!r}")
            self._narrator.about(person.name, f"insists on {value}, and is told: it is {answer.value}, and stays so")
        return heard[0]

    def _fill_log(self) -> None:
        self._narrator.chapter("They append to the log, both at once")
        self._narrator.say("each value gets a revision, its place in the one order:")
        self._append(["alice 1", "alice 2"], ["bob 1", "bob 2"])

    def _lose_leader(self) -> str:
        """Kill whoever leads, and have more chosen at once by the two that are left."""
        self._narrator.chapter("The leader dies, and nobody waits for it")
        self._narrator.say("a majority is enough, and two of three are one:")
        leader = self._await_leader(among=NODES).leader
        self._narrator.event(leader, self._stage.kill(leader))
        began = time.monotonic()
        self._append(["alice 3", "alice 4"], ["bob 3", "bob 4"])
        took = time.monotonic() - began
        others = tuple(node for node in NODES if node != leader)
        self._narrator.event(self._await_leader(among=others).leader, f"leads; chosen again {took:.1f} s after the kill, by two of three")
        return leader

    def _bring_back(self, node: str) -> None:
        self._narrator.chapter("It comes back, and catches up")
        self._narrator.say("its promises and votes are on its disk; what it missed, it asks for:")
        end_revision = self._client.end_revision()
        began = time.monotonic()
        self._narrator.about(node, f"{self._stage.start(node)}, on the disk that it had")
        self._await(f"{node} to catch up", node, lambda: self._end_revision_of(node) >= end_revision)
        self._narrator.event(node, f"has all {end_revision - 1} revisions again ({time.monotonic() - began:.1f} s after its start)")

    def _compare(self, winner: Message) -> None:
        """Every node's log, byte by byte, and what the decree is."""
        self._narrator.chapter("Do they agree?")
        self._narrator.say("the whole log, read from each node by itself:")
        logs = {node: list(self._client.entries(node=node)) for node in NODES}
        digests = {node: sha256(b"\n".join(chosen_text(LOG, entry) for entry in entries)).hexdigest() for node, entries in logs.items()}
        for node in NODES:
            self._narrator.log_of(node, len(logs[node]), digests[node], agrees=digests[node] == digests[NODES[0]])
        if len(set(digests.values())) != 1:
            raise DemoError("the nodes' logs differ")
        ids = [entry.id for entry in logs[NODES[0]]]
        if sorted(ids) != sorted(self._proposed):
            raise DemoError(f"the log holds {ids}, proposed was {self._proposed}")
        colour = self._client.decision(_DECREE)
        if colour.value != winner["value"]:
            raise DemoError(f"{_DECREE} was {winner['value']!r}, and is {colour.value!r}")
        self._narrator.say(f"each of the {len(ids)} proposals is there once, and {_DECREE} is still {colour.value}")

    # ---- proposals ---------------------------------------------------------------------------------------------------------------

    def _append(self, of_alice: Sequence[str], of_bob: Sequence[str]) -> None:
        """Have both publish their values at once, and tell what was chosen, in its order."""
        proposals = [(self._alice, {"value": value, "id": value.replace(" ", "-")}) for value in of_alice]
        proposals += [(self._bob, {"value": value, "id": value.replace(" ", "-")}) for value in of_bob]
        ids = {proposal["id"] for _, proposal in proposals}
        self._proposed += sorted(ids)

        def chosen(messages: Sequence[Message]) -> list[Message]:
            found = {message["id"]: message for message in messages if message["group"] == LOG and message["id"] in ids}
            return sorted(found.values(), key=lambda message: int(message["revision"])) if len(found) == len(ids) else []

        for message in self._publish_until(proposals, chosen):
            self._narrator.chosen(message)

    def _publish_until(
        self, proposals: Sequence[tuple[Person, Message]], look: Callable[[Sequence[Message]], list[Message]]
    ) -> list[Message]:
        """Let all publish theirs at once, and again if nothing is heard of it: pub/sub may lose a message, and an id executes once."""
        for person, proposal in proposals:
            self._narrator.published(person.name, proposal)
        people = {person.name: person for person, _ in proposals}.values()
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while time.monotonic() < deadline:
            all_at_once([partial(publisher.publish, [each for person, each in proposals if person is publisher]) for publisher in people])
            if heard := self._listener.await_heard(look, _AGAIN_SECONDS):
                return heard
            self._narrator.say("not heard of all of them yet: published once more; what has an id is executed once")
        rejected = f"; rejected: {self._listener.rejections[-1]}" if self._listener.rejections else ""
        raise DemoError(f"nothing was chosen within {_DEADLINE_SECONDS} s{rejected}")

    # ---- waiting -----------------------------------------------------------------------------------------------------------------

    def _await_leader(self, *, among: Sequence[str]) -> Health:
        """The health of the cluster, as soon as one of these nodes leads and all of them answer."""

        def look() -> Health | None:
            reports = self._client.status(timeout=0.3)
            health = assess(reports)
            answering = {report["node"] for report in reports}
            return health if health.leader in among and answering >= set(among) else None

        return self._await("a leader", among[0], look, *among[1:])

    def _end_revision_of(self, node: str) -> int:
        reports = self._client.reports(node=node, timeout=0.3)
        return next((int(report["revision"]) + 1 for report in reports if "revision" in report), 0)

    def _await(self, what: str, node: str, look: Callable[[], Found | None], *others: str) -> Found:
        """What `look` finds; DemoError if it is too late, or if a node that is needed has ended."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not (found := look()):
            for needed in (node, *others):
                if reason := self._stage.failure(needed):
                    raise DemoError(f"{needed} has ended: {reason}")
            if time.monotonic() > deadline:
                raise DemoError(f"waited {_DEADLINE_SECONDS} s for {what}, in vain")
            time.sleep(_POLL_SECONDS)
        return found
