"""Who leads, as a client asks for it: `redpaxos lead transfer`."""

import time
from collections.abc import Iterator

from actors.channels import check_name
from paxos.errors import ConfigurationError
from paxos.groups import LOG
from paxos.messages import OutcomeKind, Transfer, Transferred
from redpaxos.errors import UNHEARD, AddressError, NotDoneError, OutcomeUnknownError, RejectedError
from redpaxos.line import PAUSE_SECONDS, Line, transfer_key
from redpaxos.search import find_proposer
from transport.base import TransportDownError, TransportError

_REPEAT_SECONDS = 0.3
# A leader gives up sooner than this, and says so.
_ANSWER_SECONDS = 5.0


class Leadership:
    """The lead of the log, from a client's side; safe to share between threads."""

    def __init__(self, line: Line, numbers: Iterator[int]) -> None:
        self._line = line
        self._numbers = numbers

    def transfer(self, heir: str, timeout: float) -> None:
        """Make the node `heir` lead; returns when it does.

        Raises RejectedError, NotDoneError, or OutcomeUnknownError after `timeout` seconds, or when the leader gave it up.
        """
        try:
            check_name("node", heir)
        except ConfigurationError as error:
            raise AddressError(str(error)) from error
        deadline = time.monotonic() + timeout
        # Requests that nobody answered: a leader may yet act on them.
        open_count = 0
        while time.monotonic() < deadline:
            try:
                leader = find_proposer(self._line, deadline, leading=True)
            except NotDoneError:
                if open_count:
                    break
                raise
            if leader is None:
                continue
            if leader.node == heir:
                return
            transfer = Transfer(heir, next(self._numbers), leader.incarnation)
            answer = self._ask(leader.node, transfer, min(deadline, time.monotonic() + _ANSWER_SECONDS))
            if answer is None:
                open_count += 1
            elif answer.kind is OutcomeKind.REDIRECT:
                self._line.pause(PAUSE_SECONDS)
            elif answer.kind is not OutcomeKind.DONE:
                raise _failure(answer, open_count)
        if open_count:
            raise OutcomeUnknownError(f"no answer within {timeout} s: {heir} may lead yet; redpaxos status tells", "")
        raise NotDoneError(f"nobody was found to lead within {timeout} s: are a quorum and Redis in reach, and {UNHEARD}")

    def _ask(self, leader: str, transfer: Transfer, until: float) -> Transferred | None:
        """The leader's answer; what may be lost is sent again, and carried out once."""
        with self._line.listening(transfer_key(transfer.attempt)) as answers:
            while time.monotonic() < until:
                try:
                    self._line.send(leader, LOG, transfer)
                except NotDoneError:
                    return None
                except TransportDownError:
                    self._line.pause(PAUSE_SECONDS)
                    continue
                except TransportError:
                    self._line.pause(PAUSE_SECONDS)
                heard = answers.next(min(until, time.monotonic() + _REPEAT_SECONDS))
                if heard is not None and isinstance(heard[1], Transferred):
                    return heard[1]
        return None


def _failure(answer: Transferred, open_count: int) -> Exception:
    """What the caller is told of a transfer that was not done, or may not have been."""
    if answer.kind is OutcomeKind.REJECTED:
        return RejectedError(answer.reason)
    if answer.kind is OutcomeKind.NOT_DONE and not open_count:
        return NotDoneError(answer.reason)
    return OutcomeUnknownError(f"{answer.reason}; redpaxos status tells who leads", "")
