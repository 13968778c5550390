"""Settings that cannot work are refused in one line."""

import msgspec
import pytest

from paxos.errors import ConfigurationError
from paxos.settings import Settings


def test_the_defaults_work_together() -> None:
    assert Settings().checked() == Settings()


@pytest.mark.parametrize("name", Settings.__struct_fields__)
@pytest.mark.parametrize("value", [0, -1])
def test_a_setting_that_is_not_above_zero_is_refused_by_its_name(name: str, value: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be above 0, found {value}"):
        msgspec.structs.replace(Settings(), **{name: value}).checked()


def test_an_election_that_starts_before_the_second_heartbeat_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least twice heartbeat_seconds"):
        Settings(heartbeat_seconds=0.2, election_timeout_seconds=0.39).checked()
