"""A task made of saved data: what is in the file is what is asked, and what is wrong with it is said."""

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure.tasks.saved import saved_task


class Doubling:
    """Puts out twice its input, and NaN for what is above 3."""

    def __call__(self, inputs):
        value = inputs["x"].astype(np.float64) * 2.0
        return {"y": np.where(inputs["x"] > 3.0, np.nan, value)}

    def reset(self):
        raise AssertionError("it has no state")


def scored(file, metric, *, output="", count=0, teacher=None):
    return saved_task(file, metric, output).evaluate(Doubling(), teacher, 0, count, lambda share: None)


def saved(tmp_path, **arrays):
    file = tmp_path / "evaluation.npz"
    np.savez(file, **arrays)
    return file


X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 3.0], [3.0, 2.0]])


def test_classes_are_right_or_wrong_and_chance_says_the_commonest(tmp_path):
    file = saved(tmp_path, x=X, expected=np.array([1, 0, 0, 0]), teacher=np.array([1, 0, 1, 1]))
    scores = scored(file, "accuracy")
    assert scores.model == (1.0, 1.0, 0.0, 1.0)
    assert scores.teacher == (1.0, 1.0, 0.0, 0.0)
    assert scores.chance == (0.0, 1.0, 1.0, 1.0)
    assert scores.agreement == (1.0, 1.0, 1.0, 0.0)


def test_errors_are_apart_from_what_is_expected(tmp_path):
    expected = X * 2.0 + np.array([[0.0, 0.0], [1.0, 3.0], [0.0, 0.0], [0.0, 4.0]])
    file = saved(tmp_path, x=X, expected=expected)
    assert scored(file, "mean absolute error", output="y").model == (0.0, 2.0, 0.0, 2.0)
    assert scored(file, "root mean square error").model == (0.0, pytest.approx(5**0.5), 0.0, pytest.approx(8**0.5))
    assert scored(file, "mean absolute error").teacher == ()
    assert scored(file, "mean absolute error", count=2).model == (0.0, 2.0)


def test_a_teachers_network_is_run_on_the_same_items(tmp_path):
    file = saved(tmp_path, x=X, expected=X)
    scores = scored(file, "mean absolute error", teacher=Doubling())
    assert scores.teacher == scores.model == (0.5, 0.5, 2.5, 2.5)
    assert scores.agreement == (1.0,) * 4


def test_an_output_that_is_no_number_is_far_off_and_not_nan(tmp_path):
    file = saved(tmp_path, x=X + 2.0, expected=X)
    scores = scored(file, "mean absolute error")
    assert np.isfinite(scores.model).all()
    assert scores.model[2] > 1e90
    assert scored(saved(tmp_path, x=X + 2.0, expected=np.zeros(4, int)), "accuracy").model == (0.0, 1.0, 0.0, 0.0)
    # Two answers that are no numbers are not the same answer.
    both = saved(tmp_path, x=X + 9.0, expected=X)
    assert scored(both, "mean absolute error", teacher=Doubling()).agreement == (0.0,) * 4
    both = saved(tmp_path, x=X + 9.0, expected=np.zeros(4, int))
    assert scored(both, "accuracy", teacher=Doubling()).agreement == (0.0,) * 4


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"x": X}, "has no array 'expected'"),
        ({"x": X, "expected": np.zeros(3)}, "its arrays must have as many items each, two or more: x 4, expected 3"),
        ({"x": X[:1], "expected": np.zeros(1)}, "two or more: x 1, expected 1"),
        ({"x": X, "expected": np.array(1.0)}, "x 4, expected 0"),
        ({"x": np.array([{}, {}, {}, {}]), "expected": np.zeros(4)}, "cannot be read as an .npz file of plain arrays"),
    ],
)
def test_a_file_that_holds_no_evaluation_is_refused(tmp_path, arrays, problem):
    file = saved(tmp_path, **arrays)
    with pytest.raises(AssessError) as caught:
        saved_task(file, "accuracy", "")
    assert problem in caught.value.problem
    assert caught.value.where == str(file)


def test_what_is_no_npz_file_is_refused(tmp_path):
    with pytest.raises(AssessError, match="there is no such file"):
        saved_task(tmp_path / "none.npz", "accuracy", "")
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(AssessError, match=r"cannot be read as an \.npz file"):
        saved_task(tmp_path / "text.npz", "accuracy", "")
