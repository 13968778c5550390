"""All mistakes, by name."""

from tests.planted.catalogue import (
    acceptor,
    admission,
    election,
    first_ballots,
    informer,
    leader,
    learner,
    log,
    proposer,
    reads,
    requests,
    sessions,
    shell,
    storage,
)
from tests.planted.catalogue.equivalent import EQUIVALENT
from tests.planted.catalogue.pairs import PAIRS

MISTAKES = (
    *acceptor.MISTAKES,
    *admission.MISTAKES,
    *learner.MISTAKES,
    *informer.MISTAKES,
    *proposer.MISTAKES,
    *first_ballots.MISTAKES,
    *leader.MISTAKES,
    *election.MISTAKES,
    *log.MISTAKES,
    *reads.MISTAKES,
    *requests.MISTAKES,
    *sessions.MISTAKES,
    *shell.MISTAKES,
    *storage.MISTAKES,
)

__all__ = ["BY_NAME", "EQUIVALENT", "MISTAKES", "PAIRS"]

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}
