"""Frames with people, vehicles and animals are the same for a seed, and boxes in them are scored as stated."""

from pathlib import Path

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure.onnx_runtime import OnnxRuntime
from assess.measure.passes.fidelity import Loaded
from assess.measure.tasks import find_task
from assess.measure.tasks.object_detect import (
    CELLS,
    CLASSES,
    LENGTH,
    OBJECT_DETECT,
    SIZE,
    STRIDE,
    Box,
    evaluate,
    f1,
    found,
    frame,
    iou,
)
from assess.providers import CPU

SEED = 20_000
TEACHER = Path(__file__).parents[3] / "models" / "on-sensor-detector" / "teacher.onnx"
PERSON, VEHICLE = Box(0, 8.0, 8.0, 16.0, 32.0), Box(1, 30.0, 30.0, 50.0, 42.0)


def grid(objects):
    """The answer of one that knows what is there."""
    heat = np.zeros((1, len(CLASSES), CELLS, CELLS), np.float32)
    boxes = np.zeros((1, 4, CELLS, CELLS), np.float32)
    for one in objects:
        x, y = (one.left + one.right) / 2 / STRIDE, (one.top + one.bottom) / 2 / STRIDE
        row, column = int(y), int(x)
        sides = ((one.right - one.left) / LENGTH, (one.bottom - one.top) / LENGTH)
        heat[0, one.label, row, column] = 1.0
        boxes[0, :, row, column] = (x - column - 0.5, y - row - 0.5, *np.log(sides))
    return {"heat": heat, "boxes": boxes}


class Answering:
    """Answers of a list, one after the other, made to a grid."""

    def __init__(self, answers):
        self.answers = iter(answers)

    def __call__(self, inputs):
        assert inputs["frame"].shape == (1, 1, SIZE, SIZE) and inputs["frame"].dtype == np.float32
        return next(self.answers)

    def reset(self):
        pass


def of(count):
    return [frame(SEED, index)[1] for index in range(count)]


def scored(ours, theirs, count, told=None):
    return evaluate(Answering(ours), Answering(theirs), SEED, count, (told if told is not None else []).append)


def test_a_seed_and_an_index_give_one_frame():
    one, other = frame(SEED, 3), frame(SEED, 3)
    assert (one[0] == other[0]).all() and one[1] == other[1]
    assert (one[0] != frame(SEED, 4)[0]).any() and (one[0] != frame(SEED + 1, 3)[0]).any()


def test_frames_hold_none_to_four_objects_of_all_classes():
    drawn = [frame(SEED, index) for index in range(200)]
    objects = [one for _, boxes in drawn for one in boxes]
    assert {len(boxes) for _, boxes in drawn} == {0, 1, 2, 3, 4}
    assert min(sum(one.label == label for one in objects) for label in range(len(CLASSES))) > 100
    assert all(shown.min() >= 0.0 and shown.max() <= 1.0 and shown.dtype == np.float32 for shown, _ in drawn)
    assert all(0.0 <= one.left < one.right <= SIZE and 0.0 <= one.top < one.bottom <= SIZE for one in objects)


def test_objects_hardly_hide_each_other():
    for boxes in of(100):
        assert all(iou(one, other) <= 0.15 for one in boxes for other in boxes if one is not other)


def test_overlap_is_intersection_over_union():
    assert iou(PERSON, PERSON) == 1.0
    assert iou(PERSON, VEHICLE) == 0.0
    assert iou(Box(0, 0.0, 0.0, 4.0, 4.0), Box(0, 2.0, 0.0, 6.0, 4.0)) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("answers", "truth", "score"),
    [
        ((), (), 1.0),
        ((PERSON,), (), 0.0),
        ((), (PERSON,), 0.0),
        ((PERSON, VEHICLE), (VEHICLE, PERSON), 1.0),
        ((PERSON,), (PERSON, VEHICLE), 2 / 3),
        ((PERSON, PERSON), (PERSON,), 2 / 3),
        ((Box(2, 8.0, 8.0, 16.0, 32.0),), (PERSON,), 0.0),
        ((Box(0, 8.0, 8.0, 16.0, 20.0),), (PERSON,), 1.0),
        ((Box(0, 8.0, 8.0, 16.0, 19.9),), (PERSON,), 0.0),
    ],
    ids=["nothing", "ghost", "missed", "all", "one of two", "twice", "wrong class", "half of it", "less than half"],
)
def test_a_frame_is_scored_by_what_is_found_and_what_is_not(answers, truth, score):
    assert f1(answers, truth) == pytest.approx(score)


