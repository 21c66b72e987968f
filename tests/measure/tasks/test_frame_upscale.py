"""Upscaling game frames: the scenes are repeatable, and scores are what their definitions say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure.tasks.frame_upscale import (
    FRAME_UPSCALE,
    PERFECT_DB,
    SIZE,
    UPSCALED,
    Floats,
    bilinear,
    evaluate,
    frame_pair,
    psnr_db,
    render,
    scene,
)
from assess.measure.tasks.task import Arrays, Scores

SEED = 30_000


class Told:
    """A model whose answer is what a function makes of the frame."""

    def __init__(self, answer: Callable[[Floats], Any]) -> None:
        self._answer = answer

    def __call__(self, inputs: Arrays) -> Arrays:
        return {"upscaled": self._answer(inputs["luma"])}

    def reset(self) -> None:
        """Each frame stands alone."""


def perfect(frame: Floats) -> Floats:
    """The target of the frame that is shown: what a model would say that sees through it."""
    for index in range(3):
        small, large = frame_pair(SEED, index)
        if np.array_equal(small, frame):
            return large
    raise AssertionError("not one of the frames")


def scored(model: Callable[[Floats], Any], teacher: Callable[[Floats], Any] = bilinear, count: int = 2) -> Scores:
    return evaluate(Told(model), Told(teacher), SEED, count, lambda share: None)


def constant(value: float) -> Callable[[Floats], Floats]:
    return lambda frame: np.full((1, 1, UPSCALED, UPSCALED), value, dtype=np.float32)


def test_the_same_seed_gives_the_same_frames() -> None:
    first, again, other = frame_pair(SEED, 0), frame_pair(SEED, 0), frame_pair(SEED, 1)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_frames_are_luma_between_0_and_1() -> None:
    for image, side in zip(frame_pair(SEED, 0), (SIZE, UPSCALED), strict=True):
        assert image.shape == (1, 1, side, side)
        assert image.dtype == np.float32
        assert 0.0 <= image.min() < image.max() <= 1.0


def test_a_small_frame_is_point_sampled_and_not_a_blurred_target() -> None:
    shapes = scene(np.random.Generator(np.random.PCG64([SEED, 0])))
    # Of three samples along a side of a pixel, the middle one lies where the small frame's only one does.
    middle, small = render(shapes, 3)[1::3, 1::3], render(shapes, 1)
    assert np.mean(np.abs(middle - small) > 1e-3) < 0.001
    luma, large = frame_pair(SEED, 0)
    blurred = large.reshape(1, 1, SIZE, 2, SIZE, 2).mean(axis=(3, 5))
    assert psnr_db(blurred, luma) < 33.0


def test_bilinear_keeps_a_slope_and_repeats_edges() -> None:
    row = np.array([[[[0.0, 0.4, 0.8]]]], dtype=np.float32)
    assert np.allclose(bilinear(row)[0, 0], [[0.0, 0.1, 0.3, 0.5, 0.7, 0.8]] * 2)


def test_psnr_is_20_db_for_an_error_of_a_tenth() -> None:
    target = np.full((1, 1, 4, 4), 0.5, dtype=np.float32)
    assert psnr_db(target + np.float32(0.1), target) == pytest.approx(20.0, abs=1e-4)
    assert psnr_db(target, target) == PERFECT_DB


def test_what_is_beyond_the_range_is_shown_clipped() -> None:
    target = np.ones((1, 1, 4, 4), dtype=np.float32)
    assert psnr_db(target * 3, target) == PERFECT_DB


def test_a_perfect_model_scores_100_db() -> None:
    assert scored(perfect).model == (PERFECT_DB, PERFECT_DB)


def test_bilinear_upscaling_scores_chance_and_agrees_with_itself() -> None:
    scores = scored(bilinear)
    assert scores.model == scores.teacher == scores.chance
    assert scores.agreement == (1.0, 1.0)


def test_chance_is_what_bilinear_upscaling_scores() -> None:
    # A point on an edge may fall to its other side by the last bit of a sine, which is not the same everywhere.
    assert scored(constant(0.5)).chance == pytest.approx((31.54, 29.32), abs=0.05)


def test_grey_scores_worse_than_chance() -> None:
    scores = scored(constant(0.5))
    assert max(scores.model) < min(scores.chance) - 8.0


def test_agreement_is_the_share_of_pixels_within_two_steps_of_255() -> None:
    def half_off(frame: Floats) -> Floats:
        shown = constant(0.5)(frame)
        shown[..., : UPSCALED // 2] += 3.0 / 255.0
        shown[..., UPSCALED // 2 :] += 1.0 / 255.0
        return shown

    assert scored(half_off, constant(0.5), count=1).agreement == (0.5,)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number_is_wrong_by_all_of_the_range(value: float) -> None:
    scores = scored(constant(value), constant(value))
    assert scores.model == scores.teacher == (0.0, 0.0)
    assert scores.agreement == (0.0, 0.0)


def test_another_shape_is_refused() -> None:
    with pytest.raises(AssessError, match=r"\(1, 1, 96, 96\)"):
        scored(lambda frame: frame)


def test_without_a_teacher_nothing_is_scored() -> None:
    with pytest.raises(AssessError, match="none was given"):
        FRAME_UPSCALE.evaluate(Told(bilinear), None, SEED, 1, lambda share: None)


def test_no_frames_give_no_scores() -> None:
    assert scored(bilinear, count=0) == Scores((), (), (), ())
