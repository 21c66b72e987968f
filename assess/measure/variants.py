"""Other inputs than those of the run, to see what depends on the data: seeds, zeros, ones, denormals, extremes.

A variant changes what it may: an input that has a meaning which fixes its value, or a range without the new one, stays
as the run was fed. A variant that changes nothing is left out, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess.describe.model import Model, Port
from assess.errors import AssessError
from assess.measure.generate import NUMPY_TYPES
from assess.measure.inputs import Feed, prepare
from assess.measure.passes.outputs import RUN

if TYPE_CHECKING:
    from assess.describe.card import Card, CardInput

#: Independent seeds, the run's own included (issue 3).
_SEEDS: Final = 4
#: Frames that a reference is compared on, the run's own included; the card's samples come on top.
FRAMES: Final = 16
#: What all variants may take in the private folder, which often is memory.
_ROOM_BYTES: Final = 2**30

#: Inputs whose value is part of what is asked: another one is another job, or none.
_FIXED: Final = frozenset({"mask", "position ids", "sample rate", "scalar"})
#: Wide integers that name something; others are lengths, counts and indices.
_NAMES: Final = frozenset({"token ids", "token types", "image"})
#: Bits of the mantissa: all codes below 2^bits, exponent zero, are subnormal.
_MANTISSA: Final = {"float64": 52, "float32": 23, "float16": 10, "bfloat16": 7}
#: Smaller by so many bits than the largest subnormal, so that sums over a layer's inputs are still subnormal in the
#: next: up to 1.8e-40 for float32.
_HEADROOM_BITS: Final = 6
_BITS: Final = {"float64": "uint64", "float32": "uint32", "float16": "uint16", "bfloat16": "uint16"}
_ONE: Final = {
    "bfloat16": 0x3F80, "float8e4m3fn": 0x38, "float8e4m3fnuz": 0x40, "float8e5m2": 0x3C, "float8e5m2fnuz": 0x40,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variation:
    """Inputs to be fed together.

    Attributes:
        name: "run", "seed 1", "zeros", "ones", "denormals", "extremes" or "card".
        files: a `.npy` file for each input of the model.
        changed: inputs that are not what the run was fed.
    """

    name: str
    files: Mapping[str, str]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What variants are made from: the model, what the run was fed, and what is said of the inputs.

    Attributes:
        model: whose inputs.
        ready: what the run was fed, as `prepare` left it.
        seed: of the run.
        card: the model's card, if it has one.
        card_folder: where its samples lie.
    """

    model: Model
    ready: Sequence[Feed]
    seed: int
    card: Card | None
    card_folder: Path


def vary(source: Source, folder: Path) -> tuple[list[Variation], dict[str, str]]:
    """All variants, the run's own inputs first, their files in `folder`; and why others were left out.

    Raises:
        AssessError: the files could not be written.
    """
    found, left_out = [_of_the_run(source)], {}
    room = _Room(source.model)
    seeds = range(source.seed + 1, source.seed + _SEEDS)
    makers: dict[str, Callable[[Path], Variation | str]] = {
        **{f"seed {seed}": _seeded(source, seed) for seed in seeds},
        **{name: _filled(source, name, fill) for name, fill in _FILLS.items()},
        "card": lambda into: _from_card(source, into),
    }
    for name, make in makers.items():
        made = make(_subfolder(folder, name)) if room.take() else "the private folder has no room for more inputs"
        if isinstance(made, str):
            left_out[name] = made
        else:
            found.append(made)
    return found, left_out


def sample(source: Source, folder: Path, count: int = FRAMES) -> list[Variation]:
    """Frames to compare a reference on: the run's own, other seeds up to `count`, and the card's samples.

    Raises:
        AssessError: the files could not be written.
    """
    found = [_of_the_run(source)]
    room = _Room(source.model)
    makers = [_seeded(source, seed) for seed in range(source.seed + 1, source.seed + count)]
    makers.insert(0, lambda into: _from_card(source, into))
    for index, make in enumerate(makers):
        if not room.take():
            break
        made = make(_subfolder(folder, str(index)))
        if not isinstance(made, str):
            found.append(made)
    return found


