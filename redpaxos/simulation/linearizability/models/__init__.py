"""The sequential objects that a history is judged against, one file each; write your own as a subclass of Model."""

from redpaxos.simulation.linearizability.models.base import ANYTHING, NOTHING, UNKNOWN, Heard, Model
from redpaxos.simulation.linearizability.models.decree import Decree
from redpaxos.simulation.linearizability.models.key_value import KeyValue
from redpaxos.simulation.linearizability.models.lock import FencedLock
from redpaxos.simulation.linearizability.models.log import AppendOnlyLog

__all__ = ["ANYTHING", "NOTHING", "UNKNOWN", "AppendOnlyLog", "Decree", "FencedLock", "Heard", "KeyValue", "Model"]
