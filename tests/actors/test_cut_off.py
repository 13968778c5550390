"""A learner's node that is cut off from the leader alone: it learns from those that are not."""

from actors.learner import LearnerActor
from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.messages import AskChosen, ChosenPage, Probe, ProbeReply
from paxos.values import Command
from tests.actors.stage import CHANNELS, Stage

BALLOT = Ballot(1, "n1")
VALUE = encode_batch(BALLOT, (Command("id-blue", b'"blue"'),))


def ring_the_last(stage: Stage) -> None:
    """Let the timer run out that was started last."""
    _, ring = stage.timers.waiting[-1]
    ring()
    stage.drain()


def test_it_asks_the_acceptors_what_is_chosen_and_learns_from_whoever_answers() -> None:
    stage = Stage(LearnerActor, "l1")
    ring_the_last(stage)
    assert stage.said == [Probe(0)]
    stage.play("n2", ProbeReply(0, True, BALLOT, 1), target=CHANNELS.desk("l1"), store="acceptor")
    ring_the_last(stage)
    assert (stage.sent[-1][0], stage.said[-1]) == (CHANNELS.outgoing("n2", "l1"), AskChosen(0))
    stage.play("n2", ChosenPage(0, ((BALLOT, VALUE),), 1), target="l1")
    assert stage.actor.report()["slot"] == 1
