"""What a tool's figures bound, by the ranks that they have; exact numbers."""

import math
import random

import builders
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess.measure.tool_run import Statistics, ToolRun
from assess.project.by_tool import told_range, tool_latency, tool_memory
from assess.project.estimate import Rung
from assess.project.quantile import quantile_range


def statistics(count=1000, **changes):
    return Statistics(**{"count": count, "min_s": 0.001, "max_s": 0.009, "mean_s": 0.003, **changes})


def tool(**changes):
    return ToolRun(**{
        "name": "trtexec", "version": "10.9.0", "command": ("trtexec",), "file": "m.onnx", "file_sha256": "ab" * 32,
        "is_model": True, "includes": "copies and computation", **changes,
    })  # fmt: skip


def test_the_slowest_bounds_the_percentile_from_459_on():
    assert told_range(statistics(459), 99.0)[1] == 0.009
    assert told_range(statistics(458), 99.0)[1] == math.inf


def test_the_median_bounds_a_higher_percentile_from_below():
    assert told_range(statistics(median_s=0.002), 99.0) == (0.002, 0.009)


def test_a_percentile_is_no_bound_of_itself():
    """The p99 of 1,000 samples is above the true one as often as not."""
    assert told_range(statistics(percentiles={"99": 0.004}), 99.0) == (0.001, 0.009)


def test_a_higher_percentile_bounds_from_above():
    assert told_range(statistics(100_000, percentiles={"99.9": 0.005, "95": 0.0025}), 99.0) == (0.0025, 0.005)


def test_half_of_the_last_digit_is_added():
    assert told_range(statistics(step_s=0.001, median_s=0.002), 99.0) == (0.0015, 0.0095)


@given(st.integers(20, 3000), st.sampled_from([50.0, 90.0, 99.0]), st.integers(0, 10**6))
def test_they_bound_at_least_as_far_as_the_samples_themselves(count, percentile, seed):
    samples = sorted(random.Random(seed).uniform(0.001, 0.1) for _ in range(count))
    names = ("5", "25", "75", "95", "99", "99.9")
    percentiles = {name: samples[max(0, math.ceil(float(name) * count / 100) - 1)] for name in names}
    found = Statistics(count, samples[0], samples[-1], None, samples[math.ceil(count / 2) - 1], percentiles)
    low, high = told_range(found, percentile)
    exact_low, exact_high = quantile_range(samples, percentile)
    assert low <= exact_low or not exact_low
    assert high >= exact_high


def run(**changes):
    return builders.measurement(tool_run=tool(**changes), effective=None)


def test_single_latencies_are_measured_by_the_tool():
    found = tool_latency(tool(), run(), 99.0, is_open=False)
    assert (found.rung, found.by, found.high) == (Rung.MEASURED, "trtexec 10.9.0", pytest.approx(0.010698))
    assert found.basis == (
        "service time, p99 of 700 inferences by trtexec 10.9.0, 99% confidence each way: copies and computation"
    )


def test_a_schedule_has_no_upper_bound():
    found = tool_latency(tool(), run(), 99.0, is_open=True)
    assert found.high == math.inf
    assert found.basis.endswith("; the response to the job's schedule is longer")


def test_statistics_are_told():
    told = tool(statistics=statistics(), excludes="filling the inputs")
    found = tool_latency(told, run(), 99.0, is_open=False)
    assert (found.rung, found.low, found.high) == (Rung.TOLD, 0.001, 0.009)
    assert found.basis.endswith("bounded by its statistics: copies and computation; without filling the inputs")


def test_too_few_say_how_many_lack():
    few = tool(statistics=statistics(400))
    assert tool_latency(few, run(), 99.0, is_open=False).basis.endswith("; an upper bound needs 59 more")


def test_memory_is_at_least_what_is_told():
    found = tool_memory(tool(memory_bytes=2**20, memory_of="growth"))
    assert (found.low, found.high, found.rung) == (2**20, math.inf, Rung.TOLD)
    assert tool_memory(tool()) is None
