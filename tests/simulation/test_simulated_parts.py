"""The simulated disk and network keep the contracts of the real ones, and are as bad as these allow."""

from collections.abc import Sequence
from random import Random

import pytest

from actors.channels import Channels
from actors.storage.base import StorageError
from paxos.ballot import Ballot
from paxos.codec import Envelope, Letter
from paxos.errors import MalformedError
from paxos.messages import Locate
from paxos.quorum import majority
from paxos.records import KnownChosen, Promised, Record
from redpaxos.simulation.judges.invariants import Invariants
from redpaxos.simulation.judges.observer import Observer
from redpaxos.simulation.parts.clocks import NodeClock
from redpaxos.simulation.parts.cluster import CachingCodec
from redpaxos.simulation.parts.disks import Disk
from redpaxos.simulation.parts.network import Network, PowerCutError
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.cuts import LINKS, cut_links
from redpaxos.simulation.plans.kinds import AFTER, BEFORE, ERROR, FULL
from redpaxos.simulation.plans.plan import Fault, LinkPlan, RoundPlan
from redpaxos.simulation.runs.rounds import RoundNetwork
from transport.base import TransportClosedError, TransportDownError, TransportError

HIGH, LOW = Promised("log", Ballot(2, "n1")), Promised("log", Ballot(1, "n1"))


class Seen:
    """Watches a disk."""

    def __init__(self) -> None:
        self.written_records: list[Record] = []
        self.durable_records: list[Record] = []

    def written(self, disk: Disk, records: Sequence[Record]) -> None:
        self.written_records += records

    def durable(self, disk: Disk, records: Sequence[Record]) -> None:
        self.durable_records += records


def make_disk() -> tuple[Disk, Seen]:
    seen = Seen()
    return Disk("sim", "n1", "acceptor", "id", seen), seen


def test_what_was_synced_survives_a_crash_and_what_was_not_may_be_lost_last_first() -> None:
    left = set()
    for seed in range(40):
        disk, seen = make_disk()
        store = disk.open()
        store.write([LOW], sync=True)
        store.write([KnownChosen("log", 3)], sync=False)
        store.write([KnownChosen("log", 7)], sync=False)
        assert seen.durable_records == [LOW]
        disk.lose_power(Random(seed))
        again = disk.open().acceptor_state("log")
        assert again.promised == LOW.ballot
        left.add(again.chosen_through)
    assert left == {0, 3, 7}


def test_a_store_knows_how_often_it_was_opened() -> None:
    disk, _ = make_disk()
    assert [disk.open().identity.boot_count for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("fault", "raises", "survives"), [(BEFORE, PowerCutError, False), (AFTER, PowerCutError, True), (FULL, StorageError, False)]
)
def test_a_write_fails_once_as_planned(fault: str, raises: type[BaseException], survives: bool) -> None:
    disk, _ = make_disk()
    store = disk.open()
    disk.next_fault = fault
    with pytest.raises(raises):
        store.write([HIGH], sync=True)
    disk.lose_power(Random(0))
    assert (disk.open().acceptor_state("log").promised == HIGH.ballot) is survives


def test_nobody_knows_whether_a_write_whose_sync_failed_is_on_disk() -> None:
    def survives(seed: int) -> bool:
        disk, _ = make_disk()
        store = disk.open()
        disk.next_fault = ERROR
        with pytest.raises(StorageError):
            store.write([HIGH], sync=True)
        disk.lose_power(Random(seed))
        return disk.open().acceptor_state("log").promised == HIGH.ballot

    assert {survives(seed) for seed in range(20)} == {True, False}


def heard_over(links: LinkPlan, count: int = 200) -> list[bytes]:
    """What one endpoint hears of so many numbered payloads of another."""
    world = World(1)
    network = Network(world, links)
    heard: list[bytes] = []
    network.endpoint("b").subscribe("to:b:from:*", lambda channel, payload: heard.append(payload))
    sender = network.endpoint("a")
    for number in range(count):
        sender.publish("to:b:from:a", b"%d" % number)
    while world.next_time() < 100.0:
        world.step()
    return heard


def test_a_good_link_delivers_everything_once_and_in_order() -> None:
    assert heard_over(LinkPlan()) == [b"%d" % number for number in range(200)]


def test_a_bad_link_loses_repeats_and_reorders_but_never_invents() -> None:
    heard = heard_over(LinkPlan(loss=0.3, duplication=0.3, spread_seconds=0.1, reorders=True))
    assert set(heard) < {b"%d" % number for number in range(200)}
    assert len(heard) > len(set(heard))
    assert sorted(heard, key=int) != heard


def test_a_publish_that_raises_may_have_been_delivered() -> None:
    world = World(1)
    network = Network(world, LinkPlan(error_delivered=1.0))
    heard: list[bytes] = []
    network.endpoint("b").subscribe("c", lambda channel, payload: heard.append(payload))
    with pytest.raises(TransportError):
        network.endpoint("a").publish("c", b"x")
    world.step()
    assert heard == [b"x"]


def test_nothing_is_published_while_the_server_is_down_or_the_endpoint_closed() -> None:
    network = Network(World(1), LinkPlan())
    network.is_down = True
    endpoint = network.endpoint("a")
    with pytest.raises(TransportDownError):
        endpoint.publish("c", b"x")
    endpoint.close()
    with pytest.raises(TransportClosedError):
        endpoint.publish("c", b"x")


