"""The casts that an actor keeps in memory: the log's for good, and those of decrees by turns.

Whatever a cast knows and must not forget is in storage, so one that waits for nothing can go, and is made again when it is needed.
"""

from collections import OrderedDict
from collections.abc import Callable

from actors.running import RunningTimers
from paxos.cast import Cast
from paxos.groups import LOG

_CAST_COUNT = 1024


class Casts:
    """One cast a group, made when the group is first heard of."""

    def __init__(self, make_cast: Callable[[str], Cast]) -> None:
        self._make_cast = make_cast
        # Least recently used first; a group without a cast has its whole state in storage.
        self._casts: OrderedDict[str, Cast] = OrderedDict()

    def __len__(self) -> int:
        return len(self._casts)

    def __contains__(self, group: str) -> bool:
        return group in self._casts

    def of(self, group: str) -> Cast:
        """The cast of this group."""
        cast = self._casts.get(group)
        if cast is None:
            cast = self._casts[group] = self._make_cast(group)
        elif group != LOG:
            # The log's never goes.
            self._casts.move_to_end(group)
        return cast

    def let_go(self, running: RunningTimers) -> None:
        """Between drains, when all is written, drop the least recently used ones that wait for nothing, if there are very many."""
        if len(self._casts) <= _CAST_COUNT:
            return
        busy = running.groups() | {LOG}
        for group in [group for group in self._casts if group not in busy][: len(self._casts) - _CAST_COUNT * 3 // 4]:
            del self._casts[group]
