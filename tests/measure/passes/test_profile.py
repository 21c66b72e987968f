import json
from pathlib import Path

import fakes
import numpy as np
import pytest
from fakes import MS
from onnx import helper
from onnx_models import model_of
from real_profile import profile_of

from assess.child import Stopped
from assess.errors import AssessError
from assess.measure.passes.profile import profile_pass

CPU = "CPUExecutionProvider"


class Session(fakes.FakeSession):
    """Writes a profile of as many runs as it made, one kernel each."""

    def __init__(self, clock, service, profile, parts):
        super().__init__(clock, service, iter(lambda: service, None), [CPU])
        self.file, self.count, self.parts = profile, 0, parts

    def _take(self, time):
        super()._take(time)
        self.count += 1

    def placement(self):
        return self.parts

    def end_profiling(self):
        facts = {"op_name": "MatMul", "provider": CPU, "mem_in_use_peak": "512"}
        events = []
        for _ in range(self.count):
            events.append({"cat": "Node", "name": "fc_kernel_time", "tid": 1, "ts": 0, "dur": 30, "args": facts})
            events.append({"cat": "Session", "name": "model_run", "tid": 1, "ts": 0, "dur": 40, "args": {}})
        Path(self.file).write_text("[\n" + ",\n".join(map(json.dumps, events)) + "\n]\n")
        return self.file


class Engine(fakes.FakeEngine):
    """2 ms an inference, 3 ms while it is profiled."""

    parts = ({"provider": CPU, "nodes": [{"name": "fc", "operator": "MatMul"}]},)

    def load(self, request):
        self.loads = [*getattr(self, "loads", []), request]
        profile = request.get("profile")
        self.last = Session(self._clock, 3 * MS if profile else 2 * MS, f"{profile}.json", list(self.parts))
        return self.last


def request(tmp_path, **changes):
    return {
        "provider": CPU,
        "inputs": [],
        "timeout_s": 60.0,
        "scratch": str(tmp_path),
        "warmup_count": 5,
        "count": 20,
        "duration_s": 10.0,
        "executions": 1,
        **changes,
    }


def answer(tmp_path, engine=None, **changes):
    clock = fakes.FakeClock()
    engine = engine or Engine(clock)
    return profile_pass(request(tmp_path, **changes), lambda message: None, engine, fakes.kernel(engine._clock)), engine


def test_two_sessions_take_turns_and_their_ratio_is_the_overhead(tmp_path):
    found, engine = answer(tmp_path)
    assert (found["plain_ns"], found["profiled_ns"]) == (2 * MS, 3 * MS)
    assert engine.last.count == 1 + 5 + 20
    assert engine._clock.now == 26 * 5 * MS


def test_the_first_inference_and_warm_up_are_not_profiled(tmp_path):
    found, _ = answer(tmp_path)
    assert (found["runs"], found["run_ns"]) == (20, 20 * 40_000)
    assert found["kernels"] == [
        {"name": "fc", "operator": "MatMul", "provider": CPU, "calls": 20, "ns": 600_000, "arena_bytes": None}
    ]
    assert (found["arena_peak_bytes"], found["unread"], found["stopped"]) == (512, 0, False)


def test_it_ends_in_time(tmp_path):
    # 100 ms hold 20 pairs of 5 ms; a timeout of 0.2 s leaves 160 ms, of which 30 go before.
    assert answer(tmp_path, count=1000, duration_s=0.1)[0]["runs"] == 20
    assert answer(tmp_path, count=1000, timeout_s=0.2)[0]["runs"] == 26


def test_a_large_model_is_run_less_often(tmp_path):
    # 200,000 events are 40 inferences of 5,000 kernels, the first and 5 of warm-up among them.
    assert answer(tmp_path, count=1000, executions=5_000)[0]["runs"] == 34
    found, engine = answer(tmp_path, executions=10_000_000)
    assert (found["runs"], engine.last.count) == (2, 4)


