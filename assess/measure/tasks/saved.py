"""A task made of saved data: inputs, what is expected of them and, if it is known, what the teacher answered."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError
from assess.measure.fidelity import LARGEST
from assess.measure.npy import UNREADABLE
from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Array = Any
#: What the file may unpack to: an evaluation is looked at in one process, inputs and all.
_MOST_BYTES: Final = 2 * 2**30
#: Kinds of numpy's types that are numbers, and real ones.
_NUMBERS: Final = "biuf"
_ACCURACY: Final = "accuracy"
_SQUARED: Final = "mean squared error"
_OTHER_OUTPUT: Final = "[evaluation] output = ... names another output of the model"
_EXPECTED, _TEACHER = "expected", "teacher"
#: What stands for an answer that is no number, or a larger one: squared it is still a score that may be.
_NOT_A_NUMBER: Final = LARGEST**0.4
#: An answer within this share of the expected values' spread counts as the teacher's.
_CLOSE: Final = 0.1


def saved_task(file: Path, metric: str, output: str, unit: str = "") -> Task:
    """The task that a file holds: arrays by input name, `expected`, and perhaps `teacher`; the first axis counts items.

    Args:
        file: .npz, without pickled objects.
        metric: "accuracy" (`expected` holds class numbers, `teacher` too), "mean absolute error" or "mean squared
            error" (both hold what the output should be).
        output: the output that is scored; "" for the first one.
        unit: of that output; an error is in it, an accuracy is a share.

    Raises:
        AssessError: it cannot be read, is too large, its arrays have not as many items each, or hold what the metric
            cannot be made of.
    """
    arrays = _read(file)
    if _EXPECTED not in arrays:
        raise AssessError("has no array 'expected'", where=str(file))
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) != 1 or lengths[_EXPECTED] < 2:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise AssessError(f"its arrays must have as many items each, two or more: {said}", where=str(file))
    if metric == _ACCURACY:
        arrays |= {name: _classes(arrays[name]) for name in (_EXPECTED, _TEACHER) if name in arrays}
    _require_suitable(arrays, metric, file)
    return Task(
        id=file.name,
        summary="Data beside the card.",
        metric=metric,
        unit=_unit(metric, unit),
        higher_is_better=metric == _ACCURACY,
        item="sample",
        agrees="the same class" if metric == _ACCURACY else "within a tenth of the spread of what is expected",
        evaluate=partial(_evaluate, arrays, metric, output),
    )


def _require_suitable(arrays: Mapping[str, Array], metric: str, file: Path) -> None:
    for name in (_EXPECTED, _TEACHER):
        if name in arrays and (wrong := _unsuitable(arrays[name], metric)):
            raise AssessError(f"{name!r} {wrong}", where=str(file))
    if _TEACHER in arrays and arrays[_TEACHER].shape != arrays[_EXPECTED].shape:
        shapes = f"{arrays[_TEACHER].shape} and {arrays[_EXPECTED].shape}"
        raise AssessError(f"'teacher' and 'expected' have shapes {shapes}: give one of the other's", where=str(file))


def _unit(metric: str, unit: str) -> str:
    if metric == _ACCURACY:
        return "1"
    return f"({unit})^2" if unit and metric == _SQUARED else unit


def _evaluate(
    arrays: Mapping[str, Array],
    metric: str,
    output: str,
    model: Infer,
    teacher: Infer | None,
    _: int,
    count: int,
    tell: TellShare,
) -> Scores:
    expected, told = arrays[_EXPECTED], arrays.get(_TEACHER)
    inputs = {name: array for name, array in arrays.items() if name not in (_EXPECTED, _TEACHER)}
    of = min(count, len(expected)) if count else len(expected)
    answer = _class if metric == _ACCURACY else _values
    chosen = partial(_output, name=output)
    compare = _right if metric == _ACCURACY else partial(_apart, metric)
    constant = _commonest(expected) if metric == _ACCURACY else expected.mean(axis=0)
    close = _same if metric == _ACCURACY else partial(_is_close, float(expected.std()))
    scores, taught, chance, same = [], [], [], []
    for index in range(of):
        fed = {name: array[index : index + 1] for name, array in inputs.items()}
        wanted = expected[index]
        ours = answer(chosen(model(fed)), wanted)
        theirs = None if told is None else told[index]
        if teacher is not None:
            theirs = answer(chosen(teacher(fed)), wanted)
        scores.append(compare(ours, wanted))
        chance.append(compare(constant, wanted))
        if theirs is not None:
            taught.append(compare(theirs, wanted))
            same.append(close(ours, theirs))
        tell((index + 1) / of)
    return Scores(tuple(scores), tuple(taught), tuple(chance), tuple(same))


def _output(outputs: Mapping[str, Array], name: str) -> Array:
    return outputs[name] if name else next(iter(outputs.values()))


def _classes(array: Array) -> Array:
    """Classes in a column of their own as a row of them; scores, as teachers give them, as the class of the largest."""
    import numpy as np

    if array.ndim != 2:
        return array
    if array.shape[1] == 1:
        return array[:, 0]
    return np.argmax(array, axis=1) if array.dtype.kind == "f" and np.isfinite(array).all() else array


def _unsuitable(array: Array, metric: str) -> str:
    """Why a metric cannot be made of what is expected, or of what a teacher said; "" if it can."""
    import numpy as np

    if metric == _ACCURACY:
        if array.dtype.kind not in "iu" or array.ndim != 1:
            return f"holds {array.dtype} of shape {array.shape}; accuracy needs a whole number an item, its class"
        return "holds classes below 0" if array.min() < 0 else ""
    if array.dtype.kind not in _NUMBERS:
        return f"holds {array.dtype}; {metric} needs numbers"
    return "" if np.isfinite(array).all() else "holds what is no finite number"


def _row(output: Array) -> Array:
    """The one item's part of an output.

    Raises:
        AssessError: it holds no numbers, or not one item.
    """
    import numpy as np

    array = np.asarray(output)
    if array.dtype.kind not in _NUMBERS:
        raise AssessError(f"the output holds {array.dtype}, not numbers", hint=_OTHER_OUTPUT)
    if array.ndim == 0 or array.shape[0] != 1:
        raise AssessError(f"for one item the output has shape {array.shape}: its first axis is not one item's",
                          hint=_OTHER_OUTPUT)  # fmt: skip
    return array[0]


def _class(output: Array, wanted: Array) -> int:
    """The class of the largest score; -1, which is never right, if one of them is not a number.

    Raises:
        AssessError: the output is no row of scores, or has none for the class that is expected.
    """
    import numpy as np

    row = np.squeeze(_row(output))
    if row.ndim != 1:
        raise AssessError(f"the output has shape {np.shape(output)}, not one score a class", hint=_OTHER_OUTPUT)
    if int(wanted) >= row.size:
        raise AssessError(f"'expected' holds class {int(wanted)}, the output has scores of {row.size} classes")
    return int(np.argmax(row)) if np.isfinite(row).all() else -1


def _values(output: Array, wanted: Array) -> Array:
    """As float64, what is no number as far off as it can be.

    Raises:
        AssessError: the output has another shape than what is expected.
    """
    import numpy as np

    row = _row(output)
    if np.squeeze(row).shape != np.squeeze(wanted).shape:
        raise AssessError(f"an item of the output has shape {row.shape}, one of 'expected' has {np.shape(wanted)}")
    numbers = row.astype(np.float64).reshape(np.shape(wanted))
    return np.clip(np.nan_to_num(numbers, nan=_NOT_A_NUMBER), -_NOT_A_NUMBER, _NOT_A_NUMBER)


def _right(ours: Array, wanted: Array) -> float:
    return _same(ours, wanted)


def _same(ours: Array, theirs: Array) -> float:
    """Whether both told the same class; an answer that is no number is never the teacher's."""
    return float(int(ours) == int(theirs) >= 0)


