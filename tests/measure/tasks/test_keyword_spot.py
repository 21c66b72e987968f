"""Keywords in noise: the same for a seed, each phoneme where it should sound, and answers scored as they should be."""

from pathlib import Path

import numpy as np
import pytest

from assess.measure.tasks import find_task
from assess.measure.tasks.formant_speech import PHONEMES, RATE, Speakers, speak
from assess.measure.tasks.keyword_spot import CLASSES, KEYWORD_SPOT, WORDS, _near_miss, _string, clips, features, heard

MODEL = Path(__file__).parents[3] / "models" / "keyword-spotter"


class Answering:
    """A model that gives each clip, in turn, a fixed answer."""

    def __init__(self, answers):
        self._answers = iter(answers)

    def __call__(self, inputs):
        assert inputs["sound"].shape == (1, 1, 49, 16)
        scores = np.zeros((1, len(CLASSES)), np.float32)
        answer = next(self._answers)
        scores[0, 0 if answer is None else answer] = np.nan if answer is None else 1.0
        return {"scores": scores}

    def reset(self):
        raise AssertionError("it has no state")


def said(*strings):
    """Strings as a speaker of the targets themselves says them, at 100 Hz."""
    ones = np.ones(len(strings))
    speakers = Speakers(100.0 * ones, ones, ones, 0.0 * ones, 0.0 * ones)
    return speak(strings, speakers, np.random.default_rng(0))


def test_a_seed_gives_the_same_clips_however_many_are_asked_for():
    shown, labels = heard(20_000, 300)
    assert (shown.dtype, shown.shape, labels.dtype) == (np.float32, (300, 1, 49, 16), np.int64)
    assert labels[:12].tolist() == [6, 9, 0, 8, 8, 1, 0, 0, 7, 8, 2, 5]
    assert shown[:4, 0, 24, 5] == pytest.approx([0.6716, 0.4905, 0.5244, 0.2663], abs=1e-4)
    assert np.array_equal(shown[:40], heard(20_000, 40)[0])
    assert not np.array_equal(shown[:40], heard(20_001, 40)[0])


def test_a_vowel_sounds_at_its_formants_and_a_hiss_above_them():
    power = np.abs(np.fft.rfft(said(("aa",), ("iy",), ("s",)), axis=1)) ** 2
    hertz = np.fft.rfftfreq(RATE, 1 / RATE)

    def loudest(row, low, high):
        within = (hertz > low) & (hertz < high)
        return hertz[within][np.argmax(power[row, within])]

    # A harmonic of 100 Hz beside the formant, which is drawn anew by 4 %.
    assert loudest(0, 0, 4000) == pytest.approx(PHONEMES["aa"].formants[0], abs=120)
    assert loudest(1, 0, 1000) == pytest.approx(PHONEMES["iy"].formants[0], abs=120)
    assert loudest(1, 1000, 2700) == pytest.approx(PHONEMES["iy"].formants[1], abs=300)
    assert loudest(2, 0, 4000) > 3000


def test_nothing_is_heard_of_an_empty_string_and_of_a_closure():
    silent, vowel, stop = said((), ("aa",), ("-",))
    assert np.abs(silent).max() == np.abs(stop).max() == 0.0 < np.abs(vowel).max()


def test_a_tone_is_in_the_band_around_it_and_ten_times_its_height_is_20_db_more():
    tone = 0.01 * np.sin(2 * np.pi * 1000.0 * np.arange(RATE) / RATE)
    quiet, loud = features(np.stack([tone, 10 * tone]))[:, 0]
    # Of 16 bands between 80 Hz and 3800 Hz the eighth's middle, 1079 Hz, is the nearest.
    assert set(np.argmax(loud, axis=1)) == {7}
    assert (loud - quiet)[:, 7] == pytest.approx(20 / 70, abs=1e-3)
    assert features(np.zeros((1, RATE))).max() == 0.0


def test_clips_are_of_full_scale_and_no_unknown_word_is_a_keyword():
    sounds, labels = clips(5, 500)
    assert sounds.shape == (500, 8000) and np.abs(sounds).max() <= 1.0
    counts = np.bincount(labels, minlength=10) / 500
    assert counts == pytest.approx([0.08] * 8 + [0.24, 0.12], abs=0.05)
    draw = np.random.default_rng(0)
    assert not {_string("unknown", draw) for _ in range(2000)} & set(WORDS.values())
    for string in (_near_miss(draw) for _ in range(100)):
        near = [
            sum(a != b for a, b in zip(string, word, strict=True))
            for word in WORDS.values()
            if len(word) == len(string)
        ]
        assert min(near) == 1


def test_right_answers_score_one_and_constant_ones_chance():
    _, labels = heard(20_000, 300)
    told = []
    scores = KEYWORD_SPOT.evaluate(Answering(labels), Answering(labels), 20_000, 300, told.append)
    assert set(scores.model) == set(scores.teacher) == set(scores.agreement) == {1.0}
    constant = KEYWORD_SPOT.evaluate(Answering([8] * 300), Answering(labels), 20_000, 300, told.append)
    assert constant.model == constant.chance == constant.agreement
    assert np.mean(constant.chance) == pytest.approx(0.19333, abs=1e-5)
    assert told[-1] == 1.0


def test_an_answer_that_is_no_number_is_wrong():
    _, labels = heard(20_000, 4)
    for teacher in (labels, [None] * 4):
        scores = KEYWORD_SPOT.evaluate(Answering([None] * 4), Answering(teacher), 20_000, 4, lambda share: None)
        assert scores.model == scores.agreement == (0.0,) * 4


def test_the_task_is_found_by_its_id():
    assert find_task("keyword-spot") is KEYWORD_SPOT


@pytest.mark.parametrize(
    ("file", "least"), [("teacher", 0.9), ("keyword-spotter-full", 0.85), ("keyword-spotter-quarter", 0.5)]
)
def test_networks_beat_chance_on_clips_that_no_training_saw(file, least):
    session = pytest.importorskip("onnxruntime").InferenceSession(MODEL / f"{file}.onnx")
    shown, labels = heard(19_000, 200)
    answers = [int(np.argmax(session.run(None, {"sound": one[None]})[0])) for one in shown]
    assert np.mean(answers == labels) > least > 2 * np.mean(labels == CLASSES.index("unknown"))


def test_every_file_fits_into_100_kb_of_flash():
    assert all(file.stat().st_size < 100_000 for file in MODEL.iterdir())
