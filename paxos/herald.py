"""The herald: says at the JSON door what was chosen.

Every proposer's node executes everything, and the one that got a slot chosen announces it, so that each command is normally heard once.
"""

from paxos.ballot import ZERO
from paxos.cues import Elected, Executed
from paxos.doors import chosen
from paxos.effects import NOTHING, Effects


class Herald:
    """One group's herald on one node."""

    handles = (Elected, Executed)

    def __init__(self, group: str) -> None:
        self.group = group
        # The ballot that this node last led with; no other node and no earlier life of this one used it.
        self._ballot = ZERO

    def handle(self, source: str, message: Elected | Executed) -> Effects:
        """Announce what was chosen at our own ballot."""
        if isinstance(message, Elected):
            self._ballot = message.ballot
            return NOTHING
        if message.ballot != self._ballot:
            return NOTHING
        return Effects(announce=tuple(chosen(self.group, entry) for entry in message.entries))
