"""Timers of an actor: expiry comes with a generation, so that a cancelled or restarted timer is never seen."""

import pytest

from actors.base import RoleActor
from paxos.ballot import Ballot
from paxos.cast import Cast
from paxos.cues import Begin, Expired, Message
from paxos.effects import NOTHING, CancelTimer, Effects, StartTimer
from paxos.messages import Heartbeat, Locate, Probe
from tests.actors.stage import Stage


class Cook:
    """Starts a timer for a Probe, cancels it for a Locate, and notes what expires."""

    handles = (Begin, Probe, Locate, Heartbeat, Expired)

    def __init__(self) -> None:
        self.expired: list[str] = []

    def handle(self, source: str, message: Message) -> Effects:
        match message:
            case Probe():
                return Effects(timers=(StartTimer("egg", 2.0, 1.0),))
            case Locate():
                return Effects(timers=(CancelTimer("egg"),))
            case Heartbeat():
                return Effects(timers=(StartTimer("tea", 3.0),))
            case Expired(timer):
                self.expired.append(timer)
        return NOTHING

    def flush(self) -> Effects:
        return NOTHING


class Kitchen(RoleActor):
    """An actor with a cook."""

    store = "acceptor"

    def __init__(self, wiring: object) -> None:
        super().__init__(wiring)  # type: ignore[arg-type]
        self.cook = Cook()

    def make_cast(self, group: str) -> Cast:
        return Cast("n1", [self.cook])


@pytest.fixture
def stage() -> Stage:
    """A kitchen."""
    return Stage(Kitchen)


def expired(stage: Stage) -> list[str]:
    """What the cook saw expire."""
    assert isinstance(stage.actor, Kitchen)
    return stage.actor.cook.expired


def ring(stage: Stage, index: int) -> None:
    """Let a timer that was set expire."""
    stage.timers.waiting[index][1]()


START, CANCEL = Probe(1), Locate()


def test_a_timer_that_runs_out_is_seen_once(stage: Stage) -> None:
    stage.play("n2", START)
    ring(stage, 0)
    ring(stage, 0)
    stage.drain()
    assert expired(stage) == ["egg"]


def test_a_cancelled_timer_is_never_seen(stage: Stage) -> None:
    stage.play("n2", START)
    stage.play("n2", CANCEL)
    ring(stage, 0)
    stage.drain()
    assert expired(stage) == []


def test_a_timer_that_is_cancelled_while_its_ring_waits_is_never_seen(stage: Stage) -> None:
    stage.play("n2", START)
    stage.put("n2", CANCEL)
    ring(stage, 0)
    stage.drain()
    assert expired(stage) == []


def test_a_restarted_timer_is_seen_when_it_runs_out_again_and_not_before(stage: Stage) -> None:
    stage.play("n2", START)
    stage.play("n2", START)
    ring(stage, 0)
    stage.drain()
    assert expired(stage) == []
    ring(stage, 1)
    stage.drain()
    assert expired(stage) == ["egg"]


def test_a_timer_that_is_restarted_while_its_ring_waits_is_not_seen_before_it_runs_out_again(stage: Stage) -> None:
    stage.play("n2", START)
    stage.put("n2", START)
    ring(stage, 0)
    stage.drain()
    assert expired(stage) == []
    ring(stage, 1)
    stage.drain()
    assert expired(stage) == ["egg"]


def test_a_timer_of_another_name_is_not_touched(stage: Stage) -> None:
    stage.play("n2", START, Heartbeat(Ballot(1, "n2"), 0), CANCEL)
    ring(stage, 0)
    ring(stage, 1)
    stage.drain()
    assert expired(stage) == ["tea"]


def test_the_same_name_in_another_group_is_another_timer(stage: Stage) -> None:
    stage.play("n2", START, group="decree:a")
    stage.play("n2", START, group="decree:b")
    stage.play("n2", CANCEL, group="decree:b")
    ring(stage, 0)
    ring(stage, 1)
    stage.drain()
    assert expired(stage) == ["egg"]


def test_jitter_is_drawn_from_the_whole_range_and_only_added(stage: Stage) -> None:
    for _ in range(200):
        stage.play("n2", START)
    times = [seconds for seconds, _ in stage.timers.waiting]
    assert 2.0 <= min(times) < 2.1
    assert 2.9 < max(times) <= 3.0


def test_a_ring_comes_through_a_full_mailbox(stage: Stage) -> None:
    stage.play("n2", START)
    stage.put_frame("x", bytes(60 * 1024 * 1024))
    stage.put_frame("x", bytes(60 * 1024 * 1024))
    for _ in range(200):
        stage.put_frame("x", bytes(60 * 1024 * 1024 // 60))
    assert stage.mailbox.dropped_count > 0
    ring(stage, 0)
    stage.drain()
    assert expired(stage) == ["egg"]
