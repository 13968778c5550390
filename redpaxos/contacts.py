"""Contacts: which proposer a client asks first.

For the log that is the leader, as it was last heard. For a decree it is the owner of first ballots (paxos/first_ballots.py), which may
propose without phase 1; and clients that want the same name decided meet there, instead of fighting through two proposers. If it does
not answer, any other will do.
"""

import time

from paxos.errand import Contact
from paxos.first_ballots import first_owner
from paxos.groups import LOG, is_decree
from paxos.messages import Located, WireMessage

_NEWS_SECONDS = 10.0


class Contacts:
    """What one client knows of proposers. Its threads share it: at worst one of them asks in vain first, and then looks around."""

    def __init__(self, only: str) -> None:
        # The only node to ask, where the caller named one.
        self._only = only
        # The leader when last heard, or whoever answered instead.
        self._last: Contact | None = None
        # The owner of first ballots, as soon as its name is known and while it answers.
        self._owner: Contact | None = None
        self._owner_name = ""
        # When news were last asked for.
        self._asked_at = 0.0

    def put(self, source: str, message: WireMessage) -> None:
        """Note who says that it is there."""
        if not isinstance(message, Located):
            return
        self._owner_name = first_owner(message.members) or self._owner_name
        if source == self._owner_name:
            self._owner = Contact(source, message.incarnation)

    def first(self, group: str) -> Contact | None:
        """Whom to ask first, if anybody is known."""
        return (self._owner if self._has_owner(group) else None) or self._last

    def wants_news(self, group: str) -> bool:
        """Whether to ask who is there, besides: now and then, since an owner that was away may be back."""
        if not self._has_owner(group) or self._owner is not None:
            return False
        now = time.monotonic()
        if now - self._asked_at < _NEWS_SECONDS:
            return False
        self._asked_at = now
        return True

    def settle(self, group: str, asked: Contact | None, answered: Contact | None) -> None:
        """The errand that began with one contact ended with another, or with none: who did not answer is not asked first again."""
        if answered != asked and self._owner == asked:
            self._owner = None
        if group == LOG or self._last in (None, asked):
            self._last = answered

    def _has_owner(self, group: str) -> bool:
        return is_decree(group) and not self._only
