import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assess.judge.certificate import (
    ASSUMED_BURST,
    GAP,
    Episode,
    certificate,
    episodes,
    frames_for_certificate,
    longest_run,
    mean_burst,
)
from assess.project.quantile import miss_rate

# The benchmark prints what is asserted here; both simulate with the same lines.
_SPEC = importlib.util.spec_from_file_location(
    "certification", Path(__file__).parents[2] / "benchmarks" / "harness" / "certification.py"
)
simulation = sys.modules["certification"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(simulation)

#: 1 % of 10,000 trials is 100 on average; 130 is three standard deviations above that.
TRIALS, MOST = 10_000, 130
#: Bursts of what the certificate assumes, or shorter: where its headline must hold.
ASSUMED = [process for process in simulation.PROCESSES if process.burst <= ASSUMED_BURST]
ANY = pytest.mark.parametrize("process", simulation.PROCESSES, ids=lambda process: process.name)


def frames(text, length=0):
    """Frames from a picture: x missed, anything else did not; good ones up to `length`."""
    return [letter == "x" for letter in text.ljust(length, ".")]


def test_misses_with_up_to_five_good_frames_between_are_one_episode():
    assert list(episodes(frames("xx.....x......x"))) == [Episode(0, 7, 3), Episode(14, 14, 1)]
    assert list(episodes(frames("....."))) == []


def test_the_longest_run_is_in_direct_succession():
    assert [longest_run(frames(text)) for text in ("", "..", "xx.xxx.x", "x")] == [0, 0, 3, 1]


def test_a_run_without_misses_is_certified_from_459_plain_and_from_five_times_that_burst_aware():
    plain, bursty = certificate(frames("", 459), 99), certificate(frames("", 2295), 99)
    assert (plain.certified_iid, plain.certified, plain.more_iid, plain.more) == (True, False, 0, 2295 - 459)
    assert (bursty.certified_iid, bursty.certified, bursty.more) == (True, True, 0)
    assert not certificate(frames("", 458), 99).certified_iid
    assert not certificate(frames("", 2294), 99).certified
    assert plain.missed_after_miss is None


def test_one_burst_of_five_is_allowed_in_the_advised_run():
    found = certificate(frames("." * 1000 + "xxxxx", 33_185), 99.9)
    assert frames_for_certificate(99.9) == 33_185
    assert (found.misses, found.longest_run, found.episodes, found.missed_after_miss) == (5, 5, 1, 0.8)
    assert (found.certified, found.more, found.burst) == (True, 0, 5.0)
    # Plain, five misses are allowed in 13,105 frames: here they are as many as 33,185 frames can bear four times over.
    assert (found.certified_iid, found.allowed_iid, found.allowed) == (True, 20, 1)
    assert not certificate(frames("." * 1000 + "xxxxx", 33_184), 99.9).certified


def test_a_longer_burst_than_assumed_must_be_allowed_for():
    found = certificate(frames("." * 1000 + "x" * 10, 33_185), 99.9)
    # The 99 % bound of a mean that was seen once: 10 * (1 + 2.3263).
    assert found.burst == pytest.approx(33.263)
    assert not found.certified
    # 6,636 trials of 33.263 frames each; five good frames after the burst are none.
    assert found.more == 220_734 - (33_185 - 5)
    assert "at most 33.3 on average (more than assumed, from the bursts seen)" in found.assumption


def test_good_frames_within_an_episode_and_after_it_are_no_trials():
    # Two within the first, five after it; two until the end after the second.
    found = certificate(frames("x..x......x.."), 90)
    assert found.holds_to_burst == pytest.approx((13 - 2 - 5 - 2) / 81)


def test_a_run_that_always_misses_bounds_nothing():
    found = certificate([True] * 1000, 99)
    assert (found.rate_bound_iid, found.rate_bound, found.missed_after_miss) == (1.0, 1.0, 1.0)
    assert (found.certified_iid, found.certified) == (False, False)


def test_no_frames_certify_nothing():
    found = certificate([], 99)
    assert (found.certified, found.certified_iid, found.more_iid, found.more) == (False, False, 459, 2295)
    assert (found.allowed_iid, found.allowed, found.rate_bound_iid, found.rate_bound) == (None, None, 1.0, 1.0)


def test_what_is_assumed_is_said():
    assert certificate([False] * 3000, 99).assumption == (
        "misses come in bursts of at most 5 on average (as assumed), one burst is independent of the others, "
        "and the process stays as it was"
    )


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 12)), max_size=12), st.integers(0, 6000))
@settings(max_examples=60, deadline=None)
def test_the_parts_of_a_certificate_agree(bursts, good):
    missed = [miss for gap, run in bursts for miss in [False] * gap + [True] * run] + [False] * good
    found = certificate(missed, 99)
    assert found.certified == (found.more == 0) == (found.rate_bound <= 0.01)
    assert found.certified_iid == (found.more_iid == 0) == (found.rate_bound_iid <= 0.01)
    assert found.certified <= found.certified_iid, "burst-aware is the stricter one"
    assert found.certified <= (found.holds_to_burst >= found.burst)
    assert found.certified == (found.allowed is not None and found.episodes <= found.allowed)
    assert found.rate_bound >= found.misses / max(1, len(missed))
    enough = certificate(missed + [False] * (found.more + GAP), 99)
    assert enough.certified


