"""The catalogue fits the code, and planting does what it says and no more."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from paxos.acceptor import Acceptor
from paxos.groups import LOG
from paxos.messages import Accept, Accepted, Prepare
from paxos.quorum import majority
from tests.planted.catalogue.all import BY_NAME, EQUIVALENT, MISTAKES, PAIRS
from tests.planted.planting import ROOT, Mistake, PlantingError, changed_source, planted
from tests.transcripts.test_transcripts import TRAPS
from tests.unit.company import FIRST, RIVAL, empty_archive

ONE_SHORT = BY_NAME["a quorum one short is enough for phase 2"]


def test_the_catalogue_is_large_and_names_each_mistake_once() -> None:
    assert len(MISTAKES) >= 60
    assert len(BY_NAME) == len(MISTAKES)
    assert len({(mistake.file, mistake.right, mistake.wrong) for mistake in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize("mistake", [*MISTAKES, *EQUIVALENT], ids=lambda mistake: mistake.name)
def test_a_mistake_changes_what_its_file_says_once_and_can_be_planted(mistake: Mistake) -> None:
    source = (ROOT / mistake.file).read_text()
    assert changed_source(source, mistake) != source
    with planted(mistake):
        pass


def test_every_script_is_a_trap_for_somebody() -> None:
    trapped = {mistake.test.partition("[")[2].removesuffix("]") for mistake in MISTAKES}
    assert trapped.issuperset(script.__name__ for script in TRAPS)


def test_there_are_pairs_that_hide_each_other() -> None:
    assert len(PAIRS) >= 3


def test_a_mistake_is_in_the_code_for_as_long_as_it_is_planted() -> None:
    three = majority(("a1", "a2", "a3"))
    assert not three.accepted(("a1",))
    with planted(ONE_SHORT):
        assert three.accepted(("a1",))
    assert not three.accepted(("a1",))


def test_several_mistakes_are_made_together_in_one_file_or_in_two() -> None:
    acceptor = Acceptor(LOG, empty_archive("a1"))
    with planted(BY_NAME["an acceptor accepts below its promise"], BY_NAME["an acceptor keeps its promise in memory only"], ONE_SHORT):
        assert acceptor.handle("p2", Prepare(RIVAL, 0)).persist == ()
        (accepted,) = acceptor.handle("p1", Accept(FIRST, 0, b"v", 0)).send
        assert majority(("a1", "a2", "a3")).accepted(("a1",))
    assert accepted.message == Accepted(FIRST, 0, 0)


@dataclass(frozen=True)
class Unfit:
    """An edit that cannot be planted, and what is said of it."""

    right: str
    wrong: str
    said: str


@pytest.mark.parametrize(
    "unfit",
    [
        Unfit("len(names) // 3", "2", "says 0 times, instead of once"),
        Unfit("names = frozenset(members)", "names = members", "says 2 times, instead of once"),
        Unfit("from collections.abc import Collection, Iterable", "from collections.abc import Iterable, Collection", "is any different"),
    ],
    ids=["it is not there", "it is there twice", "no function has it"],
)
def test_what_does_not_fit_is_refused(unfit: Unfit) -> None:
    with pytest.raises(PlantingError, match=unfit.said), planted(replace(ONE_SHORT, right=unfit.right, wrong=unfit.wrong)):
        pass
