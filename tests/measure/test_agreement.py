"""How far outputs are apart, in exact numbers."""

import math
from dataclasses import astuple

import numpy as np
import pytest

from assess.measure.agreement import Agreement, OutputAgreement, compare

NAN, INF = math.nan, math.inf


def figures(ours, theirs, output="y", dtype=np.float32, **options) -> OutputAgreement:
    """Of one frame."""
    return compare(np, output, output, [(np.array(ours, dtype), np.array(theirs, dtype))], **options)


def test_the_figures_of_two_small_vectors():
    found = figures([3.0, 4.0], [3.0, 0.0])
    assert found == OutputAgreement("y", "y", 2, 0.5, 0, 4.0, 2.0, pytest.approx(0.4), pytest.approx(4 / 3))


def test_the_same_outputs_are_nothing_apart():
    found = figures([0.1, -7.0], [0.1, -7.0])
    assert (found.equal, found.max_abs, found.mean_abs, found.cosine_distance, found.relative_l2) == (1, 0, 0, 0, 0)


def test_opposite_vectors_are_as_far_apart_as_can_be():
    assert figures([1.0, 2.0], [-1.0, -2.0]).cosine_distance == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "distance", "relative"),
    [([0.0, 0.0], [0.0, 0.0], 0.0, 0.0), ([1.0, 0.0], [0.0, 0.0], 1.0, None), ([0.0, 0.0], [1.0, 0.0], 1.0, 1.0)],
)
def test_a_vector_of_zeros_has_no_direction_but_is_equal_to_itself(ours, theirs, distance, relative):
    found = figures(ours, theirs)
    assert (found.cosine_distance, found.relative_l2) == (distance, relative)


def test_nan_agrees_with_nan_and_with_nothing_else():
    found = figures([NAN, INF, 1.0], [NAN, INF, 1.0])
    assert (found.equal, found.mismatched, found.max_abs) == (1.0, 0, 0.0)
    found = figures([NAN, INF, INF, 2.0, 5.0], [1.0, -INF, NAN, NAN, 4.0])
    assert (found.equal, found.mismatched, found.max_abs, found.mean_abs) == (0.0, 4, 1.0, 1.0)


def test_without_any_finite_pair_there_are_no_distances():
    found = figures([NAN, 1.0], [1.0, NAN])
    assert (found.mismatched, found.max_abs, found.mean_abs, found.cosine_distance, found.relative_l2) == (
        2, None, None, None, None,
    )  # fmt: skip


def test_numbers_at_the_ends_of_the_range_give_finite_figures():
    large = figures([1e308, 1e308], [-1e308, 1e308], dtype=np.float64)
    assert large.max_abs == 1.7976931348623157e308
    assert large.cosine_distance == pytest.approx(1.0)
    small = figures([1e-300, 0.0], [0.0, 1e-300], dtype=np.float64)
    assert (small.cosine_distance, small.relative_l2) == (1.0, pytest.approx(math.sqrt(2)))
    assert all(math.isfinite(value) for value in astuple(large) + astuple(small) if isinstance(value, float))


def test_the_mean_is_over_all_elements_and_the_rest_of_the_worst_frame():
    pairs = [(np.array([1.0]), np.array([1.0])), (np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))]
    pairs = [(np.resize(ours, 3), np.resize(theirs, 3)) for ours, theirs in pairs]
    found = compare(np, "y", "z", pairs)
    assert (found.output, found.reference, found.of) == ("y", "z", 6)
    assert (found.max_abs, found.mean_abs, found.cosine_distance) == (1.0, pytest.approx(2 / 6), 1.0)
    assert found.relative_l2 == pytest.approx(math.sqrt(2))
    assert found.equal == pytest.approx(4 / 6)


def test_integers_and_booleans_are_compared_as_numbers():
    found = figures([1, 5], [1, 3], dtype=np.int64)
    assert (found.equal, found.max_abs, found.top1) == (0.5, 2.0, None)
    assert figures([True, False], [True, True], dtype=bool).equal == 0.5


