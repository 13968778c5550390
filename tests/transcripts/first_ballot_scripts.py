"""Scripted schedules of a decree whose first ballot needs no phase 1."""

from redpaxos.simulation.scripted.scene import Scene
from tests.transcripts.decree_scripts import COLOUR


def a_first_ballot_needs_no_phase_1() -> Scene:
    """No trap: below the lowest ballot there is nothing to find."""
    scene = Scene(COLOUR, proposers=1, first_owner="p1")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Accept 0.p1 red")
    scene.deliver("a1 a2 -> p1: Accepted 0.p1")
    scene.expect_chosen("red")
    scene.deliver("p1 -> l1: Decided 0.p1 red")
    scene.expect_learned("l1", "red")
    return scene


def a_first_ballot_is_never_used_twice() -> Scene:
    """Its owner restarts after an Accept at its first ballot, and is asked for something else."""
    scene = Scene(COLOUR, proposers=1, first_owner="p1")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Accept 0.p1 red")
    scene.expect_chosen("red")
    scene.crash("p1")
    scene.propose("p1", "blue")
    scene.deliver_if_sent("p1 -> a3: Accept 0.p1 blue")
    scene.deliver("p1 -> a2 a3: Prepare 2.p1")
    scene.deliver("a2 a3 -> p1: Promise 2.p1")
    scene.deliver("p1 -> a2 a3: Accept 2.p1 red")
    scene.deliver("a2 a3 -> p1: Accepted 2.p1")
    scene.expect_learned("p1", "red")
    return scene


def a_first_ballot_gives_way_to_a_promise() -> Scene:
    """Another proposer has asked before the first ballot's owner proposes."""
    scene = Scene(COLOUR, first_owner="p1")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Accept 0.p1 red")
    scene.deliver("a2 -> p1: Nack 0.p1")
    scene.expect_nothing_chosen()
    scene.deliver("p2 -> a2 a3: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    scene.expire("p1", "back-off")
    scene.deliver("p1 -> a1 a3: Prepare 2.p1")
    scene.deliver("a1 a3 -> p1: Promise 2.p1")
    scene.deliver_if_sent("p1 -> a1 a3: Accept 2.p1 red")
    scene.deliver("p1 -> a1 a3: Accept 2.p1 blue")
    scene.deliver("a1 a3 -> p1: Accepted 2.p1")
    scene.expect_learned("p1", "blue")
    return scene