class _Room:
    """What is left for the files of variants; the first one always fits, as the run's own did."""

    def __init__(self, model: Model) -> None:
        self._each = sum(math.prod(port.shape) * _item_bytes(port.dtype) for port in model.inputs)
        self._left = max(_ROOM_BYTES, self._each)

    def take(self) -> bool:
        """Whether there is room for one more; it is taken."""
        self._left -= self._each
        return self._left >= 0


def _item_bytes(dtype: str) -> int:
    import numpy as np

    return 64 if dtype == "string" else np.dtype(NUMPY_TYPES[dtype]).itemsize


def _subfolder(folder: Path, name: str) -> Path:
    made = folder / name
    try:
        made.mkdir(parents=True)
    except OSError as error:
        raise AssessError(f"the inputs could not be written: {error.strerror}", where=str(made)) from error
    return made


def _of_the_run(source: Source) -> Variation:
    return Variation(RUN, {feed.used.name: str(feed.file) for feed in source.ready}, ())


def _with(source: Source, name: str, files: Mapping[str, Path], why_not: str) -> Variation | str:
    """The run's inputs with some of them replaced, or why that is no variant."""
    if not files:
        return why_not
    run = _of_the_run(source).files
    return Variation(name, {**run, **{port: str(file) for port, file in files.items()}}, tuple(files))


# Made as the inputs of the run are made.


def _seeded(source: Source, seed: int) -> Callable[[Path], Variation | str]:
    def make(into: Path) -> Variation | str:
        ready = _prepared(source, into, seed, _without_samples(source.card))
        kept = {feed.used.name for feed in source.ready if _is_given(source, feed) and not _is_plain(source, feed)}
        files = {name: file for name, file in _changed(source, ready).items() if name not in kept}
        return _with(source, f"seed {seed}", files, _no_other(source, "no input depends on the seed"))

    return make


def _from_card(source: Source, into: Path) -> Variation | str:
    sampled = {each.name for each in source.card.input if each.sample} if source.card else set()
    if not sampled:
        return "the card has no samples" if source.card else "the model has no card"
    ready = _prepared(source, into, source.seed, source.card)
    files = {name: file for name, file in _changed(source, ready).items() if name in sampled}
    return _with(source, "card", files, "the run was fed the card's samples")


def _prepared(source: Source, into: Path, seed: int, card: Card | None) -> list[Feed]:
    return prepare(
        source.model, into, seed=seed, feeds={}, card=card, card_folder=source.card_folder, available_bytes=None
    )


def _without_samples(card: Card | None) -> Card | None:
    if card is None:
        return None
    return card.model_copy(update={"input": tuple(each.model_copy(update={"sample": ""}) for each in card.input)})


def _changed(source: Source, ready: Sequence[Feed]) -> dict[str, Path]:
    pairs = zip(source.ready, ready, strict=True)
    return {new.used.name: new.file for old, new in pairs if new.used.sha256 != old.used.sha256}


def _is_given(source: Source, feed: Feed) -> bool:
    """Whether it was read from a file, and so may be the only kind of value that the model takes."""
    said = _said(source, _port(source, feed))
    return feed.used.source != "generated" and not (feed.used.source == "card" and said and not said.sample)


def _is_plain(source: Source, feed: Feed) -> bool:
    """Whether it is a float that may have any value."""
    port = _port(source, feed)
    return port.dtype in _MANTISSA and _meant(port, _said(source, port)).meaning not in _FIXED


def _port(source: Source, feed: Feed) -> Port:
    return next(port for port in source.model.inputs if port.name == feed.used.name)


# Filled with one kind of value.


def _filled(
    source: Source, name: str, fill: Callable[[Any, Any, Port, CardInput | None], Any]
) -> Callable[[Path], Variation | str]:
    def make(into: Path) -> Variation | str:
        import numpy as np

        files, reasons = {}, []
        for index, (port, feed) in enumerate(zip(source.model.inputs, source.ready, strict=True)):
            said = _said(source, port)
            made = _kept(_meant(port, said)) or fill(np, np.random.default_rng(source.seed), _meant(port, said), said)
            if isinstance(made, str):
                reasons.append(f"{port.name!r} {made}")
            elif made.tobytes() == np.load(feed.file, allow_pickle=False).tobytes():
                reasons.append(f"{port.name!r} was fed it already")
            else:
                files[port.name] = into / f"{index}.npy"
                _save(np, files[port.name], made)
        return _with(source, name, files, _no_other(source, "; ".join(reasons)))

    return make


