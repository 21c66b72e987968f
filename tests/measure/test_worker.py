"""The worker with real ONNX Runtime, in real processes."""

import hashlib
import os
import platform
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import builders
import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper

from assess.describe.model import ModelFile, Port
from assess.errors import AssessError
from assess.measure.measurement import Settings
from assess.measure.record import from_json, to_json
from assess.measure.run import measure
from assess.measure.scenarios import SCENARIOS
from assess.sandbox import environment

pytestmark = pytest.mark.slow

BRIEF = Settings(min_count=30, min_duration_s=0.05, warmup_duration_s=0.05, timeout_s=30.0)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
VECTOR = Port("x", "float32", (2, 3))


def port(name, element_type, shape):
    return helper.make_tensor_value_info(name, element_type, shape)


def graph_of(node, element_type=FLOAT, shape=(2, 3), out=None, weights=()):
    found = out or port("y", element_type, shape)
    return helper.make_graph([node], "g", [port("x", element_type, shape)], [found], weights)


def run(folder, graph, *inputs, settings=BRIEF, feeds=None, opset=17, **options):
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("acme", 1)]
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8 if opset < 21 else 10), path)
    file = ModelFile(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    model = builders.model(name=path.name, files=(file,), sha256=file.sha256, inputs=inputs)
    arrays = {}
    for name, array in (feeds or {}).items():
        arrays[name] = folder / f"{name}.npy"
        np.save(arrays[name], array)
    return measure(model, path, options.pop("job", builders.job()), settings, feeds=arrays, **options)


def test_a_model_is_measured_from_load_to_the_last_inference(tmp_path):
    found = run(tmp_path, graph_of(helper.make_node("Relu", ["x"], ["y"])), VECTOR)
    assert found.failure is None
    assert len(found.service_ns) >= 30
    assert sum(found.service_ns) <= 10 * BRIEF.min_duration_s * 1e9
    assert min(found.service_ns) > 0
    assert found.load_s > found.first_s > 0.0
    effective = found.effective
    assert effective.providers == ("CPUExecutionProvider",)
    assert (effective.optimisation, effective.binding) == ("all", "preallocated")
    assert effective.warmup_count >= 10
    assert set(effective.versions) == {"onnxruntime", "numpy", "python"}
    assert not {"memory", "cold start", "threads"} & found.absent.keys()
    assert from_json(to_json(found), "run.json") == found


@pytest.mark.parametrize(("threads", "optimisation"), [(1, "disabled"), (2, "basic"), (4, "extended")])
def test_threads_and_optimisation_take_effect(tmp_path, threads, optimisation):
    settings = Settings(
        threads=threads, optimisation=optimisation, min_count=30, min_duration_s=0.0, warmup_duration_s=0.0
    )
    effective = run(tmp_path, graph_of(helper.make_node("Relu", ["x"], ["y"])), VECTOR, settings=settings).effective
    assert (effective.threads, effective.optimisation) == (threads, optimisation)


@pytest.mark.parametrize(
    ("node", "element_type", "fed", "out", "binding"),
    [
        ("Identity", FLOAT, Port("x", "float32", ()), port("y", FLOAT, []), "preallocated"),
        ("Identity", TensorProto.FLOAT16, Port("x", "float16", (2, 3)), None, "preallocated"),
        ("Identity", TensorProto.BFLOAT16, Port("x", "bfloat16", (2, 3)), None, "preallocated"),
        ("Identity", TensorProto.BOOL, Port("x", "bool", (2, 3)), None, "preallocated"),
        ("Identity", TensorProto.STRING, Port("x", "string", (2, 3)), None, "copied"),
        ("NonZero", FLOAT, VECTOR, port("y", INT64, [2, "k"]), "runtime"),
        ("SplitToSequence", FLOAT, VECTOR, helper.make_tensor_sequence_value_info("y", FLOAT, None), "copied"),
    ],
)
def test_types_that_cannot_be_bound_are_measured_all_the_same(tmp_path, node, element_type, fed, out, binding):
    graph = graph_of(helper.make_node(node, ["x"], ["y"]), element_type, fed.shape, out)
    found = run(tmp_path, graph, fed)
    assert found.failure is None, found.failure
    assert found.effective.binding == binding


def test_an_open_dimension_that_the_input_fixes_is_stable(tmp_path):
    graph = graph_of(helper.make_node("Relu", ["x"], ["y"]), FLOAT, ("n", 3))
    assert run(tmp_path, graph, VECTOR).effective.binding == "preallocated"


def test_four_bit_inputs_are_fed(tmp_path):
    scale = numpy_helper.from_array(np.float32(1.0).reshape(()), "s")
    graph = helper.make_graph(
        [helper.make_node("DequantizeLinear", ["x", "s"], ["y"])], "g",
        [port("x", TensorProto.INT4, [2, 4])], [port("y", FLOAT, [2, 4])], [scale],
    )  # fmt: skip
    found = run(tmp_path, graph, Port("x", "int4", (2, 4)), opset=21)
    assert found.failure is None, found.failure


def test_a_custom_operator_is_refused_and_its_library_not_looked_for(tmp_path):
    found = run(tmp_path, graph_of(helper.make_node("Frob", ["x"], ["y"], domain="acme")), VECTOR)
    assert (found.failure.phase, found.failure.kind) == ("load", "refused")
    assert "acme:Frob" in found.failure.detail


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"junk")
    file = ModelFile(path.name, 4, hashlib.sha256(b"junk").hexdigest())
    found = measure(builders.model(files=(file,), inputs=()), path, builders.job(), BRIEF)
    assert (found.failure.phase, found.failure.kind) == ("load", "refused")


