"""Histories as files, their recorder, and the page of a contradiction."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from redpaxos.simulation.linearizability.check import Linearizable, NotLinearizable, check
from redpaxos.simulation.linearizability.history import HistoryError, Operation, Outcome, Recorder, read_history, write_history
from redpaxos.simulation.linearizability.models import FencedLock, KeyValue
from redpaxos.simulation.linearizability.page import history_page
from tests.simulation.histories_at_random import OBJECTS, invented


@settings(max_examples=50, deadline=None)
@given(operations=invented(OBJECTS["lock"][1]))
def test_a_history_survives_being_written_and_read(operations: list[Operation]) -> None:
    assert read_history(write_history(operations).splitlines()) == operations


def test_a_line_that_is_no_operation_is_named() -> None:
    good = b'{"client":"A","key":"x","input":["get"],"responded":1}'
    for bad, reason in (
        (b"{", "line 3"),
        (b'{"client":"A","key":"x","input":["get"],"colour":1}', "colour"),
        (b'{"client":"A","key":"x","input":["get"]}', "no response time"),
        (b'{"client":"A","key":"x","input":[]}', "verb"),
        (b'{"client":"A","key":"x","input":["get"],"invoked":5,"responded":4}', "before its invocation"),
        (b'{"client":"A","key":"x","input":["get"],"responded":4,"outcome":"unknown"}', "response time"),
    ):
        with pytest.raises(HistoryError, match=reason):
            read_history([good, b"", bad])


def test_what_a_recorder_never_hears_of_again_is_unknown() -> None:
    recorder = Recorder()
    answered, refused, lost = (recorder.invoke("A", "x", ("put", value), time) for time, value in enumerate("abc"))
    recorder.done(answered, None, 10)
    recorder.not_done(refused, 11)
    assert [operation.outcome for operation in recorder.operations()] == [Outcome.DONE, Outcome.NOT_DONE, Outcome.UNKNOWN]
    with pytest.raises(HistoryError, match="ended already"):
        recorder.done(answered, None, 12)
    assert recorder.operations()[lost].responded is None
    assert isinstance(check(recorder.operations(), KeyValue()), Linearizable)


class Balance(HTMLParser):
    """Fails on a tag that is closed out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta", "stop"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(operations: list[Operation], model: KeyValue | FencedLock) -> str:
    verdict = check(operations, model)
    assert isinstance(verdict, NotLinearizable)
    page = history_page(verdict)
    parser = Balance()
    parser.feed(page)
    assert not parser.open
    return page


def test_the_page_shows_the_order_and_the_culprit_and_needs_nothing_else() -> None:
    put = Operation("alice & bob", "x", ("put", "<b>"), None, 0, 5)
    page = page_of([put, Operation("carol", "x", ("get",), None, 6, 6)], KeyValue())
    assert page.count('class="bar done"') == 1
    assert page.count('class="bar culprit"') == 1
    assert "<b>" not in page.split("</style>")[1].replace('<b class="badge">', "")
    assert not re.search(r"<script|src=|href=|https?:", page)


def test_bars_of_one_client_never_lie_on_each_other() -> None:
    operations = [Operation("A", "x", ("acquire", f"A{number}"), number + 1, number, 100 + number) for number in range(5)]
    page = page_of([*operations, Operation("A", "x", ("holder",), "nobody", 0, 200)], FencedLock())
    boxes = [tuple(map(float, box)) for box in re.findall(r'class="bar \w+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', page)]
    assert boxes
    for left, top, width in boxes:
        assert width > 20
        assert sum(other_top == top and left < other + other_width and other < left + width for other, other_top, other_width in boxes) == 1
