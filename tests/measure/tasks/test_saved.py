"""A task made of saved data: what is in the file is what is asked, and what is wrong with it is said."""

import io
import zipfile

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure.fidelity import LARGEST
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
    assert scored(file, "mean squared error").model == (0.0, 5.0, 0.0, 8.0)
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
    assert scores.model[2] > 1e39
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


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        (
            {"expected": np.array([0.9, 1.0, 0.0, 1.0])},
            "'expected' holds float64 of shape (4,); accuracy needs a whole",
        ),
        ({"expected": np.array(list("abab"))}, "'expected' holds <U1 of shape (4,)"),
        ({"expected": np.array([0, 1, -1, 0])}, "'expected' holds classes below 0"),
        ({"expected": np.eye(4, dtype=int)}, "'expected' holds int64 of shape (4, 4)"),
        ({"expected": np.zeros(4, int), "teacher": np.full(4, 0.5)}, "'teacher' holds float64 of shape (4,)"),
        ({"x": X * np.nan, "expected": np.zeros(4, int)}, "'x' holds what is no finite number"),
        ({"x": X * 1j, "expected": np.zeros(4, int)}, "'x' is no array of plain numbers or text"),
    ],
)
def test_labels_and_inputs_that_make_no_accuracy_are_refused(tmp_path, arrays, problem):
    with pytest.raises(AssessError) as caught:
        saved_task(saved(tmp_path, **{"x": X, **arrays}), "accuracy", "")
    assert problem in caught.value.problem


def test_labels_in_a_column_and_a_teachers_scores_are_classes(tmp_path):
    logits = np.array([[0.1, 0.9], [0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    file = saved(tmp_path, x=X, expected=np.array([[1], [0], [0], [0]]), teacher=logits)
    scores = scored(file, "accuracy")
    assert scores.model == (1.0, 1.0, 0.0, 1.0)
    assert scores.teacher == (1.0, 1.0, 0.0, 1.0)


def test_an_answer_that_is_no_number_is_never_right(tmp_path):
    file = saved(tmp_path, x=X + 4.0, expected=np.zeros(4, int), teacher=np.zeros(4, int))
    scores = scored(file, "accuracy")
    assert scores.model == scores.agreement == (0.0,) * 4


@pytest.mark.parametrize(
    ("expected", "metric", "problem"),
    [
        (X[:, :1], "mean absolute error", "an item of the output has shape (2,), one of 'expected' has (1,)"),
        (X[:, 0], "mean absolute error", "an item of the output has shape (2,), one of 'expected' has ()"),
        (np.array([0, 1, 2, 0]), "accuracy", "'expected' holds class 2, the output has scores of 2 classes"),
    ],
)
def test_an_output_that_what_is_expected_does_not_fit_is_told(tmp_path, expected, metric, problem):
    with pytest.raises(AssessError) as caught:
        scored(saved(tmp_path, x=X, expected=expected), metric)
    assert caught.value.problem == problem


def test_an_error_has_the_unit_of_the_output_and_is_no_share(tmp_path):
    file = saved(tmp_path, x=X, expected=X)
    assert saved_task(file, "mean absolute error", "", "N m").unit == "N m"
    assert saved_task(file, "mean squared error", "", "N m").unit == "(N m)^2"
    assert saved_task(saved(tmp_path, x=X, expected=np.zeros(4, int)), "accuracy", "", "N m").unit == "1"


def test_two_arrays_of_one_name_are_refused(tmp_path):
    file = saved(tmp_path, x=X, expected=np.zeros(4, int))
    content = io.BytesIO()
    np.save(content, np.ones(4, int))
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("expected.npy", content.getvalue())
    with pytest.raises(AssessError, match="has two arrays of one name"):
        saved_task(file, "accuracy", "")


def test_what_is_no_npz_file_is_refused(tmp_path):
    with pytest.raises(AssessError, match="there is no such file"):
        saved_task(tmp_path / "none.npz", "accuracy", "")
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(AssessError, match=r"cannot be read as an \.npz file"):
        saved_task(tmp_path / "text.npz", "accuracy", "")


@pytest.mark.parametrize("metric", ["mean absolute error", "mean squared error"])
def test_an_answer_that_is_no_number_is_still_a_score_that_may_be(tmp_path, metric):
    scores = scored(saved(tmp_path, x=X + 4.0, expected=X, teacher=X), metric)
    assert all(1e30 < each < LARGEST for each in scores.model)
    assert scores.agreement == (0.0,) * 4