def test_the_profile_is_removed_once_it_is_read(tmp_path):
    answer(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_profiled_session_writes(tmp_path):
    _, engine = answer(tmp_path, save_optimised="graph.onnx")
    plain, profiled = engine.loads
    assert ("profile" in plain, "save_optimised" in plain, plain["placement"]) == (False, False, True)
    assert (profiled["profile"], profiled["save_optimised"]) == (str(tmp_path / "profile"), "graph.onnx")


@pytest.mark.parametrize(
    ("operators", "saved"),
    [(["Conv", "Relu"], False), (["Conv"], True), ([], False)],
    ids=["compiled", "single", "untold"],
)
def test_a_graph_that_may_hold_compiled_nodes_is_not_saved(tmp_path, operators, saved):
    engine = Engine(fakes.FakeClock(), providers=["NpuExecutionProvider"])
    nodes = [{"name": operator.lower(), "operator": operator} for operator in operators]
    engine.parts = ({"provider": "NpuExecutionProvider", "nodes": nodes},) if nodes else ()
    found, _ = answer(tmp_path, engine, provider="NpuExecutionProvider", save_optimised="graph.onnx")
    assert (found["saved"], "save_optimised" in engine.loads[1]) == (saved, saved)


def test_a_stop_keeps_what_there_is(tmp_path):
    engine = Engine(fakes.FakeClock())
    load = engine.load

    def stopping(asked):
        session = load(asked)
        if "profile" not in asked:
            session._runs = iter([2 * MS] * 8 + [Stopped()])
        return session

    engine.load = stopping
    found, _ = answer(tmp_path, engine)
    assert (found["stopped"], found["runs"]) == (True, 3)


def test_a_provider_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AssessError, match="this ONNX Runtime has no NpuExecutionProvider"):
        answer(tmp_path, provider="NpuExecutionProvider")


def test_a_refusal_is_an_answer(tmp_path):
    engine = Engine(fakes.FakeClock())

    def refuse(asked):
        raise fakes.RefusedError("no such operator")

    engine.load = refuse
    assert answer(tmp_path, engine)[0] == {"refused": "no such operator", "kind": "refused"}


node = helper.make_node


@pytest.mark.slow
def test_the_runtimes_fusions_are_traced_back_to_the_models_nodes(tmp_path):
    values = np.random.default_rng(0).standard_normal
    model = model_of(
        [
            node("MatMul", ["x", "w1"], ["m1"], name="m1"),
            node("Add", ["m1", "b1"], ["a1"], name="a1"),
            node("Div", ["a1", "root"], ["g1"], name="g1"),
            node("Erf", ["g1"], ["g2"], name="g2"),
            node("Add", ["g2", "one"], ["g3"], name="g3"),
            node("Mul", ["a1", "g3"], ["g4"], name="g4"),
            node("Mul", ["g4", "half"], ["g5"], name="g5"),
            node("MatMul", ["g5", "w2"], ["m2"], name="m2"),
            node("Softmax", ["m2"], ["y"]),
        ],
        {"x": [32, 64]},
        ["y"],
        {
            "w1": values((64, 256)).astype(np.float32),
            "b1": values(256).astype(np.float32),
            "w2": values((256, 64)).astype(np.float32),
            "root": np.float32(2**0.5),
            "one": np.float32(1),
            "half": np.float32(0.5),
        },
    )
    profile, placed = profile_of(tmp_path, model)
    own = {frozenset(each.own): each for each in profile.nodes}
    # Which of them are fused is the runtime's choice, whose arithmetic it is, is not.
    assert set().union(*own) == {"m1", "a1", "g1", "g2", "g3", "g4", "g5", "m2", "Softmax_8"}
    assert {each.macs for each in profile.nodes if each.macs} == {32 * 64 * 256}
    assert len(profile.nodes) < 9
    assert (profile.mapped_share, profile.unseen, profile.unread) == (1.0, (), 0)
    assert profile.overhead > 1.0
    assert 0 < profile.kernel_share <= 1.0
    if isinstance(placed, str):  # Before ONNX Runtime 1.24.
        assert placed == "this version of ONNX Runtime does not tell which provider it gives a node to"
    else:
        assert (placed.partitions, placed.on_asked_macs, placed.fallen_back) == (1, 1.0, {})


@pytest.mark.slow
def test_layout_transformed_convolutions_without_names_are_traced_back(tmp_path):
    model = model_of(
        [node("Conv", ["x", "w"], ["a"]), node("Relu", ["a"], ["b"]), node("Tanh", ["b"], ["y"])],
        {"x": [1, 3, 16, 16]},
        ["y"],
        {"w": np.ones((8, 3, 3, 3), np.float32)},
    )
    profile, _ = profile_of(tmp_path, model)
    assert [each.own for each in profile.nodes if each.macs] == [("Conv_0", "Relu_1")]
    assert [each.macs for each in profile.nodes if each.macs] == [8 * 14 * 14 * 27]
    assert profile.mapped_share == 1.0


@pytest.mark.slow
def test_names_that_break_out_of_text_are_data(tmp_path):
    name = 'a"b\n{c\\\x1b[31m'
    model = model_of(
        [node("MatMul", ["x", "x"], ['t"'], name=name), node("Tanh", ['t"'], ["y"], name="]\n[")], {"x": [8, 8]}, ["y"]
    )
    profile, _ = profile_of(tmp_path, model)
    if profile.unread:  # ONNX Runtime 1.22 does not escape names: its events fall apart, which is counted.
        assert profile.nodes == ()
    else:
        assert {each.own for each in profile.nodes} == {(name,), ("]\n[",)}
