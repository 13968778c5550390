"""The acceptor's actor."""

from collections.abc import Iterable
from typing import Any

from actors.base import RoleActor
from actors.wiring import Wiring
from paxos.acceptor import Acceptor, merge_accepted
from paxos.admission import Admission
from paxos.cast import Cast
from paxos.casting import acceptor_cast
from paxos.codec import Letter
from paxos.effects import ACCEPTORS, AUDIENCES, EVERYONE, Send
from paxos.groups import LOG
from paxos.messages import Accepted, Confirmed, Echo, Nack, ProbeReply, Promise, VotesPage

_ANSWERS = (Promise, Accepted, Nack, Echo, ProbeReply, VotesPage, Confirmed)


class AcceptorActor(RoleActor):
    """Votes, from one store, for every group."""

    kind = "acceptor"
    store = "acceptor"
    audiences = (ACCEPTORS, EVERYONE)

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        # One for the store, which all groups share.
        self._admission = Admission(wiring.company, wiring.storage, wiring.storage.identity.store_id)

    def make_cast(self, group: str) -> Cast:
        """The acceptor of this group, remembering every promise and vote; silent until its store is admitted."""
        return acceptor_cast(self._wiring.company, group, self._wiring.storage, self._admission)

    def _begin(self) -> None:
        super()._begin()
        if not self._admission.is_admitted:
            quorum = self._wiring.company.quorum
            others = ",".join(sorted(quorum.members - {self._node}))
            self._wiring.trace(f"{self._node} acceptor waits to be admitted by {quorum.admit_count} of {others}")

    def _post(self, group: str, send: Send) -> None:
        """What answers the proposer or learner of a node does not wake the acceptor beside it."""
        is_answer = send.target not in AUDIENCES and isinstance(send.message, _ANSWERS)
        super()._post(group, Send(self._wiring.channels.desk(send.target), send.message) if is_answer else send)

    def frames(self, target: str, letters: list[Letter]) -> Iterable[tuple[str, bytes]]:
        """One acknowledgement for a run of slots; and an answer is for the store that is remembered of its node.

        One that took the place of a lost one could lead with promises that were not given to it.
        """
        node = self._wiring.channels.whose_desk(target)
        addressee = self._peers.known.get(f"{node}/log", "") if node else ""
        return self._framing.frames(target, merge_accepted(letters), addressee)

    def report(self) -> dict[str, Any]:
        """The log's promise, besides what every actor reports."""
        (acceptor,) = (role for role in self._casts.of(LOG).roles if isinstance(role, Acceptor))
        admission = {"admitted": self._admission.is_admitted, "acquainted": sorted(self._admission.acquainted)}
        return super().report() | {"promised": acceptor.promised, "chosen_through": acceptor.chosen_through} | admission