def test_an_endless_loop_is_a_hang_in_its_phase(tmp_path):
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Identity", ["v"], ["v2"])], "body",
        [port("i", INT64, []), port("c", TensorProto.BOOL, []), port("v", FLOAT, [2, 3])],
        [port("c2", TensorProto.BOOL, []), port("v2", FLOAT, [2, 3])],
    )  # fmt: skip
    forever = numpy_helper.from_array(np.array(True), "true")
    graph = graph_of(helper.make_node("Loop", ["", "true", "x"], ["y"], body=body), weights=[forever])
    settings = Settings(timeout_s=2.0, min_duration_s=0.0, warmup_duration_s=0.0)
    found = run(tmp_path, graph, VECTOR, settings=settings)
    assert found.failure.cause == "still running after 2 s, while running the first inference"
    assert (found.failure.phase, found.failure.kind) == ("first inference", "hung")
    assert found.load_s > 0.0


@pytest.mark.parametrize(("elements", "limit"), [([10**6, 10**6], None), ([20_000, 20_000], 600 * 2**20)])
def test_a_model_that_wants_too_much_memory_is_found_out(tmp_path, elements, limit):
    graph = helper.make_graph(
        [helper.make_node("ConstantOfShape", ["x"], ["y"])],
        "g",
        [port("x", INT64, [2])],
        [port("y", FLOAT, ["a", "b"])],
    )
    settings = Settings(memory_limit_bytes=limit)
    feeds = {"x": np.array(elements, np.int64)}
    found = run(tmp_path, graph, Port("x", "int64", (2,)), settings=settings, feeds=feeds)
    assert (found.failure.phase, found.failure.kind) == ("first inference", "out of memory")


def test_an_overflow_of_the_processor_is_a_crash_with_its_phase(tmp_path):
    minus_one = numpy_helper.from_array(np.full((2, 3), -1, np.int64), "minus one")
    graph = graph_of(helper.make_node("Div", ["x", "minus one"], ["y"]), INT64, weights=[minus_one])
    lowest = {"x": np.full((2, 3), -(2**63), np.int64)}
    found = run(tmp_path, graph, Port("x", "int64", (2, 3)), feeds=lowest)
    if platform.machine() == "x86_64":  # Other processors wrap around in silence.
        assert found.failure.cause == "stopped by SIGFPE, while running the first inference"
        assert (found.failure.phase, found.failure.kind) == ("first inference", "crashed")
        assert found.service_ns == ()


def test_a_limit_too_small_for_the_runtime_itself_is_a_finding(tmp_path):
    settings = Settings(memory_limit_bytes=10 * 2**20)
    found = run(tmp_path, graph_of(helper.make_node("Relu", ["x"], ["y"])), VECTOR, settings=settings)
    assert found.failure.kind == "out of memory"
    assert found.failure.cause.startswith("needed more memory than it may use (limit 10 MiB, ")
    assert found.memory_limit.limit_bytes == 10 * 2**20


def test_a_provider_that_this_build_lacks_is_bad_usage(tmp_path):
    settings = Settings(provider="FrobExecutionProvider")
    with pytest.raises(AssessError, match="no FrobExecutionProvider"):
        run(tmp_path, graph_of(helper.make_node("Relu", ["x"], ["y"])), VECTOR, settings=settings)


