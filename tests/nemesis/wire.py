"""The wire between hosts: carries IP packets from one network namespace to another, late, lost, twice or out of order as it is told.

    python -m tests.nemesis.wire PID:ADDRESS PID:ADDRESS ...

Each host, a process that holds a namespace, gets a TUN device with its address; the other ends are held here. This does what `tc netem`
does, on kernels that have none. Orders are lines of JSON on standard input, and each is answered by a line.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import subprocess
import sys
import time
from typing import NamedTuple

PREFIX_BITS = 24
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_PACKET_BYTES = 65536
# Where an IPv4 header has its source and destination, and their last byte tells the host.
_SOURCE, _DESTINATION = 15, 19
# Packets that are read from one host before the others have their turn.
_TURN = 32


class Weather(NamedTuple):
    """What befalls packets on their way from one host to another."""

    # The last byte of each address; 0 stands for every host.
    source: int = 0
    destination: int = 0
    delay_seconds: float = 0.0
    jitter_seconds: float = 0.0
    loss: float = 0.0
    repetition: float = 0.0


CALM = Weather()


class Wire:
    """All hosts' devices, and what is under way between them."""

    def __init__(self, hosts: dict[int, int], chance: random.Random) -> None:
        # The device's file by the last byte of the host's address.
        self._devices = hosts
        self._chance = chance
        # By source and destination; the most special one applies.
        self._weather: dict[tuple[int, int], Weather] = {}
        # When each packet is due, a number that keeps the order, where it goes, and the packet.
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0

    def obey(self, line: str) -> None:
        """Take an order: the weather of some way; calm everywhere if there is none."""
        orders = [Weather(*order) for order in json.loads(line)]
        self._weather = {(order.source, order.destination): order for order in orders}

    def take(self, device: int) -> None:
        """Read what a host sent, and pass it on or keep it for later."""
        for _ in range(_TURN):
            try:
                packet = os.read(device, _PACKET_BYTES)
            except BlockingIOError:
                return
            if packet[0] >> 4 == 4 and packet[_DESTINATION] in self._devices:
                self._consider(packet)

    def wait_seconds(self) -> float | None:
        """Until the next packet is due."""
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def deliver_due(self) -> None:
        """Hand over every packet whose time has come."""
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, destination, packet = heapq.heappop(self._waiting)
            self._deliver(destination, packet)

    def _consider(self, packet: bytes) -> None:
        source, destination = packet[_SOURCE], packet[_DESTINATION]
        weather = self._weather_between(source, destination)
        if weather is CALM:
            self._deliver(destination, packet)
            return
        copies = (self._chance.random() >= weather.loss) + (self._chance.random() < weather.repetition)
        for _ in range(copies):
            self._count += 1
            due = time.monotonic() + weather.delay_seconds + self._chance.random() * weather.jitter_seconds
            heapq.heappush(self._waiting, (due, self._count, destination, packet))

    def _weather_between(self, source: int, destination: int) -> Weather:
        for way in ((source, destination), (source, 0), (0, destination), (0, 0)):
            if way in self._weather:
                return self._weather[way]
        return CALM

    def _deliver(self, destination: int, packet: bytes) -> None:
        try:
            os.write(self._devices[destination], packet)
        except OSError:
            # Its queue is full, or it has no address yet: lost, as on any wire.
            return


def attach(pid: int, address: str) -> int:
    """Give a namespace a device with this address; the file of its other end."""
    last = address.rpartition(".")[2]
    name = f"wire{last}"
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    temporary = f"rp{os.getpid()}-{last}"[:15]
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", temporary.encode(), _IFF_TUN | _IFF_NO_PI))
    _run("ip", "link", "set", temporary, "netns", str(pid), "name", name)
    inside = ("nsenter", "--target", str(pid), "--net")
    _run(*inside, "ip", "address", "add", f"{address}/{PREFIX_BITS}", "dev", name)
    _run(*inside, "ip", "link", "set", name, "up")
    _run(*inside, "ip", "link", "set", "lo", "up")
    return device


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Carry until the orders end."""
    ctypes.CDLL(None).prctl(1, 9)
    hosts: dict[int, int] = {}
    for argument in sys.argv[1:]:
        pid, _, address = argument.partition(":")
        hosts[int(address.rpartition(".")[2])] = attach(int(pid), address)
    wire = Wire(hosts, random.Random(1))
    selector = selectors.DefaultSelector()
    for device in (*hosts.values(), sys.stdin.fileno()):
        selector.register(device, selectors.EVENT_READ)
    os.write(1, b"ready\n")
    while True:
        for key, _ in selector.select(wire.wait_seconds()):
            if key.fd != sys.stdin.fileno():
                wire.take(key.fd)
                continue
            line = sys.stdin.buffer.readline()
            if not line:
                return
            wire.obey(line.decode())
            os.write(1, b"done\n")
        wire.deliver_due()


if __name__ == "__main__":
    main()
