"""The verdict on a state: what the votes of all time have chosen, and whether everybody agrees with them.

A value is chosen at a slot when a majority of distinct acceptors voted for it at one ballot. That is a fact about votes, whoever has
heard of them; it is counted here from what the acceptors wrote, never from what a learner believes. Lamport, "Paxos Made Simple",
section 2.1.
"""

from collections.abc import Collection, Iterable, Iterator

from paxos.ballot import Ballot
from redpaxos.simulation.scripted.conduct import Fact
from redpaxos.simulation.scripted.ladder import describe_ballot, describe_value


def judge(facts: Iterable[tuple[str, Fact]], majority_count: int, checks: Collection[str]) -> str:
    """What is broken, or an empty string; each fact comes with the actor whose it is."""
    return next((what for check, what in _findings(list(facts), majority_count) if check in checks), "")


def _findings(facts: list[tuple[str, Fact]], majority_count: int) -> Iterator[tuple[str, str]]:
    chosen = chosen_by_votes(facts, majority_count)
    for slot, values in chosen.items():
        if len(values) > 1:
            told = " and ".join(f"{describe_value(value)} at {describe_ballot(ballot)}" for value, ballot in values.items())
            yield "agreement", f"agreement: slot {slot} has two chosen values, {told}"
    for actor, fact in facts:
        if fact.kind == "learned" and fact.value not in chosen.get(fact.slot, {}):
            yield "agreement", f"agreement: {actor} learned {describe_value(fact.value)} for slot {fact.slot}, which no majority voted for"
    values_of: dict[tuple[int, Ballot], bytes] = {}
    for _, fact in facts:
        if fact.kind != "learned" and values_of.setdefault((fact.slot, fact.ballot), fact.value) != fact.value:
            two = f"{describe_value(values_of[fact.slot, fact.ballot])} and {describe_value(fact.value)}"
            yield "one value a ballot", f"one value a ballot: {two} at {describe_ballot(fact.ballot)} in slot {fact.slot}"


def chosen_by_votes(facts: Iterable[tuple[str, Fact]], majority_count: int) -> dict[int, dict[bytes, Ballot]]:
    """The chosen values of each slot, each with the first ballot it was chosen at."""
    voters: dict[tuple[int, Ballot, bytes], set[str]] = {}
    for actor, fact in facts:
        if fact.kind == "voted":
            voters.setdefault((fact.slot, fact.ballot, fact.value), set()).add(actor)
    chosen: dict[int, dict[bytes, Ballot]] = {}
    for (slot, ballot, value), names in sorted(voters.items()):
        if len(names) >= majority_count:
            chosen.setdefault(slot, {}).setdefault(value, ballot)
    return chosen
