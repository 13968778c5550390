"""The hosts and the wire do what the faults take for granted: they carry, cut, delay, lose, repeat and narrow."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.nemesis.hosts import HEAR, SPEAK, Hosts

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("hosts_are_possible")]

# Sends so many numbered datagrams to an address that sends each back, and prints those that came back within the time.
_ECHO = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
    echo.bind((sys.argv[1], 7))
    print("ready", flush=True)
    while True:
        packet, source = echo.recvfrom(2000)
        echo.sendto(packet, source)
"""
_ASK = """
import contextlib, socket, sys, time
address, count, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
    began = time.monotonic()
    for number in range(count):
        with contextlib.suppress(PermissionError):  # What the system says of a packet that it drops on its way out.
            ask.sendto(b"%d" % number, (address, 7))
    heard = []
    while len(heard) < count and (left := began + seconds - time.monotonic()) > 0:
        ask.settimeout(left)
        try:
            heard.append(int(ask.recv(2000)))
        except TimeoutError:
            break
    print(time.monotonic() - began, *heard)
"""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with Hosts(["a", "b", "c"]) as made:
        command = [*made.inside("b"), sys.executable, "-c", _ECHO, made.address("b")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as echo:
            assert echo.stdout is not None
            assert echo.stdout.readline() == b"ready\n"
            yield made
            echo.kill()


@pytest.fixture(autouse=True)
def _all_is_well_again(hosts: Hosts) -> Iterator[None]:
    yield
    hosts.heal()
    hosts.calm()


def ask(hosts: Hosts, count: int, seconds: float = 5.0, host: str = "a") -> tuple[float, list[int]]:
    """Have a host ask b; how long it took, and what came back."""
    command = [*hosts.inside(host), sys.executable, "-c", _ASK, hosts.address("b"), str(count), str(seconds)]
    took, *heard = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(took), [int(number) for number in heard]


def test_calm_hosts_hear_each_other(hosts: Hosts) -> None:
    assert ask(hosts, 20)[1] == list(range(20))


@pytest.mark.parametrize("ways", [(HEAR,), (SPEAK,), (HEAR, SPEAK)])
def test_a_cut_host_hears_nothing_and_the_others_go_on(hosts: Hosts, ways: tuple[str, ...]) -> None:
    hosts.cut("a", *ways)
    assert ask(hosts, 3, 0.3)[1] == []
    assert ask(hosts, 3, host="c")[1] == [0, 1, 2]
    hosts.heal("a")
    assert ask(hosts, 3)[1] == [0, 1, 2]


def test_a_share_is_lost(hosts: Hosts) -> None:
    hosts.cut("a", SPEAK, share=0.5)
    assert 20 < len(ask(hosts, 100, 0.5)[1]) < 80


def test_delayed_packets_take_their_time_and_overtake_each_other(hosts: Hosts) -> None:
    hosts.weather("a", delay_seconds=0.1, jitter_seconds=0.05)
    took, heard = ask(hosts, 50)
    assert 0.2 < took < 1.0
    assert sorted(heard) == list(range(50)) != heard
    assert ask(hosts, 1, host="c")[0] < 0.1


def test_packets_are_lost_and_come_twice(hosts: Hosts) -> None:
    hosts.weather("a", loss=0.3)
    assert 20 < len(ask(hosts, 100, 0.5)[1]) < 80
    hosts.weather("a", repetition=0.5)
    heard = ask(hosts, 100)[1]
    assert len(set(heard)) < len(heard)


def test_a_narrow_host_speaks_slowly(hosts: Hosts) -> None:
    hosts.narrow("a", 8)
    took, heard = ask(hosts, 500, 0.7)
    hosts.widen("a")
    assert took > 0.6
    assert len(heard) < 500
    assert ask(hosts, 100)[1] == list(range(100))
