"""The acceptor's actor."""

from collections.abc import Iterable
from typing import Any

from actors.base import RoleActor
from paxos.acceptor import Acceptor, merge_accepted
from paxos.cast import Cast
from paxos.casting import acceptor_cast
from paxos.codec import Letter
from paxos.effects import ACCEPTORS
from paxos.groups import LOG


class AcceptorActor(RoleActor):
    """Votes, from one store, for every group."""

    kind = "acceptor"
    store = "acceptor"
    audiences = (ACCEPTORS,)

    def make_cast(self, group: str) -> Cast:
        """The acceptor of this group, remembering every promise and vote."""
        return acceptor_cast(self._wiring.company, group, self._wiring.storage)

    def parcel(self, letters: list[Letter]) -> Iterable[tuple[Letter, ...]]:
        """One acknowledgement for a run of slots."""
        return super().parcel(merge_accepted(letters))

    def report(self) -> dict[str, Any]:
        """The log's promise, besides what every actor reports."""
        (acceptor,) = (role for role in self._cast(LOG).roles if isinstance(role, Acceptor))
        return super().report() | {"promised": acceptor.promised, "chosen_through": acceptor.chosen_through}
