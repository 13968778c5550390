"""The herald: each chosen command is announced at the JSON door, normally once, by the node that got it chosen."""

from paxos.ballot import Ballot
from paxos.cues import Elected, Executed
from paxos.doors import chosen
from paxos.effects import NOTHING, Effects
from paxos.groups import LOG
from paxos.herald import Herald
from paxos.values import Entry
from tests.unit.company import BLUE, FIRST, RIVAL

ENTRIES = (Entry(1, 0, FIRST, BLUE.id, BLUE.value), Entry(2, 0, FIRST, "", b"null"))


def test_what_was_chosen_at_our_ballot_is_announced() -> None:
    herald = Herald(LOG)
    assert herald.handle("p1", Elected(FIRST, 0)) == NOTHING
    assert herald.handle("p1", Executed(0, FIRST, ENTRIES, ())) == Effects(announce=tuple(chosen(LOG, entry) for entry in ENTRIES))


def test_what_another_node_got_chosen_is_left_to_it() -> None:
    herald = Herald(LOG)
    assert herald.handle("p1", Executed(0, RIVAL, ENTRIES, ())) == NOTHING
    herald.handle("p1", Elected(FIRST, 0))
    assert herald.handle("p1", Executed(0, RIVAL, ENTRIES, ())) == NOTHING


def test_only_the_latest_ballot_is_ours() -> None:
    herald = Herald(LOG)
    herald.handle("p1", Elected(FIRST, 0))
    herald.handle("p1", Elected(Ballot(5, "p1"), 1))
    assert herald.handle("p1", Executed(0, FIRST, ENTRIES, ())) == NOTHING
