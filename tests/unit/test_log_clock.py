"""The log's clock: moved on by what elapses while a node leads, and by nothing else."""

from paxos.ballot import END_SLOT
from paxos.batches import decode_batch
from paxos.cues import Executed, Propose
from paxos.effects import Effects
from paxos.messages import Accept, Promise
from paxos.proposer import Proposer
from tests.unit.company import BLUE, FIRST
from tests.unit.test_proposer_window import leading


def stamps(effects: Effects) -> list[int]:
    """The stamps of the batches that are proposed."""
    return [decode_batch(send.message.value).stamp for send in effects.send if isinstance(send.message, Accept)]


def propose_at(proposer: Proposer, milliseconds: int) -> list[int]:
    """The stamp of a command that is proposed when the node's own clock shows this."""
    proposer.handle("p1", Propose((BLUE,)))
    proposer.tick(milliseconds)
    return stamps(proposer.flush())


def test_the_clock_moves_by_what_elapses_while_leading_whatever_the_nodes_own_clock_shows() -> None:
    proposer = leading()
    assert propose_at(proposer, 5_000_000) == [0]
    assert propose_at(proposer, 5_000_250) == [250]
    assert propose_at(proposer, 5_000_200) == [250]


def test_the_clock_goes_on_from_where_the_log_left_it() -> None:
    proposer = leading()
    proposer.handle("p1", Executed(0, FIRST, (), (), clock=7_000))
    assert propose_at(proposer, 100) == [7_000]
    assert propose_at(proposer, 101) == [7_001]
    assert proposer.handle("a1", Promise(FIRST, 0, END_SLOT, ())) == Effects()


def test_a_clock_that_begins_at_zero_is_a_clock() -> None:
    proposer = leading()
    assert propose_at(proposer, 0) == [0]
    assert propose_at(proposer, 250) == [250]
