"""Heartbeats and back-off, as plain functions of time and chance."""

from transport.pacing import BEAT_SECONDS, LOST_ECHO_SECONDS, SILENCE_SECONDS, Backoff, Heartbeat


def test_a_session_begins_by_waiting_for_a_sign_of_life() -> None:
    heartbeat = Heartbeat(now=100.0)
    assert not heartbeat.is_due(100.0)
    assert heartbeat.seconds_to_next(100.0) == SILENCE_SECONDS
    assert heartbeat.is_lost(100.0 + SILENCE_SECONDS, idle=True)


def test_a_heartbeat_is_due_every_so_often_and_never_while_one_is_under_way() -> None:
    heartbeat = Heartbeat(now=0.0)
    heartbeat.heard()
    assert heartbeat.is_due(0.0)
    heartbeat.sent(0.0)
    assert not heartbeat.is_due(10.0)
    heartbeat.heard()
    assert not heartbeat.is_due(BEAT_SECONDS / 2)
    assert heartbeat.is_due(BEAT_SECONDS)


def test_a_missing_echo_is_forgiven_longer_while_other_messages_arrive() -> None:
    heartbeat = Heartbeat(now=0.0)
    heartbeat.heard()
    heartbeat.sent(0.0)
    assert not heartbeat.is_lost(SILENCE_SECONDS / 2, idle=True)
    assert heartbeat.is_lost(SILENCE_SECONDS, idle=True)
    assert not heartbeat.is_lost(SILENCE_SECONDS, idle=False)
    assert heartbeat.is_lost(LOST_ECHO_SECONDS, idle=False)


def test_an_echo_or_a_heartbeat_not_sent_gives_no_reason_to_give_up() -> None:
    heartbeat = Heartbeat(now=0.0)
    heartbeat.heard()
    heartbeat.postponed(0.0)
    assert not heartbeat.is_lost(1000.0, idle=True)
    assert 0 < heartbeat.seconds_to_next(0.0) < BEAT_SECONDS


def test_the_back_off_doubles_to_its_cap_with_jitter_and_can_be_reset() -> None:
    backoff = Backoff()
    longest = [backoff.next_delay(chance=1.0) for _ in range(10)]
    assert longest == sorted(longest)
    assert longest[-1] == Backoff.CAP_SECONDS < 1.0
    assert backoff.next_delay(chance=0.0) == Backoff.CAP_SECONDS / 2
    backoff.reset()
    assert backoff.next_delay(chance=1.0) == Backoff.FIRST_SECONDS
