"""Jobs for a load, the samples that come back, and what several rounds of them add up to.

Latencies travel as histograms whose buckets are one per cent wide, so that samples of several processes, and of load generators in
other languages, add up.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct

_WIDTH = math.log(1.01)
_NANO = 1e9


class Job(Struct, frozen=True):
    """What one load process has to do: keep so many commands outstanding for so long."""

    # "log", "put", "read", "decree", or what the system offers besides.
    load: str
    outstanding: int
    seconds: float
    value_bytes: int = 64
    # "each" command its own message; "together", what waits in one message; "client", threads that use redpaxos.Client.
    style: str = "each"
    # Begins every id and name, so that no two measurements share one; the same for clients that compete.
    prefix: str = ""
    # Clients in this one process, for systems that do not leave it.
    clients: int = 1


class Sample(Struct, frozen=True):
    """What one load process saw during the measured seconds; `total` counts the commands before and after them too."""

    count: int
    seconds: float
    total: int
    # By bucket: commands answered after so long.
    histogram: dict[int, int]
    # The load's own CPU time during the measured seconds.
    cpu_seconds: float
    # Commands sent again for want of an answer, or because of one that was not DONE.
    repeated: int = 0


class Measured(Struct, frozen=True):
    """One round of a case: all its load processes together."""

    per_second: float
    histogram: dict[int, int]
    # The busiest load process's share of a core.
    load_cpu: float
    # CPU seconds by kind of process, over `wall_seconds` and `total` commands.
    cpu_seconds: dict[str, float]
    wall_seconds: float
    total: int
    repeated: int


class Summary(Struct, frozen=True):
    """Medians over the rounds of a case, in seconds; `spread` is how far the rounds' rates lie apart, as a share of the median."""

    p50: float
    p99: float
    per_second: float
    spread: float
    load_cpu: float
    cpu_micros_per_command: dict[str, float]
    repeated: int


def histogram(latencies: Iterable[float]) -> dict[int, int]:
    """Seconds, by bucket."""
    return dict(Counter(int(math.log(max(seconds * _NANO, 1.0)) / _WIDTH) for seconds in latencies))


def percentile(counts: dict[int, int], share: float) -> float:
    """The latency in seconds that this share of the commands did not exceed; NaN if there were none."""
    wanted = share * sum(counts.values())
    for bucket in sorted(counts):
        wanted -= counts[bucket]
        if wanted <= 0:
            return math.exp((bucket + 0.5) * _WIDTH) / _NANO
    return math.nan


def merge(samples: Sequence[Sample], cpu_seconds: dict[str, float], wall_seconds: float, *, same_work: bool = False) -> Measured:
    """Several load processes as one; where they compete for the same work, it is counted once."""
    counts: Counter[int] = Counter()
    for sample in samples:
        counts.update(sample.histogram)
    rates = [sample.count / sample.seconds for sample in samples]
    return Measured(
        per_second=max(rates) if same_work else sum(rates),
        histogram=dict(counts),
        load_cpu=max(sample.cpu_seconds / sample.seconds for sample in samples),
        cpu_seconds=cpu_seconds,
        wall_seconds=wall_seconds,
        total=max(sample.total for sample in samples) if same_work else sum(sample.total for sample in samples),
        repeated=sum(sample.repeated for sample in samples),
    )


def summarise(rounds: Sequence[Measured]) -> Summary:
    """Medians, and the spread."""
    rates = [each.per_second for each in rounds]
    middle = median(rates)
    kinds = sorted({kind for each in rounds for kind in each.cpu_seconds})
    return Summary(
        p50=median(percentile(each.histogram, 0.50) for each in rounds),
        p99=median(percentile(each.histogram, 0.99) for each in rounds),
        per_second=middle,
        spread=(max(rates) - min(rates)) / middle if middle else math.nan,
        load_cpu=median(each.load_cpu for each in rounds),
        cpu_micros_per_command={
            kind: median(each.cpu_seconds.get(kind, 0.0) / max(each.total, 1) * 1e6 for each in rounds) for kind in kinds
        },
        repeated=sum(each.repeated for each in rounds),
    )