def test_each_kind_of_partition_leaves_what_its_name_says() -> None:
    names = ("a", "b", "c", "d", "e")
    everything = {(source, target) for source in names for target in names if source != target}

    def left(kind: str, amount: float = 0.0) -> set[tuple[str, str]]:
        return everything - set(cut_links(Fault(0.0, kind, names, 1.0, amount)))

    assert everything - left("one way") == {("a", name) for name in names[1:]}
    assert left("isolated") == {pair for pair in everything if "a" not in pair}
    assert left("split", 2.0) == {pair for pair in everything if (pair[0] in "ab") == (pair[1] in "ab")}
    assert left("star") == {pair for pair in everything if "a" in pair}
    assert left("bridge") == {pair for pair in everything if "a" in pair or (pair[0] in "bc") == (pair[1] in "bc")}
    assert len(left("chain")) == 8
    assert len(left("ring")) == 10
    assert all(cut_links(Fault(0.0, kind, ("a",), 1.0, 1.0)) == [] for kind in LINKS)


def test_a_burst_makes_links_worse_until_it_ends_or_calm_comes() -> None:
    network = Network(World(1), LinkPlan(loss=0.2))
    end = network.worsen({"loss": 0.9})
    network.worsen({"duplication": 0.5})
    assert (network.plan.loss, network.plan.duplication) == (0.9, 0.5)
    end()
    assert (network.plan.loss, network.plan.duplication) == (0.2, 0.5)
    network.calm()
    assert (network.plan.loss, network.plan.duplication) == (0.0, 0.0)


def test_who_lost_its_subscriptions_hears_nothing_until_it_has_them_again() -> None:
    world = World(1)
    network = Network(world, LinkPlan())
    heard: list[bytes] = []
    network.endpoint("b").subscribe("c", lambda channel, payload: heard.append(payload))
    sender = network.endpoint("a")
    network.deafen(["b"], lambda: 1.0)
    sender.publish("c", b"early")
    world.at(2.0, lambda: sender.publish("c", b"late"))
    while world.next_time() < 9.0:
        world.step()
    assert heard == [b"late"]
    assert world.fired["message to a lost subscription"] == 1


def test_what_waits_for_a_slow_disk_is_not_sent_by_a_node_that_dies_meanwhile() -> None:
    world = World(1)
    network = Network(world, LinkPlan())
    heard: list[bytes] = []
    network.endpoint("b").subscribe("c", lambda channel, payload: heard.append(payload))
    slow = network.endpoint("a")
    slow.busy_until = 1.0
    slow.publish("c", b"x")
    world.at(0.5, slow.close)
    while world.next_time() < 9.0:
        world.step()
    assert heard == []
    assert world.fired["message of the dead"] == 1


def test_an_old_copy_of_a_disk_is_noticed_when_it_is_opened() -> None:
    disk, _ = make_disk()
    disk.open().write([LOW], sync=True)
    disk.restore_old_copy()
    with pytest.raises(StorageError, match="guard"):
        disk.open()


def test_a_clock_has_a_rate_and_jumps() -> None:
    world = World(1)
    clock = NodeClock(world, 2.0)
    world.now = 4.0
    assert clock.milliseconds() == 2000
    clock.rate = 0.5
    world.now = 5.0
    assert clock.milliseconds() == 4000
    clock.jump(-3.0)
    assert clock.milliseconds() == 1000


def corrupted(secret: bytes) -> Observer:
    """An observer of frames with this secret, which counts a corrupted frame that is believed as a violation."""
    return Observer(Invariants(majority(("n1",)), {}), CachingCodec("sim", secret), Channels("sim"))


@pytest.mark.parametrize("secret", [b"", b"secret"])
def test_a_corrupted_frame_is_refused_wherever_it_is_hit(secret: bytes) -> None:
    observer = corrupted(secret)
    frame = CachingCodec("sim", secret).encode(Envelope("sim", "n1", "", "", 1, 1, (Letter("log", Locate()),)))
    mangled = {observer.mangle(frame, number / 200) for number in range(200)}
    assert frame not in mangled
    for bad in mangled:
        with pytest.raises(MalformedError):
            CachingCodec("sim", secret).decode(bad)


def test_in_rounds_a_message_arrives_in_the_next_one_and_nodes_hear_themselves() -> None:
    world = World(1)
    network = RoundNetwork(world, RoundPlan(0.1, heard=0.0, heard_clients=0.0), ("a", "b"))
    arrivals: list[tuple[str, float]] = []
    endpoints = {name: network.endpoint(name) for name in ("a", "b")}
    for name, endpoint in endpoints.items():
        endpoint.subscribe("c", lambda channel, payload, name=name: arrivals.append((name, world.now)))  # type: ignore[misc]
    world.at(0.05, lambda: endpoints["a"].publish("c", b"x"))
    world.at(0.25, network.calm)
    world.at(0.25, lambda: endpoints["a"].publish("c", b"y"))
    while world.next_time() < 9.0:
        world.step()
    assert sorted((name, int(when * 10)) for name, when in arrivals) == [("a", 1), ("a", 3), ("b", 3)]
