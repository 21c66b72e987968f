"""A run by a vendor's tool: recorded as the tool's, with what it does not tell and why."""

import copy
import json
from dataclasses import fields

import builders
import pytest
from fake_tools import FakeMachine, ended
from hypothesis import given
from hypothesis import strategies as st

from assess.describe.graph import describe
from assess.errors import AssessError
from assess.measure.frames import Frames
from assess.measure.measurement import Settings
from assess.measure.record import from_json, read, to_json
from assess.measure.run import measure
from assess.measure.validity import validity

HELP = "&&&& RUNNING TensorRT.trtexec [TensorRT v100900] --iterations --exportTimes --exposeDMA --infStreams"
APP = """[ INFO ] Count:            900 iterations
[ INFO ] Duration:         2004.81 ms
[ INFO ]    99 percentile:     2.50 ms
[ INFO ]    Average:       2.20 ms
[ INFO ]    Min:           2.00 ms
[ INFO ]    Max:           3.00 ms
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "mlp.onnx"
    path.write_bytes(relu())
    return describe(path, dims={}), path


def relu():
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "relu",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString()


def times(count, ms=2.0):
    rows = [{"startComputeMs": 500 + 2 * at, "endComputeMs": 502 + 2 * at, "startH2dMs": 500 + 2 * at,
             "h2dMs": 0.25, "computeMs": ms - 0.25, "d2hMs": 0, "latencyMs": ms} for at in range(count)]  # fmt: skip
    return {"/f/times.json": json.dumps(rows).encode()}


def run(model, machine, *, job=None, host=builders.host, reference=None, **settings):
    described, path = model
    asked = Settings(**{"runner": "trtexec", "min_count": 500, "min_duration_s": 1.0, **settings})
    return measure(
        described, path, job or builders.job(kind="single"), asked, machine=lambda _: machine, host=host,
        reference=reference,
    )  # fmt: skip


def trtexec(count=700, **changes):
    return FakeMachine([ended(HELP), ended("Warmup completed 90 queries")], times(count), **changes)


def test_single_latencies_are_the_runs_frames(model):
    machine = trtexec()
    found = run(model, machine)
    assert found.service_ns == (2_000_000,) * 700
    assert found.effective is None
    assert found.memory is None
    assert (found.tool_run.title, found.tool_run.is_model, found.tool_run.file) == ("trtexec 10.9.0", True, "mlp.onnx")
    assert found.tool_run.command == machine.commands[1]
    assert found.inputs[0].name == "x"
    assert {"memory", "floor", "outputs", "attribution", "placement", "profile", "cold start", "energy"} == set(
        found.absent
    )
    assert validity(found) == ()


#: A value of each field of a run's settings that a command can set, which is not the default.
OTHERWISE = {
    "provider": "CUDAExecutionProvider", "threads": 2, "provider_options": {"a": "b"}, "custom_ops": ("own.so",),
    "optimisation": "basic", "tier": "smoke", "passes": ("outputs", "floor"), "require_full_placement": True,
    "min_count": 600, "min_duration_s": 0.5, "warmup_count": 20, "warmup_duration_s": 0.25, "back_to_back_s": 0.25,
    "seed": 7, "timeout_s": 300.0, "memory_limit_bytes": 10**9, "runner": "benchmark_app",
    "runner_command": "--fp16", "runner_model": "mlp.engine", "runner_unit": "ms", "cpus": "0-0", "realtime": True,
}  # fmt: skip
REFUSED = (
    "provider", "provider_options", "custom_ops", "optimisation", "require_full_placement", "memory_limit_bytes",
    "runner_unit", "cpus", "realtime",
)  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_whatever_is_set_beside_a_runner_is_refused_or_gives_a_run_that_can_be_read(model, tmp_path, name):
    described, path = model
    (tmp_path / "mlp.engine").write_bytes(b"an engine")
    value = {**OTHERWISE, "runner_model": str(tmp_path / "mlp.engine")}[name]
    assert value != getattr(Settings(), name)
    machine = FakeMachine([ended(APP)]) if name == "runner" else trtexec(2000)
    try:
        found = run((described, path), machine, **{name: value})
    except AssessError as error:
        assert name in REFUSED
        assert error.where in ("--runner", "--runner-unit", "--runner-command")
        return
    assert name not in REFUSED
    to = tmp_path / "run.json"
    to.write_text(to_json(found))
    assert read(to) == found


def test_what_no_schedule_released_is_said_not_to_be_measured(model):
    found = run(model, trtexec(), job=builders.job(kind="periodic", rate="100 Hz"))
    assert found.absent["schedule"] == "trtexec runs one inference after the other: the job's schedule was not kept"
    assert from_json(to_json(found), "run.json") == found


def test_statistics_are_no_frames(model):
    found = run(model, FakeMachine([ended(APP)]), runner="benchmark_app")
    assert len(found.frames) == 0
    assert (found.tool_run.statistics.count, found.tool_run.statistics.max_s) == (900, 0.003)
    assert found.absent["frames"] == "benchmark_app tells statistics of its latencies, and no single one"
    assert validity(found) == ()
    assert from_json(to_json(found), "run.json") == found


def test_a_run_is_read_as_it_was_written(model):
    found = run(model, trtexec())
    assert from_json(to_json(found), "run.json") == found


def test_another_file_is_recorded_as_one(model, tmp_path):
    engine = tmp_path / "mlp.engine"
    engine.write_bytes(b"engine")
    found = run(model, trtexec(), runner_model=str(engine))
    assert (found.tool_run.file, found.tool_run.is_model) == ("mlp.engine", False)
    assert found.inputs == ()
    assert found.absent["inputs"] == "trtexec made up its own inputs"
    assert from_json(to_json(found), "run.json") == found


def test_a_command_that_names_no_model_runs_nobody_knows_what(model):
    found = run(model, FakeMachine([ended("1 ms\n" * 700)]), runner="command", runner_command="./bench")
    assert (found.tool_run.file, found.tool_run.file_sha256, found.tool_run.title) == ("", "", "command bench")
    assert found.absent["file"].startswith("the command does not name the model")
    assert from_json(to_json(found), "run.json") == found


def test_a_tool_that_takes_a_count_only_is_asked_again(model, tmp_path):
    timed = "Inference (avg): 0.50 ms ({} runs)\nInference (min): 0.45 ms\nInference (max): 0.91 ms\n"
    file = tmp_path / "mlp.tflite"
    file.write_bytes(b"tflite")
    machine = FakeMachine([ended("--model --result_json"), ended(timed.format(500)), ended(timed.format(2000))])
    found = run(model, machine, runner="benchmark_model", runner_model=str(file))
    assert [word for command in machine.commands for word in command if word.startswith("--num_runs")] == [
        "--num_runs=500", "--num_runs=2000",
    ]  # fmt: skip
    assert found.tool_run.statistics.count == 2000
    assert found.tool_run.command == machine.commands[2]


def test_a_command_that_was_over_too_soon_is_asked_for_more(model):
    machine = FakeMachine([ended("1 ms\n" * 500), ended("1 ms\n" * 1200)])
    found = run(model, machine, runner="command", runner_command="./bench {model} {count}")
    assert [command[-1] for command in machine.commands] == ["500", "1200"]
    assert len(found.frames) == 1200


def test_a_command_that_takes_no_count_is_run_once(model):
    machine = FakeMachine([ended("1 ms\n" * 500)])
    assert len(run(model, machine, runner="command", runner_command="./bench {model}").frames) == 500


def test_a_tool_that_writes_into_its_file_gives_no_run(model):
    machine = trtexec()
    asked = machine.run

    def run_and_write(command, timeout_s):
        model[1].write_bytes(b"another")
        return asked(command, timeout_s)

    machine.run = run_and_write
    with pytest.raises(AssessError, match="trtexec changed the file that it was to run") as error:
        run(model, machine)
    assert error.value.where == str(model[1])


@pytest.mark.parametrize(
    ("answer", "kind", "cause"),
    [
        (ended("", "no GPU", 1), "refused", "trtexec ended with exit code 1"),
        (ended("", "", -11), "crashed", "trtexec was ended by SIGSEGV"),
        (ended("x", "", None, ended="hung"), "hung", "trtexec still ran after 600 s"),
        (ended("x\n", "", None, ended="flooded"), "crashed", "trtexec printed more than 64 MiB, and was ended"),
    ],
)
def test_a_tool_that_fails_is_a_finding(model, answer, kind, cause):
    found = run(model, FakeMachine([ended(HELP), answer]))
    assert (found.failure.kind, found.failure.cause) == (kind, cause)
    assert found.tool_run.command
    assert from_json(to_json(found), "run.json") == found


def test_a_tool_that_was_stopped_before_it_told_anything_is_no_run(model):
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        run(model, FakeMachine([ended(HELP), ended("x", "", None, ended="stopped", signal="SIGTERM")]))


def test_of_a_command_that_was_stopped_the_lines_are_kept(model):
    stopped = ended("1 ms\n2 ms\n", "", None, ended="stopped", signal="SIGINT")
    found = run(model, FakeMachine([stopped]), runner="command", runner_command="./bench {model}")
    assert found.service_ns == (1_000_000, 2_000_000)
    assert found.incomplete == "stopped by SIGINT after 2 inferences of command"
    assert from_json(to_json(found), "run.json") == found


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"runner": "trtexce"}, "there is no runner 'trtexce'"),
        ({"runner": "benchmark_model"}, r"benchmark_model runs .tflite files, not mlp.onnx"),
        ({"provider": "CUDAExecutionProvider"}, "--provider is of assess's own harness"),
        ({"memory_limit_bytes": 10**9}, "--memory-limit is of assess's own harness"),
        ({"cpus": "0-0"}, "--cpus is of assess's own harness"),
        ({"realtime": True}, "--nice-realtime is of assess's own harness"),
        ({"tier": "sustained"}, "--tier sustained is of assess's own harness"),
        ({"passes": ("fidelity",)}, "--fidelity is of assess's own harness"),
        ({"runner_unit": "ms"}, "is for --runner command only"),
        ({"runner": "command", "runner_unit": "min"}, "'min' is no unit"),
        ({"runner": "command"}, "is missing"),
        ({"runner_command": "'"}, "cannot be taken apart into words: No closing quotation"),
        ({"runner_command": "/nowhere/trtexec"}, "/nowhere/trtexec is not there"),
        ({"runner_model": "/nowhere/m.engine"}, "cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(model, settings, problem):
    machine = trtexec()
    with pytest.raises(AssessError, match=problem):
        run(model, machine, **settings)
    assert machine.commands == []


@pytest.mark.parametrize("scenario", [{"kind": "offline", "batches": [1]}, {"kind": "stateful", "states": {"y": "x"}}])
def test_a_job_that_is_no_inference_after_the_other_is_refused(model, scenario):
    with pytest.raises(AssessError, match="trtexec runs one inference after the other, and camera-30hz is of kind"):
        run(model, trtexec(), job=builders.job(**scenario))


def test_a_tool_that_is_no_program_is_an_error(model):
    with pytest.raises(AssessError, match="trtexec cannot be run: /opt/trtexec: Exec format error"):
        run(model, FakeMachine([ended("", "/opt/trtexec: Exec format error\n", 126)]))


def test_statistics_that_cannot_be_are_an_error(model):
    with pytest.raises(AssessError, match="cannot be: a higher percentile is below a lower one"):
        run(model, FakeMachine([ended(APP.replace("3.00", "1.00"))]), runner="benchmark_app")


def test_too_few_are_too_few(model):
    assert validity(run(model, trtexec(count=300))) == ("too few samples: 300 of 500 within the time limit",)


def edited(found, **changes):
    data = json.loads(to_json(found))
    for path, value in changes.items():
        *parents, last = path.split("__")
        holder = data
        for parent in parents:
            holder = holder[parent]
        holder[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tool_run__name": "benchmark_app"}, "tool_run.name: is not the runner that was asked for"),
        ({"requested__runner": ""}, "tool_run.name: is not the runner that was asked for"),
        ({"tool_run__is_model": False}, "tool_run.is_model: is not what the sha256 of file and model say"),
        ({"tool_run__file_sha256": ""}, "tool_run.file_sha256: is there for a file that has a name, and only then"),
        ({"tool_run__command": []}, "tool_run.command: is empty"),
        ({"tool_run__memory_bytes": 5}, "tool_run.memory_of: is there with memory_bytes, and only then"),
        ({"tool_run__span_s": -1.0}, "tool_run.span_s: -1.0 is negative"),
        ({"tool_run__statistics": {"count": 5, "min_s": 1.0, "max_s": 2.0}},
         "tool_run.statistics: are there, and so are the frames that they would be of"),
        ({"tool_run__statistics": {"count": 5, "min_s": 2.0, "max_s": 1.0}},
         "tool_run.statistics: a higher percentile is below a lower one"),
        ({"tool_run": None}, "effective: is null, though the run did not fail"),
        ({"tool_run__telemetry": 1}, "tool_run.telemetry: unknown key"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(model, changes, problem):
    with pytest.raises(AssessError) as caught:
        from_json(edited(run(model, trtexec()), **changes), "run.json")
    assert caught.value.problem == problem


JUNK = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
TOOL = {
    "name": "trtexec", "version": "10.9.0", "command": ["trtexec"], "file": "student.onnx", "file_sha256": "ab" * 32,
    "is_model": True, "includes": "all", "excludes": "", "span_s": 2.0, "warmup_count": 3, "memory_bytes": 5,
    "memory_of": "growth", "told": {"a": "b"}, "printed": "",
    "statistics": {"count": 700, "min_s": 0.001, "max_s": 0.003, "mean_s": 0.002, "median_s": 0.0015,
                   "percentiles": {"99": 0.0025}, "step_s": 1e-6},
}  # fmt: skip


def written(tool):
    document = json.loads(to_json(builders.measurement(frames=Frames(), effective=None, tool_run=None)))
    document["requested"]["runner"] = "trtexec"
    document["tool_run"] = tool
    return json.dumps(document)


def test_statistics_are_read_back_with_all_that_a_tool_may_tell():
    found = from_json(written(TOOL), "run.json")
    assert found.tool_run.statistics.levels == [(0.0, 0.001), (50.0, 0.0015), (99.0, 0.0025), (100.0, 0.003)]
    assert from_json(to_json(found), "run.json") == found


@given(st.sampled_from([(key,) for key in TOOL] + [("statistics", key) for key in TOOL["statistics"]]
                       + [("statistics", "percentiles", "99"), ("told", "a"), ("command", 0)]), JUNK)  # fmt: skip
def test_junk_in_a_tools_record_is_refused_or_read_back_as_it_is(path, junk):
    tool = copy.deepcopy(TOOL)
    inner = tool
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = junk
    try:
        found = from_json(written(tool), "run.json")
    except AssessError as error:
        assert error.problem
    else:
        assert from_json(to_json(found), "run.json") == found


@given(st.dictionaries(st.text(max_size=4), st.floats(0, 1), max_size=3))
def test_percentiles_of_any_name_are_refused_or_read_back(percentiles):
    tool = {**TOOL, "statistics": {**TOOL["statistics"], "percentiles": percentiles}}
    try:
        found = from_json(written(tool), "run.json")
    except AssessError as error:
        assert error.problem
    else:
        assert found.tool_run.statistics.percentiles == percentiles
