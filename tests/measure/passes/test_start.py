"""One start in exact numbers."""

import numpy as np
import pytest
from fakes import MS, FakeClock, FakeEngine, RefusedError, kernel

from assess.measure.passes.start import start_pass


class Engine(FakeEngine):
    """The fake runtime, with outputs."""

    imported_ns = (150 * MS, 450 * MS)

    def __init__(self, clock, outputs, **times):
        super().__init__(clock, **times)
        self._session.outputs = lambda: outputs


def run(outputs, **times):
    clock, told = FakeClock(500 * MS), []
    request = {"provider": "CPUExecutionProvider", "inputs": [], "spawned_ns": 50 * MS}
    return start_pass(request, told.append, Engine(clock, outputs, **times), kernel(clock)), told


def test_each_step_in_exact_numbers():
    answer, told = run({"y": np.ones(3, np.float32)})
    assert answer == {
        "exec_to_import_s": pytest.approx(0.1), "import_s": pytest.approx(0.3), "load_s": pytest.approx(0.04),
        "first_s": pytest.approx(0.009), "total_s": pytest.approx(0.449), "invalid": "",
    }  # fmt: skip
    assert told == [{"phase": "load"}, {"phase": "first inference"}]


@pytest.mark.parametrize(
    ("outputs", "fault"),
    [
        ({}, "nothing was put out"),
        ({"a": np.ones(2), "b": np.array([1.0, np.nan])}, "output 'b' has NaN or Inf"),
        ({"b": np.array([np.inf], np.float16)}, "output 'b' has NaN or Inf"),
        ({"i": np.array([1]), "s": ["text"], "t": np.array(["x"], object)}, ""),
    ],
)
def test_a_first_output_is_valid_or_says_why_not(outputs, fault):
    assert run(outputs)[0]["invalid"] == fault


def test_a_refusal_is_an_answer():
    assert run({}, load=RefusedError("no such operator"))[0] == {"refused": "no such operator", "kind": "refused"}
