"""Latency as a vendor's tool told it: from its single latencies, or bounded by its statistics."""

from __future__ import annotations

import math
from fractions import Fraction

from assess.measure.measurement import Measurement
from assess.measure.tool_run import Statistics, ToolRun
from assess.project.binomial import CONFIDENCE, allowed
from assess.project.estimate import Estimate, Rung
from assess.project.quantile import count_needed, miss_rate, quantile_range


def tool_latency(tool: ToolRun, measurement: Measurement, percentile: float, *, is_open: bool) -> Estimate:
    """The job's percentile of what a tool timed.

    A tool runs one inference after the other. Where the job's frames come by a schedule, their response is at least as
    long as that, and nothing bounds it from above.

    Raises:
        ValueError: nothing was timed.
    """
    if tool.statistics is not None:
        low, high = told_range(tool.statistics, percentile)
        count, rung, how = tool.statistics.count, Rung.TOLD, "bounded by its statistics"
    else:
        low, high = quantile_range([ns * 1e-9 for ns in measurement.service_ns], percentile)
        count, rung, how = len(measurement.frames), Rung.MEASURED, f"{CONFIDENCE:.0%} confidence each way"
    basis = f"service time, p{percentile:g} of {count} inferences by {tool.title}, {how}: {tool.includes}"
    if tool.excludes:
        basis += f"; without {tool.excludes}"
    if is_open:
        return Estimate(low, math.inf, "s", rung, f"{basis}; the response to the job's schedule is longer", tool.title)
    if count_needed(percentile) > count:
        basis += f"; an upper bound needs {count_needed(percentile) - count} more"
    return Estimate(low, high, "s", rung, basis, tool.title)


def told_range(found: Statistics, percentile: float) -> tuple[float, float]:
    """Bounds of the true percentile by what a tool tells of some order statistics, each holding with 99 %.

    As `quantile_range`, which takes the order statistics themselves. A level that is told stands somewhere between its
    neighbours' ranks, since tools define percentiles in several ways; only fastest and slowest are exact.
    """
    n, above = found.count, miss_rate(percentile)
    over, under = allowed(n, above), allowed(n, 1.0 - above)
    half = found.step_s / 2
    lows, highs = [0.0], [math.inf]
    for level, seconds in found.levels:
        first, last = _ranks(level, n)
        if under is not None and last <= under:
            lows.append(seconds - half)
        if over is not None and first >= n - 1 - over:
            highs.append(seconds + half)
    return max(lows), min(highs)


def _ranks(level: float, n: int) -> tuple[int, int]:
    """Ranks, from 0, between which the sample lies that a tool gives for a level."""
    if level in (0.0, 100.0):
        rank = 0 if level == 0.0 else n - 1
        return rank, rank
    exact = Fraction(str(level)) * n / 100
    return max(0, math.floor(exact) - 1), min(n - 1, math.ceil(exact))


def tool_memory(tool: ToolRun) -> Estimate | None:
    """What a tool says that the model takes; at least that, since it says so of one moment. None if it says nothing."""
    if tool.memory_bytes is None:
        return None
    basis = f"{tool.memory_of}, by {tool.title}; at other moments it may be more"
    return Estimate(float(tool.memory_bytes), math.inf, "B", Rung.TOLD, basis, tool.title)
