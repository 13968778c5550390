"""Casting: which roles make an acceptor, a learner and a proposer of a group."""

from paxos.acceptor import Acceptor
from paxos.archive import Archive
from paxos.archivist import Archivist
from paxos.cast import Cast, Role
from paxos.company import Company
from paxos.decree import DecreeIntake
from paxos.election import Election, Witness
from paxos.groups import is_decree
from paxos.herald import Herald
from paxos.intake import Intake
from paxos.learner import Learner
from paxos.proposer import Proposer
from paxos.replica import Replica


def acceptor_cast(company: Company, group: str, archive: Archive) -> Cast:
    """An acceptor; for a log also the witness of its elections."""
    roles: list[Role] = [Acceptor(group, archive)]
    if not is_decree(group):
        roles.append(Witness(company.settings))
    return Cast(company.node, roles)


def learner_cast(company: Company, group: str, archive: Archive) -> Cast:
    """A learner, with the replica that executes what it learns and the archivist that reads it out."""
    return Cast(company.node, _learning(company, group, archive))


def proposer_cast(company: Company, group: str, archive: Archive) -> Cast:
    """A proposer, with what it needs to know what was chosen and to answer whoever asked for it."""
    learning = _learning(company, group, archive)
    next_slot = archive.learned_end(group)[0]
    proposer = Proposer(group, company, archive)
    if is_decree(group):
        return Cast(company.node, [*learning, proposer, Herald(group), DecreeIntake(group, company, archive)])
    election = Election(company, next_slot)
    intake = Intake(group, company, archive)
    return Cast(company.node, [*learning, proposer, election, Herald(group), intake])


def _learning(company: Company, group: str, archive: Archive) -> list[Role]:
    return [
        Learner(group, company, archive),
        Replica(group, archive),
        Archivist(group, archive, company.settings),
    ]
