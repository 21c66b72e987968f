"""The loops, with a clock that moves only while an inference runs or somebody waits."""

from itertools import count, cycle

import pytest
from fakes import MS, FakeClock

from assess.measure.drive import Count, Plan, Queue, closed_loop, open_loop
from assess.measure.pace import Pacer

FOREVER = 10**18


class Kept:
    """Frames in lists."""

    def __init__(self):
        self.frames, self.dropped = [], []

    def append(self, *frame):
        self.frames.append(frame)

    def drop(self, scheduled):
        self.dropped.append(scheduled)

    def __len__(self):
        return len(self.frames)

    @property
    def services(self):
        return [done - start for _, start, done in self.frames]

    @property
    def responses(self):
        return [done - scheduled for scheduled, _, done in self.frames]


def closed(plan, times, *, told=None, clock=None, **options):
    clock = clock or FakeClock()
    left = cycle(times)

    def infer():
        clock.now += next(left)

    if told is not None:
        options["progress"] = lambda *what: told.append(what)
    return closed_loop(infer, plan, Kept(), clock=clock, **options)


def test_it_stops_at_the_minimum_count_when_the_duration_is_reached_before():
    assert closed(Plan(5, 3 * MS, FOREVER), [MS]).services == [MS] * 5


def test_it_goes_on_to_the_minimum_duration_when_the_count_is_reached_before():
    assert len(closed(Plan(5, 30 * MS, FOREVER), [4 * MS])) == 8


def test_frames_of_a_closed_loop_are_released_when_they_start():
    assert closed(Plan(4, 0, FOREVER), [3, 1, 4, 1]).frames == [(0, 0, 3), (3, 3, 4), (4, 4, 8), (8, 8, 9)]


def test_one_inference_is_run_even_if_nothing_is_asked():
    assert closed(Plan(0, 0, FOREVER), [7]).services == [7]


def test_none_is_started_after_the_time_is_up():
    assert len(closed(Plan(1000, 0, 10 * MS), [4 * MS])) == 3


def test_the_clock_is_read_just_around_the_inference_and_nowhere_else_in_between():
    events = []

    def clock():
        events.append("clock")
        return len(events)

    closed_loop(lambda: events.append("infer"), Plan(3, 0, FOREVER), Kept(), clock=clock)
    assert events == ["clock", "infer", "clock"] * 3


def test_telling_takes_no_time_from_an_inference():
    clock, told = FakeClock(), []

    def infer():
        clock.now += 300 * MS

    def slow_to_tell(done, left_s):
        told.append(done)
        clock.now += 50 * MS

    frames = closed_loop(infer, Plan(4, 0, FOREVER), Kept(), clock=clock, progress=slow_to_tell)
    assert frames.services == [300 * MS] * 4
    assert len(told) == 1


def test_progress_is_told_every_half_second_at_most():
    told = []
    closed(Plan(2000, 0, FOREVER), [MS], told=told)
    assert told == [(0.25, 1.5), (0.5, 1.0), (0.75, 0.5)]


def test_progress_follows_whichever_minimum_is_farther():
    told = []
    closed(Plan(1, 2_000 * MS, FOREVER), [500 * MS], told=told)
    assert told == [(0.25, 1.5), (0.5, 1.0), (0.75, 0.5)]
    told = []
    closed(Plan(8, 1_000 * MS, FOREVER), [500 * MS], told=told)
    assert told[0] == (pytest.approx(1 / 8), pytest.approx(3.5))


def test_a_run_goes_on_until_somebody_says_it_is_enough():
    assert len(closed(Plan(5, 0, FOREVER), [MS], enough=lambda done, service: done >= 20 * MS)) == 20
    # ... but never beyond the time that it has.
    assert len(closed(Plan(5, 0, 9 * MS), [MS], enough=lambda done, service: False)) == 9


def test_a_count_keeps_no_frames():
    clock = FakeClock()

    def infer():
        clock.now += 1

    assert len(closed_loop(infer, Plan(12, 0, FOREVER), Count(), clock=clock)) == 12


def opened(releases, times, *, queue=Queue(), plan=Plan(10**6, 0, FOREVER), late=0, told=None, enough=None):  # noqa: B008
    """Frames of an open loop; a sleep ends `late` ns after it should."""
    clock, left = FakeClock(), cycle(times)

    def infer():
        clock.now += next(left)

    def sleep(seconds):
        clock.sleep(seconds)
        clock.now += late

    def progress(*what):
        told.append(what)

    options = {} if told is None else {"progress": progress}
    pacer = Pacer(clock, sleep, 0, clock.watch)
    return open_loop(
        infer, iter(releases), queue, plan, Kept(), clock=clock, pacer=pacer, enough=enough, **options
    )  # fmt: skip


