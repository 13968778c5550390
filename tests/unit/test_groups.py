"""Groups: a decree is a log of which only slot 0 is used."""

import pytest

from paxos.groups import LOG, decree_group, decree_name, is_decree


@pytest.mark.parametrize("name", ["colour", "decree:colour", "log", " ", "ß", "0"])
def test_a_decree_has_a_group_of_its_own_that_tells_its_name(name: str) -> None:
    assert is_decree(decree_group(name))
    assert decree_name(decree_group(name)) == name


def test_the_log_is_no_decree_and_has_no_name() -> None:
    assert not is_decree(LOG)
    assert decree_name(LOG) == ""
    assert decree_name("a log with a longer name") == ""


def test_no_decree_shares_the_group_of_the_log() -> None:
    assert decree_group(LOG) != LOG
