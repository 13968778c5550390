"""Saving: the shell puts the parts of a snapshot on the shelf, while it goes on and when it stops."""

from actors.learner import LearnerActor
from actors.storage.base import StorageError
from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.messages import Decided
from paxos.settings import Settings
from paxos.values import Open
from tests.actors.stage import Stage

BALLOT = Ballot(1, "n2")
VALUE = encode_batch(BALLOT, (Open("c", 1, 1000),))


def executed(settings: Settings) -> Stage:
    """A learner that has executed one slot."""
    stage = Stage(LearnerActor, settings=settings)
    stage.put("n2", Decided(BALLOT, 0, VALUE), target="learners")
    stage.drain()
    return stage


def ring_the_last(stage: Stage) -> None:
    """Let the timer run out that was started last."""
    _, ring = stage.timers.waiting[-1]
    ring()
    stage.drain()


def test_parts_are_put_on_the_shelf_one_after_each_pause() -> None:
    stage = executed(Settings(snapshot_bytes=1))
    assert list(stage.storage.shelf.saved()) == []
    for _ in range(4):
        ring_the_last(stage)
    *_, last = stage.storage.shelf.saved()
    assert last.slot == stage.actor.report()["snapshot"] == 1


def test_an_actor_that_stops_leaves_a_snapshot_from_which_the_next_goes_on() -> None:
    stage = executed(Settings())
    stage.actor.on_stop()
    *_, last = stage.storage.shelf.saved()
    assert (last.slot, last.digest != b"") == (1, True)


def test_an_actor_that_stops_on_a_store_that_failed_just_stops() -> None:
    stage = executed(Settings())
    stage.storage.shelf.save = _fail  # type: ignore[method-assign]
    stage.actor.on_stop()
    assert stage.storage.closed


def _fail(part: object) -> None:
    raise StorageError("no space left on device")
