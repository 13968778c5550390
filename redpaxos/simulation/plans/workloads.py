"""Draws what the clients of a run want: entries and decrees, operations on the key-value store, and what is no message at all.

Values are fresh and in no order, so that whoever keeps the greatest, the latest or the first is found out.
"""

from random import Random

from msgspec import Struct

from paxos.codec import Codec, Envelope, Letter
from paxos.effects import ACCEPTORS, PROPOSERS
from paxos.groups import LOG
from paxos.machines.kv_messages import (
    KEY_VALUE,
    Changes,
    CompareAndSet,
    Condition,
    Delete,
    Get,
    KeyValueCommand,
    KeyValueQuestion,
    Put,
    Range,
    Subject,
    Transaction,
    encode,
)
from paxos.messages import Locate
from redpaxos.simulation.plans.plan import CHANNELS, CLUSTER, ClientPlan, NodePlan, Request

_VERBS = ("propose", "decide", "query", "read", "door", "door-decree", "door-ask", "garbage")
_COMMANDS = ("put", "put", "get", "delete", "delete all", "create", "replace", "swap", "pair", "range")
_SMALL_VALUES = (b"a", b"b")


def draw_clients(chance: Random, chaos_seconds: float, nodes: tuple[NodePlan, ...]) -> tuple[ClientPlan, ...]:
    """Clients of the log and its decrees, of the key-value store, or of both."""
    proposers = [node.name for node in nodes if "proposer" in node.roles]
    kind = chance.choice(("log", "log", "store", "both"))
    clients: tuple[ClientPlan, ...] = ()
    if kind != "store":
        clients += _draw_log_clients(chance, chaos_seconds, proposers)
    if kind != "log":
        clients += draw_store_clients(chance, chaos_seconds, nodes)
    return clients


def _draw_log_clients(chance: Random, chaos_seconds: float, proposers: list[str]) -> tuple[ClientPlan, ...]:
    verbs = [verb for verb in _VERBS if chance.random() < 0.5] or ["propose", "decide"]
    shared = chance.random() < 0.5
    decrees = [f"d{number}" for number in range(1, chance.choice((1, 3, 8)) + 1)]
    # Clients that act at the same moments compete, most of all when each asks a node of its own.
    moments = [chance.uniform(0.0, chaos_seconds) for _ in range(chance.choice((2, 5, 10)))]
    pinned = chance.random() < 0.5
    clients = []
    for number in range(1, chance.randint(1, 5) + 1):
        name = f"c{number}"
        requests = []
        for count, at in enumerate(sorted(chance.choice(moments) for _ in range(chance.randint(1, 8)))):
            request_id = f"shared-{chance.randint(1, 2)}" if shared and chance.random() < 0.5 else f"{name}-{count}"
            requests.append(_draw_request(chance, chance.choice(verbs), request_id, at, chance.choice(decrees)))
        clients.append(ClientPlan(name, tuple(requests), proposers[number % len(proposers)] if pinned else ""))
    return tuple(clients)


def _draw_request(chance: Random, verb: str, request_id: str, at: float, decree: str) -> Request:
    value = b"%d" % chance.randint(0, 99) if chance.random() < 0.8 else b'"%b"' % (b"x" * chance.choice((0, 5, 30, 200)))
    timeout = chance.choice((0.3, 1.0, 3.0))
    match verb:
        case "query":
            return Request(at, verb, decree, f"{request_id}-at-{at}", timeout=timeout)
        case "read":
            waits = "waits" if chance.random() < 0.3 else ""
            return Request(at, verb, chance.choice(("", "", decree)), waits, b"%d" % chance.randint(1, 6), timeout)
        case "garbage":
            return Request(at, verb, *_draw_garbage(chance))
        case "door" | "door-decree":
            key = decree if verb == "door-decree" else ""
            return Request(at, verb, key, chance.choice((request_id, request_id, "")), value)
        case "door-ask":
            return Request(at, verb, decree)
    return Request(at, verb, decree if verb == "decide" else "", request_id, value, timeout)


def _draw_garbage(chance: Random) -> tuple[str, str, bytes]:
    """A channel, no id, and a payload that is no message, or not one for this cluster, or not from whom it says."""
    letters = (Letter(LOG, Locate()),)
    channel = chance.choice((CHANNELS.outgoing(ACCEPTORS, "evil"), CHANNELS.outgoing(PROPOSERS, "evil"), CHANNELS.door("propose")))
    foreign = Codec("elsewhere").encode(Envelope("elsewhere", "evil", "", "", 1, 1, letters))
    forged = Codec(CLUSTER).encode(Envelope(CLUSTER, "n1", "acceptor", "no-store", 1, 1, letters))
    payload = chance.choice((foreign, forged, forged[:-3], b"rp\x09\x00", b"", chance.randbytes(40), b'{"value": }', b'{"decree": 7}'))
    return channel, "", payload


