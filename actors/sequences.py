"""Sequence numbers: tells duplicates from fresh frames, and counts what never came.

Each sender numbers its frames on each channel. A number seen before is a duplicate; one that is skipped is a gap, which may close
again while it is recent, because frames may arrive out of order.
"""

from collections import OrderedDict

_WINDOW = 256
_ALL = (1 << _WINDOW) - 1
_SENDER_COUNT = 20_000


class Sequences:
    """The numbers seen of each sender and channel."""

    def __init__(self) -> None:
        # By channel, which names the sender: its incarnation, the highest number, and a bit for each of the _WINDOW below it.
        self._seen: OrderedDict[str, tuple[int, int, int]] = OrderedDict()
        self.duplicate_count = 0
        self.gap_count = 0

    def is_fresh(self, channel: str, incarnation: int, number: int) -> bool:
        """Note a frame; False if it was seen, or is too old to tell, or is of an earlier life of its sender."""
        known = self._seen.get(channel)
        if known is not None and incarnation == known[0] and number == known[1] + 1:
            # The next one, which is what nearly every frame is.
            self._remember(channel, (incarnation, number, (known[2] << 1 | 1) & _ALL))
            return True
        if known is None or incarnation > known[0]:
            self._remember(channel, (incarnation, number, 1))
            return True
        life, highest, bits = known
        if incarnation < life or number + _WINDOW <= highest or (number <= highest and bits >> (highest - number) & 1):
            self.duplicate_count += 1
            return False
        if number > highest:
            self.gap_count += number - highest - 1
            bits = (bits << min(number - highest, _WINDOW) | 1) & _ALL
            highest = number
        else:
            # One from before this sender was first heard was never counted.
            self.gap_count = max(0, self.gap_count - 1)
            bits |= 1 << (highest - number)
        self._remember(channel, (life, highest, bits))
        return True

    def _remember(self, channel: str, seen: tuple[int, int, int]) -> None:
        self._seen[channel] = seen
        self._seen.move_to_end(channel)
        if len(self._seen) > _SENDER_COUNT:
            self._seen.popitem(last=False)
