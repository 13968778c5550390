"""Every state of small cases of docs/spec/RedPaxos.tla, searched by TLC: what Paxos promises holds in each of them."""

from collections.abc import Callable

import pytest

from tests.spec.tlc import SPEC, check, needs_java

pytestmark = [needs_java, pytest.mark.timeout(600)]

_MODULES = {"Decree": "RedPaxos", "FirstBallots": "RedPaxos", "Log": "RedPaxos", "FreshReads": "FreshReads"}
_DISTINCT_COUNTS = {"Decree": 43_750, "FirstBallots": 47_102, "Log": 35_912, "FreshReads": 9_624}


@pytest.mark.parametrize("name", _DISTINCT_COUNTS)
def test_what_paxos_promises_holds_in_every_state_of_the_model(name: str, record_property: Callable[[str, object], None]) -> None:
    verdict = check(_MODULES[name], (SPEC / f"{name}.cfg").read_text(encoding="utf-8"), timeout_seconds=500)
    record_property("distinct_states", verdict.distinct_count)
    assert verdict.violated == "", verdict.output[-3000:]
    assert (verdict.distinct_count, verdict.left_count) == (_DISTINCT_COUNTS[name], 0)


@pytest.mark.parametrize(
    "mistake",
    ["EndSlot <- ExecutedEnd", "MayConfirm <- ConfirmsAnything", "Counts <- AnyRoundCounts"],
)
def test_tlc_finds_a_mistake_about_fresh_reads(mistake: str) -> None:
    config = (SPEC / "FreshReads.cfg").read_text(encoding="utf-8").replace("MaxReads = 1", f"MaxReads = 2\n    {mistake}")
    assert check("FreshReads", config).violated == "ReadsAreFresh"
