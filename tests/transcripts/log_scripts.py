"""Scripted schedules of a log: changes of leader, at the worst moments."""

from paxos.groups import LOG
from redpaxos.simulation.scripted.scene import Scene


def _elect(scene: Scene, leader: str, *acceptors: str, ballot: str) -> None:
    """Phase 1 of a leader, won with these acceptors."""
    voters = " ".join(acceptors)
    scene.lead(leader)
    scene.deliver(f"{leader} -> {voters}: Prepare {ballot}")
    scene.deliver(f"{voters} -> {leader}: Promise {ballot}")


def _tell(scene: Scene, leader: str, ballot: str, *slots: int) -> None:
    """A leader that proposes nothing for a moment tells a learner what was decided in these slots."""
    scene.expire(leader, "tell")
    for slot in slots:
        scene.deliver(f"{leader} -> l1: Decided {ballot} slot {slot}")


def a_leader_needs_one_phase_a_slot() -> Scene:
    """No trap: phase 1 once, then one Accept a slot."""
    scene = Scene(LOG, proposers=1)
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 slot 0 red")
    scene.deliver("a1 a2 -> p1: Accepted 1.p1 slot 0")
    scene.propose("p1", "green")
    scene.remark("what was decided is told with the next proposal")
    scene.deliver("p1 -> l1: Decided 1.p1 slot 0")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 slot 1 green")
    scene.expect_learned("l1", "red")
    scene.deliver("a1 a2 -> p1: Accepted 1.p1 slot 1")
    _tell(scene, "p1", "1.p1", 1)
    scene.expect_learned("l1", "red", "green")
    scene.expect_executed("l1", "red", "green")
    return scene


def a_gap_is_filled() -> Scene:
    """A leader's Accept for slot 0 is lost, the one for slot 1 is not; then another leads."""
    scene = Scene(LOG)
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    scene.propose("p1", "red")
    scene.lose("p1 -> a1 a2 a3: Accept slot 0")
    scene.propose("p1", "green")
    scene.deliver("p1 -> a1 a2: Accept slot 1 green")
    scene.deliver("a1 a2 -> p1: Accepted slot 1")
    scene.expect_learned("p1")
    scene.expect_not_sent("p1 -> l1: Decided 1.p1")
    _elect(scene, "p2", "a2", "a3", ballot="1.p2")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 slot 0 NOOP")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 slot 1 green")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2 slot 0")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2 slot 1")
    _tell(scene, "p2", "1.p2", 0, 1)
    scene.expect_learned("l1", "NOOP", "green")
    scene.expect_executed("l1", "green")
    return scene


def a_value_known_to_a_dead_leader_only() -> Scene:
    """A leader learns that its value is chosen, tells nobody, and is gone."""
    scene = Scene(LOG)
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 slot 0 red")
    scene.deliver("a1 a2 -> p1: Accepted 1.p1 slot 0")
    scene.expect_learned("p1", "red")
    scene.remark("p1 is never heard of again")
    _elect(scene, "p2", "a2", "a3", ballot="1.p2")
    scene.propose("p2", "blue")
    scene.deliver_if_sent("p2 -> a2 a3: Accept 1.p2 slot 0 blue")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 slot 0 red")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 slot 1 blue")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2 slot 0")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2 slot 1")
    _tell(scene, "p2", "1.p2", 0, 1)
    scene.expect_learned("l1", "red", "blue")
    return scene


def two_leaders_at_once() -> Scene:
    """A leader does not know yet that another was elected; both propose for slot 0."""
    scene = Scene(LOG)
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    _elect(scene, "p2", "a2", "a3", ballot="1.p2")
    scene.propose("p1", "red")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 slot 0 blue")
    scene.expect_chosen("blue")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 slot 0 red")
    scene.deliver("a2 -> p1: Nack 1.p1")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2 slot 0")
    _tell(scene, "p2", "1.p2", 0)
    scene.expect_learned("l1", "blue")
    return scene


def a_leader_learns_what_another_decided() -> Scene:
    """A leader that does not know of the other hears what that one got chosen, in a slot for which it proposed something else."""
    scene = Scene(LOG)
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    _elect(scene, "p2", "a2", "a3", ballot="1.p2")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1: Accept 1.p1 slot 0 red")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 slot 0 blue")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2 slot 0")
    scene.expire("p2", "tell")
    scene.deliver("p2 -> p1: Decided 1.p2 slot 0")
    scene.expect_learned("p1", "blue")
    scene.deliver_if_sent("p1 -> l1: Decided 1.p1 slot 0")
    scene.deliver("p2 -> l1: Decided 1.p2 slot 0")
    scene.expect_learned("l1", "blue")
    return scene


