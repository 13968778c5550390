"""The code and the model are the same protocol: what nodes said in simulated runs, and in a real one, is a behaviour of the model.

And the model can refuse: a trace that was tampered with, or that comes from actors with a mistake, is none.
"""

from functools import cache
from pathlib import Path

import pytest
import redis
from msgspec.structs import replace

from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.codec import Codec, Envelope
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group
from paxos.values import Command
from redpaxos.client import Client
from tests.integration.cluster import MEMBERS, Cluster
from tests.planted.catalogue.all import BY_NAME
from tests.planted.planting import planted
from tests.servers import RedisServer
from tests.spec.simulated import plan_of, said, shape_of
from tests.spec.tlc import needs_java
from tests.spec.validation import Shape, refusals
from tests.spec.wire import Event, events_of

pytestmark = [needs_java, pytest.mark.timeout(600)]

_EVENT_LIMIT = 80
_SEEDS = range(40)
_MISTAKEN_SEED_COUNT = 200
_MISTAKEN_TRACE_COUNT = 40


@cache
def _traces() -> dict[Shape, list[list[Event]]]:
    """What was said about the log in runs of a few seeds, by the shape of the cluster."""
    traces: dict[Shape, list[list[Event]]] = {}
    for seed in _SEEDS:
        plan = plan_of(seed)
        if plan is not None and len(plan.members) == 3:
            traces.setdefault(shape_of(plan), []).append(events_of(said(plan), LOG)[:_EVENT_LIMIT])
    return traces


def _largest() -> tuple[Shape, list[list[Event]]]:
    return max(_traces().items(), key=lambda item: len(item[1]))


def test_simulated_runs_are_behaviours_of_the_model() -> None:
    shape, traces = _largest()
    kinds = {event.kind for events in traces for event in events}
    assert kinds == {"Prepare", "Promise", "Accept", "Accepted", "Nack", "Chosen", "Decided", "Restart"}
    assert sum(map(len, traces)) > 400
    assert refusals(shape, traces) == []


# ---- what the model refuses ------------------------------------------------------------------------------------------------------


def _without_the_cause(events: list[Event]) -> list[Event]:
    """The Accept that the first vote answers was never sent."""
    vote = next(event for event in events if event.kind == "Accepted")
    return [event for event in events if event.kind != "Accept" or event.fields["slot"] != vote.fields["slot"]]


def _without_votes(events: list[Event]) -> list[Event]:
    """An acceptor promises, and hides its votes."""
    told = next(event for event in events if event.kind == "Promise" and event.fields["votes"])
    hidden = replace(told, fields=told.fields | {"votes": ()})
    return [hidden if event is told else event for event in events]


def _with_another_value(events: list[Event]) -> list[Event]:
    """A proposer proposes a second value at one ballot."""
    first = next(event for event in events if event.kind == "Accept")
    ballot = first.fields["ballot"]
    second = replace(first, fields=first.fields | {"value": encode_batch(ballot, (Command("other", b"1"),))})
    return [*events, second]


def _below_the_promise(events: list[Event]) -> list[Event]:
    """An acceptor promises less than it promised before."""
    last = max((event for event in events if event.kind == "Promise"), key=lambda event: event.fields["ballot"])
    ballot = min(event.fields["ballot"] for event in events if event.kind == "Prepare")
    assert ballot < last.fields["ballot"]
    return [*events, Event("Nack", last.node, {"ballot": ballot, "promised": ballot})]


def _with_a_stolen_ballot(events: list[Event]) -> list[Event]:
    """A proposer proposes at a ballot that it has not prepared."""
    first = next(event for event in events if event.kind == "Accept")
    ballot = Ballot(first.fields["ballot"].round + 100, first.fields["ballot"].node)
    return [*events, replace(first, fields=first.fields | {"ballot": ballot})]


def _with_an_invention(events: list[Event]) -> list[Event]:
    """A learner calls chosen what nobody proposed."""
    value = encode_batch(Ballot(1, events[0].node), (Command("invented", b"1"),))
    return [*events, Event("Chosen", next(event.node for event in events if event.kind == "Prepare"), {"slot": 0, "value": value})]


def _with_a_hasty_decision(events: list[Event]) -> list[Event]:
    """A leader says that a slot was decided as soon as it has proposed something, before anybody voted."""
    place = next(index for index, event in enumerate(events) if event.kind == "Accept")
    fields = {name: events[place].fields[name] for name in ("ballot", "slot", "value")}
    return [*events[: place + 1], Event("Decided", events[place].node, fields), *events[place + 1 :]]


def _with_a_decision_too_far(events: list[Event]) -> list[Event]:
    """A leader says that one slot more was decided than was."""
    last = max((event for event in events if event.kind == "Decided"), key=lambda event: (event.fields["ballot"], event.fields["slot"]))
    return [*events, replace(last, fields=last.fields | {"slot": max(event.fields.get("slot", 0) for event in events) + 1})]


