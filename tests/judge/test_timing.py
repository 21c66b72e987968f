import pytest

from assess.judge.timing import (
    Age,
    Jitter,
    Lateness,
    output_age,
    period_jitter,
    release_jitter,
)

SCHEDULED = (0, 100, 200, 300)


def test_release_jitter_is_the_wait_for_the_start():
    assert release_jitter(SCHEDULED, (1, 102, 203, 340)) == Lateness(p50_ns=2, p99_ns=40, max_ns=40)


def test_period_jitter_is_of_either_sign():
    # Start to start: 101, 98, 101; minus the period: 1, -2, 1.
    assert period_jitter(SCHEDULED, (1, 102, 200, 301)) == Jitter(sd_ns=2**0.5, peak_to_peak_ns=3, p99_abs_ns=2)


def test_a_dropped_frame_is_no_jitter():
    assert period_jitter((0, 100, 300), (5, 105, 305)) == Jitter(0.0, 0, 0)


def test_an_even_delay_is_no_jitter():
    assert period_jitter(SCHEDULED, (50, 150, 250, 350)) == Jitter(0.0, 0, 0)


def test_an_output_read_at_the_next_release_is_one_period_old():
    assert output_age(SCHEDULED, (50, 150, 250, 350)) == Age(100, 100, 100, reads=3, without=1)


def test_an_output_that_takes_longer_than_a_period_is_two_old():
    # Done at 120, 230, 340: at 200 the first is read, at 300 the second.
    assert output_age((0, 100, 200, 300), (120, 230, 340, 450)) == Age(200, 200, 200, reads=2, without=2)


def test_an_output_done_at_the_very_instant_is_read():
    assert output_age((0, 100), (100, 200)) == Age(100, 100, 100, reads=1, without=1)


def test_consumers_read_at_dropped_releases_too_and_find_old_outputs():
    # At 100 and 200 the frame of 0 is read; at 300 and 400 that of 100, done at 250.
    age = output_age((0, 100, 400), (50, 250, 450), dropped_ns=(200, 300))
    assert age == Age(p50_ns=200, p99_ns=300, max_ns=300, reads=4, without=1)


def test_an_overtaken_output_is_not_read():
    assert output_age((0, 100, 200), (190, 150, 250)) == Age(100, 100, 100, reads=1, without=2)


def test_without_any_output_there_is_no_age():
    assert output_age((0,), (50,)) is None
    assert output_age((), (), dropped_ns=(0, 100)) is None


def test_timing_takes_frames():
    with pytest.raises(ValueError, match="without frames"):
        release_jitter((), ())
    with pytest.raises(ValueError, match="takes two"):
        period_jitter((0,), (1,))
    with pytest.raises(ValueError, match="shorter"):
        release_jitter((0, 100), (50,))
