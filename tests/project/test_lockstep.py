"""One number for a pair: what disturbs one batch, or a whole block, does not reach it."""

import math

import pytest

from assess.measure.lockstep import Pair
from assess.measure.passes.lockstep import Side
from assess.project.lockstep import change, relative, typical_s


def launch(fastest, median=None):
    return Side(tuple(fastest), tuple(median or fastest), 2, 3, 6, (1,) * 6)


def pair(base, other, medians=(None, None)):
    return Pair(launch(base, medians[0]), launch(other, medians[1]), False, True)


def test_the_ratio_of_neighbours_not_of_sums():
    # The machine is twice as slow in the second half, for both sides.
    found = pair([100, 100, 200, 200], [105, 105, 210, 210])
    assert relative(change(found, "latency floor")) == pytest.approx(0.05)


def test_a_block_that_only_one_side_was_disturbed_in_is_forgiven():
    found = pair([100, 100, 100, 100, 100], [105, 105, 900, 105, 105])
    assert relative(change(found, "latency floor")) == pytest.approx(0.05)


def test_floor_and_median_are_told_apart():
    found = pair([100] * 4, [100] * 4, ([120] * 4, [150] * 4))
    assert change(found, "latency floor") == 0.0
    assert change(found, "latency median") == pytest.approx(math.log(1.25))


def test_typical_seconds_of_both():
    assert typical_s([pair([100, 300, 200], [110, 330, 220])], "latency floor") == (pytest.approx(2e-7), 2.2e-7)
