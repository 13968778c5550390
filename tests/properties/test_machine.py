"""A rule-based machine over real acceptors, proposers and learners: messages are delivered, dropped, duplicated and reordered, and
nodes crash, in any order; what "Paxos Made Simple" promises holds after every step."""

import os
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from paxos.ballot import ZERO
from paxos.cues import Expired, Inspect, Lead, Propose, Resign
from paxos.groups import LOG, decree_group, is_decree
from paxos.learner import CATCH_UP
from paxos.proposer import BACK_OFF, RETRY
from paxos.quorum import Quorum, majority
from paxos.values import Command
from tests.properties.world import ACCEPTOR_NAMES, PROPOSER_NAMES, World

THOROUGH = os.environ.get("REDPAXOS_HYPOTHESIS") == "thorough"
NODES = st.sampled_from(ACCEPTOR_NAMES + PROPOSER_NAMES)
PROPOSERS = st.sampled_from(PROPOSER_NAMES)


class Machine(RuleBasedStateMachine):
    """Plays with one world."""

    quorum = majority(ACCEPTOR_NAMES)
    disks_survive = True

    @initialize(group=st.sampled_from([LOG, decree_group("colour")]))
    def begin(self, group: str) -> None:
        self.world = World(group, self.quorum, disks_survive=self.disks_survive)
        self.count = 0
        if not is_decree(group):
            self.world.hear("p1", "p1", Lead(ZERO))

    # ---- work ------------------------------------------------------------------------------------------------------------------

    @rule(proposer=PROPOSERS)
    def propose(self, proposer: str) -> None:
        self.count += 1
        command = Command(f"id-{self.count}", str(self.count).encode())
        self.world.proposed.add(command)
        self.world.hear(proposer, proposer, Propose((command,)))

    @rule(proposer=PROPOSERS, what=st.sampled_from(["campaign", "campaign", RETRY, BACK_OFF, CATCH_UP, "resign"]))
    def stir(self, proposer: str, what: str) -> None:
        if what == "campaign":
            self.world.hear(proposer, proposer, Inspect() if is_decree(self.world.group) else Lead(ZERO))
        else:
            self.world.hear(proposer, proposer, Resign() if what == "resign" else Expired(what))

    @rule(proposer=PROPOSERS, absent=st.sampled_from(ACCEPTOR_NAMES), count=st.integers(1, 60))
    def push(self, proposer: str, absent: str, count: int) -> None:
        """One proposer is alone with a majority for a while."""
        self.propose(proposer)
        self.stir(proposer, "campaign")
        self.deliver_among({proposer, *ACCEPTOR_NAMES} - {absent}, count)

    # ---- the network -----------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.network)
    @rule(count=st.integers(1, 40))
    def deliver_the_oldest(self, count: int) -> None:
        for _ in range(min(count, len(self.world.network))):
            self.world.deliver(0)

    @precondition(lambda self: self.world.network)
    @rule(nodes=st.sets(NODES, min_size=2), count=st.integers(1, 40))
    def deliver_among(self, nodes: set[str], count: int) -> None:
        """A part of the network works, the rest is slow."""
        for _ in range(count):
            between = (index for index, packet in enumerate(self.world.network) if {packet.source, packet.target} <= nodes)
            if (index := next(between, None)) is None:
                return
            self.world.deliver(index)

    @precondition(lambda self: self.world.network)
    @rule(data=st.data(), keep=st.booleans(), crash=st.sampled_from(["", "", "", "before", "after"]))
    def deliver_any(self, data: Any, keep: bool, crash: str) -> None:
        self.world.deliver(data.draw(st.integers(0, len(self.world.network) - 1)), keep=keep, crash=crash)

    @rule(name=NODES, what=st.sampled_from(["restart", "lose what goes to", "lose what comes from"]))
    def disturb(self, name: str, what: str) -> None:
        if what == "restart":
            self.world.restart(name)
        elif what == "lose what goes to":
            self.world.network = [packet for packet in self.world.network if packet.target != name]
        else:
            self.world.network = [packet for packet in self.world.network if packet.source != name]

    @invariant()
    def what_paxos_promises_holds(self) -> None:
        if hasattr(self, "world"):
            self.world.check()


class ForgetfulMachine(Machine):
    """A planted bug: disks are lost at every restart."""

    disks_survive = False


def test_what_paxos_promises_holds_whatever_is_lost_repeated_reordered_or_killed() -> None:
    budget = settings(max_examples=3000, stateful_step_count=150) if THOROUGH else settings(max_examples=60, stateful_step_count=50)
    run_state_machine_as_test(Machine, settings=budget)


def test_a_planted_bug_is_found_acceptors_that_forget() -> None:
    budget = settings(max_examples=500, stateful_step_count=50, derandomize=True, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(ForgetfulMachine, settings=budget)


def decide_with(world: World, proposer: str, acceptor: str) -> None:
    """Let one proposer decide while only one acceptor is in reach, and lose everything else."""
    command = Command(proposer, b"1")
    world.proposed.add(command)
    world.hear(proposer, proposer, Propose((command,)))
    while world.network:
        packet = world.network[0]
        if {packet.source, packet.target} <= {proposer, acceptor}:
            world.deliver(0)
        else:
            world.network.pop(0)


def test_a_planted_bug_is_found_one_acceptor_taken_for_a_quorum() -> None:
    world = World(decree_group("colour"), Quorum(frozenset(ACCEPTOR_NAMES), 1, 1))
    decide_with(world, "p1", "a1")
    world.check()
    with pytest.raises(AssertionError, match="different values"):
        decide_with(world, "p2", "a2")
    with pytest.raises(AssertionError, match="two values were chosen"):
        world.check()


def test_one_acceptor_decides_nothing() -> None:
    world = World(decree_group("colour"), majority(ACCEPTOR_NAMES))
    decide_with(world, "p1", "a1")
    decide_with(world, "p2", "a2")
    world.check()
    assert not world.learned
