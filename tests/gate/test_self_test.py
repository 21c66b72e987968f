"""The flow of a self-test, in exact numbers: a world in which a node of added work takes as long as it is told to."""

import tempfile
from pathlib import Path

import builders
import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import model_of

from assess.describe.graph.injected import Injected, work_for
from assess.describe.library import Library
from assess.errors import AssessError
from assess.gate.plan import SETTINGS, GatePlan
from assess.gate.self_test import self_test
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.self_test import Answer
from assess.pipeline import find_model
from assess.sandbox import Ending

BASE_NS = 100_000


class World:
    """Runs launches of 0.5 s each; the model takes 100 us, and a node of added work as long as is handed in."""

    def __init__(self, node_ns, *, noise=0.001, endings=None, alarm=0.0):
        self.node_ns, self.noise, self.endings, self.alarm = node_ns, noise, endings or {}, alarm
        self.written, self.asked, self.told, self.now = [], [], [], 0.0

    def write(self, path, folder, added_s, *, dims, timeout_s):
        copies = [
            Injected(folder / f"{index}.onnx", "y", "output", 10, work_for(each, 10, may_copy=True))
            for index, each in enumerate(added_s)
        ]
        for each in copies:
            each.path.write_bytes(b"")
        self.written.append(copies)
        return copies

    def __call__(self, module, request, limits, *, on_progress=None, **_):
        path, leads = Path(request["model"]), request["leads"]
        self.asked.append(path.name)
        on_progress({"known": {"versions": {"onnxruntime": "1.32"}}})
        if path.name in self.endings:
            return self.endings[path.name]
        self.now += 0.5
        nodes = next((each.work.nodes for copies in self.written for each in copies if each.path == path), 0)
        away = 1.0 + self.noise * ((len(self.asked) // 2 * 7) % 5 - 2) * leads
        ns = round((BASE_NS + self.node_ns * nodes) * away)
        answer = {
            "fastest_ns": [ns] * 4, "median_ns": [ns] * 4, "peak_bytes": None, "steady_bytes": None, "count": 12,
            "quantiles_ns": [ns] * 6,
        }  # fmt: skip
        return Ending("answered", answer, "", "")

    def progress(self, what, share, left_s):
        self.told.append((what, share, left_s))


@pytest.fixture(autouse=True)
def own_lock(tmp_path, monkeypatch):
    """Nothing is timed here: no real run on this host need be waited for."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.onnx"
    nodes = [helper.make_node("Mul", ["x", "w"], ["y"])]
    onnx.save(model_of(nodes, {"x": [1, 4]}, ["y"], {"w": np.ones(4, np.float32)}), path)
    return find_model(str(path), Library(), dims={})


def outcome(model, world, plan=None, budget_s=100.0):
    return self_test(
        model, None, SETTINGS, plan or GatePlan(), budget_s, launch=world, host=builders.host,
        clock=lambda: world.now, write=world.write, on_progress=world.progress,
    )  # fmt: skip


def verdicts(test):
    return [[gate.verdict.value for gate in level.gates] for level in test.levels]


def test_work_that_costs_twice_what_was_thought_is_halved(model):
    world = World(600)
    test = outcome(model, world)
    # First 0.3 us a node were thought: +19.8 % instead of +10 %, so that half of the nodes are enough.
    assert [[each.work.nodes for each in copies] for copies in world.written] == [[7, 17, 33], [3, 8, 17]]
    assert test.baseline_s == pytest.approx(100e-6, rel=0.01)
    effects = [level.effect("latency floor").centre for level in test.levels]
    assert effects == pytest.approx([0.0, 0.018, 0.048, 0.102], abs=0.002)


def test_every_level_has_its_gates_in_turn_until_the_time_is_spent(model):
    world = World(600)
    test = outcome(model, world)
    # Three pairs to calibrate, and gates of 8 pairs and 4 placebos, a second each; one more would end after 111 s.
    assert test.span_s == 99.0
    assert verdicts(test) == [["PASS"] * 2, ["PASS"] * 2, ["REGRESSION"] * 2, ["REGRESSION"] * 2]
    assert [gate.span_s for level in test.levels for gate in level.gates] == [12.0] * 8
    assert (test.answer, test.versions, test.pair_s) == (Answer.ABLE, {"onnxruntime": "1.32"}, 1.5)
    assert test.failure is None


def test_the_model_is_gated_against_itself_and_against_the_second_copies(model):
    world = World(600)
    outcome(model, world, budget_s=1.0)
    unchanged, first = world.asked[6:30], world.asked[30:54]
    assert set(unchanged) == {"model.onnx"}
    assert sorted(first) == ["0.onnx"] * 8 + ["model.onnx"] * 16
    assert not world.written[0][0].path.parent.exists()


def test_each_level_has_one_gate_however_little_time_there_is(model):
    test = outcome(model, World(600), budget_s=1.0)
    assert [len(level.gates) for level in test.levels] == [1, 1, 1, 1]
    assert test.span_s == 51.0


def test_progress_tells_the_gate_and_the_time_that_is_left(model):
    world = World(600)
    outcome(model, world)
    assert world.told[0] == ("how long the model takes", 0.0, 100.0)
    assert world.told[1] == ("how long the added work takes", 0.01, 99.0)
    assert world.told[2] == ("gate 1, unchanged: pair 1, placebo", 0.03, 97.0)
    assert ("gate 2, +2%: pair 1, placebo", 0.15, 85.0) in world.told
    shares = [share for _, share, _ in world.told]
    assert shares == sorted(shares)


def test_one_node_is_the_least(model):
    world = World(8_000)
    test = outcome(model, world, budget_s=1.0)
    assert [level.injected.work.nodes for level in test.levels[1:]] == [2, 4, 8]  # A quarter is as far as it goes.
    assert test.levels[1].effect("latency floor").centre == pytest.approx(0.16, abs=0.01)


def test_a_machine_that_scatters_cannot_tell(model):
    test = outcome(model, World(600, noise=0.04), budget_s=1.0)
    assert test.answer is Answer.UNABLE
    assert test.levels[0].gates[0].verdict in (GateVerdict.NOISY, GateVerdict.INCONCLUSIVE)
    assert test.scatter("latency floor") > 0.04


@pytest.mark.parametrize(("name", "gates", "who"), [("model.onnx", 0, "model"), ("1.onnx", 2, "candidate")])
def test_a_model_that_crashes_ends_it_and_what_there_is_is_kept(model, name, gates, who):
    world = World(600, endings={name: Ending("crashed", None, "stopped by SIGSEGV", "last words")})
    test = outcome(model, world)
    assert test.answer is Answer.FAILED
    assert (test.failure.because, test.failure.details) == (f"the {who} stopped by SIGSEGV", ("last words",))
    assert sum(len(level.gates) for level in test.levels) == gates


def test_a_signal_ends_it(model):
    world = World(600, endings={"model.onnx": Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")})
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        outcome(model, world)


def test_what_is_skipped_and_allowed_does_not_soften_a_gate(model):
    plan = GatePlan(skipped=frozenset({"latency median"}), allowed=frozenset({"latency floor"}), budget_s=5.0)
    test = outcome(model, World(600), plan, budget_s=1.0)
    assert test.metrics == ("latency floor",)
    assert verdicts(test) == [["PASS"], ["PASS"], ["REGRESSION"], ["REGRESSION"]]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (GatePlan(margin=0.10), "a self-test slows the model by 10% at most, which a margin of 10% allows"),
        (GatePlan(skipped=frozenset({"latency floor", "latency median"})), "none is left"),
    ],
)
def test_a_plan_that_tests_nothing_is_refused(model, plan, said):
    with pytest.raises(AssessError, match=said):
        outcome(model, World(600), plan)
