"""A cast: what a role tells is heard by its fellows before the next message is taken."""

from paxos.acceptor import Acceptor
from paxos.archivist import Archivist
from paxos.cast import Cast, LateCast
from paxos.casting import acceptor_cast, learner_cast, proposer_cast
from paxos.cues import Begin, Deposed, Following, Inspect, Message, Undecided
from paxos.decree import DecreeIntake
from paxos.desk import Desk
from paxos.effects import NOTHING, Effects, telling
from paxos.election import Election, Follower, Witness
from paxos.groups import LOG, decree_group
from paxos.handover import Handover
from paxos.heir import Heir
from paxos.herald import Herald
from paxos.informer import Informer
from paxos.intake import Intake
from paxos.learner import Learner
from paxos.proposer import Proposer
from paxos.reader import Reader
from paxos.records import RoundUsed
from paxos.replica import Replica
from tests.unit.company import FIRST, company, empty_archive

DECREE = decree_group("colour")


class Teller:
    """Notes what it hears, and answers as it was told to."""

    handles: tuple[type, ...] = (Begin, Inspect, Undecided, Deposed)

    def __init__(self, answers: dict[type, Effects], flushed: Effects = NOTHING) -> None:
        self.heard: list[tuple[str, Message]] = []
        self._answers = answers
        self._flushed = flushed

    def handle(self, source: str, message: Message) -> Effects:
        self.heard.append((source, message))
        return self._answers.get(type(message), NOTHING)

    def flush(self) -> Effects:
        return self._flushed


def test_what_is_told_is_heard_by_all_that_handle_it_in_order_with_the_node_as_its_source() -> None:
    first = Teller({Begin: telling(Inspect(), Following("x")), Inspect: telling(Undecided())})
    second = Teller({Begin: telling(Deposed(FIRST))})
    effects = Cast("n1", [first, second]).handle("n9", Begin())
    heard = [("n9", Begin()), ("n1", Inspect()), ("n1", Deposed(FIRST)), ("n1", Undecided())]
    assert first.heard == second.heard == heard
    assert effects.tell == (Inspect(), Following("x"), Deposed(FIRST), Undecided())


def test_what_is_told_at_the_end_of_a_drain_is_heard_as_well_and_has_its_effects() -> None:
    kept = [Effects(persist=(RoundUsed(LOG, number),)) for number in (1, 2)]
    first = Teller({Undecided: kept[1]}, flushed=telling(Inspect()))
    second = Teller({Inspect: kept[0] + telling(Undecided())})
    effects = Cast("n1", [first, second]).flush()
    assert first.heard == second.heard == [("n1", Inspect()), ("n1", Undecided())]
    assert effects == Effects(persist=(RoundUsed(LOG, 1), RoundUsed(LOG, 2)), tell=(Inspect(), Undecided()))


class Ticked(Teller):
    """Notes what the clock says as well."""

    def __init__(self) -> None:
        super().__init__({})
        self.ticks: list[int] = []

    def tick(self, milliseconds: int) -> None:
        self.ticks.append(milliseconds)


def test_the_clock_is_told_to_whom_it_concerns() -> None:
    ticked = Ticked()
    cast = Cast("n1", [Teller({}), ticked])
    cast.tick(7)
    cast.tick(8)
    assert ticked.ticks == [7, 8]


def test_a_message_that_nobody_handles_has_no_effect() -> None:
    cast = Cast("n1", [Teller({})])
    assert cast.handle("n9", Following("x")) == NOTHING
    assert cast.handle("n9", Following("x")) == NOTHING


def test_a_flush_gathers_what_waits_in_every_role() -> None:
    roles = [Teller({}, Effects(persist=(RoundUsed(LOG, number),))) for number in (1, 2)]
    assert Cast("n1", roles).flush() == Effects(persist=(RoundUsed(LOG, 1), RoundUsed(LOG, 2)))


def kinds(cast: Cast) -> list[type]:
    """The roles of a cast."""
    return [type(role) for role in cast.roles]


def test_only_the_log_is_led_and_witnessed() -> None:
    learning = [Learner, Replica, Archivist]
    assert kinds(acceptor_cast(company(), LOG, empty_archive())) == [Acceptor, Witness]
    assert kinds(acceptor_cast(company(), DECREE, empty_archive())) == [Acceptor]
    assert kinds(learner_cast(company(), LOG, empty_archive())) == [*learning, Follower, Reader]
    assert kinds(learner_cast(company(), DECREE, empty_archive())) == learning
    leading = [Informer, Proposer, Election, Herald, Intake, Desk, Reader, Heir, Handover]
    assert kinds(proposer_cast(company(), LOG, empty_archive())) == [*learning, *leading]
    assert kinds(proposer_cast(company(), DECREE, empty_archive())) == [*learning, Informer, Proposer, Herald, DecreeIntake]


# ---- roles that come late --------------------------------------------------------------------------------------------------------


class Late(Teller):
    """Hears another message than its fellow, and what that tells."""

    handles = (Undecided, Deposed)


def late_cast(first: Teller, *late: Late) -> tuple[LateCast, list[Late]]:
    """A cast of one role, and those that were made since."""
    made: list[Late] = []

    def make() -> list[Late]:
        made.extend(late)
        return list(late)

    return LateCast("n1", [first], (Late,), make), made


def test_a_late_role_is_not_made_before_somebody_speaks_to_it() -> None:
    first = Teller({Begin: telling(Undecided())})
    cast, made = late_cast(first, Late({}))
    assert cast.handle("n9", Begin()) == telling(Undecided())
    assert cast.flush() == NOTHING
    assert made == []
    cast.handle("n9", Deposed(FIRST))
    assert [role.heard for role in made] == [[("n9", Deposed(FIRST))]], "what was told before is in the archive"
    cast.handle("n9", Deposed(FIRST))
    assert first.heard[1:] == [("n1", Undecided()), *[("n9", Deposed(FIRST))] * 2]
    assert len(made) == 1


def test_a_late_role_hears_what_was_told_in_the_drain_in_which_it_comes() -> None:
    cast, made = late_cast(Teller({Begin: telling(Undecided(), Following("x"))}), Late({Undecided: telling(Following("y"))}))
    cast.handle("n9", Begin())
    assert cast.handle("n9", Deposed(FIRST)) == telling(Following("y"))
    assert [role.heard for role in made] == [[("n1", Undecided()), ("n9", Deposed(FIRST))]]


def test_whoever_looks_at_the_roles_sees_the_late_ones_too() -> None:
    cast, made = late_cast(Teller({}), Late({}))
    assert [type(role) for role in cast.roles] == [Teller, Late]
    assert [type(role) for role in cast.roles] == [Teller, Late]
    assert len(made) == 1
