"""The fidelity pass: let a model, and its teacher's network if there is one, do a task, and score every item."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

from assess.errors import AssessError
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.tasks import find_task
from assess.measure.tasks.saved import saved_task
from assess.measure.tasks.task import Arrays, Scores, Task

T = TypeVar("T")

#: Numpy saves float64 unless it is told otherwise.
_FLOATS: Final = ("float16", "float32", "float64")
#: Messages to the parent: a share of the work that is seen.
_TELL_EVERY: Final = 0.01


class _Outputs(dict[str, Any]):
    """Outputs by name; one that is asked for and is not there is told as what it is."""

    def __missing__(self, name: str) -> Any:
        raise AssessError(
            f"the model has no output {name!r}; it has {', '.join(map(repr, self))}",
            hint="see [evaluation] and [[state]] of its card",
        )


def _suited(fed: Arrays, takes: Mapping[str, str]) -> Arrays:
    """What is fed, in the types that the model takes where only the width of a float differs.

    Raises:
        AssessError: these are not the model's inputs.
    """
    if fed.keys() != takes.keys():
        theirs, ours = (", ".join(map(repr, sorted(names))) or "nothing" for names in (fed, takes))
        raise AssessError(
            f"the model takes {ours}; it is fed {theirs}",
            hint="arrays of [evaluation] data are called as the inputs; an input that is fed back is a [[state]]",
        )
    return {
        name: array.astype(takes[name]) if array.dtype.kind == "f" and takes[name] in _FLOATS else array
        for name, array in fed.items()
    }


class _RefusedError(Exception):
    """The runtime refused a model, or ran out of memory; the answer says which. Nothing that a task raises is one."""


class Loaded:
    """A loaded model that a task feeds; its states go from output to input until `reset`."""

    def __init__(
        self,
        session: Session,
        states: Sequence[Mapping[str, Any]],
        engine: Engine,
        takes: Mapping[str, str] | None = None,
    ) -> None:
        """Hold a session.

        Args:
            session: of the model.
            states: {"output", "input", "shape", "dtype"} of each.
            engine: that loaded it.
            takes: dtypes of its inputs, by name; None if nobody said.
        """
        self._session, self._states, self._engine, self._takes = session, states, engine, takes
        self._run: Callable[[], object] = self._first
        self._carried: Arrays = {}
        self.reset()

    def reset(self) -> None:
        """States are zeros again."""
        import numpy as np

        self._carried = {each["input"]: np.zeros(each["shape"], each["dtype"]) for each in self._states}

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run one inference; the outputs are copies, since the session overwrites its own."""
        fed: Arrays = {**self._carried, **inputs}
        if self._takes is not None:
            fed = _suited(fed, self._takes)
        outputs = _unless_refused(self._engine, lambda: self._once(fed))
        self._carried = {each["input"]: outputs[each["output"]] for each in self._states}
        return outputs

    def _once(self, fed: Arrays) -> Arrays:
        import numpy as np

        self._session.feed(fed)
        self._run()
        return _Outputs((name, np.array(value)) for name, value in self._session.outputs().items())

    def _first(self) -> None:
        self._session.first()
        self._run = self._session.settle()[1]


def _unless_refused(engine: Engine, do: Callable[[], T]) -> T:
    done: list[T] = []

    def flow() -> dict[str, Any]:
        done.append(do())
        return {}

    if refused := answer_or_refusal(engine, flow):
        raise _RefusedError(refused)
    return done[0]


def fidelity_pass(request: dict[str, Any], tell: Tell, engine: Engine, _: Kernel) -> dict[str, Any]:
    """Score a model.

    Keys of the request beyond the common ones: "task" (its id) or "data" (a file) with "metric" and "output" and
    "unit", "seed", "count" (0 for all), "states" (see `Loaded`), "takes" (dtypes of inputs by name,
    or None), "teacher" (the file of its network, or "").

    Returns:
        The fields of `Fidelity` but "caution" or, if the runtime refused, {"refused": its message, "kind": of failure}.

    Raises:
        AssessError: there is no such task, a package that it needs is not installed, or the model's inputs and outputs
            are not those of the task.
    """
    require_provider(request["provider"], engine)
    if file := request["data"]:
        task = saved_task(Path(file), request["metric"], request["output"], request["unit"])
    else:
        task = find_task(request["task"])
    try:
        return _scored(task, request, tell, engine)
    except _RefusedError as refused:
        answer: dict[str, Any] = refused.args[0]
        return answer


def _scored(task: Task, request: Mapping[str, Any], tell: Tell, engine: Engine) -> dict[str, Any]:
    session = _unless_refused(engine, lambda: engine.load({**request, "inputs": []}))
    model = Loaded(session, request["states"], engine, request["takes"])
    teacher = None
    if file := request["teacher"]:
        teacher = _teacher(file, request, engine)
    elif task.needs_teacher:
        raise AssessError(
            f"the teacher of task {task.id!r} is a network, and the card names no file of it",
            hint="[teacher] file = ... in the card",
        )
    told = 0.0

    def share(done: float) -> None:
        nonlocal told
        if done - told >= _TELL_EVERY:
            told = done
            tell({"share": done})

    try:
        scores = task.evaluate(model, teacher, request["seed"], request["count"], share)
    except ImportError as error:
        raise AssessError(
            f"task {task.id!r} needs {', '.join(task.needs) or error.name}: {error.name} is not installed",
            hint=f"pip install {' '.join(task.needs) or error.name}",
        ) from error
    except AssessError as error:  # A task knows no files.
        where = error.where or Path(request["data"] or request["model"]).name
        raise AssessError(error.problem, where=where, hint=error.hint) from error
    what = {name: getattr(task, name) for name in ("metric", "unit", "higher_is_better", "item", "agrees")}
    return {"task": task.id, "seed": request["seed"], **what, **asdict(_checked(scores, task.id))}


def _teacher(file: str, request: Mapping[str, Any], engine: Engine) -> Loaded:
    try:
        session = _unless_refused(engine, lambda: engine.load({**request, "inputs": [], "model": file}))
    except _RefusedError as refused:
        why = f"ONNX Runtime refused the teacher: {refused.args[0]['refused']!s:.300}"
        raise AssessError(why, where=Path(file).name) from refused
    return Loaded(session, (), engine)


def _checked(scores: Scores, task: str) -> Scores:
    """A score that is not a number would make every mean one; a task has to score such answers as wrong."""
    for name, values in asdict(scores).items():
        if not all(map(math.isfinite, values)):
            raise AssessError(f"task {task!r} gave a score that is no finite number ({name})")
    return scores
