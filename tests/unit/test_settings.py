"""Settings that cannot work are refused in one line."""

import math

import msgspec
import pytest

from paxos.codec import FRAME_BYTES
from paxos.errors import ConfigurationError
from paxos.settings import Settings


def test_the_defaults_work_together() -> None:
    assert Settings().checked() == Settings()


@pytest.mark.parametrize("name", Settings.__struct_fields__)
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_setting_that_is_not_above_zero_is_refused_by_its_name(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be above 0, found {value}"):
        msgspec.structs.replace(Settings(), **{name: value}).checked()


def test_an_election_may_start_with_the_second_heartbeat() -> None:
    Settings(heartbeat_seconds=0.2, election_timeout_seconds=0.4).checked()


def test_an_election_that_starts_before_the_second_heartbeat_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least twice heartbeat_seconds"):
        Settings(heartbeat_seconds=0.2, election_timeout_seconds=0.39).checked()


@pytest.mark.parametrize("name", [name for name in Settings.__struct_fields__ if name.endswith("_seconds")])
@pytest.mark.parametrize("value", [math.inf, 1e300, 86_401])
def test_a_time_that_no_timer_waits_for_is_refused_by_its_name(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be at most 86400, found"):
        msgspec.structs.replace(Settings(), **{name: value}).checked()


@pytest.mark.parametrize("name", ["value_bytes", "batch_bytes", "page_bytes"])
def test_what_would_fit_no_frame_is_refused(name: str) -> None:
    rest = sum(getattr(Settings(), other) for other in ("value_bytes", "batch_bytes", "page_bytes") if other != name)
    largest = msgspec.structs.replace(Settings(), **{name: FRAME_BYTES // 2 - rest})
    assert largest.checked() == largest
    with pytest.raises(ConfigurationError, match=f"at most {FRAME_BYTES // 2} together, found {FRAME_BYTES // 2 + 1}"):
        msgspec.structs.replace(largest, **{name: FRAME_BYTES // 2 - rest + 1}).checked()


def test_a_time_of_a_whole_day_is_taken() -> None:
    Settings(patience_seconds=86_400).checked()
