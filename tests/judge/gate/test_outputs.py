"""Whether a model still says what the accepted one says: scale, offset, order and numbers that are none."""

import numpy as np
import pytest

from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.outputs import Tolerance, judge_outputs
from assess.measure.agreement import Agreement, compare

RNG = np.random.default_rng(3)
FRAMES = [RNG.standard_normal((1, 50)).astype(np.float32) for _ in range(16)]


def judged(change, *, frames=FRAMES, name="y"):
    pairs = [(change(index, frame), frame) for index, frame in enumerate(frames)]
    names = tuple(f"seed {index}" for index in range(len(frames)))
    return judge_outputs(Agreement("old", "ab", "model", names, "name", (compare(np, name, name, pairs),)), Tolerance())


def test_a_rebuilt_model_passes():
    found = judged(lambda _, frame: frame * np.float32(1.000001))
    assert found.verdict is GateVerdict.PASS
    assert found.because.endswith(", relative 9.6e-07 in 16 frames")
    assert judged(lambda _, frame: frame).because == "all the same in 16 frames"


@pytest.mark.parametrize("scale", [1000.0, 2.0, 1.05, 0.5])
def test_a_lost_scale_is_a_regression_though_the_cosine_is_one(scale):
    found = judged(lambda _, frame: frame * np.float32(scale))
    assert found.verdict is GateVerdict.REGRESSION
    assert "cosine 1.000000" in found.because


def test_an_offset_hides_nothing():
    """300 and a little: the cosine of any two such frames is one, also with a constant."""
    offset = [frame + 300 for frame in FRAMES]
    constant = judged(lambda _, frame: np.full_like(frame, 300.0), frames=offset)
    other = judged(lambda index, _: offset[index - 1], frames=offset)
    assert constant.verdict is other.verdict is GateVerdict.REGRESSION
    assert "cosine 0.99999" in constant.because
    assert judged(lambda _, frame: frame + np.float32(1e-3), frames=offset).verdict is GateVerdict.PASS


def test_an_output_that_does_not_depend_on_its_input_is_compared_by_length_alone():
    same = [np.full((1, 5), 7.0, np.float32)] * 16
    assert judged(lambda _, frame: frame + np.float32(1e-4), frames=same).verdict is GateVerdict.PASS
    assert judged(lambda _, frame: frame * 2, frames=same).verdict is GateVerdict.REGRESSION


def test_numbers_that_are_none_are_told():
    none = [np.full((1, 5), np.nan, np.float32)] * 16
    found = judged(lambda _, frame: frame, frames=none)
    assert found.because == "all the same in 16 frames; 'y' hold no finite number in any"
    worse = judged(lambda index, frame: frame if index else np.full_like(frame, np.nan))
    assert worse.verdict is GateVerdict.REGRESSION


def test_one_frame_is_told_to_be_little():
    found = judged(lambda _, frame: frame, frames=FRAMES[:1])
    assert found.because == (
        "all the same in 1 frame: give it inputs with --input, or a card with samples, for this is little"
    )  # fmt: skip
