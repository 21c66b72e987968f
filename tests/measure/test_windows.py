"""Windows of a run, and where it settled."""

import dataclasses
import json
import random
import sys

import pytest

from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.monitor import Readings, Series
from assess.measure.plain import decode
from assess.measure.sensors.sensor import Sensor
from assess.measure.windows import Plateau, PlateauFinder, Window, plateau, why_no_plateau, windows

MS = 1_000_000
S = 1_000_000_000


def series(quantity, times_s, values, name="sensor"):
    return Series(Sensor(name, quantity, "fake"), tuple(round(time * S) for time in times_s), tuple(map(float, values)))


def flat(*medians_ms, temperatures=(), throttled=()):
    """A window a minute, of the medians told."""
    return [
        Window(
            start_s=60.0 * index,
            span_s=60.0,
            frames=600,
            p50_ns=round(median * MS),
            temperature_c=temperatures[index] if temperatures else None,
            hottest="cpu" if temperatures else "",
            throttled=throttled[index] if throttled else None,
        )
        for index, median in enumerate(medians_ms)
    ]


def test_a_short_run_is_cut_into_ten():
    cut = windows(closed_loop_frames((10 * MS,) * 200))

    assert [window.frames for window in cut] == [19] + [20] * 8 + [21]
    assert [round(window.start_s, 9) for window in cut] == [round(0.2 * index, 9) for index in range(10)]
    assert {window.p50_ns for window in cut} == {10 * MS}
    assert {window.p90_ns for window in cut} == {10 * MS}
    assert {window.p99_ns for window in cut} == {None}


def test_a_run_of_five_minutes_or_more_has_windows_of_one():
    cut = windows(closed_loop_frames((S,) * 400))

    # 6 minutes and 40 s: the rest is more than half a window, hence one of its own.
    assert [window.span_s for window in cut] == pytest.approx([60.0] * 6 + [40.0])
    assert sum(window.frames for window in cut) == 400


def test_a_short_rest_belongs_to_the_last_window():
    cut = windows(closed_loop_frames((S,) * 320))

    assert [window.span_s for window in cut] == pytest.approx([60.0] * 4 + [80.0])
    assert cut[-1].frames == 81


def test_percentiles_occurred_and_need_their_number_of_frames():
    _, cut, *_ = windows(closed_loop_frames(tuple(value * MS for value in range(1, 101)) * 10))

    assert (cut.p50_ns, cut.p90_ns, cut.p99_ns) == (50 * MS, 90 * MS, 99 * MS)
    _, few, *_ = windows(closed_loop_frames((3 * MS, 1 * MS, 2 * MS) * 10))
    assert (few.p50_ns, few.p90_ns, few.p99_ns) == (2 * MS, None, None)


