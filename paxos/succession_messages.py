"""How the lead of the log passes from one node to another before anybody has to miss it: the messages between the two.

They decide who campaigns and when, as elections do, so losing, repeating or delaying them costs time and never an answer.
"""

from msgspec import Struct

from paxos.ballot import Ballot, Priority, Slot


class Canvass(Struct, frozen=True, array_like=True, tag=40, gc=False):
    """From a leader that wants to hand over, to one proposer or to all: tell me when you could take over.

    Every slot below `chosen_through` is chosen, and has to be learned before.
    """

    ballot: Ballot
    chosen_through: Slot


class Ready(Struct, frozen=True, array_like=True, tag=41, gc=False):
    """To the leader of this ballot: I have learned what you have, and a quorum answers me. With priority 0: I never lead.

    Said unasked by a node of a higher priority than the leader's.
    """

    ballot: Ballot
    priority: Priority = 1


class TakeOver(Struct, frozen=True, array_like=True, tag=42, gc=False):
    """From a leader that has nothing in flight any more, to its heir: campaign at once."""

    ballot: Ballot


class Resigned(Struct, frozen=True, array_like=True, tag=43, gc=False):
    """To everyone: the owner of this ballot leads no more, and nobody needs to wait for its silence."""

    ballot: Ballot