def dense(width):
    weight = numpy_helper.from_array(np.random.default_rng(0).standard_normal((width, width)).astype(np.float32), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return graph_of(node, FLOAT, (1, width), weights=[weight]), Port("x", "float32", (1, width))


def test_memory_grows_by_the_weights_and_no_more(tmp_path):
    small, large = (run(tmp_path, *dense(width)).memory for width in (64, 3072))
    weights = 4 * 3072**2  # 37.7 MB; prepacking makes a copy of them and gives the first one back.
    grown = (large.steady_peak - large.baseline) - (small.steady_peak - small.baseline)
    assert 0.95 * weights <= grown <= 2.2 * weights
    assert large.load_peak - small.load_peak >= 1.9 * weights  # File and copy at once.
    assert abs(large.baseline - small.baseline) < 1_000_000
    for memory in (small, large):
        assert memory.method == "VmHWM"
        assert memory.model_peak == max(memory.load_peak, memory.first_peak, memory.steady_peak) - memory.baseline
        assert memory.load_peak >= memory.baseline


def test_samples_are_not_in_the_models_memory(tmp_path):
    graph = graph_of(helper.make_node("Identity", ["x"], ["y"]))
    few = run(tmp_path, graph, VECTOR)
    many = run(tmp_path, graph, VECTOR, settings=Settings(min_count=300_000, min_duration_s=0.0))
    assert len(many.service_ns) >= 300_000
    assert many.memory.model_peak - few.memory.model_peak < 500_000


def test_nothing_is_written_at_home_and_no_socket_is_opened(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    opened, threads = set(), set()

    def look(what, done, left_s):
        for child in psutil.Process().children(recursive=True):
            threads.add(child.num_threads())
            for link in Path(f"/proc/{child.pid}/fd").iterdir():
                try:
                    opened.add(str(link.readlink()))
                except FileNotFoundError:
                    continue  # Closed since it was listed.

    settings = Settings(min_count=1, min_duration_s=2.5)
    found = run(tmp_path, graph_of(helper.make_node("Relu", ["x"], ["y"])), VECTOR, settings=settings, on_progress=look)
    assert found.failure is None
    assert any("pipe:" in name for name in opened)
    assert not [name for name in opened if name.startswith("socket:")]
    assert max(threads) == 1  # Telemetry would have one of its own.
    assert list(home.rglob("*")) == []


def test_where_operators_were_placed_is_read_from_the_session(tmp_path, monkeypatch):
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "1")
    graph = graph_of(helper.make_node("Relu", ["x"], ["y"]))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    code = """
import sys
from assess.measure.onnx_runtime import OnnxRuntime
import onnxruntime
asked = {"model": sys.argv[1], "threads": 1, "optimisation": "all", "provider": "CPUExecutionProvider"}
session = OnnxRuntime().load({**asked, "placement": True})
told = hasattr(onnxruntime.InferenceSession, "get_provider_graph_assignment_info")
assert session.effective()["assigned"] == ({"CPUExecutionProvider": 1} if told else {})
assert OnnxRuntime().load(asked).placement() == []
"""
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "m.onnx")]
    subprocess.run(command, env=environment(), check=True)


def test_the_worker_imports_next_to_nothing_beside_the_runtime():
    bare = "import sys, onnxruntime; print(*sys.modules)"
    ours = (
        "import sys\nfrom assess.measure import worker\nfrom assess.measure.onnx_runtime import OnnxRuntime\n"
        "worker.find('timed'), OnnxRuntime(), worker.this_kernel()\nprint(*sys.modules)"
    )
    modules = []
    for code in (bare, ours):
        command = [sys.executable, "-P", "-c", code]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
        modules.append(set(done.stdout.split()))
    more = modules[1] - modules[0]
    assert {name for name in more if name.startswith("assess")} == {
        "assess", "assess.child", "assess.errors", "assess.measure", "assess.measure.worker", "assess.measure.passes",
        "assess.measure.passes.timed", "assess.measure.engine", "assess.measure.onnx_runtime", "assess.measure.drive",
        "assess.measure.memory", "assess.measure.pace", "assess.measure.rows", "assess.measure.scenarios",
        "assess.providers",
        *(f"assess.measure.scenarios.{name}" for name in ("scenario", *SCENARIOS)),
    }  # fmt: skip
    assert not more & {"pydantic", "onnx", "psutil", "typer", "rich", "dataclasses", "assess.describe"}


PARENT = """
    import json, sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    import builders
    from assess.describe.model import ModelFile, Port
    from assess.measure.measurement import Settings
    from assess.measure.run import measure
    model = builders.model(files=(ModelFile("model.onnx", 1, {sha256!r}),), inputs=(Port("x", "float32", (2, 3)),))
    measure(model, Path({path!r}), builders.job(), Settings(min_duration_s=60.0),
            on_progress=lambda what, done, left_s: print(what, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_and_no_file(tmp_path, number):
    (tmp_path / "tmp").mkdir()
    path = tmp_path / "model.onnx"
    graph = graph_of(helper.make_node("Relu", ["x"], ["y"]))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    code = textwrap.dedent(PARENT).format(tests=str(Path(__file__).parent.parent), path=str(path), sha256=sha256)
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    assert "running the timed inferences\n" in iter(parent.stdout.readline, "")
    time.sleep(1.0)  # Some frames are done, on a busy host too.
    children = psutil.Process(parent.pid).children(recursive=True)
    assert children != []
    assert list((tmp_path / "tmp").iterdir()) != []
    parent.send_signal(number)
    # What was measured is returned, so that the caller can save it before it ends.
    assert parent.wait(timeout=30) == 0  # It would run for 60 s.
    parent.stdout.close()
    assert psutil.wait_procs(children, timeout=5)[1] == []
    assert list((tmp_path / "tmp").iterdir()) == []
