"""Sequence numbers: numbers frames, tells duplicates from fresh ones, and counts what never came.

Each sender numbers its frames on each channel. A number seen before is a duplicate; one that is skipped is a gap, which may close
again while it is recent, because frames may arrive out of order.
"""

from collections import OrderedDict

_WINDOW = 256
_ALL = (1 << _WINDOW) - 1
_SENDER_COUNT = 20_000
_CHANNEL_COUNT = 20_000


class Numbering:
    """The numbers that a sender gives to its frames in one life: they grow on each channel, and none is given twice there.

    Channels that were not used for long, those of clients that came and went, are forgotten together: whichever of them is used again goes
    on above the highest number of them all, which whoever listens may count as a gap.
    """

    def __init__(self) -> None:
        # The last number on each channel, least recently used first, and a number that no forgotten one had gone beyond.
        self._last: OrderedDict[str, int] = OrderedDict()
        self._forgotten_end = 0

    def next(self, channel: str) -> int:
        """The number of the next frame."""
        number = self._last[channel] = self.last(channel) + 1
        self._last.move_to_end(channel)
        if len(self._last) > _CHANNEL_COUNT:
            self._forgotten_end = max(self._forgotten_end, self._last.popitem(last=False)[1])
        return number

    def last(self, channel: str) -> int:
        """The last number given on a channel, or a higher one where the channel is forgotten."""
        return self._last.get(channel, self._forgotten_end)


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