def _apart(metric: str, ours: Array, wanted: Array) -> float:
    import numpy as np

    away = np.abs(np.asarray(ours, np.float64) - np.asarray(wanted, np.float64))
    return float((away * away if metric == _SQUARED else away).mean())


def _is_close(spread: float, ours: Array, theirs: Array) -> float:
    import numpy as np

    near = np.abs(np.asarray(ours) - np.asarray(theirs)) <= _CLOSE * spread
    return float((near & (np.abs(np.asarray(ours)) < _NOT_A_NUMBER)).mean())


def _commonest(expected: Array) -> int:
    import numpy as np

    classes, counts = np.unique(expected, return_counts=True)
    return int(classes[np.argmax(counts)])


def _read(file: Path) -> dict[str, Array]:
    import numpy as np

    try:
        with zipfile.ZipFile(file) as archive:
            whole = sum(info.file_size for info in archive.infolist())
            names = archive.namelist()
        if len(set(names)) != len(names):
            raise AssessError("has two arrays of one name", where=str(file))
        if whole > _MOST_BYTES:
            raise AssessError(f"unpacks to more than {_MOST_BYTES // 2**30} GiB", where=str(file))
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except FileNotFoundError as error:
        raise AssessError("there is no such file", where=str(file)) from error
    except UNREADABLE as error:
        raise AssessError(f"cannot be read as an .npz file of plain arrays: {error!s:.200}", where=str(file)) from error
    for name, array in found.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in _NUMBERS + "U":
            raise AssessError(f"{name!r} is no array of plain numbers or text", where=str(file))
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise AssessError(f"{name!r} holds what is no finite number", where=str(file))
    return found
