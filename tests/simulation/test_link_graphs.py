"""Whichever links are cut: where a node is quorum-connected somebody leads soon, and nothing wrong is chosen anywhere.

All directed graphs of three nodes, and some of five; `python -m tests.simulation.link_graphs 2000` tries more of these.
"""

import pytest

from paxos.ballot import ZERO
from paxos.cues import Expired, Resign
from paxos.effects import Effects, StartTimer, sending
from paxos.election import HEARTBEAT, Election, ElectionMessage, Reigning, Witness, WitnessMessage
from paxos.messages import Probe, ProbeReply
from redpaxos.simulation.runs.graphs import (
    GraphRun,
    Pair,
    all_graphs,
    describe,
    has_core,
    is_quorum_connected,
    kept,
    names_of,
    some_graphs,
)
from tests.simulation.link_graphs import faults_under

PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_every_graph_of_three_nodes(part: int) -> None:
    graphs = list(all_graphs(3))[part::PARTS]
    assert len(graphs) == 64 // PARTS
    assert faults_under(3, graphs) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_some_graphs_of_five_nodes(part: int) -> None:
    graphs = list(some_graphs(5, 64, seed=1))[part::PARTS]
    assert faults_under(5, graphs) == []


def test_the_graphs_are_drawn_with_and_without_a_core() -> None:
    assert sum(has_core(graph, 3) for graph in all_graphs(3)) == 37
    found = [has_core(graph, 5) for graph in some_graphs(5, 64, seed=1)]
    assert min(found.count(True), found.count(False)) >= 10


def test_who_is_quorum_connected() -> None:
    chain = kept(3, ("n1", "n2"), ("n2", "n3"))
    assert [is_quorum_connected(chain, node, 3) for node in names_of(3)] == [True, True, True]
    one_way = frozenset({("n1", "n2"), ("n3", "n1")})
    assert [is_quorum_connected(one_way, node, 3) for node in names_of(3)] == [False, True, True]
    assert describe(one_way) == "cut n1->n2, n3->n1"


# ---- the cases of Omni-Paxos, section 2 ------------------------------------------------------------------------------------------


def settled(size: int, seed: int) -> tuple[GraphRun, str, list[str]]:
    """A run in which somebody leads, who does, and who does not."""
    run = GraphRun(size, seed)
    run.settle()
    return run, run.leader, [name for name in names_of(size) if name != run.leader]


@pytest.mark.parametrize("seed", range(3))
def test_quorum_loss_only_one_node_still_reaches_everybody_and_it_is_not_the_leader(seed: int) -> None:
    run, leader, (hub, *rest) = settled(5, seed)
    assert run.judge(kept(5, (hub, leader), *((hub, name) for name in rest))).fault == ""


@pytest.mark.parametrize("seed", range(3))
def test_constrained_only_one_node_reaches_a_quorum_and_it_is_behind(seed: int) -> None:
    run, _, (hub, *rest) = settled(5, seed)
    run.outdate(hub)
    assert run.judge(kept(5, *((hub, name) for name in rest))).fault == ""


@pytest.mark.parametrize("seed", range(3))
def test_chained_the_leader_loses_its_link_to_one_follower_and_leads_on(seed: int) -> None:
    run, leader, (middle, end) = settled(3, seed)
    campaigns = run.round
    assert run.judge(kept(3, (leader, middle), (middle, end))).fault == ""
    assert run.round == campaigns


# ---- a check must be able to fail ------------------------------------------------------------------------------------------------


class Stubborn(Election):
    """A leader that never resigns, whoever still hears it."""

    def handle(self, source: str, message: ElectionMessage) -> Effects:
        effects = super().handle(source, message)
        if isinstance(self.phase, Reigning) and message == Expired(HEARTBEAT) and Resign() in effects.tell:
            self.phase = Reigning(self.phase.ballot, set(), 0)
            return Effects(timers=(StartTimer(HEARTBEAT, 0.0),))
        return effects


class Credulous(Witness):
    """An acceptor that says that it hears a leader, for ever."""

    def handle(self, source: str, message: WitnessMessage) -> Effects:
        if isinstance(message, Probe):
            return sending(source, ProbeReply(message.number, hears_leader=True, highest=ZERO, chosen_through=0))
        return super().handle(source, message)


def test_a_leader_that_never_resigns_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.casting.Election", Stubborn)
    run, leader, (hub, *rest) = settled(5, 0)
    pairs: list[Pair] = [(hub, name) for name in rest]
    assert "nothing was chosen within" in run.judge(kept(5, (hub, leader), *pairs)).fault


def test_an_acceptor_that_hears_leaders_for_ever_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.casting.Witness", Credulous)
    assert len(faults_under(3, [frozenset()])) == 2
