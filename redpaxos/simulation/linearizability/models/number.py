"""Revisions and fencing tokens as a history tells them: known, or only known to lie above one that was told.

They are compared and never counted, since other keys may use up numbers in between.
"""

from typing import NamedTuple, Self


class Number(NamedTuple):
    """A number of which the history may not tell more than a bound."""

    # The number itself if it was told, else a told number that it is above.
    told: int
    exact: bool
    # What an untold number is known not to be.
    ruled_out: frozenset[int] = frozenset()

    def may_be(self, number: int) -> bool:
        """Whether the history so far allows it to be this number."""
        return number == self.told if self.exact else number > self.told and number not in self.ruled_out

    def is_not(self, number: int) -> "Number | None":
        """What is known once it is known not to be this number; None if it is."""
        if not self.may_be(number):
            return self
        return None if self.exact else self._replace(ruled_out=self.ruled_out | {number})

    def next(self, output: object) -> "Number | None":
        """The next number given out: `output` if that is a number, else an untold one; None if it does not rise."""
        if isinstance(output, int) and not isinstance(output, bool):
            return Number(output, True) if output > self.told else None
        return Number(self.told, False)

    @classmethod
    def first(cls) -> Self:
        """Below every number given out."""
        return cls(0, True)