def a_command_through_two_leaders_executes_once() -> Scene:
    """A client hears nothing from a leader that is deposed, and proposes the same command through the next."""
    scene = Scene(LOG)
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    scene.propose("p1", "pay", command_id="c1-id")
    scene.deliver("p1 -> a1: Accept 1.p1 slot 0 pay")
    _elect(scene, "p2", "a1", "a2", ballot="1.p2")
    scene.propose("p2", "pay", command_id="c1-id")
    scene.deliver("p2 -> a1 a2: Accept 1.p2 slot 0 pay")
    scene.deliver("p2 -> a1 a2: Accept 1.p2 slot 1 pay")
    scene.deliver("a1 a2 -> p2: Accepted 1.p2 slot 0")
    scene.deliver("a1 a2 -> p2: Accepted 1.p2 slot 1")
    _tell(scene, "p2", "1.p2", 0, 1)
    scene.expect_learned("l1", "pay", "pay")
    scene.expect_executed("l1", "pay")
    return scene


def a_leader_that_missed_a_value_finds_it() -> Scene:
    """A leader restarts before it learned what it got chosen, leads again, and proposes something else."""
    scene = Scene(LOG, proposers=1)
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 slot 0 red")
    scene.lose("a1 a2 -> p1: Accepted 1.p1")
    scene.crash("p1")
    _elect(scene, "p1", "a2", "a3", ballot="2.p1")
    scene.propose("p1", "blue")
    scene.deliver_if_sent("p1 -> a2 a3: Accept 2.p1 slot 0 blue")
    scene.deliver("p1 -> a2 a3: Accept 2.p1 slot 0 red")
    scene.deliver("p1 -> a2 a3: Accept 2.p1 slot 1 blue")
    scene.deliver("a2 a3 -> p1: Accepted 2.p1 slot 0")
    scene.deliver("a2 a3 -> p1: Accepted 2.p1 slot 1")
    _tell(scene, "p1", "2.p1", 0, 1)
    scene.expect_learned("l1", "red", "blue")
    return scene


def an_empty_disk_is_not_admitted() -> Scene:
    """Two acceptors start without the third; one of them loses its disk; then only the third, which never heard it before, is there."""
    scene = Scene(LOG, is_first_start=True)
    scene.begin("a1", "a2")
    scene.lose("a1 a2 -> a3: Introduce")
    scene.deliver("a1 -> a2: Introduce a1-disk-1")
    scene.deliver("a2 -> a1: Acquainted a1-disk-1")
    scene.remark("a1 is known to one of two others, which is not enough")
    scene.lead("p1")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver_if_sent("a1 a2 -> p1: Promise 1.p1")
    scene.propose("p1", "red")
    scene.deliver_if_sent("p1 -> a1 a2: Accept 1.p1 slot 0 red")
    scene.remark("a2 is away; a3 is there, and hears a1 for the first time")
    scene.wipe("a1")
    scene.begin("a1", "a3")
    scene.deliver("a1 -> a3: Introduce a1-disk-2")
    scene.deliver("a3 -> a1: Acquainted a1-disk-2")
    scene.deliver_again("a2 -> a1: Acquainted a1-disk-1")
    scene.lead("p2")
    scene.deliver("p2 -> a1 a3: Prepare 1.p2")
    scene.deliver_if_sent("a1 a3 -> p2: Promise 1.p2")
    scene.propose("p2", "blue")
    scene.deliver_if_sent("p2 -> a1 a3: Accept 1.p2 slot 0 blue")
    scene.remark("a2 is back, and remembers")
    scene.deliver("a1 -> a2: Introduce a1-disk-2")
    scene.expect_not_sent("a2 -> a1: Acquainted a1-disk-2")
    scene.expect_nothing_chosen()
    return scene


def an_admitted_store_takes_part_again_at_once() -> Scene:
    """No trap: three acceptors start, each is admitted by the two others, and a restart asks nobody."""
    scene = Scene(LOG, is_first_start=True, proposers=1)
    scene.begin("a1", "a2", "a3")
    scene.deliver("a1 -> a2 a3: Introduce a1-disk-1")
    scene.deliver("a2 a3 -> a1: Acquainted a1-disk-1")
    scene.deliver("a2 -> a1 a3: Introduce a2-disk-1")
    scene.deliver("a1 a3 -> a2: Acquainted a2-disk-1")
    scene.crash("a1")
    _elect(scene, "p1", "a1", "a2", ballot="1.p1")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 slot 0 red")
    scene.deliver("a1 a2 -> p1: Accepted 1.p1 slot 0")
    _tell(scene, "p1", "1.p1", 0)
    scene.expect_learned("l1", "red")
    return scene
