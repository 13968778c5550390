"""The model must be able to fail: each known mistake of the field, written into it, is found by TLC."""

import pytest
from msgspec import Struct

from tests.spec.tlc import check, needs_java

pytestmark = [needs_java, pytest.mark.timeout(300)]

_CONFIG = """SPECIFICATION Spec
CONSTANTS
    Acceptors = {{"a1", "a2", "a3"}}
    PrepareCount = {prepare_count}
    AcceptCount = {accept_count}
    Proposers = {{1, 2}}
    Learners = {{}}
    FirstOwner = {first_owner}
    Commands = {{{commands}}}
    MaxRound = {max_round}
    MaxSlot = {max_slot}
    Window = 2
    Paging = {paging}
    Init <- {start}
{overrides}
INVARIANTS Agreement ChosenForEver OneValuePerBallot VotesNotAbovePromise NoLeaderIsSurprised
{properties}
"""


class Mistake(Struct, frozen=True):
    """Definitions that take the place of others, where the story starts, and the property that TLC finds broken."""

    name: str
    overrides: dict[str, str]
    start: str
    violated: str
    max_round: int = 1
    max_slot: int = 0
    paging: bool = False
    accept_count: int = 2
    commands: str = '"x"'
    first_owner: int = 0
    properties: str = ""


MISTAKES = (
    Mistake("a promise is not persisted", {"PromiseOnDisk": "PromiseForgotten"}, "ProposedToTwo", "VotesNotAbovePromise"),
    Mistake(
        "a promise falls",
        {"PromiseOnDisk": "PromiseForgotten"},
        "ProposedToTwo",
        "PromisesNeverFall",
        properties="PROPERTY PromisesNeverFall",
    ),
    Mistake("a vote is not persisted", {"VotesOnDisk": "VotesForgotten"}, "ChosenByTwo", "NoLeaderIsSurprised"),
    Mistake("a round is not persisted", {"RoundOnDisk": "RoundForgotten"}, "ProposedToTwo", "OneValuePerBallot", commands='"x", "y"'),
    Mistake("a vote below the promise", {"MayVote": "VotesForAnything", "Raised": "PromiseStays"}, "ProposedToTwo", "NoLeaderIsSurprised"),
    Mistake("a vote that does not raise the promise", {"Raised": "PromiseNotRaised"}, "ProposedToTwo", "VotesNotAbovePromise"),
    Mistake("ballots of one round are taken for equal", {"Below": "BelowByRound"}, "ProposedToTwo", "NoLeaderIsSurprised"),
    Mistake("the highest vote is not kept", {"Keeps": "FirstIsKept"}, "TwoVotes", "ChosenForEver", max_round=2),
    Mistake("no vote is kept", {"Keeps": "NoneIsKept"}, "ChosenByTwo", "NoLeaderIsSurprised"),
    Mistake("a quorum by the count of messages", {"Prepared": "PreparedByMessages"}, "ChosenByTwo", "NoLeaderIsSurprised"),
    Mistake("votes of different ballots add up", {"Voters": "VotersAtAnyBallot"}, "ProposedToTwo", "Agreement"),
    Mistake("one vote is believed", {"Accepted": "OneVoterIsEnough"}, "ProposedToTwo", "NoLeaderIsSurprised"),
    Mistake("quorums that need not meet", {}, "ProposedToTwo", "NoLeaderIsSurprised", accept_count=1),
    Mistake("anybody begins without phase 1", {"MayProposeFirst": "AnybodyProposesFirst"}, "Nothing", "NoLeaderIsSurprised", first_owner=1),
    Mistake(
        "a first ballot is used again",
        {"RoundAfterFirst": "RoundNotWritten"},
        "Nothing",
        "OneValuePerBallot",
        first_owner=1,
        commands='"x", "y"',
    ),
    Mistake("gaps are counted over", {"FreeSlot": "FreeSlotByCount"}, "ChosenAfterAGap", "NoLeaderIsSurprised", max_slot=1),
    Mistake(
        "a page that leaves votes out",
        {"IsGapless": "AnyPageIsGapless"},
        "PageAsked",
        "NoLeaderIsSurprised",
        max_slot=1,
        paging=True,
        commands="",
    ),
    Mistake(
        "one page is taken for all",
        {"Complete": "AnyPageIsComplete"},
        "PageAskedAfterAGap",
        "NoLeaderIsSurprised",
        max_slot=1,
        paging=True,
        commands="",
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_tlc_finds_a_mistake_that_is_written_into_the_model(mistake: Mistake) -> None:
    verdict = check("Mistakes", _config(mistake), timeout_seconds=200)
    assert verdict.violated == mistake.violated, verdict.output[-3000:]


def _config(mistake: Mistake) -> str:
    overrides = "\n".join(f"    {right} <- {wrong}" for right, wrong in mistake.overrides.items())
    return _CONFIG.format(
        prepare_count=2,
        accept_count=mistake.accept_count,
        commands=mistake.commands,
        first_owner=mistake.first_owner,
        max_round=mistake.max_round,
        max_slot=mistake.max_slot,
        paging="TRUE" if mistake.paging else "FALSE",
        start=mistake.start,
        overrides=overrides,
        properties=mistake.properties,
    )