def test_text_is_the_same_or_it_is_not():
    found = figures(["a", "b"], ["a", "c"], dtype=str)
    assert (found.of, found.equal, found.max_abs, found.cosine_distance) == (2, 0.5, None, None)


def test_bfloat16_bits_are_compared_as_the_numbers_they_stand_for():
    found = figures([0x3F80], [0x4000], dtype=np.uint16, dtypes=("bfloat16", "bfloat16"))
    assert found.max_abs == 1.0
    found = compare(
        np, "y", "y", [(np.array([0x3F80], np.uint16), np.array([1.0], np.float32))], dtypes=("bfloat16", "float32")
    )
    assert (found.equal, found.max_abs) == (1.0, 0.0)


def test_other_shapes_are_not_compared():
    found = figures([[1.0, 2.0]], [[1.0], [2.0]])
    assert found == OutputAgreement("y", "y", absent="has shape 1x2, the reference 2x1")
    assert figures(1.0, [1.0]).absent == "has shape of a scalar, the reference 1"
    assert figures([], []).absent == "has no elements"


# Scores


@pytest.mark.parametrize(
    ("output", "meaning", "theirs", "basis"),
    [
        ("logits", "", [[5.0, 1.0]], "name"),
        ("y", "class probabilities", [[5.0, 1.0]], "card"),
        ("y", "", [[0.75, 0.25]], "values"),
        ("y", "joint angles", [[0.5, 1.5]], ""),
        ("y", "", [[1.5, -0.5]], ""),
        ("scores", "", [[0.5], [0.5]], ""),
    ],
)
def test_what_tells_that_an_output_holds_scores(output, meaning, theirs, basis):
    found = figures(theirs, theirs, output, meaning=meaning)
    assert found.top1_basis == basis
    assert found.top1 == (1.0 if basis else None)


def test_top_1_is_the_share_of_rows_with_the_same_largest_score():
    found = figures([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [[0.7, 0.3], [0.9, 0.1], [0.9, 0.1]], "scores")
    assert (found.top1, found.top1_rows) == (pytest.approx(2 / 3), 3)


def test_any_of_the_references_largest_will_do():
    assert figures([0.0, 1.0], [0.5, 0.5], "scores").top1 == 1.0


def test_a_row_with_nan_has_no_largest_score():
    found = figures([[NAN, 1.0], [0.0, 1.0]], [[NAN, 1.0], [0.0, 1.0]], "scores")
    assert (found.top1, found.equal) == (0.5, 1.0)


def test_agreement_is_equal_if_every_output_was_compared_and_is():
    def of(*outputs):
        return Agreement("t.onnx", "ab", "model", ("run",), "name", outputs).is_equal

    same, other = figures([1.0], [1.0]), figures([1.0], [2.0])
    assert of(same, same)
    assert not of(same, other)
    assert not of(same, OutputAgreement("z", "", absent="why"))
    assert not of()


def test_what_is_left_unexplained_of_the_changes_between_frames():
    frames = [np.array([300.0, 1.0 * index]) for index in range(4)]
    changes = math.sqrt(5.0)  # 0, 1, 2, 3 around 1.5.
    same = compare(np, "y", "y", [(frame, frame) for frame in frames])
    constant = compare(np, "y", "y", [(np.array([300.0, 1.5]), frame) for frame in frames])
    off = compare(np, "y", "y", [(frame + np.array([0.0, 0.1]), frame) for frame in frames])
    assert (same.beside_spread, constant.beside_spread) == (0.0, pytest.approx(1.0))
    assert off.beside_spread == pytest.approx(0.2 / changes)
    assert compare(np, "y", "y", [(frames[0], frames[0])]).beside_spread is None
    still = [(np.full(3, 0.1 + shift), np.full(3, 0.1)) for shift in (0.0, 1e-3)]
    assert compare(np, "y", "y", still).beside_spread is None
