"""Lines of game characters: the same for a seed, words that agree, and answers that are scored as they should be."""

import hashlib

import numpy as np
import pytest

from assess.measure.tasks.npc_lines import LENGTH, NPC_LINES, VOCABULARY, lines


class Expecting:
    """A model that holds each next word of the lines of a seed, in turn, for likely by so much."""

    def __init__(self, seed, count, logit):
        self._lines, self._logit = iter(lines(seed, count)), logit
        self.began = 0

    def __call__(self, inputs):
        line = next(self._lines)
        assert np.array_equal(inputs["input_ids"], line[None])
        logits = np.zeros((1, LENGTH, len(VOCABULARY)), np.float32)
        logits[0, np.arange(LENGTH - 1), line[1:]] = self._logit
        return {"logits": logits}

    def reset(self):
        self.began += 1


def score(model, teacher, count=20):
    return NPC_LINES.evaluate(model, teacher, 20_000, count, lambda share: None)


def words(line):
    return [VOCABULARY[token] for token in line if token]


def test_a_seed_gives_the_same_lines_on_every_machine():
    found = lines(20_000, 50)
    assert (found.dtype, found.shape, len(VOCABULARY)) == (np.int64, (50, 24), 149)
    assert np.array_equal(found, lines(20_000, 50))
    assert hashlib.sha256(found.astype("<i8").tobytes()).hexdigest()[:16] == "d92be21b7a93f138"
    assert not np.array_equal(found, lines(20_001, 50))


def test_a_line_is_a_mood_words_and_ends():
    found = lines(3, 2000)
    assert set(found[:, 0]) == {1, 2, 3, 4}
    ended = np.cumsum(found == 0, axis=1)
    assert (ended[:, -1] >= 1).all() and (found[ended > 0] == 0).all()
    assert set(np.unique(found)) == set(range(len(VOCABULARY))), "every word comes"


def test_what_comes_again_is_what_was_named_before():
    seen = set()
    for line in map(words, lines(4, 500)):
        text = " ".join(line)
        if "costs" in line:
            thing, price = line[line.index("costs") - 2 : line.index("costs")], line[line.index("costs") + 1]
            assert f"take the {' '.join(thing)} for {price} ," in text
            seen.add("offer")
        elif "saw" in line:
            women = {"ada", "brin", "cora", "dagny", "elsa", "freya", "greta", "hilda"}
            assert (line[line.index("saw") - 1] in women) == ("she" in line) != ("he" in line)
            seen.add("rumour")
        elif "give" in line:
            assert text.count(" ".join(line[line.index("give") + 1 : line.index(".") + 1])) == 2
            seen.add("trade")
        elif "bring" in line:
            assert f"no {line[line.index('bring') + 3]} , no reward" in text
            seen.add("errand")
        else:
            assert f"for the {line[line.index('hides') + 2]} ," in text
            seen.add("secret")
    assert seen == {"offer", "rumour", "trade", "errand", "secret"}


def test_sure_and_right_scores_one_and_even_odds_one_in_the_vocabulary():
    model, teacher = Expecting(20_000, 20, 50.0), Expecting(20_000, 20, 50.0)
    found = score(model, teacher)
    assert found.model == found.teacher == pytest.approx([1.0] * 20)
    assert found.agreement == (1.0,) * 20
    assert model.began == teacher.began == 20, "each line begins with an empty cache"
    assert score(Expecting(20_000, 20, 0.0), Expecting(20_000, 20, 50.0)).model == pytest.approx([1 / 149] * 20)


def test_chance_is_how_often_words_come():
    found = score(Expecting(20_000, 200, 50.0), Expecting(20_000, 200, 50.0), 200)
    assert np.mean(found.chance) == pytest.approx(0.0147, abs=1e-4)


@pytest.mark.parametrize("logit", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_is_wrong(logit):
    for teacher in (50.0, logit):
        found = score(Expecting(20_000, 4, logit), Expecting(20_000, 4, teacher), 4)
        assert found.model == found.agreement == (0.0,) * 4


def test_what_comes_after_the_first_end_is_not_asked():
    class Careless(Expecting):
        def __call__(self, inputs):
            found = super().__call__(inputs)
            ended = np.cumsum(inputs["input_ids"][0] == 0) > 0
            found["logits"][0, ended] = np.nan
            return found

    found = score(Careless(20_000, 20, 50.0), Expecting(20_000, 20, 50.0))
    assert found.model == pytest.approx([1.0] * 20)
    assert found.agreement == (1.0,) * 20
