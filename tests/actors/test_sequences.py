"""Sequence numbers: duplicates are told from fresh frames, and gaps are counted while they are open."""

import pytest

from actors.sequences import Numbering, Sequences


def fresh(sequences: Sequences, *numbers: int, channel: str = "c", incarnation: int = 1) -> list[bool]:
    """Whether each frame is fresh."""
    return [sequences.is_fresh(channel, incarnation, number) for number in numbers]


def test_each_number_is_fresh_once() -> None:
    sequences = Sequences()
    assert fresh(sequences, 1, 2, 2, 3, 1, 3) == [True, True, False, True, False, False]
    assert sequences.duplicate_count == 3


def test_frames_out_of_order_are_fresh_and_close_their_gap() -> None:
    sequences = Sequences()
    assert fresh(sequences, 1, 4) == [True, True]
    assert sequences.gap_count == 2
    assert fresh(sequences, 3, 2, 3) == [True, True, False]
    assert sequences.gap_count == 0


def test_what_was_sent_before_the_first_frame_heard_is_no_gap() -> None:
    sequences = Sequences()
    assert fresh(sequences, 10, 9, 8) == [True, True, True]
    assert sequences.gap_count == 0


def test_a_number_too_old_to_tell_is_a_duplicate() -> None:
    sequences = Sequences()
    assert fresh(sequences, 1, 1000, 745, 744) == [True, True, True, False]


def test_a_jump_forgets_what_is_far_below_and_keeps_what_is_near() -> None:
    sequences = Sequences()
    fresh(sequences, 1, 2, 100)
    assert fresh(sequences, 2, 50) == [False, True]
    fresh(sequences, 10_000)
    assert fresh(sequences, 100, 9_999) == [False, True]


def test_a_new_life_of_the_sender_begins_anew_and_the_former_one_is_over() -> None:
    sequences = Sequences()
    fresh(sequences, 1, 2)
    assert fresh(sequences, 1, incarnation=2) == [True]
    assert fresh(sequences, 3, incarnation=1) == [False]


def test_channels_are_numbered_apart() -> None:
    sequences = Sequences()
    assert fresh(sequences, 1) + fresh(sequences, 1, channel="d") == [True, True]


def test_each_channel_is_numbered_from_one() -> None:
    numbering = Numbering()
    assert [numbering.next(channel) for channel in "aabab"] == [1, 2, 1, 3, 2]
    assert [numbering.last(channel) for channel in "abc"] == [3, 2, 0]


def test_no_number_is_given_twice_on_a_channel_that_was_forgotten_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sequences._CHANNEL_COUNT", 2)
    numbering = Numbering()
    assert [numbering.next(channel) for channel in "aaabb"] == [1, 2, 3, 1, 2]
    # The channel that was silent longest goes.
    assert numbering.next("c") == 1
    assert (numbering.last("a"), numbering.last("b")) == (3, 2)
    assert numbering.next("a") == 4
    assert [numbering.last(channel) for channel in "abc"] == [4, 3, 1]
    given = [(channel, numbering.next(channel)) for channel in "bcbdcaadb" * 3]
    assert len(set(given)) == len(given)
    assert min(number for channel, number in given if channel == "a") > 4


def test_memory_is_bounded_and_the_longest_silent_is_forgotten() -> None:
    sequences = Sequences()
    fresh(sequences, 1, channel="silent")
    for number in range(20_000):
        fresh(sequences, 1, channel=str(number))
    assert fresh(sequences, 1, channel="silent") == [True]
    assert fresh(sequences, 1, channel="19999") == [False]