def periodic(period=10 * MS, begin=0):
    return (begin + index * period for index in count())


def test_a_frame_starts_when_it_is_released_and_not_before():
    found = opened([5, 20, 31], [4])
    assert found.frames == [(5, 5, 9), (20, 20, 24), (31, 31, 35)]
    assert found.dropped == []


def test_a_slow_inference_makes_the_next_one_late():
    found = opened(periodic(), [14 * MS, 2 * MS], plan=Plan(3, 0, FOREVER))
    assert found.frames == [(0, 0, 14 * MS), (10 * MS, 14 * MS, 16 * MS), (20 * MS, 20 * MS, 34 * MS)]
    assert found.responses == [14 * MS, 6 * MS, 14 * MS]
    assert found.services == [14 * MS, 2 * MS, 14 * MS]


def test_the_schedule_is_not_moved_by_a_stall():
    found = opened(periodic(), [95 * MS, *[MS] * 50], plan=Plan(20, 0, FOREVER))
    # The newest of the nine that came meanwhile is served late; then the schedule goes on as if nothing had happened.
    assert found.frames[1] == (90 * MS, 95 * MS, 96 * MS)
    assert found.frames[2] == (100 * MS, 100 * MS, 101 * MS)
    assert found.dropped == [index * 10 * MS for index in range(1, 9)]
    assert len(found) + len(found.dropped) == 20


def test_a_clock_that_steps_forward_drops_what_it_stepped_over():
    """As a suspended machine's does: releases in the gap are lost, not made up for."""
    found = opened(periodic(), [MS, MS, 3_600_000 * MS, *[MS] * 9], plan=Plan(360_005, 0, FOREVER))
    assert len(found) + len(found.dropped) == 360_005
    assert len(found.dropped) == 359_999
    assert found.frames[-1][1] == found.frames[-1][0]


def test_latest_only_serves_the_newest():
    found = opened([0, 1, 2, 3, 4], [10])
    assert [scheduled for scheduled, _, _ in found.frames] == [0, 4]
    assert found.dropped == [1, 2, 3]


def test_a_queue_keeps_the_newest_and_serves_the_oldest_of_them_first():
    found = opened([0, 1, 2, 3, 4], [10], queue=Queue(depth=2))
    assert [scheduled for scheduled, _, _ in found.frames] == [0, 3, 4]
    assert found.dropped == [1, 2]


def test_without_a_limit_all_are_served_late():
    found = opened([0, 1, 2, 3, 4], [10], queue=Queue(depth=None))
    assert found.responses == [10, 19, 28, 37, 46]
    assert found.dropped == []


def test_drop_late_drops_what_is_past_its_deadline_when_its_turn_comes():
    found = opened([0, 1, 2, 3, 9], [10], queue=Queue(depth=None, deadline_ns=8))
    # At 10 those of 1 and 2 have waited 9 and 8; that of 3 has waited 7 and is served, until 20; that of 9 waited 11.
    assert [scheduled for scheduled, _, _ in found.frames] == [0, 3]
    assert found.dropped == [1, 2, 9]


def test_both_minima_are_met_in_releases():
    assert len(opened(periodic(), [MS], plan=Plan(7, 30 * MS, FOREVER))) == 7
    assert len(opened(periodic(), [MS], plan=Plan(2, 30 * MS, FOREVER))) == 3


def test_what_still_waits_after_the_last_release_is_served():
    found = opened([0, 1, 2], [10], queue=Queue(depth=5), plan=Plan(3, 0, FOREVER))
    assert len(found) == 3


def test_when_time_is_up_what_waits_is_dropped_and_not_forgotten():
    found = opened([0, 1, 2, 3], [10], queue=Queue(depth=9), plan=Plan(4, 0, 15))
    assert [scheduled for scheduled, _, _ in found.frames] == [0, 1]
    assert found.dropped == [2, 3]


def test_time_that_is_up_before_the_next_release_ends_the_run():
    assert opened([0, 50], [10], plan=Plan(2, 0, 30)).frames == [(0, 0, 10)]


def test_a_late_wake_up_is_seen_as_waiting_and_not_as_service():
    found = opened([100, 200], [7], late=3)
    assert found.frames == [(100, 103, 110), (200, 203, 210)]


def test_an_open_run_goes_on_until_it_is_enough():
    found = opened(periodic(), [MS], plan=Plan(2, 0, FOREVER), enough=lambda done, service: done > 55 * MS)
    assert len(found) == 8  # At 61 ms it is said; the frame of 70 ms had been decided by then.


def test_progress_of_an_open_loop():
    told = []
    opened(periodic(), [MS], plan=Plan(200, 0, FOREVER), told=told)
    assert [round(done, 1) for done, _ in told] == [0.3, 0.5, 0.8]
