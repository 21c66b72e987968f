"""How far a model's outputs are from a reference's: arithmetic on pairs of arrays; numpy is handed in.

Elements that are no finite numbers agree if both are not a number, or the same infinity; they are left out of the
differences then. Where only one is, or they differ, the element is counted as mismatched, and left out too.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from assess.measure.raw_floats import as_floats

#: Outputs of these names, or of these meanings on a card, hold one score for each class along their last axis.
_SCORES: Final = ("score", "logit", "prob", "softmax", "class")
#: Rows that sum to 1 within this are probabilities: float16 has three digits.
_SUM_TOLERANCE: Final = 1e-2
#: A difference of finite numbers may be twice as large, and JSON has no infinity.
_LARGEST: Final = sys.float_info.max


@dataclass(frozen=True, slots=True)
class OutputAgreement:
    """One output against the reference's, over all frames.

    Attributes:
        output: its name.
        reference: the reference's name for it.
        of: elements that were compared.
        equal: share of them that are the same value.
        mismatched: elements of which only one is a finite number, or that are different in being none.
        max_abs: largest absolute difference.
        mean_abs: mean absolute difference.
        cosine_distance: 1 minus the cosine similarity, of the worst frame; 0 to 2.
        relative_l2: length of the difference over the length of the reference, of the worst frame; None where the
            reference is all zeros and the output is not.
        top1: share of the rows whose largest score is the reference's too; None if it does not hold scores.
        top1_rows: rows that were compared so.
        top1_basis: what tells that it holds scores: "card", "name" or "values"; "" if nothing does.
        absent: why it was not compared; "" if it was.
        beside_spread: length of the difference over that of the reference's own changes from frame to frame, over all
            frames: 0 where both are the same, 1 where the output might as well be constant, however large it is. None
            for one frame, or where the reference does not change.
    """

    output: str
    reference: str
    of: int = 0
    equal: float | None = None
    mismatched: int = 0
    max_abs: float | None = None
    mean_abs: float | None = None
    cosine_distance: float | None = None
    relative_l2: float | None = None
    top1: float | None = None
    top1_rows: int = 0
    top1_basis: str = ""
    absent: str = ""
    beside_spread: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A model's outputs against those of a reference.

    Attributes:
        reference: file or folder name.
        sha256: of the reference model, or of the saved outputs.
        kind: whether it is a model that was run on the same frames, or saved outputs for the run's own inputs.
        frames: names of the frames: "run", "seed 1", "card".
        matched: how outputs were told to belong together: by "name" or, counts and shapes being the same, "position".
        outputs: one by one; with the reason where one was not compared.
    """

    reference: str
    sha256: str
    kind: Literal["model", "saved outputs"]
    frames: tuple[str, ...]
    matched: Literal["name", "position"]
    outputs: tuple[OutputAgreement, ...]

    @property
    def is_equal(self) -> bool:
        """Whether every output was compared and every element is the same."""
        return bool(self.outputs) and all(each.equal == 1.0 and not each.absent for each in self.outputs)


def compare(
    np: Any,
    output: str,
    reference: str,
    pairs: Sequence[tuple[Any, Any]],
    *,
    dtypes: tuple[str, str] = ("", ""),
    meaning: str = "",
) -> OutputAgreement:
    """One output over all frames.

    Args:
        np: numpy.
        output: its name.
        reference: the reference's name for it.
        pairs: for each frame the output and the reference's.
        dtypes: of both, where numpy lacks them and the arrays hold raw bits.
        meaning: what the card says that the output means.
    """
    for ours, theirs in pairs:
        if ours.shape != theirs.shape:
            why = f"has shape {_words(ours.shape)}, the reference {_words(theirs.shape)}"
            return OutputAgreement(output, reference, absent=why)
    if not pairs or all(ours.size == 0 for ours, _ in pairs):
        return OutputAgreement(output, reference, absent="has no elements")
    arrays = [(as_floats(np, ours, dtypes[0]), as_floats(np, theirs, dtypes[1])) for ours, theirs in pairs]
    of = sum(ours.size for ours, _ in arrays)
    equal = sum(int(_equal(np, ours, theirs).sum()) for ours, theirs in arrays) / of
    if any(array.dtype.kind not in "fiub" for pair in arrays for array in pair):
        return OutputAgreement(output, reference, of, equal)
    basis = _basis(np, output, meaning, [theirs for _, theirs in arrays])
    rows = [_same_top(np, ours, theirs) for ours, theirs in arrays] if basis else []
    count = sum(row.size for row in rows)
    frames = [_frame(np, ours, theirs) for ours, theirs in arrays]
    compared = sum(frame.count for frame in frames)
    return OutputAgreement(
        output,
        reference,
        of,
        equal,
        mismatched=sum(frame.mismatched for frame in frames),
        max_abs=_worst(frame.max_abs for frame in frames),
        mean_abs=sum(frame.mean_abs * (frame.count / compared) for frame in frames) if compared else None,
        cosine_distance=_worst(frame.cosine_distance for frame in frames),
        relative_l2=None if any(frame.endless for frame in frames) else _worst(frame.relative_l2 for frame in frames),
        top1=sum(int(row.sum()) for row in rows) / count if count else None,
        top1_rows=count,
        top1_basis=basis,
        beside_spread=_beside_spread(np, arrays),
    )


