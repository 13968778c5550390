"""Casting: which roles make an acceptor, a learner and a proposer of a group."""

from functools import partial

from paxos.acceptor import Acceptor
from paxos.admission import Admission, GuardedCast
from paxos.archive import Archive
from paxos.archivist import Archivist
from paxos.cast import Cast, LateCast, Role
from paxos.company import Company
from paxos.decree import DecreeIntake
from paxos.desk import Desk
from paxos.election import Election, Follower, Witness
from paxos.first_ballots import FirstBallots
from paxos.groups import is_decree
from paxos.handover import Handover
from paxos.heir import Heir
from paxos.herald import Herald
from paxos.informer import Informer
from paxos.intake import Intake
from paxos.learner import Learner
from paxos.proposer import Proposer
from paxos.reader import Reader
from paxos.replica import Replica


def acceptor_cast(company: Company, group: str, archive: Archive, admission: Admission | None = None) -> Cast:
    """An acceptor, for a log also the witness of its elections; it takes no part before the admission that is given is passed."""
    roles: list[Role] = [Acceptor(group, archive)]
    if not is_decree(group):
        roles.append(Witness(company.settings, company.priority))
        # Of all the groups that share a store, the log admits it.
        roles += [] if admission is None else [admission]
    return Cast(company.node, roles) if admission is None else GuardedCast(company.node, tuple(roles), admission)


def learner_cast(company: Company, group: str, archive: Archive) -> Cast:
    """A learner, with the replica that executes what it learns, and what reads to those who ask."""
    learning, replica = _learning(company, group, archive)
    if is_decree(group):
        return Cast(company.node, learning)
    return Cast(company.node, [*learning, Follower(company), Reader(company, replica.executor, replica.next_slot)])


def proposer_cast(company: Company, group: str, archive: Archive, firsts: FirstBallots | None = None) -> Cast:
    """A proposer, with what it needs to know what was chosen and to answer whoever asked for it."""
    learning, replica = _learning(company, group, archive)
    if is_decree(group):
        return LateCast(company.node, learning, _CONTENDING, partial(_contending, company, group, archive, firsts))
    proposer = Proposer(group, company, archive, replica.executor.sessions.clock)
    informer = Informer(group, company, proposer)
    election = Election(company, replica.next_slot)
    intake = Intake(group, company, archive)
    desk = Desk(company, proposer, replica.executor)
    reader = Reader(company, replica.executor, replica.next_slot, proposer)
    succession: list[Role] = [Heir(company, replica.next_slot), Handover(company, proposer)]
    return Cast(company.node, [*learning, informer, proposer, election, Herald(group), intake, desk, reader, *succession])


_CONTENDING = (Informer, Proposer, Herald, DecreeIntake)


def _contending(company: Company, group: str, archive: Archive, firsts: FirstBallots | None) -> list[Role]:
    """What contends for a decree, and answers who asks for it."""
    proposer = Proposer(group, company, archive, firsts=firsts)
    return [Informer(group, company, proposer), proposer, Herald(group), DecreeIntake(group, company, archive)]


def _learning(company: Company, group: str, archive: Archive) -> tuple[list[Role], Replica]:
    machines = {} if is_decree(group) else {name: make() for name, make in company.machines}
    replica = Replica(group, archive, machines, company.settings)
    return [Learner(group, company, archive), replica, Archivist(group, archive, company.settings)], replica
