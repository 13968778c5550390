"""Sessions: an operation is executed once however often it is sent, and a session ends by the log's clock alone."""

from paxos.sessions import Session, Sessions
from paxos.values import Open, Operation


def opened(expiry_milliseconds: int = 100) -> Sessions:
    """Session 1 of client c, opened when the log's clock was at 1000."""
    sessions = Sessions()
    sessions.advance(1000)
    assert sessions.open(Open("c", 7, expiry_milliseconds)) == 1
    return sessions


def operation(number: int, settled: int = 0, session: int = 1) -> Operation:
    """An operation of a session."""
    return Operation(session, number, settled, "kv", b"")


def entered(sessions: Sessions, action: Operation) -> Session:
    """The session of an operation, which has not ended."""
    session = sessions.enter(action)
    assert session is not None
    return session


def test_sessions_are_numbered_as_they_are_opened() -> None:
    sessions = opened()
    assert sessions.open(Open("d", 1, 100)) == 2
    assert sessions.opened_count == len(sessions) == 2
    assert entered(sessions, operation(1, session=2)).client == "d"


def test_a_session_ends_when_the_clock_of_the_log_reaches_its_end() -> None:
    sessions = opened()
    sessions.advance(1099)
    assert sessions.find(1) is not None
    sessions.advance(1100)
    assert sessions.find(1) is None
    assert sessions.enter(operation(1)) is None
    assert len(sessions) == 0


def test_the_clock_never_runs_backwards() -> None:
    sessions = opened()
    sessions.advance(5)
    assert sessions.clock == 1000


def test_an_operation_keeps_its_session_alive() -> None:
    sessions = opened()
    sessions.advance(1090)
    entered(sessions, operation(1))
    sessions.advance(1189)
    assert sessions.find(1) is not None
    sessions.advance(1190)
    assert sessions.find(1) is None


def test_a_session_without_a_length_lasts_a_moment() -> None:
    sessions = opened(0)
    entered(sessions, operation(1))
    sessions.advance(1001)
    assert sessions.find(1) is None


def test_results_that_the_client_has_are_forgotten() -> None:
    sessions = opened()
    session = entered(sessions, operation(1))
    for number, result in enumerate((b"a", b"b", b"cc"), 1):
        session.remember(operation(number), result)
    assert entered(sessions, operation(4, settled=3)).results == {3: b"cc"}
    assert (session.settled, session.result_bytes) == (3, 2)


def test_a_client_that_settles_far_ahead_costs_what_is_kept() -> None:
    sessions = opened()
    session = entered(sessions, operation(1))
    session.remember(operation(1), b"a")
    session.remember(operation(2**60), b"bb")
    for settled in (2**59, 2**59 + 1, 2**60):
        assert entered(sessions, operation(5, settled=settled)).results == {2**60: b"bb"}
        assert session.result_bytes == 2


def test_what_is_settled_is_all_below_and_no_more() -> None:
    sessions = opened()
    session = entered(sessions, operation(0))
    assert session.settled == 0
    session.remember(operation(2**60), b"bb")
    assert entered(sessions, operation(5, settled=2**60)).results == {2**60: b"bb"}


def test_a_session_that_was_closed_has_ended_and_its_end_comes_no_second_time() -> None:
    sessions = opened()
    sessions.close(1)
    sessions.close(1)
    assert (sessions.find(1), len(sessions)) == (None, 0)
    sessions.advance(5000)
    assert sessions.open(Open("d", 1, 100)) == 2


def test_a_session_that_was_closed_keeps_no_other_from_ending() -> None:
    sessions = opened()
    sessions.open(Open("d", 1, 100))
    sessions.close(1)
    sessions.advance(1100)
    assert len(sessions) == 0


def test_what_was_settled_stays_settled() -> None:
    sessions = opened()
    entered(sessions, operation(9, settled=9))
    assert entered(sessions, operation(3, settled=2)).settled == 9


def test_the_clients_of_the_sessions_that_were_opened_last_are_known() -> None:
    sessions = opened()
    for client in ("d", "e", "d"):
        sessions.open(Open(client, 1, 100))
    assert sessions.clients(2) == ("d", "e")
    assert sessions.clients(9) == ("d", "e", "c")
