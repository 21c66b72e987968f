"""The loop, with a clock that moves only while an inference runs."""

from array import array
from itertools import cycle

import pytest
from fakes import MS, FakeClock

from assess.measure.drive import Plan, drive
from assess.measure.store import Count

FOREVER = 10**18


def run(plan, times, *, told=None, clock=None):
    clock = clock or FakeClock()
    left = cycle(times)

    def infer():
        clock.now += next(left)

    def progress(done, left_s):
        told.append((done, left_s))

    options = {} if told is None else {"progress": progress}
    return list(drive(infer, plan, array("q"), clock=clock, **options))


def test_it_stops_at_the_minimum_count_when_the_duration_is_reached_before():
    assert run(Plan(5, 3 * MS, FOREVER), [MS]) == [MS] * 5


def test_it_goes_on_to_the_minimum_duration_when_the_count_is_reached_before():
    assert len(run(Plan(5, 30 * MS, FOREVER), [4 * MS])) == 8


def test_samples_are_in_the_order_of_the_inferences():
    assert run(Plan(4, 0, FOREVER), [3, 1, 4, 1]) == [3, 1, 4, 1]


def test_one_inference_is_run_even_if_nothing_is_asked():
    assert run(Plan(0, 0, FOREVER), [7]) == [7]


def test_none_is_started_after_the_time_is_up():
    assert len(run(Plan(1000, 0, 10 * MS), [4 * MS])) == 3


def test_the_clock_is_read_just_around_the_inference_and_nowhere_else_in_between():
    events = []

    def clock():
        events.append("clock")
        return len(events)

    drive(lambda: events.append("infer"), Plan(3, 0, FOREVER), array("q"), clock=clock)
    assert events == ["clock", "infer", "clock"] * 3


def test_telling_takes_no_time_from_an_inference():
    clock, told = FakeClock(), []

    def infer():
        clock.now += 300 * MS

    def slow_to_tell(done, left_s):
        told.append(done)
        clock.now += 50 * MS

    samples = drive(infer, Plan(4, 0, FOREVER), array("q"), clock=clock, progress=slow_to_tell)
    assert list(samples) == [300 * MS] * 4
    assert len(told) == 1


def test_progress_is_told_every_half_second_at_most():
    told = []
    run(Plan(2000, 0, FOREVER), [MS], told=told)
    assert told == [(0.25, 1.5), (0.5, 1.0), (0.75, 0.5)]


def test_progress_follows_whichever_minimum_is_farther():
    told = []
    run(Plan(1, 2_000 * MS, FOREVER), [500 * MS], told=told)
    assert told == [(0.25, 1.5), (0.5, 1.0), (0.75, 0.5)]
    told = []
    run(Plan(8, 1_000 * MS, FOREVER), [500 * MS], told=told)
    assert told[0] == (pytest.approx(1 / 8), pytest.approx(3.5))


def test_a_count_keeps_no_samples():
    clock = FakeClock()

    def infer():
        clock.now += 1

    assert len(drive(infer, Plan(12, 0, FOREVER), Count(), clock=clock)) == 12
