"""A small formant synthesiser: strings of phonemes to a second of sound, many at once, and nothing about words.

A source of pulses (voice) and of noise (breath) goes through three resonators side by side, whose frequencies and
gains follow the phonemes' targets. The resonator is that of Klatt: Software for a Cascade/Parallel Formant
Synthesizer, Journal of the Acoustical Society of America 67(3), 1980; the vowels' formants are the means for men of
Peterson, Barney: Control Methods Used in a Study of the Vowels, ibid. 24(2), 1952. Consonants are rough
choices of ours, by where their energy is known to lie. No recording of anybody is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

#: Samples per second, and in a clip, which lasts one second.
RATE: Final = 8000
#: Targets are held for 2.5 ms, 400 times in a clip.
_HELD: Final = 20
_TIMES: Final = RATE // _HELD
#: How long formants and loudness take to go from one target to the next, as so many times of 2.5 ms.
_GLIDE, _ATTACK = 17, 5
#: Of the three resonators in Hz; breath widens them, as an open glottis does.
_BANDWIDTHS: Final = (80.0, 110.0, 170.0)
_BREATH_WIDENS: Final = 3.0
#: Neighbours in parallel have opposite signs, or they cancel each other between two formants (Klatt 1980).
_SIGNS: Final = (1.0, -1.0, 1.0)
#: The highest that a formant may come to, below half the rate.
_HIGHEST: Final = 3800.0

Generator = np.random.Generator
Array = Any


@dataclass(frozen=True, slots=True)
class Phoneme:
    """What the voice aims at.

    Attributes:
        formants: of the three resonators, in Hz.
        gains: of each at its peak.
        voice: loudness of the pulses.
        breath: loudness of the noise.
        seconds: how long it lasts at a speed of one.
    """

    formants: tuple[float, float, float]
    gains: tuple[float, float, float]
    voice: float
    breath: float
    seconds: float


def _vowel(first: float, second: float, third: float) -> Phoneme:
    return Phoneme((first, second, third), (1.0, 0.6, 0.3), 1.0, 0.0, 0.13)


#: By ARPAbet name; "-" is the closure of the lips or tongue before a stop, which is only the burst after it.
PHONEMES: Final[Mapping[str, Phoneme]] = {
    "aa": _vowel(730, 1090, 2440), "ae": _vowel(660, 1720, 2410), "ah": _vowel(640, 1190, 2390),
    "ao": _vowel(570, 840, 2410), "eh": _vowel(530, 1840, 2480), "er": _vowel(490, 1350, 1690),
    "ih": _vowel(390, 1990, 2550), "iy": _vowel(270, 2290, 3010), "uw": _vowel(300, 870, 2240),
    "l": Phoneme((360, 1000, 2700), (0.8, 0.3, 0.2), 0.8, 0.0, 0.08),
    "r": Phoneme((350, 1100, 1500), (0.8, 0.4, 0.3), 0.8, 0.0, 0.08),
    "w": Phoneme((300, 700, 2200), (0.8, 0.4, 0.1), 0.8, 0.0, 0.07),
    "y": Phoneme((270, 2200, 3000), (0.8, 0.4, 0.3), 0.8, 0.0, 0.07),
    "m": Phoneme((250, 1000, 2200), (1.0, 0.15, 0.08), 0.7, 0.0, 0.09),
    "n": Phoneme((250, 1450, 2500), (1.0, 0.2, 0.1), 0.7, 0.0, 0.09),
    "f": Phoneme((900, 1900, 3300), (0.3, 0.4, 0.5), 0.0, 0.25, 0.11),
    "s": Phoneme((1500, 2700, 3600), (0.0, 0.2, 1.0), 0.0, 0.5, 0.12),
    "sh": Phoneme((1300, 2200, 2900), (0.1, 0.9, 0.8), 0.0, 0.5, 0.12),
    "-": Phoneme((300, 1200, 2500), (1.0, 0.0, 0.0), 0.0, 0.0, 0.05),
    "p": Phoneme((500, 900, 2000), (0.8, 0.6, 0.2), 0.0, 0.6, 0.025),
    "t": Phoneme((400, 1800, 3400), (0.1, 0.4, 1.0), 0.0, 0.8, 0.03),
    "k": Phoneme((400, 1800, 2400), (0.1, 1.0, 0.6), 0.0, 0.7, 0.035),
    "b": Phoneme((300, 900, 2000), (1.0, 0.6, 0.2), 0.4, 0.4, 0.015),
    "d": Phoneme((300, 1800, 3000), (0.6, 0.5, 0.7), 0.4, 0.4, 0.015),
    "g": Phoneme((300, 1700, 2300), (0.6, 0.9, 0.6), 0.4, 0.4, 0.02),
}  # fmt: skip
_NAMES: Final = tuple(PHONEMES)


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who speaks, one number for each clip.

    Attributes:
        pitch: of the voice at the start, in Hz.
        scale: what formants are multiplied with: a shorter throat has higher ones.
        speed: what durations are divided by.
        fall: share of the pitch that is lost by the end of the clip.
        breath: noise that goes with the voice, as a share of it.
    """

    pitch: Array
    scale: Array
    speed: Array
    fall: Array
    breath: Array