# ---- any state machine -----------------------------------------------------------------------------------------------------------


class MachineWork(Struct, frozen=True):
    """Commands and questions that make sense to a state machine."""

    machine: str
    calls: tuple[bytes, ...]
    questions: tuple[bytes, ...] = ()


def draw_machine_clients(chance: Random, chaos_seconds: float, nodes: tuple[NodePlan, ...], work: MachineWork) -> tuple[ClientPlan, ...]:
    """Clients that have some of these commands executed by a machine, and ask it some of these questions, wherever it is."""
    readers = [node.name for node in nodes if {"proposer", "learner"} & set(node.roles)]
    clients = []
    for number in range(1, chance.randint(2, 4) + 1):
        requests = []
        for count, at in enumerate(sorted(chance.uniform(0.0, chaos_seconds) for _ in range(chance.randint(3, 10)))):
            asks = bool(work.questions) and chance.random() < 0.4
            node = chance.choice(readers) if asks and chance.random() < 0.6 else ""
            body = chance.choice(work.questions if asks else work.calls)
            timeout = chance.choice((0.3, 1.0, 3.0))
            requests.append(Request(at, "ask" if asks else "call", work.machine, f"m{number}-{count}", body, timeout, node=node))
        lane_count, expiry, patience = chance.choice((1, 1, 3)), chance.choice((0.5, 2.0, 60.0)), chance.choice((0.02, 0.25))
        clients.append(ClientPlan(f"m{number}", tuple(requests), "", lane_count, expiry, patience))
    return tuple(clients)


# ---- the key-value store ---------------------------------------------------------------------------------------------------------


def draw_store_clients(chance: Random, chaos_seconds: float, nodes: tuple[NodePlan, ...]) -> tuple[ClientPlan, ...]:
    """Sessions, long and short, patient and hasty, with one operation or several under way; questions to any replica."""
    readers = [node.name for node in nodes if {"proposer", "learner"} & set(node.roles)]
    commands = [command for command in _COMMANDS if chance.random() < 0.6] or ["put"]
    keys = [f"k{number}" for number in range(chance.choice((1, 2, 3)))]
    asking = chance.choice((0.2, 0.5))
    moments = [chance.uniform(0.0, chaos_seconds) for _ in range(chance.choice((2, 5, 10)))]
    clients = []
    for number in range(1, chance.randint(1, 4) + 1):
        name = f"s{number}"
        times = sorted(chance.choice(moments) for _ in range(chance.randint(2, 10)))
        requests = []
        for count, at in enumerate(times):
            timeout = chance.choice((0.3, 1.0, 3.0))
            if chance.random() < asking:
                verb, question, node = _draw_question(chance, keys, readers)
                requests.append(Request(at, verb, KEY_VALUE, f"{name}-{count}", question, timeout, node=node))
            else:
                value = chance.choice(_SMALL_VALUES) if chance.random() < 0.3 else b"%d-%d-%d" % (chance.randint(0, 99), number, count)
                body = encode(_draw_command(chance, chance.choice(commands), keys, value))
                requests.append(Request(at, "call", KEY_VALUE, f"{name}-{count}", body, timeout))
        lane_count, expiry, patience = chance.choice((1, 1, 3)), chance.choice((0.5, 2.0, 60.0)), chance.choice((0.02, 0.25))
        clients.append(ClientPlan(name, tuple(requests), "", lane_count, expiry, patience))
    return tuple(clients)


def _draw_command(chance: Random, command: str, keys: list[str], value: bytes) -> KeyValueCommand:
    key = chance.choice(keys)
    match command:
        case "get":
            return Get(key)
        case "delete":
            return Delete(key, previous=chance.random() < 0.5)
        case "delete all":
            return Delete("k", prefix=True)
        case "create":
            return CompareAndSet(key, 0, value)
        case "replace":
            return CompareAndSet(key, chance.randint(1, 6), value)
        case "swap":
            expected = Condition(key, Subject.VALUE, "=", chance.choice((b"", *_SMALL_VALUES)))
            return Transaction((expected,), (Put(key, value),), (Get(key),))
        case "pair":
            return Transaction((), tuple(Put(each, value) for each in keys[:2]), ())
        case "range":
            return Range("k")
    return Put(key, value, previous=chance.random() < 0.5)


def _draw_question(chance: Random, keys: list[str], readers: list[str]) -> tuple[str, bytes, str]:
    """The verb, the question, and the only node to ask: fresh or stale, of one key or all, or a watch."""
    verb = chance.choice(("ask", "ask", "ask", "ask-stale", "watch"))
    question: KeyValueQuestion = Range("k") if chance.random() < 0.3 else Get(chance.choice(keys))
    if verb == "watch":
        question = Changes(chance.choice(("", chance.choice(keys))), chance.randint(1, 5))
    return verb, encode(question), chance.choice(readers) if chance.random() < 0.6 else ""
