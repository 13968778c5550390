"""In place of nodes: n1 says to every client that it leads, and a test does something as the client sends another message."""

from collections.abc import Callable
from itertools import count

import pytest

from actors.channels import Channels
from paxos.codec import Codec, Envelope, Letter
from paxos.groups import LOG
from paxos.messages import Locate, Located, WireMessage
from redpaxos.line import Line


def script(monkeypatch: pytest.MonkeyPatch, act: Callable[[WireMessage], WireMessage | None]) -> None:
    """Let n1 lead, and `act` see every other message once it was sent, and perhaps answer it."""
    send = Line.send
    numbers = count(1)

    def spy(line: Line, target: str, group: str, message: WireMessage) -> None:
        send(line, target, group, message)
        answer = Located("n1", 1) if isinstance(message, Locate) else act(message)
        if answer is None:
            return
        envelope = Envelope("test", "n1", "", "", 1, next(numbers), (Letter(LOG, answer),))
        line.hear(Channels("test").outgoing(line.name, "n1"), Codec("test", b"").encode(envelope))

    monkeypatch.setattr(Line, "send", spy)