def test_misses_are_late_or_dropped_in_the_window_where_they_happened():
    frames = Frames(
        scheduled_ns=(0, 1 * S, 2 * S, 4 * S, 9 * S + 9 * S // 10),
        start_ns=(0, 1 * S, 2 * S, 4 * S, 9 * S + 9 * S // 10),
        done_ns=(S // 10, 1 * S + S // 2, 3 * S + S // 2, 4 * S + S // 10, 10 * S),
        dropped_ns=(3 * S, 4 * S + S // 2),
    )

    cut = windows(frames, deadline_ns=S // 4)

    assert [window.frames for window in cut] == [1, 1, 0, 1, 1, 0, 0, 0, 0, 1]
    assert [window.misses for window in cut] == [0, 1, 0, 2, 1, 0, 0, 0, 0, 0]
    assert [window.misses for window in windows(frames)] == [None] * 10


def test_a_window_in_which_no_frame_ended_has_no_median():
    frames = Frames((0, 5 * S), (0, 5 * S), (1 * MS, 6 * S))

    assert [window.p50_ns for window in windows(frames)] == [1 * MS, *[None] * 8, 1 * S]


def test_no_frames_no_windows():
    assert windows(Frames()) == ()


def test_readings_fall_into_the_window_of_their_time():
    readings = Readings(
        (
            series("temperature", (100, 100.5, 101, 101.5), (40, 44, 60, 62), "cpu"),
            series("temperature", (100, 100.5, 101, 101.5), (50, 50, 50, 50), "board"),
            series("frequency", (100, 101, 101.5), (2e9, 1.5e9, 1.1e9), "CPU clock"),
            series("throttling", (100, 101, 101.5), (0, 4, 0), "get_throttled"),
        )
    )

    first, second, *_ = windows(closed_loop_frames((100 * MS,) * 100), begun_ns=100 * S, readings=readings)

    assert (first.hottest, first.temperature_c, first.temperature_max_c) == ("board", 50.0, 50.0)
    assert (second.hottest, second.temperature_c, second.temperature_max_c) == ("cpu", 61.0, 62.0)
    assert (first.frequency_hz, second.frequency_hz) == ({"CPU clock": 2e9}, {"CPU clock": 1.3e9})
    assert (first.throttled, second.throttled) == (False, True)


def test_a_throttle_counter_tells_in_the_window_where_it_grew():
    counter = series("throttle events", (-1, 0.5, 1.5, 2.5), (7, 7, 9, 9))
    frames = closed_loop_frames((100 * MS,) * 100)

    found = [window.throttled for window in windows(frames, readings=Readings((counter,)))]
    assert found[:3] == [False, True, False]


def test_where_nothing_tells_throttling_is_unknown():
    frames = closed_loop_frames((100 * MS,) * 30)

    assert {window.throttled for window in windows(frames, readings=Readings())} == {None}
    assert {window.temperature_c for window in windows(frames)} == {None}
    # One reading of a counter tells nothing yet.
    once = Readings((series("throttle events", (0.5,), (7,)),))
    assert {window.throttled for window in windows(frames, readings=once)} == {None}


def test_a_plateau_is_where_the_last_three_medians_agree():
    found = plateau(flat(10.0, 10.2, 11.5, 12.1, 12.0, 12.4))

    assert found == Plateau(
        since_s=120.0,
        p50_ns=12_100_000,
        first_p50_ns=10_000_000,
        first_s=60.0,
        slowed_s=120.0,
        why_slowed="p50 15% above the first window's",
    )
    assert found.ratio == 1.21
    assert found.words == (
        "medians within 5% since 120 s, p50 1.21 times that of the first 60 s; "
        "p50 15% above the first window's from 120 s on"
    )


def test_a_run_that_never_slowed_is_steady_from_its_start():
    found = plateau(flat(10.0, 10.1, 10.0, 10.2))

    assert (found.since_s, found.ratio, found.slowed_s, found.still_warming) == (0.0, 1.01, None, None)
    assert found.words == "medians within 5% since 0 s, p50 1.01 times that of the first 60 s"


@pytest.mark.parametrize(
    ("medians", "why"),
    [
        (
            (10, 11, 12, 13),
            "the medians of the last 3 windows still differ by 18%, more than 5%: run longer, or find what disturbs "
            "the host",
        ),
        ((10, 10, 10), "3 windows are too few to see a plateau"),
        ((), "0 windows are too few to see a plateau"),
    ],
)
def test_no_plateau_has_its_reason(medians, why):
    assert plateau(flat(*medians)) is None
    assert why_no_plateau(flat(*medians)) == why


def test_five_percent_agree_and_more_do_not():
    assert plateau(flat(10, 100, 105, 100)) is not None
    assert plateau(flat(10, 100, 105.1, 100)) is None


def test_windows_of_a_few_frames_show_nothing():
    cut = windows(closed_loop_frames((S,) * 30))

    assert plateau(cut) is None
    assert why_no_plateau(cut) == "some windows have fewer than 5 frames: run longer"


def test_a_throttle_flag_counts_before_latency_shows_it():
    found = plateau(flat(10, 10, 10.5, 12, 12, 12, throttled=(False, True, True, True, True, True)))

    assert (found.slowed_s, found.why_slowed) == (60.0, "throttled")


def test_a_plateau_that_still_warms_may_not_last():
    warming = plateau(flat(10, 10, 10, 10, temperatures=(40.0, 55.0, 57.0, 58.5)))
    warm = plateau(flat(10, 10, 10, 10, temperatures=(40.0, 58.0, 58.5, 59.0)))

    assert (warming.still_warming, warm.still_warming) == (True, False)
    assert warming.words.endswith("; but the temperature still rises: run longer")


def test_records_are_read_back_as_they_were_written():
    readings = Readings((series("temperature", (0, 1), (40, 41)), series("frequency", (0, 1), (2e9, 2e9), "clock")))
    cut = windows(closed_loop_frames((10 * MS,) * 500), deadline_ns=MS, readings=readings)
    found = plateau(cut)

    for kind, record in ((Window, cut[0]), (Plateau, found)):
        assert decode(kind, json.loads(json.dumps(dataclasses.asdict(record))), "") == record


def feed(finder, service_ns, span_ns, start=0):
    """Back to back for a span; the end of the frame at which the plateau was reached, or None."""
    now = start
    while now < start + span_ns:
        now += service_ns
        if finder.add(now, service_ns):
            return now
    return None


def test_the_finder_says_so_when_the_third_equal_window_ends():
    finder = PlateauFinder(10 * S)

    # The first frame ends at 100 ms; windows are counted from there.
    assert feed(finder, 100 * MS, 60 * S) == 30 * S + 100 * MS
    assert finder.reached


def test_the_finder_waits_until_a_drift_has_ended():
    finder = PlateauFinder(10 * S)
    for minute, service_ms in enumerate((100, 110, 121, 133)):
        assert feed(finder, service_ms * MS, 10 * S, minute * 10 * S) is None

    assert feed(finder, 140 * MS, 60 * S, 40 * S) is not None


def test_the_finder_gives_a_window_of_slow_frames_time_for_five():
    finder = PlateauFinder(1 * S)

    # Five frames of 2 s a window, not one second: three windows take 15 frames, and the next one tells.
    assert feed(finder, 2 * S, 100 * S) == 32 * S


def test_the_finder_skips_a_pause():
    finder = PlateauFinder(10 * S)
    feed(finder, 100 * MS, 9 * S)

    assert feed(finder, 100 * MS, 60 * S, 95 * S) is not None


def test_the_finder_tells_five_percent_from_seven():
    for factor, expected in ((1.04, True), (1.07, False)):
        finder = PlateauFinder(1 * S)
        for index in range(4):
            feed(finder, round(10 * MS * (factor if index % 2 else 1)), 1 * S, index * S)
        assert finder.reached is expected


def test_the_finder_median_is_near_that_of_all_frames():
    for scale in (3, 700, 20_000, 3 * MS, 2 * S):
        generator, finder = random.Random(scale), PlateauFinder(10**15)
        times = [1 + int(generator.lognormvariate(0, 0.3) * scale) for _ in range(2001)]
        for time in times:
            finder.add(0, time)
        finder.add(10**15, 1)

        assert finder._medians[0] == pytest.approx(sorted(times)[1000], rel=0.004)


def test_the_finder_does_not_grow():
    finder, generator = PlateauFinder(10**15), random.Random(0)
    for index in range(50_000):
        finder.add(index, generator.randrange(1, 10**10))

    assert sys.getsizeof(finder._counts) < 200_000
    assert len(finder._counts) < 129 * 34
