"""The fidelity pass: states are carried, scores are of the model that was fed, and nothing but numbers gets out."""

import numpy as np
import pytest

from assess.errors import AssessError
from assess.measure import tasks
from assess.measure.passes.fidelity import Loaded, fidelity_pass
from assess.measure.tasks.task import Scores, Task


class Counter:
    """A session that adds its input to its state: y = h' = h + x."""

    def __init__(self):
        self.fed, self.firsts = {}, 0

    def feed(self, arrays):
        self.fed |= arrays

    def first(self):
        self.firsts += 1
        self._run()

    def settle(self):
        return "preallocated", self._run

    def outputs(self):
        return self._out

    def _run(self):
        total = self.fed["x"] + self.fed.get("h", 0.0)
        self._out = {"y": total, "next": total}


class Engine:
    """A runtime whose every model is a `Counter`."""

    refusals = (RuntimeError,)

    def __init__(self, refuse=False):
        self.loaded, self._refuse = [], refuse

    def providers(self):
        return ["CPUExecutionProvider"]

    def load(self, request):
        if self._refuse:
            raise RuntimeError("no kernel for Foo")
        self.loaded.append(request["model"])
        assert request["inputs"] == []
        return Counter()


STATES = [{"output": "next", "input": "h", "shape": [1], "dtype": "float32"}]


def counting(model, teacher, seed, count, tell):
    values = []
    for index in range(count):
        model.reset()
        for _ in range(3):
            out = model({"x": np.ones(1, np.float32)})
        values.append(float(out["y"][0]) + seed)
        tell((index + 1) / count)
    theirs = tuple(float(teacher({"x": np.zeros(1)})["y"][0]) for _ in values) if teacher else (9.0,) * count
    return Scores(tuple(values), theirs, (0.0,) * count, (1.0,) * count)


def task(evaluate=counting):
    return Task("counting", "Count.", "sum", "points", True, "row", "always", evaluate)


@pytest.fixture
def asked(monkeypatch):
    def run(evaluate=counting, *, engine=None, told=None, **changes):
        monkeypatch.setattr(tasks, "TASKS", {"counting": "fidelity_fake:TASK"})
        monkeypatch.setitem(__import__("sys").modules, "fidelity_fake", type("M", (), {"TASK": task(evaluate)}))
        request = {
            "provider": "CPUExecutionProvider", "model": "student.onnx", "teacher": "", "task": "counting", "data": "",
            "metric": "", "output": "", "unit": "", "takes": None, "seed": 5, "count": 2,
            "states": STATES, **changes,
        }  # fmt: skip
        return fidelity_pass(request, (told if told is not None else []).append, engine or Engine(), None)

    return run


def test_a_state_goes_from_output_to_input_until_it_is_reset():
    model = Loaded(Counter(), STATES, Engine())
    one = {"x": np.ones(1, np.float32)}
    assert [float(model(one)["y"][0]) for _ in range(3)] == [1.0, 2.0, 3.0]
    model.reset()
    assert float(model(one)["y"][0]) == 1.0


def test_outputs_are_the_callers_own():
    model = Loaded(Counter(), (), Engine())
    first = model({"x": np.ones(1)})["y"]
    model({"x": np.full(1, 7.0)})
    assert first.tolist() == [1.0]


def test_scores_are_told_with_what_they_mean(asked):
    told = []
    assert asked(told=told) == {
        "task": "counting", "seed": 5, "metric": "sum", "unit": "points", "higher_is_better": True, "item": "row",
        "agrees": "always", "model": (8.0, 8.0), "teacher": (9.0, 9.0), "chance": (0.0, 0.0), "agreement": (1.0, 1.0),
    }  # fmt: skip
    assert told == [{"share": 0.5}, {"share": 1.0}]


def test_the_teachers_network_is_loaded_beside_the_model(asked):
    engine = Engine()
    assert asked(engine=engine, teacher="teacher.onnx")["teacher"] == (0.0, 0.0)
    assert engine.loaded == ["student.onnx", "teacher.onnx"]


def test_a_model_that_the_runtime_refuses_is_told_as_refused(asked):
    assert asked(engine=Engine(refuse=True)) == {"refused": "no kernel for Foo", "kind": "refused"}


def test_an_output_that_the_task_wants_and_nobody_gives_is_told(asked):
    def wrong(model, *_):
        return model({"x": np.ones(1)})["z"]

    with pytest.raises(AssessError, match="the model has no output 'z'; it has 'y', 'next'"):
        asked(wrong)


def test_a_simulator_that_is_not_installed_is_named(asked):
    def simulated(*_):
        raise ModuleNotFoundError("No module named 'mujoco'", name="mujoco")

    with pytest.raises(AssessError, match="task 'counting' needs mujoco: mujoco is not installed") as caught:
        asked(simulated)
    assert caught.value.hint == "pip install mujoco"


def test_a_score_that_is_no_number_is_the_tasks_mistake(asked):
    def careless(*_):
        return Scores((float("nan"), 1.0), (), (0.0, 0.0), ())

    with pytest.raises(AssessError, match="gave a score that is no finite number"):
        asked(careless)


def test_a_task_whose_teacher_is_a_network_needs_its_file(asked, monkeypatch):
    from dataclasses import replace

    needing = replace(task(), needs_teacher=True)
    monkeypatch.setattr("assess.measure.passes.fidelity.find_task", lambda _: needing)
    with pytest.raises(AssessError, match="the teacher of task 'counting' is a network, and the card names no file"):
        asked()


def test_what_is_fed_must_be_what_the_model_takes(asked):
    with pytest.raises(AssessError, match="the model takes 'h', 'map'; it is fed 'h', 'x'") as caught:
        asked(takes={"map": "float32", "h": "float32"})
    assert "an input that is fed back is a [[state]]" in caught.value.hint


def test_doubles_become_the_models_own_floats(asked):
    engine = Engine()
    session = Counter()
    engine.load = lambda request: session
    asked(engine=engine, takes={"x": "float32", "h": "float32"})
    assert session.fed["x"].dtype == np.float32


def test_a_teacher_that_is_refused_is_named(asked):
    engine = Engine()
    load = engine.load

    def refusing(request):
        if request["model"] == "teacher.onnx":
            raise RuntimeError("no kernel for Foo")
        return load(request)

    engine.load = refusing
    with pytest.raises(AssessError, match="ONNX Runtime refused the teacher: no kernel for Foo") as caught:
        asked(engine=engine, teacher="teacher.onnx")
    assert caught.value.where == "teacher.onnx"


def test_what_a_task_raises_is_no_refusal_of_the_runtime(asked):
    def careless(*_):
        raise RuntimeError("a mistake of the task's")

    with pytest.raises(RuntimeError, match="a mistake of the task's"):
        asked(careless)