def test_what_a_grid_says_is_read_back():
    read = found(*grid((PERSON, VEHICLE)).values())
    assert [one.label for one in read] == [0, 1]
    for one, other in zip(read, (PERSON, VEHICLE), strict=True):
        assert iou(one, other) == pytest.approx(1.0, abs=1e-5)


def test_of_equal_neighbours_the_first_is_the_answer():
    heat, boxes = grid(()).values()
    heat[0, 0, 4, 4:7] = 0.9
    heat[0, 1, 5, 6] = 0.9
    assert [(one.left + one.right) / 2 / STRIDE for one in found(heat, boxes)] == [4.5]


def test_what_is_not_finite_is_no_answer():
    heat, boxes = grid((PERSON, VEHICLE)).values()
    heat[0, 2, 5, 3] = np.nan
    assert [one.label for one in found(heat, boxes)] == [1]
    boxes[0, 2] = np.inf
    assert found(heat, boxes) == ()


def test_who_knows_what_is_there_scores_all_but_what_shares_a_cell():
    told = []
    perfect = [grid(boxes) for boxes in of(60)]
    scores = scored(perfect, perfect, 60, told)
    assert np.mean(scores.model) > 0.99
    assert scores.model == scores.teacher and scores.agreement == (1.0,) * 60
    assert told[-1] == 1.0


def test_who_sees_nothing_scores_chance():
    scores = scored([grid(())] * 100, [grid(boxes) for boxes in of(100)], 100)
    assert scores.model == scores.chance == scores.agreement
    assert scores.chance == tuple(float(not boxes) for boxes in of(100))
    assert 0.05 < np.mean(scores.chance) < 0.2


def test_answers_that_are_no_numbers_are_as_none():
    nothing = {name: np.full_like(array, np.nan) for name, array in grid(()).items()}
    scores = scored([nothing] * 20, [grid(boxes) for boxes in of(20)], 20)
    assert scores.model == scores.chance


def test_wild_boxes_are_wrong_and_no_error():
    wild = grid((PERSON,))
    wild["boxes"] = wild["boxes"] + np.float32(1e30)
    scores = scored([wild] * 5, [grid(boxes) for boxes in of(5)], 5)
    assert scores.model == (0.0,) * 5


def test_a_model_of_another_shape_is_told_so():
    with pytest.raises(AssessError, match="'heat' has shape"):
        scored([{"heat": np.zeros((1, 3, 8, 8)), "boxes": np.zeros((1, 4, 8, 8))}], [grid(())], 1)


def test_it_has_no_teacher_of_its_own():
    with pytest.raises(AssessError, match="the teacher of 'object-detect' is a network"):
        evaluate(Answering([]), None, SEED, 1, lambda share: None)


def test_its_teacher_is_two_thirds_above_chance():
    engine = OnnxRuntime()
    teacher = engine.load({"provider": CPU, "threads": 1, "optimisation": "all", "inputs": [], "model": str(TEACHER)})
    model = Loaded(teacher, [], engine)
    scores = evaluate(model, model, SEED, 200, lambda share: None)
    assert 0.8 < np.mean(scores.teacher) < 0.95
    assert np.mean(scores.teacher) - np.mean(scores.chance) > 0.67


def test_it_is_found_by_its_id():
    assert find_task("object-detect") is OBJECT_DETECT
