"""Lines of game characters: how likely a model holds each next word of a line, given the words before it.

The lines come from a grammar of ours. What a mood, a name, a place or a thing calls for comes again later in the line:
the thing that is sold is named twice and its price too, a pronoun agrees with its name, a place has its own foes. So
the beginning of a line has to be kept in mind. All draws are of integers, which makes them the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Generator = np.random.Generator
Array = Any
Words = tuple[str, ...]

END: Final = "<end>"
MOODS: Final = ("<friendly>", "<grumpy>", "<scared>", "<proud>")
_GREETINGS: Final = (
    "hello",
    "welcome",
    "greetings",
    "well",
    "hm",
    "you",
    "oh",
    "psst",
    "please",
    "behold",
    "halt",
    "hear",
)
_CLOSINGS: Final = (
    "friend", "dear", "neighbour", "fool", "stranger", "beggar", "quickly", "quietly", "please", "squire", "mortal",
    "peasant",
)  # fmt: skip
#: The first half are women: the pronoun agrees.
_NAMES: Final = (
    "ada", "brin", "cora", "dagny", "elsa", "freya", "greta", "hilda",
    "arno", "bjorn", "cedric", "doran", "egil", "fenn", "gunnar", "harald",
)  # fmt: skip
_PLACES: Final = (
    "mill", "harbour", "forest", "mine", "tower", "bridge", "swamp", "chapel", "market", "castle", "cave", "inn",
)  # fmt: skip
_FOES: Final = ("wolves", "bandits", "goblins", "spiders", "ghosts", "trolls", "rats", "pirates")
_ITEMS: Final = (
    "sword", "shield", "bow", "helmet", "lantern", "rope", "potion", "amulet", "ring", "map", "key", "cloak", "hammer",
    "dagger", "book", "horn",
)  # fmt: skip
_MATERIALS: Final = ("iron", "silver", "golden", "wooden", "old", "cursed")
_NUMBERS: Final = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "thirty",
)  # fmt: skip
_GOODS: Final = ("apples", "loaves", "furs", "arrows", "candles", "herbs", "fish", "eggs")
_STATES: Final = ("dangerous", "burning", "haunted", "closed", "quiet", "flooded", "lost", "dark")
_OTHERS: Final = (
    ",", ".", "?", "!", "the", "this", "costs", "coins", "take", "for", "bring", "me", "from", "no", "reward", "saw",
    "at", "is", "now", "she", "he", "her", "him", "ran", "fought", "i", "give", "there", "hides", "in", "ask", "knows",
    "a", "deal", "are",
)  # fmt: skip
#: A token is the number of its word here; the first one ends a line, and fills what is left of it.
VOCABULARY: Final = tuple(
    dict.fromkeys(
        (END, *MOODS, *_GREETINGS, *_CLOSINGS, *_NAMES, *_PLACES, *_FOES, *_ITEMS, *_MATERIALS, *_NUMBERS, *_GOODS,
         *_STATES, *_OTHERS)
    )
)  # fmt: skip
_TOKEN: Final[Mapping[str, int]] = {word: token for token, word in enumerate(VOCABULARY)}
#: Tokens of a line, its mood and at least one end included.
LENGTH: Final = 24
#: Lines that the frequencies of words are counted in, which chance goes by; no evaluation draws from this seed.
_CHANCE_SEED, _CHANCE_LINES = 19_000, 1000


def lines(seed: int, count: int) -> Array:
    """Lines as tokens: int64 [count, 24], each a mood, up to 22 words, and ends."""
    draw = np.random.Generator(np.random.PCG64(seed))
    found = np.full((count, LENGTH), _TOKEN[END], np.int64)
    for row in found:
        words = _line(draw)
        row[: len(words)] = [_TOKEN[word] for word in words]
    return found


def _likely(draw: Generator, words: Sequence[str], first: int) -> str:
    """One of the words: the one at `first` is the likeliest, those that follow it less and less."""
    less = min(int(draw.integers(len(words))) for _ in range(3))
    return words[(first + less) % len(words)]


def _line(draw: Generator) -> Words:
    mood = int(draw.integers(len(MOODS)))
    greeting = _likely(draw, _GREETINGS, 3 * mood)
    closing = _likely(draw, _CLOSINGS, 3 * mood)
    kind = _KINDS[min(int(draw.integers(len(_KINDS))), int(draw.integers(len(_KINDS)))) - mood]
    return (MOODS[mood], greeting, *kind(draw, mood), ",", closing, "!" if mood % 2 else ".")


def _offer(draw: Generator, mood: int) -> Words:
    """A thing and its price, and both again."""
    item = int(draw.integers(len(_ITEMS)))
    material, price = _likely(draw, _MATERIALS, item % len(_MATERIALS)), _likely(draw, _NUMBERS, item + 2 * mood)
    thing = _ITEMS[item]
    return (",", "this", material, thing, "costs", price, "coins", ".", "take", "the", material, thing, "for", price)


def _errand(draw: Generator, _: int) -> Words:
    """A thing that is somewhere, and what guards the place."""
    place = int(draw.integers(len(_PLACES)))
    item, foes = _likely(draw, _ITEMS, place), _likely(draw, _FOES, place)
    where = _PLACES[place]
    return (",", "bring", "me", "the", item, "from", "the", where, ".", foes, "are", "there", ".", "no", item, ",",
            "no", "reward")  # fmt: skip


def _rumour(draw: Generator, mood: int) -> Words:
    """Who saw what where; the pronoun agrees, and the brave fight."""
    name, place = int(draw.integers(len(_NAMES))), int(draw.integers(len(_PLACES)))
    foes, state = _likely(draw, _FOES, place), _likely(draw, _STATES, place)
    did = "fought" if (name + mood) % 3 == 0 else "ran"
    she = "she" if name < len(_NAMES) // 2 else "he"
    return (",", _NAMES[name], "saw", foes, "at", "the", _PLACES[place], ".", she, did, ".", "the", _PLACES[place],
            "is", state, "now")  # fmt: skip


def _trade(draw: Generator, mood: int) -> Words:
    """So many of one for so many of another, and the same again."""
    good = int(draw.integers(len(_GOODS)))
    count, other = _likely(draw, _NUMBERS, good + mood), _likely(draw, _GOODS, good + 1)
    wanted = _likely(draw, _NUMBERS, good)
    mine = (count, _GOODS[good])
    return (",", "i", "give", *mine, "for", wanted, other, ".", *mine, "for", wanted, other, ".", "a", "deal", "?")


def _secret(draw: Generator, _: int) -> Words:
    """Who hides what where, and whom to ask for it."""
    name = int(draw.integers(len(_NAMES)))
    item, place = _likely(draw, _ITEMS, name), _likely(draw, _PLACES, name)
    her = "her" if name < len(_NAMES) // 2 else "him"
    who = _NAMES[name]
    return (",", who, "hides", "the", item, "in", "the", place, ".", "ask", her, "for", "the", item, ",", who, "knows")


_KINDS: Final[tuple[Callable[[Generator, int], Words], ...]] = (_offer, _errand, _rumour, _trade, _secret)


def _evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Each line is read once, from an empty cache; each of its tokens but the first is judged as a next one."""
    assert teacher is not None  # `needs_teacher`.
    frequency = _frequencies()
    scores: list[tuple[float, float, float, float]] = []
    for index, line in enumerate(lines(seed, count)):
        ours, theirs = (_told(infer, line) for infer in (model, teacher))
        asked = line[1 : int(np.argmax(line == _TOKEN[END])) + 1]
        agreed = [a == b >= 0 for a, b in zip(_guesses(ours), _guesses(theirs), strict=True)][: len(asked)]
        by_chance = np.tile(frequency, (len(line), 1))
        scores.append((_likelihood(ours, asked), _likelihood(theirs, asked), _likelihood(by_chance, asked),
                       sum(agreed) / len(agreed)))  # fmt: skip
        tell((index + 1) / count)
    mine, taught, chance, same = (tuple(each) for each in zip(*scores, strict=True))
    return Scores(mine, taught, chance, same)


