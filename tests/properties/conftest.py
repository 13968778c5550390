"""Profiles: `fast` by default, `ci` derandomized, `thorough` for a night (with `--timeout=0`); choose with REDPAXOS_HYPOTHESIS."""

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("fast", max_examples=60, deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", parent=settings.get_profile("fast"), derandomize=True, database=None)
settings.register_profile("thorough", max_examples=5000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("REDPAXOS_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "fast"))
