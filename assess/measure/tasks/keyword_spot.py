"""Keyword spotting: which of eight words, if any, is said in a second of noisy sound.

Words and everything else are spoken by `formant_speech`; no recording is used. The features are energies in bands of
the mel scale as HTK has it, mel(f) = 2595 log10(1 + f / 700) (Young et al.: The HTK Book, section 5.4), of 49 frames
of 40 ms that begin every 20 ms, in decibels. What is drawn, and how much of it, is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from assess.measure.tasks.formant_speech import PHONEMES, RATE, speak, speakers
from assess.measure.tasks.task import Infer, Scores, Task, TellShare

#: Each keyword's phonemes; "right", "go" and "no" end in diphthongs, which are two vowels.
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "on": ("aa", "n"),
    "off": ("ao", "f"),
    "left": ("l", "eh", "f", "-", "t"),
    "right": ("r", "aa", "ih", "-", "t"),
    "stop": ("s", "-", "t", "aa", "-", "p"),
    "go": ("-", "g", "ao", "uw"),
    "yes": ("y", "eh", "s"),
    "no": ("n", "ao", "uw"),
}
UNKNOWN, SILENCE = "unknown", "silence"
#: In the order of the model's output.
CLASSES: Final = (*WORDS, UNKNOWN, SILENCE)
#: How often each is drawn: most of what is heard is no keyword.
_SHARES: Final = (*(0.08 for _ in WORDS), 0.24, 0.12)
#: Of unknown words, the share that is a keyword with one phoneme changed: "go" and "bow", "left" and "lest".
_NEAR_MISSES: Final = 0.4
_VOWELS: Final = ("aa", "ae", "ah", "ao", "eh", "er", "ih", "iy", "uw")
_BURSTS: Final = ("p", "t", "k", "b", "d", "g")
_OTHERS: Final = tuple(name for name in PHONEMES if name not in (*_VOWELS, *_BURSTS, "-"))

FRAMES: Final = 49
BANDS: Final = 16
_WINDOW, _HOP, _FFT = RATE // 25, RATE // 50, 512
#: Edges of the bands in Hz: below is hum, above the filter before the converter.
_LOW, _HIGH = 80.0, 3800.0
#: What the features' 0 and 1 stand for, in dB of the energy of a full-scale sample.
_DB: Final = (-35.0, 35.0)
#: Loudness of speech and noise together, of full scale, and of speech over noise in dB where it is said.
_LEVEL: Final = (0.02, 0.2)
_SNR_DB: Final = (-5.0, 15.0)
#: Spectra of noise fall with frequency to the power of these: from white to that of a road or a room.
_SLOPE: Final = (0.0, 2.0)
#: Clips are drawn by so many, so that the first ones are the same however many are asked for.
_BLOCK: Final = 250

Generator = np.random.Generator
Array = Any


def clips(seed: int, count: int) -> tuple[Array, Array]:
    """Sounds and the classes of what is said in them.

    Returns:
        float64 [count, 8000] of full scale 1 at 8 kHz; int64 [count].
    """
    blocks = [_block(np.random.Generator(np.random.PCG64([seed, at]))) for at in range(-(-count // _BLOCK))]
    sounds, labels = zip(*blocks, strict=True)
    return np.concatenate(sounds)[:count], np.concatenate(labels)[:count]


def _block(draw: Generator) -> tuple[Array, Array]:
    labels = draw.choice(len(CLASSES), _BLOCK, p=_SHARES)
    strings = [_string(CLASSES[label], draw) for label in labels]
    said = speak(strings, speakers(_BLOCK, draw), draw)
    noise = _noise(draw)
    # The power of speech where it is said, which is about where it is louder than a tenth of its mean.
    loud = said**2 > 0.1 * (said**2).mean(axis=1, keepdims=True)
    power = (said**2).sum(axis=1) / np.maximum(loud.sum(axis=1), 1)
    wanted = 10.0 ** (draw.uniform(*_SNR_DB, _BLOCK) / 10.0)
    gain = np.where(power > 0.0, np.sqrt(wanted / np.where(power > 0.0, power, 1.0)), 0.0)
    mixed = said * gain[:, None] + noise
    level = _LEVEL[0] * (_LEVEL[1] / _LEVEL[0]) ** draw.random(_BLOCK)
    return np.clip(mixed * (level / np.sqrt((mixed**2).mean(axis=1)))[:, None], -1.0, 1.0), labels


def _string(class_: str, draw: Generator) -> tuple[str, ...]:
    """The phonemes of a clip of this class."""
    if class_ == SILENCE:
        return ()
    if class_ != UNKNOWN:
        return WORDS[class_]
    while (string := _near_miss(draw) if draw.random() < _NEAR_MISSES else _syllables(draw)) in WORDS.values():
        pass
    return string


def _near_miss(draw: Generator) -> tuple[str, ...]:
    """A keyword with one phoneme changed for another of its kind."""
    string = list(tuple(WORDS.values())[draw.integers(len(WORDS))])
    at = draw.choice([place for place, name in enumerate(string) if name != "-"])
    kind = next(names for names in (_VOWELS, _BURSTS, _OTHERS) if string[at] in names)
    string[at] = str(draw.choice([name for name in kind if name != string[at]]))
    return tuple(string)


def _syllables(draw: Generator) -> tuple[str, ...]:
    """One or two syllables, each of a vowel with or without consonants."""
    string: tuple[str, ...] = ()
    for _ in range(draw.integers(1, 3)):
        string += (*_consonant(draw), str(draw.choice(_VOWELS)))
    return string + _consonant(draw)


def _consonant(draw: Generator) -> tuple[str, ...]:
    kind = draw.random()
    if kind < 0.3:
        return ("-", str(draw.choice(_BURSTS)))
    return (str(draw.choice(_OTHERS)),) if kind < 0.8 else ()


def _noise(draw: Generator) -> Array:
    """Noise of a power of one, each of another colour, louder and quieter over the clip."""
    spectrum = np.fft.rfft(draw.normal(size=(_BLOCK, RATE)), axis=1)
    hertz = np.maximum(np.arange(spectrum.shape[1]), _LOW)
    sound = np.fft.irfft(spectrum * hertz ** (-0.5 * draw.uniform(*_SLOPE, (_BLOCK, 1))), RATE, axis=1)
    swell = draw.uniform(0.0, 0.6, (_BLOCK, 1)) * np.sin(
        2.0 * np.pi * (draw.uniform(0.5, 4.0, (_BLOCK, 1)) * np.arange(RATE) / RATE + draw.random((_BLOCK, 1)))
    )
    sound = sound * (1.0 + swell)
    return sound / np.sqrt((sound**2).mean(axis=1, keepdims=True))


def features(sounds: Array) -> Array:
    """What the network hears.

    Args:
        sounds: [count, 8000] of full scale 1 at 8 kHz.

    Returns:
        float32 [count, 1, 49, 16]: energy of each frame in each mel band, -35 dB as 0 and 35 dB as 1, clipped there.
    """
    starts = np.arange(FRAMES)[:, None] * _HOP + np.arange(_WINDOW)
    spectrum = np.fft.rfft(sounds[:, starts] * np.hanning(_WINDOW), _FFT, axis=2)
    energy = (spectrum.real**2 + spectrum.imag**2) @ _filters()
    decibels = 10.0 * np.log10(np.maximum(energy, 1e-12))
    return np.clip((decibels - _DB[0]) / (_DB[1] - _DB[0]), 0.0, 1.0).astype(np.float32)[:, None]


def _mel(hertz: Array) -> Array:
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


@cache
def _filters() -> Array:
    """Triangles that are evenly spaced and half overlap on HTK's mel scale, [257, 16]."""
    edges = np.linspace(_mel(_LOW), _mel(_HIGH), BANDS + 2)
    at = _mel(np.arange(_FFT // 2 + 1) * RATE / _FFT)[:, None]
    rise, fall = (at - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.maximum(np.minimum(rise, fall), 0.0)


def heard(seed: int, count: int) -> tuple[Array, Array]:
    """Features and classes of the same clips as `clips`: float32 [count, 1, 49, 16], int64 [count]."""
    sounds, labels = clips(seed, count)
    return np.concatenate([features(sounds[at : at + _BLOCK]) for at in range(0, count, _BLOCK)]), labels


def _evaluate(model: Infer, teacher: Infer | None, seed: int, count: int, tell: TellShare) -> Scores:
    """Of each clip whether it was told right; chance is to say "unknown", the commonest, of all."""
    assert teacher is not None  # `needs_teacher`.
    shown, labels = heard(seed, count)
    right, taught, same = [], [], []
    for index, (one, label) in enumerate(zip(shown, labels, strict=True)):
        ours, theirs = (_answer(infer, one[None]) for infer in (model, teacher))
        right.append(float(ours == label))
        taught.append(float(theirs == label))
        same.append(float(ours == theirs >= 0))
        tell((index + 1) / count)
    chance = tuple((labels == CLASSES.index(UNKNOWN)).astype(float).tolist())
    return Scores(tuple(right), tuple(taught), chance, tuple(same))


def _answer(infer: Infer, one: Array) -> int:
    """The class of the largest score; -1, which is never right, if one of them is not a number."""
    scores = infer({"sound": one})["scores"].reshape(-1)
    return int(np.argmax(scores)) if np.isfinite(scores).all() else -1


KEYWORD_SPOT: Final = Task(
    id="keyword-spot",
    summary="Tell which of eight keywords, another word or none is said in a second of noisy sound.",
    metric="accuracy",
    unit="1",
    higher_is_better=True,
    item="clip",
    agrees="the same class",
    evaluate=_evaluate,
    needs_teacher=True,
)
