"""What the ladders of docs/protocol.md call a message: its kind and what matters of it, short enough for a narrow column."""

from paxos.messages import (
    Accept,
    Accepted,
    AskChosen,
    AskVotes,
    ChosenPage,
    Decided,
    Echo,
    Heartbeat,
    Locate,
    Located,
    Nack,
    Outcome,
    Prepare,
    Probe,
    ProbeReply,
    Promise,
    Submit,
    Transfer,
    Transferred,
    VotesPage,
    WireMessage,
)
from paxos.succession_messages import Canvass, Ready, Resigned, TakeOver
from redpaxos.simulation.scripted.ladder import describe_ballot, describe_value


def label(message: WireMessage) -> str:  # noqa: C901 - one line a message.
    """A message in very few words, for a narrow ladder."""
    match message:
        case Prepare():
            return f"Prepare {describe_ballot(message.ballot)}"
        case Promise():
            votes = ", ".join(f"{describe_ballot(vote.ballot)} {describe_value(vote.value)}" for vote in message.votes)
            return f"Promise {describe_ballot(message.ballot)}{f' ({votes})' if votes else ''}"
        case Accept() | Decided():
            return f"{type(message).__name__} {describe_ballot(message.ballot)} {message.slot}:{describe_value(message.value)}"
        case Accepted():
            return f"Accepted {describe_ballot(message.ballot)} {message.first_slot}"
        case Nack():
            return f"Nack: {describe_ballot(message.promised)}"
        case Heartbeat() | Echo() | Canvass() | Ready() | TakeOver() | Resigned():
            return f"{type(message).__name__} {describe_ballot(message.ballot)}"
        case ProbeReply():
            return "I hear one" if message.hears_leader else "I hear none"
        case Probe():
            return "Probe"
        case Submit():
            return f"Submit {', '.join(command.value.decode() for command in message.commands)}"
        case Outcome():
            entry = f" {message.entries[0].value.decode()}" if message.entries else ""
            return f"{message.kind.name}{entry}{f' to {message.leader}' if message.kind.name == 'REDIRECT' else ''}"
        case Locate():
            return "Locate"
        case Located():
            return f"Located {message.leader or 'nobody'}"
        case Transfer():
            return f"Transfer to {message.heir}"
        case Transferred():
            return f"{message.kind.name} {message.leader} leads"
        case AskChosen():
            return f"AskChosen {message.first_slot}"
        case ChosenPage():
            return f"ChosenPage {', '.join(describe_value(value) for _, value in message.values)}"
        case AskVotes():
            return f"AskVotes {message.first_slot}"
        case VotesPage():
            return f"VotesPage {', '.join(describe_value(vote.value) for vote in message.votes)}"
        case _:
            return type(message).__name__
