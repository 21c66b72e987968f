"""A task made of saved data: inputs, what is expected of them and, if it is known, what the teacher answered."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError
from assess.measure.tasks.task import Infer, Scores, Task, TellShare

Array = Any
#: What the file may unpack to: an evaluation is looked at in one process, inputs and all.
_MOST_BYTES: Final = 2 * 2**30
_EXPECTED, _TEACHER = "expected", "teacher"
#: What stands for an answer that is no number: as far off as a number can be whose square is finite.
_NOT_A_NUMBER: Final = 1e100
#: An answer within this share of the expected values' spread counts as the teacher's.
_CLOSE: Final = 0.1


def saved_task(file: Path, metric: str, output: str) -> Task:
    """The task that a file holds: arrays by input name, `expected`, and perhaps `teacher`; the first axis counts items.

    Args:
        file: .npz, without pickled objects.
        metric: "accuracy" (`expected` holds class numbers, `teacher` too), "mean absolute error" or "root mean square
            error" (both hold what the output should be).
        output: the output that is scored; "" for the first one.

    Raises:
        AssessError: it cannot be read, is too large, or its arrays have not as many items each.
    """
    arrays = _read(file)
    if _EXPECTED not in arrays:
        raise AssessError("has no array 'expected'", where=str(file))
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) != 1 or lengths[_EXPECTED] < 2:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise AssessError(f"its arrays must have as many items each, two or more: {said}", where=str(file))
    return Task(
        id=file.name,
        summary="Data beside the card.",
        metric=metric,
        unit="1",
        higher_is_better=metric == "accuracy",
        item="sample",
        agrees="the same class" if metric == "accuracy" else "within a tenth of the spread of what is expected",
        evaluate=partial(_evaluate, arrays, metric, output),
    )


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
    answer = _class if metric == "accuracy" else _values
    compare = _right if metric == "accuracy" else partial(_apart, metric)
    constant = _commonest(expected) if metric == "accuracy" else expected.mean(axis=0)
    close = _same if metric == "accuracy" else partial(_is_close, float(expected.std()))
    scores, taught, chance, same = [], [], [], []
    for index in range(of):
        fed = {name: array[index : index + 1] for name, array in inputs.items()}
        ours, wanted = answer(_output(model(fed), output)), expected[index]
        theirs = answer(_output(teacher(fed), output)) if teacher is not None else None if told is None else told[index]
        scores.append(compare(ours, wanted))
        chance.append(compare(constant, wanted))
        if theirs is not None:
            taught.append(compare(theirs, wanted))
            same.append(close(ours, theirs))
        tell((index + 1) / of)
    return Scores(tuple(scores), tuple(taught), tuple(chance), tuple(same))


def _output(outputs: Mapping[str, Array], name: str) -> Array:
    return outputs[name] if name else next(iter(outputs.values()))


def _class(output: Array) -> Array:
    """The class of the largest score; -1, which is never right, if one of them is not a number."""
    import numpy as np

    row = np.asarray(output).reshape(-1)
    return int(np.argmax(row)) if np.isfinite(row).all() else -1


def _values(output: Array) -> Array:
    """As float64, what is no number as far off as it can be."""
    import numpy as np

    return np.nan_to_num(
        np.asarray(output, np.float64)[0], nan=_NOT_A_NUMBER, posinf=_NOT_A_NUMBER, neginf=-_NOT_A_NUMBER
    )


def _right(ours: Array, wanted: Array) -> float:
    return float(int(ours) == int(wanted))


def _same(ours: Array, theirs: Array) -> float:
    """Whether both told the same class; an answer that is no number is never the teacher's."""
    return float(int(ours) == int(theirs) >= 0)


def _apart(metric: str, ours: Array, wanted: Array) -> float:
    import numpy as np

    away = np.abs(np.asarray(ours, np.float64) - np.asarray(wanted, np.float64))
    return float(away.mean() if metric == "mean absolute error" else np.sqrt((away * away).mean()))


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
        if whole > _MOST_BYTES:
            raise AssessError(f"unpacks to more than {_MOST_BYTES // 2**30} GiB", where=str(file))
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError as error:
        raise AssessError("there is no such file", where=str(file)) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise AssessError(f"cannot be read as an .npz file of plain arrays: {error}", where=str(file)) from error