def _frequencies() -> Array:
    """Logarithm of each token's share of all that are asked for; one that never comes counts as half a time."""
    found = lines(_CHANCE_SEED, _CHANCE_LINES)[:, 1:]
    asked = np.cumsum(found == _TOKEN[END], axis=1) <= 1
    counts = np.maximum(np.bincount(found[asked], minlength=len(VOCABULARY)), 0.5)
    return np.log(counts / counts.sum())


def _told(infer: Infer, line: Array) -> Array:
    """Logarithms of the probabilities of what comes after each token, [24, vocabulary]."""
    infer.reset()
    logits = np.asarray(infer({"input_ids": line[None]})["logits"], np.float64).reshape(len(line), len(VOCABULARY))
    with np.errstate(all="ignore"):  # What is no number stays none, and scores as wrong.
        below = logits - logits.max(axis=1, keepdims=True)
        return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


def _guesses(told: Array) -> list[int]:
    """The likeliest next tokens; -1, which agrees with nothing, where the answer is no number."""
    return [int(row.argmax()) if np.isfinite(row).all() else -1 for row in told]


def _likelihood(told: Array, asked: Array) -> float:
    """Geometric mean of the probabilities of the tokens that did come: one over the perplexity of the line."""
    mean = float(np.mean(told[np.arange(len(asked)), asked]))
    return math.exp(min(mean, 0.0)) if math.isfinite(mean) else 0.0


NPC_LINES: Final = Task(
    id="npc-lines",
    summary="Say how likely each next word of a game character's line is.",
    metric="probability per token",
    unit="1",
    higher_is_better=True,
    item="line",
    agrees="the same likeliest next word",
    evaluate=_evaluate,
    needs_teacher=True,
)
