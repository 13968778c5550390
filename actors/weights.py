"""How much room messages take, so that no frame grows too large."""

from paxos.messages import Accept, Answer, ChosenPage, Decided, LogPage, Outcome, Promise, Results, VotesPage, WireMessage

SMALL_BYTES = 64


def weight_of(message: WireMessage) -> int:
    """About how many bytes a message takes."""
    match message:
        case Accept(value=value) | Decided(value=value):
            return SMALL_BYTES + len(value)
        case Promise(votes=votes) | VotesPage(votes=votes):
            return SMALL_BYTES + sum(SMALL_BYTES + len(vote.value) for vote in votes)
        case ChosenPage(values=values):
            return SMALL_BYTES + sum(SMALL_BYTES + len(value) for _, value in values)
        case LogPage(entries=entries) | Outcome(entries=entries):
            return SMALL_BYTES + sum(SMALL_BYTES + len(entry.value) for entry in entries)
        case Results(results=results):
            return SMALL_BYTES + sum(SMALL_BYTES + len(result.body) for result in results)
        case Answer(body=body):
            return SMALL_BYTES + len(body)
        case _:
            return SMALL_BYTES
