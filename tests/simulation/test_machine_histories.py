"""What clients of state machines are told is judged: by the log, by key, and by revision."""

from paxos.ballot import Ballot
from paxos.batches import encode_batch
from paxos.machines.kv import KeyValue
from paxos.machines.kv_messages import KEY_VALUE, Get, KeyValueCommand, KeyValueQuestion, Put, encode
from paxos.messages import OutcomeKind
from paxos.values import Action, Open, Operation
from redpaxos.simulation.judges.facts import Group
from redpaxos.simulation.judges.ledger import Ledger
from redpaxos.simulation.judges.machine_histories import contradiction, disorder, store_history
from redpaxos.simulation.judges.told import Told
from redpaxos.simulation.plans.plan import ClientPlan, Fault, NodePlan, Plan, Request
from redpaxos.simulation.runs.running import run

MACHINES = {KEY_VALUE: KeyValue}
BALLOT = Ballot(1, "n1")
NAMES = ("n1", "n2", "n3")


def make_log(*commands: KeyValueCommand) -> Group:
    """A log with one session that puts these, one a slot."""
    log = Group("log", Ledger(MACHINES))
    actions: list[Action] = [
        Open("c1", 7, 1000),
        *(Operation(1, number, 0, KEY_VALUE, encode(one)) for number, one in enumerate(commands, start=1)),
    ]
    for number, action in enumerate(actions):
        slot = log.slot(number)
        slot.value, slot.chosen_at = encode_batch(BALLOT, (action,)), BALLOT
    log.execute()
    return log


def told(verb: str, asked: KeyValueCommand | KeyValueQuestion, body: bytes, *moments: int) -> Told:
    """One request that was answered, and when it began and ended."""
    request = Request(0.0, verb, KEY_VALUE, "id", encode(asked))
    return Told("c1", request, moments[0], moments[1], OutcomeKind.DONE, (), body, chosen_through=3)


def test_a_fresh_answer_shows_what_was_answered_before_the_question_and_a_stale_one_need_not() -> None:
    log = make_log(Put("k", b"1"), Put("k", b"2"))
    writes = [told("call", Put("k", b"%d" % number), log.ledger.done[1, number].body, number * 10, number * 10 + 1) for number in (1, 2)]
    store = KeyValue()
    store.execute(encode(Put("k", b"1")))
    old = store.query(encode(Get("k")))
    assert contradiction([*writes, told("ask", Get("k"), old, 15, 30)], log, MACHINES) == ""
    assert "after no slot from 3 on" in contradiction([*writes, told("ask", Get("k"), old, 25, 30)], log, MACHINES)
    assert contradiction([*writes, told("ask-stale", Get("k"), old, 25, 30)], log, MACHINES) == ""
    assert "was told" in contradiction([*writes, told("ask-stale", Get("k"), b"nonsense", 25, 30)], log, MACHINES)


def test_two_writes_never_have_one_revision_nor_does_a_later_one_have_a_lower() -> None:
    log = make_log(Put("a", b"1"), Put("b", b"2"))
    first, second = log.ledger.done[1, 1].body, log.ledger.done[1, 2].body
    assert disorder([told("call", Put("a", b"1"), first, 1, 2), told("call", Put("b", b"2"), second, 3, 4)]) == ""
    assert "revision 1" in disorder([told("call", Put("a", b"1"), first, 1, 2), told("call", Put("b", b"2"), first, 3, 4)])
    assert "after" in disorder([told("call", Put("a", b"1"), second, 1, 2), told("call", Put("b", b"2"), first, 3, 4)])


def test_a_request_becomes_one_operation_on_each_key_that_it_concerns() -> None:
    log = make_log(Put("a", b"1", previous=True))
    history = store_history([told("call", Put("a", b"1", previous=True), log.ledger.done[1, 1].body, 1, 2)])
    assert [(operation.key, operation.input, operation.output) for operation in history] == [
        ("a", ("put", "1"), 1),
        ("a", ("get",), (None, 0)),
    ]


def test_an_operation_that_is_sent_twice_takes_effect_once_in_the_ledger() -> None:
    ledger = Ledger(MACHINES)
    put = Operation(1, 1, 0, KEY_VALUE, encode(Put("k", b"1")))
    log = Group("log", ledger)
    actions: list[Action] = [Open("c1", 7, 1000), put, put]
    for number, action in enumerate(actions):
        log.slot(number).value, log.slot(number).chosen_at = encode_batch(BALLOT, (action,)), BALLOT
    _, executed = log.execute()
    assert executed == [put]


def test_sessions_survive_the_crash_of_every_node_and_answer_once() -> None:
    requests = tuple(Request(0.5 + number * 0.1, "call", KEY_VALUE, f"{number}", encode(Put("k", b"%d" % number))) for number in range(10))
    asks = tuple(Request(0.5 + number * 0.1, "ask", KEY_VALUE, f"{number}", encode(Get("k")), node="n3") for number in range(10))
    plan = Plan(
        seed=1,
        nodes=tuple(map(NodePlan, NAMES)),
        members=NAMES,
        core=NAMES,
        clients=(ClientPlan("s1", requests, lane_count=3), ClientPlan("s2", asks)),
        faults=(Fault(0.8, "crash", NAMES, 0.1),),
        chaos_seconds=4.0,
    )
    result = run(plan=plan)
    assert result.violation is None, result.report()
    assert result.fired["crash of all"] == 1
    assert result.outcomes == {"DONE": 23}
