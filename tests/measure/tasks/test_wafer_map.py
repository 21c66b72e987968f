"""Wafer maps: the same for a seed, each class as it is said to be, and answers that are scored as they should be."""

import hashlib

import numpy as np
import pytest

from assess.measure.tasks import TASKS, find_task
from assess.measure.tasks.wafer_map import CLASSES, WAFER_MAP, maps


class Answering:
    """A model that gives each map, in turn, a fixed answer."""

    def __init__(self, answers):
        self._answers = iter(answers)

    def __call__(self, inputs):
        assert inputs["map"].shape == (1, 1, 32, 32)
        scores = np.zeros((1, len(CLASSES)), np.float32)
        answer = next(self._answers)
        scores[0, 0 if answer is None else answer] = np.nan if answer is None else 1.0
        return {"scores": scores}

    def reset(self):
        raise AssertionError("it has no state")


def test_a_seed_gives_the_same_maps_on_every_machine():
    shown, labels = maps(20_000, 50)
    assert (shown.dtype, shown.shape, labels.dtype) == (np.float32, (50, 1, 32, 32), np.int64)
    assert np.array_equal(shown, maps(20_000, 50)[0])
    assert hashlib.sha256((shown * 2).astype(np.uint8).tobytes()).hexdigest()[:16] == "865c4feb511e79b3"
    assert not np.array_equal(shown, maps(20_001, 50)[0])


def test_maps_have_dies_inside_the_wafer_only_and_fail_as_their_class_says():
    shown, labels = maps(5, 900)
    assert set(np.unique(shown)) == {0.0, 0.5, 1.0}
    assert (shown[:, 0, 0, 0] == 0.0).all()
    failing = (shown == 1.0).sum(axis=(1, 2, 3)) / (shown > 0.0).sum(axis=(1, 2, 3))
    share = {name: failing[labels == number].mean() for number, name in enumerate(CLASSES)}
    assert share["near-full"] > 0.6 > share["random"] > 0.3 > share["donut"] > share["none"]
    middle = (shown[:, 0, 12:20, 12:20] == 1.0).mean(axis=(1, 2))
    assert middle[labels == CLASSES.index("center")].mean() > 2 * middle[labels == CLASSES.index("edge-ring")].mean()


def test_right_answers_score_one_and_constant_ones_chance():
    _, labels = maps(20_000, 300)
    told = []
    scores = WAFER_MAP.evaluate(Answering(labels), Answering(labels), 20_000, 300, told.append)
    assert set(scores.model) == set(scores.teacher) == set(scores.agreement) == {1.0}
    constant = WAFER_MAP.evaluate(Answering([8] * 300), Answering(labels), 20_000, 300, told.append)
    assert constant.model == constant.chance
    assert 0.05 < np.mean(constant.chance) < 0.2
    assert constant.agreement == constant.model
    assert told[-1] == 1.0


def test_an_answer_that_is_no_number_is_wrong():
    _, labels = maps(20_000, 4)
    for teacher in (labels, [None] * 4):
        scores = WAFER_MAP.evaluate(Answering([None] * 4), Answering(teacher), 20_000, 4, lambda share: None)
        assert scores.model == scores.agreement == (0.0,) * 4


def test_tasks_are_found_by_their_ids():
    assert find_task("wafer-map") is WAFER_MAP
    assert all(id_ == id_.lower() for id_ in TASKS)


def test_a_task_that_is_not_there_is_told_with_those_that_are():
    from assess.errors import AssessError

    with pytest.raises(AssessError, match="there is no task 'wafers'") as caught:
        find_task("wafers")
    assert "wafer-map" in caught.value.hint
