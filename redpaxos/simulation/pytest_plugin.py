"""The pytest plugin: the fixture `simulate`, for tests of state machines that are built on redpaxos.

    pytest_plugins = ["redpaxos.simulation.pytest_plugin"]      # in conftest.py

docs/simulation.md has an example.
"""

import pytest

from redpaxos.simulation.runs.trials import Simulate


@pytest.fixture
def simulate() -> Simulate:
    """Replicates a machine in simulated clusters under faults: `simulate(Counter, calls=[b"add"], questions=[b"total"])`."""
    return Simulate()