def speakers(count: int, draw: Generator) -> Speakers:
    """From deep voices with low formants to children's with high ones."""
    size = draw.random(count)
    return Speakers(
        pitch=90.0 * 3.0 ** np.clip(size + draw.normal(0.0, 0.12, count), 0.0, 1.0),
        scale=0.92 + 0.3 * size + draw.normal(0.0, 0.02, count),
        speed=draw.uniform(0.75, 1.35, count),
        fall=draw.uniform(-0.1, 0.35, count),
        breath=draw.uniform(0.0, 0.15, count),
    )


def speak(strings: Sequence[Sequence[str]], who: Speakers, draw: Generator) -> Array:
    """Each string of phonemes, said by its speaker somewhere within a second.

    Returns:
        float64 [count, 8000]; silence where a string is empty. Loudness is of no unit.
    """
    formants, gains, voice, breath = _tracks(strings, who, draw)
    samples = np.repeat(np.arange(_TIMES), _HELD)
    pitch = who.pitch[:, None] * (1.0 - who.fall[:, None] * np.linspace(0.0, 1.0, RATE))
    pitch = pitch * (1.0 + 0.03 * np.repeat(draw.normal(size=(len(strings), RATE // 200)), 200, axis=1))
    phase = np.cumsum(pitch / RATE, axis=1)
    # A pulse of the energy of a second of white noise, whatever the pitch.
    pulses = (np.diff(np.floor(phase), axis=1, prepend=0.0) > 0.0) * np.sqrt(RATE / pitch)
    noise = draw.normal(size=(len(strings), RATE))
    source = voice[:, samples] * (pulses + who.breath[:, None] * noise) + breath[:, samples] * noise
    widths = np.array(_BANDWIDTHS) * (1.0 + _BREATH_WIDENS * (breath > voice)[..., None])
    return _resonate(source, formants, widths, gains)


def _tracks(strings: Sequence[Sequence[str]], who: Speakers, draw: Generator) -> tuple[Array, Array, Array, Array]:
    """Formants in Hz and gains [count, 400, 3], loudness of voice and breath [count, 400]."""
    longest = max((len(one) for one in strings), default=0) + 2
    # The clip starts and ends with a closure; so does an empty string.
    which = np.full((len(strings), longest), _NAMES.index("-"))
    for row, one in enumerate(strings):
        which[row, 1 : len(one) + 1] = [_NAMES.index(name) for name in one]
    within = (np.arange(longest) > 0) & (np.arange(longest) <= np.array([len(one) for one in strings])[:, None])
    seconds = np.array([one.seconds for one in PHONEMES.values()])[which] * within / who.speed[:, None]
    seconds *= np.exp(draw.normal(0.0, 0.15, which.shape))
    room = np.maximum(1.0 - seconds.sum(axis=1) - 0.1, 0.0)
    seconds[:, 0] = 0.05 + room * draw.random(len(strings))
    ends = np.cumsum(seconds, axis=1) * _TIMES
    at = (np.arange(_TIMES)[None, :, None] >= ends[:, None, :]).sum(axis=2).clip(max=longest - 1)
    rows = np.arange(len(strings))[:, None]
    said = which[rows, at]
    # Nobody says a sound twice alike.
    jitter = np.exp(draw.normal(0.0, 0.04, (*which.shape, 3)))[rows, at]
    formants = np.array([one.formants for one in PHONEMES.values()])[said] * jitter * who.scale[:, None, None]
    gains = np.array([one.gains for one in PHONEMES.values()])[said]
    voice, breath = (np.array([getattr(one, kind) for one in PHONEMES.values()])[said] for kind in ("voice", "breath"))
    formants = np.minimum(_smooth(formants, _GLIDE), _HIGHEST)
    return formants, _smooth(gains, _ATTACK), _smooth(voice, _ATTACK), _smooth(breath, _ATTACK)


def _smooth(track: Array, width: int) -> Array:
    """The mean of so many times around each, an odd number; the ends are repeated."""
    ends = [(0, 0), (width // 2 + 1, width // 2)] + [(0, 0)] * (track.ndim - 2)
    total = np.cumsum(np.pad(track, ends, mode="edge"), axis=1)
    return (total[:, width:] - total[:, :-width]) / width


def _resonate(source: Array, formants: Array, widths: Array, gains: Array) -> Array:
    """The sum of three resonators y[n] = a x[n] + b y[n-1] + c y[n-2], of a gain of about one at their peaks."""
    radius, turn = np.exp(-np.pi * widths / RATE), 2.0 * np.pi * formants / RATE
    b, c = 2.0 * radius * np.cos(turn), -(radius**2)
    a = (1.0 - radius) * np.sqrt(1.0 - 2.0 * radius * np.cos(2.0 * turn) + radius**2) * gains * np.array(_SIGNS)
    # Time goes first, since each step reads a whole row.
    a, b, c = (np.ascontiguousarray(np.moveaxis(each, 1, 0)) for each in np.broadcast_arrays(a, b, c))
    inputs = np.ascontiguousarray(source.T)[..., None]
    out = np.empty(inputs.shape[:2])
    before, last = np.zeros(a.shape[1:]), np.zeros(a.shape[1:])
    for time in range(_TIMES):
        for at in range(time * _HELD, (time + 1) * _HELD):
            now = a[time] * inputs[at] + b[time] * last + c[time] * before
            before, last = last, now
            out[at] = now[:, 0] + now[:, 1] + now[:, 2]
    return out.T
