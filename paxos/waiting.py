"""What waits to be proposed: actions in order of arrival, and about how many bytes they are.

A log's action goes out once, in one slot. A decree's may go out again at every ballot of ours until something is decided: so one that
went out can no longer be withdrawn, and waits again when its proposer steps down.
"""

from collections import deque
from collections.abc import Collection, Iterable

from paxos.batches import weight
from paxos.values import Action


class Waiting:
    """The actions that one group's proposer has yet to propose."""

    __slots__ = ("_actions", "_is_decree", "_proposed", "size_bytes")

    def __init__(self, *, is_decree: bool) -> None:
        self._is_decree = is_decree
        self._actions: deque[Action] = deque()
        # About what a batch of all that waits would take.
        self.size_bytes = 0
        # Commands of a decree that went out in an Accept, in order.
        self._proposed: dict[Action, None] = {}

    def __bool__(self) -> bool:
        return bool(self._actions)

    def add(self, actions: Collection[Action]) -> None:
        """Let them wait behind all others."""
        self._actions.extend(actions)
        self.size_bytes += sum(map(weight, actions))

    def next_batch(self, limit_bytes: int) -> tuple[Action, ...]:
        """As many as one batch holds, one at least; only one for a decree, which has one winner."""
        actions = self._actions
        batch: list[Action] = []
        size = 0
        while actions and (not batch or size + weight(actions[0]) <= limit_bytes):
            batch.append(actions.popleft())
            size += weight(batch[-1])
            if self._is_decree:
                self._proposed[batch[0]] = None
                break
        self.size_bytes -= size
        return tuple(batch)

    def withdraw(self, wanted: Collection[Action]) -> tuple[Action, ...]:
        """Take out those of them that never went out."""
        withdrawn = tuple(action for action in self._actions if action in wanted and action not in self._proposed)
        gone = set(withdrawn)
        self._keep([action for action in self._actions if action not in gone])
        return withdrawn

    def step_down(self) -> tuple[Action, ...]:
        """What no longer waits here: all of a log's. What a decree's proposer has proposed waits again, before the others."""
        if not self._is_decree:
            left = tuple(self._actions)
            self._keep(())
            return left
        again = [action for action in reversed(self._proposed) if action not in self._actions]
        self._keep((*again, *self._actions))
        return ()

    def clear(self) -> None:
        """Something was decided: nothing waits any more."""
        self._keep(())
        self._proposed.clear()

    def _keep(self, actions: Iterable[Action]) -> None:
        self._actions = deque(actions)
        self.size_bytes = sum(map(weight, self._actions))