def _save(np: Any, file: Path, array: Any) -> None:
    try:
        np.save(file, array, allow_pickle=False)
    except OSError as error:
        raise AssessError(
            f"the inputs could not be written: {error.strerror or error}", where=str(file.parent)
        ) from error


def _no_other(source: Source, reason: str) -> str:
    return reason if source.model.inputs else "the model has no inputs"


def _said(source: Source, port: Port) -> CardInput | None:
    return next((each for each in source.card.input if each.name == port.name), None) if source.card else None


def _meant(port: Port, said: CardInput | None) -> Port:
    """The port with what the card says of its meaning, as `prepare` takes it."""
    return port if said is None else Port(port.name, port.dtype, port.shape, said.meaning, "card", port.limit)


def _kept(port: Port) -> str:
    """Why an input keeps its value in every variant; "" if it need not."""
    if port.meaning in _FIXED:
        return f"means {port.meaning}: its value is part of the job"
    if port.dtype in ("string", "int4", "uint4", "complex64", "complex128"):
        return f"is {port.dtype}, which no variant changes"
    if port.dtype in ("int32", "int64", "uint32", "uint64") and port.limit is None and port.meaning not in _NAMES:
        return "is an integer of unknown meaning: perhaps a length"
    return ""


def _zeros(np: Any, _rng: Any, port: Port, said: CardInput | None) -> Any:
    if outside := _outside(0.0, said):
        return outside
    return np.zeros(port.shape, NUMPY_TYPES[port.dtype])


def _ones(np: Any, _rng: Any, port: Port, said: CardInput | None) -> Any:
    if outside := _outside(1.0, said):
        return outside
    if port.limit is not None and port.limit <= 1:
        return f"must be below {port.limit}"
    return np.full(port.shape, _ONE.get(port.dtype, 1), NUMPY_TYPES[port.dtype])


def _denormals(np: Any, rng: Any, port: Port, said: CardInput | None) -> Any:
    """Positive subnormal numbers: kernels without a shortcut for them take many times as long on some processors."""
    if port.dtype.startswith("float8"):
        bits = np.ones(port.shape, np.uint8)
    elif port.dtype in _MANTISSA:
        top = 2 ** (_MANTISSA[port.dtype] - _HEADROOM_BITS)
        bits = np.asarray(rng.integers(1, top, port.shape, np.uint64, endpoint=True)).astype(_BITS[port.dtype])
    else:
        return f"is {port.dtype}, which has no denormals"
    if said is not None and said.low is not None and said.high is not None and not said.low <= 0.0 < said.high:
        return f"lies between {said.low:g} and {said.high:g}"
    return bits.view(NUMPY_TYPES[port.dtype])


def _extremes(np: Any, rng: Any, port: Port, said: CardInput | None) -> Any:
    """The smallest and largest values that occur, at random."""
    if said is None or said.low is None or said.high is None:
        return "has no range on a card"
    if port.dtype == "bool" or port.dtype.startswith("float8"):
        return f"is {port.dtype}, which has no range"
    low, high = said.low, said.high
    if port.dtype not in _MANTISSA:
        kind = np.iinfo(port.dtype)
        high = min(high, kind.max if port.limit is None else port.limit - 1)
        low = min(max(low, kind.min), high)
    ends = np.array([low, high], np.float32 if port.dtype == "bfloat16" else port.dtype)
    if port.dtype == "bfloat16":
        ends = (ends.view(np.uint32) >> 16).astype(np.uint16)
    return np.asarray(ends[rng.integers(0, 2, port.shape)])


def _outside(value: float, said: CardInput | None) -> str:
    if said is None or said.low is None or said.high is None or said.low <= value <= said.high:
        return ""
    return f"lies between {said.low:g} and {said.high:g}"


_FILLS: Final[dict[str, Callable[[Any, Any, Port, CardInput | None], Any]]] = {
    "zeros": _zeros, "ones": _ones, "denormals": _denormals, "extremes": _extremes,
}  # fmt: skip
