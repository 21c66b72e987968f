"""The fidelity pass: let a model, and its teacher's network if there is one, do a task, and score every item."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from assess.errors import AssessError
from assess.measure.engine import Engine, Kernel, Session, Tell, answer_or_refusal, require_provider
from assess.measure.tasks import find_task
from assess.measure.tasks.saved import saved_task
from assess.measure.tasks.task import Arrays, Scores, Task

#: Messages to the parent: a share of the work that is seen.
_TELL_EVERY: Final = 0.01


class _Outputs(dict[str, Any]):
    """Outputs by name; one that is asked for and is not there is told as what it is."""

    def __missing__(self, name: str) -> Any:
        raise AssessError(
            f"the model has no output {name!r}; it has {', '.join(map(repr, self))}",
            hint="see [evaluation] and [[state]] of its card",
        )


class Loaded:
    """A loaded model that a task feeds; its states go from output to input until `reset`."""

    def __init__(self, session: Session, states: Sequence[Mapping[str, Any]]) -> None:
        """Hold a session whose states are {"output", "input", "shape", "dtype"}."""
        self._session, self._states = session, states
        self._run: Callable[[], object] = self._first
        self._carried: Arrays = {}
        self.reset()

    def reset(self) -> None:
        """States are zeros again."""
        import numpy as np

        self._carried = {each["input"]: np.zeros(each["shape"], each["dtype"]) for each in self._states}

    def __call__(self, inputs: Arrays) -> Arrays:
        """Run one inference; the outputs are copies, since the session overwrites its own."""
        import numpy as np

        self._session.feed({**self._carried, **inputs})
        self._run()
        outputs = _Outputs((name, np.array(value)) for name, value in self._session.outputs().items())
        self._carried = {each["input"]: outputs[each["output"]] for each in self._states}
        return outputs

    def _first(self) -> None:
        self._session.first()
        self._run = self._session.settle()[1]


def fidelity_pass(request: dict[str, Any], tell: Tell, engine: Engine, _: Kernel) -> dict[str, Any]:
    """Score a model.

    Keys of the request beyond the common ones: "task" (its id) or "data" (a file) with "metric" and "output", "seed",
    "count" (0 for all), "states" (see `Loaded`), "teacher" (the file of its network, or "").

    Returns:
        The fields of `Fidelity` but "caution" or, if the runtime refused, {"refused": its message, "kind": of failure}.

    Raises:
        AssessError: there is no such task, a package that it needs is not installed, or the model's inputs and outputs
            are not those of the task.
    """
    require_provider(request["provider"], engine)
    if file := request["data"]:
        task = saved_task(Path(file), request["metric"], request["output"])
    else:
        task = find_task(request["task"])
    return answer_or_refusal(engine, lambda: _scored(task, request, tell, engine))


def _scored(task: Task, request: Mapping[str, Any], tell: Tell, engine: Engine) -> dict[str, Any]:
    model = Loaded(engine.load({**request, "inputs": []}), request["states"])
    teacher = None
    if file := request["teacher"]:
        teacher = Loaded(engine.load({**request, "inputs": [], "model": file}), ())
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
            hint="pip install 'assess[simulators]'",
        ) from error
    what = {name: getattr(task, name) for name in ("metric", "unit", "higher_is_better", "item", "agrees")}
    return {"task": task.id, "seed": request["seed"], **what, **asdict(_checked(scores, task.id))}


def _checked(scores: Scores, task: str) -> Scores:
    """A score that is not a number would make every mean one; a task has to score such answers as wrong."""
    for name, values in asdict(scores).items():
        if not all(map(math.isfinite, values)):
            raise AssessError(f"task {task!r} gave a score that is no finite number ({name})")
    return scores