def _words(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "of a scalar"


def _worst(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _equal(np: Any, ours: Any, theirs: Any) -> Any:
    same = ours == theirs
    if ours.dtype.kind in "fc" and theirs.dtype.kind in "fc":
        same = same | (np.isnan(ours) & np.isnan(theirs))
    return np.asarray(same)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The figures of one frame.

    Attributes:
        endless: whether the relative difference is, since the reference is all zeros and the output is not.
    """

    count: int
    mismatched: int
    mean_abs: float = 0.0
    max_abs: float | None = None
    cosine_distance: float | None = None
    relative_l2: float | None = None
    endless: bool = False


def _frame(np: Any, ours: Any, theirs: Any) -> _Frame:
    ours, theirs = ours.astype(np.float64).reshape(-1), theirs.astype(np.float64).reshape(-1)
    finite = np.isfinite(ours) & np.isfinite(theirs)
    mismatched = int((~finite & ~_equal(np, ours, theirs)).sum())
    ours, theirs = ours[finite], theirs[finite]
    if not ours.size:
        return _Frame(0, mismatched)
    # Scaled first, by a power of two: squares of large numbers leave the range of float64, those of small ones vanish.
    largest = max(float(np.abs(ours).max()), float(np.abs(theirs).max()))
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0
    ours, theirs = ours / scale, theirs / scale
    apart = np.abs(ours - theirs)
    lengths = float(np.sqrt((ours * ours).sum())), float(np.sqrt((theirs * theirs).sum()))
    away = float(np.sqrt((apart * apart).sum()))
    most, mean = (min(float(value) * scale, _LARGEST) for value in (apart.max(), apart.mean()))
    relative = min(away / lengths[1], _LARGEST) if lengths[1] else (0.0 if away == 0.0 else None)
    distance = _distance(float((ours * theirs).sum()), *lengths, same=away == 0.0)
    return _Frame(int(ours.size), mismatched, mean, most, distance, relative, relative is None)


def _beside_spread(np: Any, pairs: Sequence[tuple[Any, Any]]) -> float | None:
    """The difference beside what the reference changes by; elements count that are finite in every frame of both."""
    if len(pairs) < 2 or len({theirs.shape for _, theirs in pairs}) > 1:
        return None
    finite = np.logical_and.reduce([np.isfinite(ours) & np.isfinite(theirs) for ours, theirs in pairs])
    if not finite.any():
        return None
    kept = [(ours[finite].astype(np.float64), theirs[finite].astype(np.float64)) for ours, theirs in pairs]
    # Scaled as each frame is, and for the same reason.
    largest = max(float(np.abs(array).max()) for pair in kept for array in pair)
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0
    mean = sum(theirs / scale for _, theirs in kept) / len(kept)
    spread = math.sqrt(sum(float(((theirs / scale - mean) ** 2).sum()) for _, theirs in kept))
    apart = math.sqrt(sum(float(((ours / scale - theirs / scale) ** 2).sum()) for ours, theirs in kept))
    # What is left of a constant, after its mean was taken off, is rounding.
    if spread <= 1e-12 * math.sqrt(sum(float(((theirs / scale) ** 2).sum()) for _, theirs in kept)):
        return 0.0 if apart == 0.0 else None
    return min(apart / spread, _LARGEST)


def _distance(product: float, ours: float, theirs: float, *, same: bool) -> float:
    """1 minus the cosine; of two zero vectors 0, since they are the same, of one 1, since it has no direction."""
    if same:
        return 0.0
    if ours == 0.0 or theirs == 0.0:
        return 1.0
    return min(max(1.0 - product / (ours * theirs), 0.0), 2.0)


def _basis(np: Any, output: str, meaning: str, references: Sequence[Any]) -> str:
    """What tells that the last axis holds one score for each class; "" if nothing does."""
    if any(array.ndim == 0 or array.shape[-1] < 2 or array.dtype.kind != "f" for array in references):
        return ""
    for basis, text in (("card", meaning.lower()), ("name", output.lower())):
        if any(word in text for word in _SCORES):
            return basis
    return "values" if all(_sums_to_one(np, array) for array in references) else ""


def _sums_to_one(np: Any, array: Any) -> bool:
    rows = array.astype(np.float64)
    return bool(array.size and (rows >= 0.0).all() and (np.abs(rows.sum(axis=-1) - 1.0) <= _SUM_TOLERANCE).all())


def _same_top(np: Any, ours: Any, theirs: Any) -> Any:
    """For each row whether our largest score is, in the reference, as large as any; a row with NaN has no largest."""
    if not ours.size:
        return np.zeros(0, bool)
    chosen = np.take_along_axis(theirs, np.argmax(ours, axis=-1)[..., None], axis=-1)[..., 0]
    told = ~(np.isnan(ours).any(axis=-1) | np.isnan(theirs).any(axis=-1))
    return np.asarray((chosen == theirs.max(axis=-1)) & told).reshape(-1)
