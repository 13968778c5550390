"""The subscriptions of one transport: who hears which channel, and which of them the server has confirmed.

A transport keeps a subscription for as long as it lives; the server forgets it with every lost connection. A subscription that is
confirmed once more is therefore the sign, and the only one, that messages may have been lost on its channel.
"""

import threading
from dataclasses import dataclass

from transport.base import Deliver
from transport.names import encode_name, glob_pattern, is_prefix


@dataclass(eq=False, slots=True)
class Subscription:
    """One name, and all who hear it."""

    name: str
    key: bytes  # What the server calls it: the channel, or the glob pattern of a prefix.
    is_prefix: bool
    delivers: tuple[Deliver, ...] = ()  # Replaced, never changed, so that the reading thread needs no lock.
    asked: bool = False  # Whether the current session's server has been, or is about to be, asked for it.
    in_force: bool = False  # Whether that server has confirmed it.
    confirmed_count: int = 0
    refusal: str = ""  # The server's last error in answer to it; empty when there is none.
    error_count: int = 0  # Deliver calls that raised.

    @property
    def is_settled(self) -> bool:
        """Whether the server has answered."""
        return self.in_force or bool(self.refusal)


def make_subscription(name: str) -> Subscription:
    """A subscription that nobody hears yet."""
    prefix = is_prefix(name)
    return Subscription(name, glob_pattern(name) if prefix else encode_name(name), prefix)


class SubscriptionTable:
    """All subscriptions by name; add() may be called from any thread, everything else only from the reading one."""

    def __init__(self) -> None:
        self.channels: dict[bytes, Subscription] = {}
        self.patterns: dict[bytes, Subscription] = {}
        self._lock = threading.Lock()
        self._unasked: list[Subscription] = []  # Those that the current session's server has not been asked for.

    def add(self, name: str, deliver: Deliver) -> Subscription:
        """Let one more hear a name."""
        with self._lock:
            subscription = make_subscription(name)
            known = self.patterns if subscription.is_prefix else self.channels
            subscription = known.setdefault(subscription.key, subscription)
            subscription.delivers += (deliver,)
            if not subscription.asked:
                subscription.asked = True
                subscription.refusal = ""
                self._unasked.append(subscription)
            return subscription

    def start_session(self) -> None:
        """A new session begins: its server knows nothing."""
        with self._lock:
            self._unasked = [*self.channels.values(), *self.patterns.values()]
            for subscription in self._unasked:
                subscription.asked = True
                subscription.in_force = False

    def take_unasked(self) -> list[Subscription]:
        """Those to ask the server for, each once a session."""
        if not self._unasked:
            return []
        with self._lock:
            taken, self._unasked = self._unasked, []
            return taken

    def confirm(self, key: bytes, is_prefix: bool) -> bool:
        """Note a confirmation, and tell whether it was a repeated one: a gap."""
        subscription = (self.patterns if is_prefix else self.channels).get(key)
        if subscription is None:
            return False
        subscription.in_force = True
        subscription.refusal = ""
        subscription.confirmed_count += 1
        return subscription.confirmed_count > 1

    def refuse(self, subscription: Subscription, reason: str) -> bool:
        """Note a refusal, and tell whether it is news."""
        with self._lock:
            is_news = subscription.refusal != reason
            subscription.asked = False
            subscription.refusal = reason
            return is_news
