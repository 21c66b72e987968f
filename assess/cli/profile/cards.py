"""What is wrong in a model card by what describing alone does not know: tasks, and numbers in samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.problems import Complaint

#: A limit is rounded when it is saved as float32, by up to 6e-8 of it.
_ROUNDING: Final = 1e-6


def wrong_beyond(card: Path, mapping: Mapping[str, Any]) -> Iterator[Complaint]:
    """A task that there is none of, and samples with values that the card says do not occur."""
    from assess.describe.mapping import table, tables
    from assess.describe.problems import Complaint
    from assess.describe.suggestions import did_you_mean
    from assess.measure.tasks import TASKS

    task = table(mapping, "evaluation").get("task")
    if isinstance(task, str) and task and task not in TASKS:
        text = f"there is no task {task!r}; {did_you_mean(task, list(TASKS))}"
        yield Complaint(("evaluation", "task"), text)
    for index, entry in tables(mapping, "input"):
        if text := _outside(card.parent, entry):
            yield Complaint(("input", index, "sample"), text)


def _outside(folder: Path, entry: Mapping[str, Any]) -> str:
    """Why a sample is not what its card says of the input; "" where it is, or where the file is not there."""
    from assess.describe.beside import beside
    from assess.measure.sample_range import sample_range

    name = entry.get("sample")
    if not isinstance(name, str) or not name:
        return ""
    try:
        path = beside(folder, name)
        found = sample_range(path) if path.is_file() else None
    except AssessError as error:
        return error.problem
    for key, index, sign in (("low", 0, -1.0), ("high", 1, 1.0)):
        limit = entry.get(key)
        if found is None or not isinstance(limit, int | float):
            continue
        if sign * (found[index] - limit) > _ROUNDING * max(1.0, abs(limit)):
            return f"holds {found[index]:g}, beyond {key!r}, which is {limit:g}"
    return ""
