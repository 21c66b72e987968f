"""Releases in exact numbers and for real: periodic, poisson, traced; and queues of a model that is too slow."""

import statistics
from array import array
from dataclasses import replace
from itertools import islice, pairwise

import pytest
import real_runs

from assess.errors import AssessError
from assess.measure.scenarios import SCENARIOS
from assess.measure.scenarios.asked import asked, schedule_s
from assess.measure.scenarios.periodic import every

MS = 1_000_000


def releases(begin, count, **asked):
    return list(islice(SCENARIOS[asked["kind"]](asked).releases(begin), count))


@pytest.mark.parametrize("rate_hz", [1.0, 30.0, 60.0, 1000.0, 1e9 / 7, 29.97])
def test_the_millionth_period_is_as_exact_as_the_first(rate_hz):
    found = list(islice(every(rate_hz)(123), 1_000_001))
    assert found[0] == 123
    assert found[1_000_000] == 123 + round(1_000_000 * 1e9 / rate_hz)
    # 60 Hz are no 16 ms: a period is the same to a nanosecond.
    assert {later - sooner for sooner, later in pairwise(found[:1000])} <= {int(1e9 / rate_hz), int(1e9 / rate_hz) + 1}


def test_the_same_seed_is_the_same_schedule():
    one, same, other = (releases(5, 1000, kind="poisson", rate_hz=50.0, seed=seed) for seed in (3, 3, 4))
    assert one == same != other
    assert (one[0], one == sorted(one)) == (5, True)


@pytest.mark.parametrize("seed", range(5))
def test_poisson_arrivals_are_independent_with_the_mean_that_was_asked_for(seed):
    count, mean_ns = 20_000, 20 * MS
    found = releases(0, count + 1, kind="poisson", rate_hz=50.0, seed=seed)
    gaps = [later - sooner for sooner, later in pairwise(found)]
    # An exponential time's standard deviation is its mean.
    assert statistics.fmean(gaps) == pytest.approx(mean_ns, abs=3 * mean_ns / count**0.5)
    assert statistics.pstdev(gaps) == pytest.approx(mean_ns, rel=0.05)
    # Counts in windows have the variance of their mean: what a periodic schedule never has.
    windows = [0] * (found[-1] // 10**9)
    for instant in found:
        if instant // 10**9 < len(windows):
            windows[instant // 10**9] += 1
    assert statistics.pvariance(windows) / statistics.fmean(windows) == pytest.approx(1.0, abs=0.3)


def traced(tmp_path, *offsets):
    (tmp_path / "releases").write_bytes(array("q", offsets).tobytes())
    return {"kind": "trace", "releases": str(tmp_path / "releases")}


def test_a_trace_is_played_over_and_over(tmp_path):
    found = releases(1000, 7, **traced(tmp_path, 0, 10, 40))
    # The list is 40 long, its releases are 20 apart on average: it begins again after 60.
    assert found == [1000, 1010, 1040, 1060, 1070, 1100, 1120]


def test_releases_at_one_instant_are_a_second_apart_when_they_are_played_again(tmp_path):
    assert releases(0, 4, **traced(tmp_path, 0, 0)) == [0, 0, 1_000_000_000, 1_000_000_000]


@pytest.mark.slow
def test_frames_at_100_hz_are_released_on_whole_periods(tmp_path):
    found = real_runs.run(tmp_path, real_runs.relu(), real_runs.job({"rate": "100 Hz"}))
    frames = found["frames"]
    assert found["failure"] is None, found["failure"]
    assert sorted((*frames.scheduled_ns, *frames.dropped_ns)) == [index * 10 * MS for index in range(20)]
    assert min(frames.waited_ns) >= 0
    assert found["effective"].spin_ns == 100_000
    assert len(found["back_to_back_ns"]) >= 10


@pytest.mark.slow
def test_poisson_frames_are_released_as_the_seed_says(tmp_path):
    found = real_runs.run(tmp_path, real_runs.relu(), real_runs.job({"kind": "poisson", "rate": "200 Hz"}))
    frames = found["frames"]
    expected = releases(0, 20, kind="poisson", rate_hz=200.0, seed=0)
    assert sorted((*frames.scheduled_ns, *frames.dropped_ns))[:20] == expected


@pytest.mark.slow
def test_a_recorded_trace_is_played_in_a_real_run(tmp_path):
    (tmp_path / "shutter.csv").write_text("seconds\n# two at once\n7.5\n7.5\n7.510\n7.530\n")
    wanted = real_runs.job({"kind": "trace", "trace": "shutter.csv", "queue": "queue:99"}, tmp_path)
    frames = real_runs.run(tmp_path, real_runs.relu(), wanted)["frames"]
    once = [0, 0, 10 * MS, 30 * MS]
    assert list(frames.scheduled_ns)[:20] == [40 * MS * turn + offset for turn in range(5) for offset in once]
    assert frames.dropped_ns == ()


@pytest.fixture
def overloaded(tmp_path):
    """A model of some 2 ms or more at 2000 Hz, by a queue policy."""

    def run(queue, requires=None):
        wanted = real_runs.job({"rate": "2000 Hz", "queue": queue}, requires=requires)
        settings = replace(real_runs.BRIEF, min_count=200, min_duration_s=0.0)
        found = real_runs.run(tmp_path, real_runs.slow(20), wanted, settings=settings)
        assert found["failure"] is None, found["failure"]
        frames = found["frames"]
        # No release is forgotten, whatever becomes of it.
        assert sorted((*frames.scheduled_ns, *frames.dropped_ns)) == [index * 500_000 for index in range(200)]
        return frames

    return run


def newest(frames):
    """For each frame that was served: how many releases that were due when it began were newer than it."""
    return [
        sum(scheduled < index * 500_000 <= start for index in range(200))
        for scheduled, start in zip(frames.scheduled_ns, frames.start_ns, strict=True)
    ]


@pytest.mark.slow
def test_latest_only_serves_the_newest_and_drops_the_rest(overloaded):
    frames = overloaded("latest-only")
    assert len(frames.dropped_ns) > 100
    # Between looking at the queue and the start more may fall due, if the host does something else just then.
    assert statistics.median(newest(frames)) == 0


@pytest.mark.slow
def test_a_queue_of_three_serves_the_newest_three_in_order(overloaded):
    frames = overloaded("queue:3")
    assert len(frames.dropped_ns) > 50
    assert list(frames.scheduled_ns) == sorted(frames.scheduled_ns)
    # The oldest of three is served: two are newer.
    assert statistics.median(newest(frames)) == 2


@pytest.mark.slow
def test_drop_late_never_begins_what_has_missed_its_deadline(overloaded):
    frames = overloaded("drop-late", {"deadline": "10 ms"})
    assert len(frames.dropped_ns) > 50
    # What waited 10 ms was dropped; between that look and the start pass some microseconds.
    assert statistics.median(frames.waited_ns) < 11 * MS
    # All wait that are not too late: far more than one.
    assert max(newest(frames)) > 10


def test_a_trace_is_not_read_through_a_link_that_leaves(tmp_path):
    (tmp_path / "job").mkdir()
    (tmp_path / "secret.csv").write_text("0\n1\n")
    (tmp_path / "job" / "releases.csv").symlink_to(tmp_path / "secret.csv")
    job = real_runs.job({"kind": "trace", "trace": "releases.csv"}, tmp_path / "job", {})
    with pytest.raises(AssessError, match="is a link that leads outside the folder"):
        schedule_s(job, 3)
    with pytest.raises(AssessError, match="is a link that leads outside the folder"):
        asked(job, seed=1, tier="quick", scratch=tmp_path)
