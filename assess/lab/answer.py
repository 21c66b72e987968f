"""What a worker answered, believed as little as a file from a stranger."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from assess.describe.model import Model
from assess.errors import AssessError
from assess.lab.bench import KINDS, UnfitError
from assess.measure.measurement import Measurement
from assess.measure.record import from_json, to_json
from assess.measure.strict_json import loads
from assess.portfolio import PlannedRun
from assess.suite import difference

#: Of a reason: what a worker says is printed.
_MOST_CHARACTERS: Final = 500


class StoppedError(Exception):
    """The worker was told to stop."""


def read_answer(text: object, planned: PlannedRun, model: Model, worker: str) -> Measurement:
    """The run that a worker made, if it is the one that was asked for.

    Args:
        text: its answer.
        planned: what it was asked for.
        model: what it was to run, as it was described here.
        worker: its name.

    Raises:
        AssessError: there is no run, or it is another one.
        UnfitError: nothing can be measured there.
        StoppedError: it was told to stop.
    """
    kind, _, rest = text.partition("\n") if isinstance(text, str) else ("", "", "")
    if kind not in KINDS:
        raise AssessError("its answer is none", where=worker)
    if kind == "run":
        return _as_asked(from_json(rest, f"the run of {worker}"), planned, model, worker)
    if kind == "stopped":
        raise StoppedError
    problem, where, hint = _why(rest, worker)
    if kind == "unfit":
        raise UnfitError(f"{where}: {problem}" if where else problem)
    if kind == "bug":
        hint = "report it, with what the worker's standard error says of it"
        raise AssessError(f"assess itself failed there: {problem}", where=worker, hint=hint)
    raise AssessError(f"{where}: {problem}" if where else problem, where=worker, hint=hint)


def _as_asked(found: Measurement, planned: PlannedRun, model: Model, worker: str) -> Measurement:
    if differs := difference(found, planned, model):
        raise AssessError(f"its run {differs}", where=worker)
    if found.model == model:  # One description for all runs takes the memory of one.
        return replace(found, model=model, workload=planned.job.authored)
    # Facts of a model that a report tells are those of this host; the run must agree with them.
    return from_json(to_json(replace(found, model=model)), f"the run of {worker}")


def _why(text: str, worker: str) -> tuple[str, str, str]:
    try:
        found = loads(text)
    except ValueError:
        found = None
    keys = ("problem", "where", "hint")
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in keys):
        raise AssessError("its answer is none", where=worker)
    problem, where, hint = (found[key][:_MOST_CHARACTERS] for key in keys)
    return problem, where, hint