@ANY
@pytest.mark.parametrize("lengths", ["just enough", "advised"])
def test_the_simulation_counts_as_the_certificate_does(process, lengths):
    count = simulation.run_lengths(99)[lengths]
    columns = simulation.columns_needed(process, 0.004, count)
    between, runs = simulation.gaps_and_runs(process, 0.004, 20, columns, np.random.default_rng(5))
    counted = simulation.count(between, runs, count)
    verdicts, holds = simulation.certified(counted, 0.01), simulation.holds_to(counted, 0.01)
    for row in range(20):
        pieces = np.column_stack([between[row], runs[row]]).ravel()
        missed = np.repeat(np.arange(len(pieces)) % 2 == 1, pieces)[:count].tolist()
        found = certificate(missed, 99)
        assert (found.misses, found.episodes) == (counted.misses[row], counted.episodes[row])
        assert (found.certified, found.holds_to_burst) == (verdicts[row], pytest.approx(holds[row]))


@ANY
def test_a_simulated_process_misses_at_its_rate(process):
    runs = simulation.simulate(process, 0.01, 20_000, 2000, 7)
    # 40 million frames, 400,000 misses in 8,000 bursts at least, of lengths that vary as much as they last: 1.6 %.
    assert runs.misses.mean() / 20_000 == pytest.approx(0.01, rel=0.04)


@pytest.mark.slow
@pytest.mark.parametrize("percentile", simulation.PERCENTILES)
@ANY
def test_false_certificates_are_one_in_a_hundred_at_most(process, percentile):
    rate = miss_rate(percentile)
    for length, count in simulation.run_lengths(percentile).items():
        runs = simulation.simulate(process, rate, count, TRIALS, simulation.SEED)
        # Whatever the process: to say that a certificate holds for bursts as long as they are is seldom wrong.
        assert simulation.claimed(runs, rate).sum() <= MOST, length
        if process is not simulation.INDEPENDENT:
            assert (simulation.holds_to(runs, rate) >= process.burst).sum() <= MOST, length
        if process in ASSUMED:
            assert simulation.certified(runs, rate).sum() <= MOST, length
        if process is simulation.INDEPENDENT:
            assert simulation.plain(runs, count, rate).sum() <= MOST, length


def false_share(burst, count, rule=None):
    """Share of false certificates of p99 for geometric bursts."""
    process = simulation.Process("bursts", burst)
    runs = simulation.simulate(process, 0.01, count, TRIALS, simulation.SEED)
    return (simulation.plain(runs, count, 0.01) if rule == "plain" else simulation.certified(runs, 0.01)).mean()


def test_taken_as_independent_bursts_are_certified_falsely():
    assert false_share(2.0, 3315, "plain") == pytest.approx(0.085, abs=0.01)
    assert false_share(5.0, 3315, "plain") == pytest.approx(0.25, abs=0.02)
    assert false_share(20.0, 3315, "plain") == pytest.approx(0.47, abs=0.02)


def test_bursts_longer_than_assumed_go_unseen_in_short_runs_and_are_caught_in_long_ones():
    # In 2,295 frames at 1 % there is no burst at all with exp(-459 * 5 / burst / 100) or so: no count can help.
    assert false_share(10.0, 2295) == pytest.approx(0.10, abs=0.02)
    assert false_share(20.0, 2295) == pytest.approx(0.32, abs=0.02)
    assert false_share(50.0, 2295) == pytest.approx(0.62, abs=0.02)
    # From 100,000 frames on the bursts that are seen tell how long they are.
    assert max(false_share(burst, 100_000) for burst in (10.0, 20.0, 50.0)) <= 0.01


@pytest.mark.parametrize(
    ("burst", "count", "power"),
    [(5.0, 3315, 0.74), (2.0, 3315, 0.49), (1.0, 3315, 0.16), (1.0, 22_950, 0.94), (2.0, 22_950, 1.0)],
)
def test_a_process_ten_times_better_than_it_must_be_is_certified(burst, count, power):
    process = simulation.INDEPENDENT if burst == 1.0 else simulation.Process("bursts", burst)
    runs = simulation.simulate(process, 0.001, count, TRIALS, simulation.SEED)
    assert simulation.certified(runs, 0.01).mean() == pytest.approx(power, abs=0.02)
    assert simulation.plain(runs, count, 0.01).mean() >= 0.98


def test_a_process_fifty_times_better_than_it_must_be_is_certified_although_its_misses_are_independent():
    runs = simulation.simulate(simulation.INDEPENDENT, 0.0002, frames_for_certificate(99), TRIALS, simulation.SEED)
    assert simulation.certified(runs, 0.01).mean() >= 0.85


@pytest.mark.parametrize(("percentile", "episodes", "count"), [(99, 0, 2295), (99, 1, 3315), (99.9, 10, 100_750)])
def test_frames_advised(percentile, episodes, count):
    assert frames_for_certificate(percentile, episodes) == count


def test_the_mean_burst_is_assumed_until_more_is_seen():
    assert [mean_burst(0, 0), mean_burst(5, 1), mean_burst(1, 1)] == [5.0, 5.0, 5.0]
    assert mean_burst(80, 4) == pytest.approx(20 * (1 + 2.3263 / 2))