def _with_a_decision_of_another_value(events: list[Event]) -> list[Event]:
    """A leader says that something else was decided than what it proposed."""
    told = next(event for event in events if event.kind == "Decided")
    value = encode_batch(told.fields["ballot"], (Command("invented", b"1"),))
    return [replace(event, fields=event.fields | {"value": value}) if event is told else event for event in events]


def _with_a_decision_of_another(events: list[Event]) -> list[Event]:
    """A node says what was decided at another's ballot."""
    told = next(event for event in events if event.kind == "Decided")
    other = next(event.node for event in events if event.kind == "Prepare" and event.node != told.node)
    return [replace(event, node=other) if event is told else event for event in events]


TAMPERING = (
    _without_the_cause,
    _without_votes,
    _with_another_value,
    _below_the_promise,
    _with_a_stolen_ballot,
    _with_an_invention,
    _with_a_hasty_decision,
    _with_a_decision_too_far,
    _with_a_decision_of_another_value,
    _with_a_decision_of_another,
)


def test_a_trace_that_was_tampered_with_is_refused() -> None:
    shape, traces = _largest()
    events = next(
        events
        for events in traces
        if any(event.fields.get("votes") for event in events)
        and any(event.kind == "Decided" for event in events)
        and len({event.node for event in events if event.kind == "Prepare"}) > 1
        and len({event.fields["ballot"] for event in events if event.kind == "Promise"}) > 1
    )
    refused = {refusal.trace for refusal in refusals(shape, [events, *(tamper(list(events)) for tamper in TAMPERING)])}
    assert refused == set(range(1, len(TAMPERING) + 1))


@pytest.mark.parametrize(
    "mistake",
    [
        "an acceptor keeps its votes to itself",
        "an acceptor accepts below its promise",
        "a proposer does not listen to votes",
        "an informer tells what was decided at another's ballot",
    ],
)
def test_a_run_of_actors_with_a_mistake_is_refused(mistake: str) -> None:
    """A run ends where the simulator sees the mistake, so the shortest are looked at whole."""
    shape, _ = _largest()
    plans = [plan for seed in range(_MISTAKEN_SEED_COUNT) if (plan := plan_of(seed)) is not None and shape_of(plan) == shape]
    with planted(BY_NAME[mistake]):
        traces = [events_of(said(plan), LOG) for plan in plans]
    assert refusals(shape, sorted(traces, key=len)[:_MISTAKEN_TRACE_COUNT]) != []


# ---- a real run ------------------------------------------------------------------------------------------------------------------


class Recorder:
    """Hears every frame that a server carries, in its order."""

    def __init__(self, server: RedisServer) -> None:
        self._codec = Codec("test")
        self._pubsub = redis.Redis.from_url(server.unix_url).pubsub()  # type: ignore[no-untyped-call]
        self._pubsub.psubscribe("redpaxos:{test.0}:*")
        self.envelopes: list[Envelope] = []

    def hear(self) -> None:
        """Take what has arrived; the nodes must be silent, or this does not end."""
        while (heard := self._pubsub.get_message(timeout=0.2)) is not None:
            if heard["type"] == "pmessage":
                self._note(heard["data"])

    def close(self) -> None:
        """Hear nothing more."""
        self._pubsub.close()

    def _note(self, frame: bytes) -> None:
        try:
            envelope = self._codec.decode(frame)
        except MalformedError as error:
            raise AssertionError(f"a node published what does not decode: {error}") from error
        if envelope.store_id:
            self.envelopes.append(envelope)


def _have_a_history(cluster: Cluster, client: Client) -> None:
    """Commands, a leader that is killed, commands, its return, and a decree."""
    cluster.settle(client)
    for number in range(5):
        client.propose(number, id=f"before-{number}", timeout=20.0)
    leader = client.propose("who leads", id="leader", timeout=20.0).ballot[1]
    cluster.kill(leader)
    for number in range(5):
        client.propose(number, id=f"after-{number}", timeout=20.0)
    cluster.start(leader)
    client.decide("colour", "blue", timeout=20.0)
    cluster.logs(client)


@pytest.mark.server
@pytest.mark.processes
def test_what_real_nodes_said_is_a_behaviour_of_the_model(tmp_path: Path) -> None:
    with RedisServer() as server:
        recorder = Recorder(server)
        with Cluster(server, tmp_path / "nodes") as cluster, cluster.client() as client:
            cluster.start()
            _have_a_history(cluster, client)
        recorder.hear()
        recorder.close()
    traces = [events_of(recorder.envelopes, group) for group in (LOG, decree_group("colour"))]
    ballots = {event.fields["ballot"] for event in traces[0] if event.kind == "Accept"}
    assert len({ballot.node for ballot in ballots}) > 1
    assert all({"Prepare", "Promise", "Accept", "Accepted"} <= {event.kind for event in events} for events in traces)
    assert refusals(Shape(MEMBERS, MEMBERS), traces) == []
