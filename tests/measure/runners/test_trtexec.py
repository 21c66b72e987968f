"""trtexec: what it is asked and how its times are read, version by version.

The formats are those of NVIDIA's sources (samples/common/sampleReporting.cpp and sampleOptions.cpp of the releases
7.2.1, 8.2.1, 8.6.1, 10.9.0 and 11.0); the figures are made up.
"""

import json

import fake_tools
import pytest
from fake_tools import FakeMachine, ended, order

from assess.errors import AssessError
from assess.measure.runners.trtexec import TRTEXEC

#: Of --help: what decides which options there are.
BANNER = "&&&& RUNNING TensorRT.trtexec [TensorRT v{}] # trtexec --help\n"
COMMON = (
    "  --iterations=N\n  --warmUp=N\n  --duration=N\n  --exposeDMA\n  --useSpinWait\n  --exportTimes=<file>\n"
    "  --sleepTime=N\n  --noDataTransfers\n  --useCudaGraph\n"
)
HELP = {
    "7.2.1": "&&&& RUNNING TensorRT.trtexec # trtexec --help\n" + COMMON + "  --streams=N\n",
    "8.2.1": BANNER.format("8201") + COMMON + "  --streams=N\n  --idleTime=N\n",
    "8.6.1": BANNER.format("8601") + COMMON + "  --infStreams=N\n  --idleTime=N\n",
    "10.9.0": BANNER.format("100900") + COMMON + "  --infStreams=N\n  --idleTime=N\n",
    "11.0.0": BANNER.format("110000") + COMMON + "  --infStreams=N\n  --idleTime=N\n  --includeDataTransfers\n"
    "  --noSpinWait\n  --noCudaGraph\n",
}  # fmt: skip


def row(at, h2d=0.25, compute=1.5, d2h=0.125, names="h2d", end_to_end=None):
    """One inference as versions export it, from `at` ms on."""
    start, out = ("startH2dMs", "endH2dMs", "h2dMs"), ("startD2hMs", "endD2hMs", "d2hMs")
    if names == "in":
        start, out = ("startInMs", "endInMs", "inMs"), ("startOutMs", "endOutMs", "outMs")
    begun, done = at + h2d, at + h2d + compute
    found = {
        "startEnqMs": at, "endEnqMs": at + 0.0625, start[0]: at, start[1]: begun,
        "startComputeMs": begun, "endComputeMs": done, out[0]: done, out[1]: done + d2h,
        start[2]: h2d, "computeMs": compute, out[2]: d2h, "latencyMs": h2d + compute + d2h,
    }  # fmt: skip
    return {**found, **({} if end_to_end is None else {"endToEndMs": end_to_end})}


LOG = """&&&& RUNNING TensorRT.trtexec [TensorRT v100900] [b34] # trtexec --onnx=m.onnx
[01/02/2026-03:04:05] [I] Precision: FP32+FP16
[01/02/2026-03:04:05] [I] === Inference Options ===
[01/02/2026-03:04:05] [I] ExposeDMA: Enabled
[01/02/2026-03:04:05] [I] Data transfers: Enabled
[01/02/2026-03:04:05] [I] Spin-wait: Enabled
[01/02/2026-03:04:05] [I] CUDA Graph: Disabled
[01/02/2026-03:04:05] [I] DLACore:
[01/02/2026-03:04:05] [I] Selected Device: ACME GPU
[01/02/2026-03:04:05] [I] TensorRT version: 10.9.0
[01/02/2026-03:04:06] [I] Engine built in 10.72 sec.
[01/02/2026-03:04:07] [I] Warmup completed 135 queries over 500 ms
&&&& PASSED TensorRT.trtexec [TensorRT v100900] [b34] # trtexec --onnx=m.onnx
"""


def command(version, **changes):
    return TRTEXEC.command(order(**changes), HELP[version], "/f")


def told(rows, out=LOG, version="10.9.0", **changes):
    data = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
    machine = FakeMachine([], {"/f/times.json": data})
    return TRTEXEC.read(order(**changes), HELP[version], ended(out), machine)


@pytest.mark.parametrize("version", HELP)
def test_all_that_decides_is_asked_for_by_name(version):
    asked = command(version)
    assert asked[:2] == ("/opt/tool", "--onnx=/m/student.onnx")
    assert {"--iterations=500", "--duration=2", "--warmUp=500", "--exposeDMA", "--useSpinWait"} <= set(asked)
    assert {"--exportTimes=/f/times.json", "--sleepTime=0", "--loadInputs=image:/f/0.bin"} <= set(asked)


def test_streams_have_the_name_that_the_version_has():
    assert "--streams=1" in command("8.2.1")
    assert "--infStreams=1" in command("8.6.1")


def test_copies_are_asked_for_where_the_default_leaves_them_out():
    assert not {"--includeDataTransfers", "--noCudaGraph"} & set(command("10.9.0"))
    assert {"--includeDataTransfers", "--noCudaGraph"} <= set(command("11.0.0"))


def test_a_graph_may_be_asked_for():
    assert "--useCudaGraph" in command("10.9.0", words=("--useCudaGraph",))
    assert "--noCudaGraph" not in command("11.0.0", words=("--useCudaGraph",))


def test_an_option_that_there_is_not_is_not_typed():
    assert "--idleTime=0" not in command("7.2.1")


def test_an_engine_is_loaded_and_feeds_itself():
    asked = command("10.9.0", file="/m/student.engine", is_model=False)
    assert asked[1] == "--loadEngine=/m/student.engine"
    assert not any(word.startswith("--loadInputs") for word in asked)


def test_open_dimensions_are_bound():
    assert "--shapes=image:1x3x224x224" in command("10.9.0", is_dynamic=True)


def test_whole_numbers_of_64_bits_are_fed_only_where_a_binding_has_as_many():
    ids = (fake_tools.FedFile("ids", "int64", (1, 8), "/f/0.bin", "/f/0.npy"),)
    assert not any(word.startswith("--loadInputs") for word in command("8.6.1", inputs=ids))
    assert "--loadInputs=ids:/f/0.bin" in command("10.9.0", inputs=ids)


def test_a_name_that_would_be_taken_apart_is_not_fed():
    named = (fake_tools.FedFile("input:0", "float32", (1,), "/f/0.bin", "/f/0.npy"),)
    assert not any(word.startswith("--loadInputs") for word in command("10.9.0", inputs=named))


@pytest.mark.parametrize("word", ["--duration=1", "--noDataTransfers", "--onnx=x.onnx", "-iterations=3"])
def test_an_option_that_would_change_what_a_latency_is_is_refused(word):
    with pytest.raises(AssessError, match=word):
        command("10.9.0", words=("--fp16", word))


def test_another_program_of_that_name_is_told():
    with pytest.raises(AssessError, match="did not answer --help as trtexec does"):
        TRTEXEC.command(order(), "usage: something else", "/f")


def test_latencies_are_copies_and_computation():
    found = told([row(500.0), row(502.0, compute=2.5)])
    assert found.service_ns == (1_875_000, 2_875_000)
    assert (
        found.includes
        == "the copy of the inputs to the device, the computation, and the copy of the outputs back, added up"
    )
    assert (found.version, found.warmup_count, found.load_s, found.fed) == ("10.9.0", 135, 10.72, True)
    assert found.span_s == pytest.approx((502.0 + 2.875 - 500.0) / 1000)
    assert found.told["CUDA Graph"] == "Disabled"
    assert found.told["Selected Device"] == "ACME GPU"
    assert found.told["enqueueing, median"] == "62.5 us"
    assert "DLACore" not in found.told


@pytest.mark.parametrize(("names", "end_to_end", "version"), [("in", 2.0, "7.2.1"), ("h2d", 2.0, "8.2.1")])
def test_older_versions_export_their_warm_up_and_it_is_left_out(names, end_to_end, version):
    rows = [row(at, names=names, end_to_end=end_to_end) for at in (0.0, 250.0, 499.0, 500.0, 502.0)]
    found = told(rows, out="", version=version)
    assert found.service_ns == (1_875_000, 1_875_000)
    assert found.version == {"7.2.1": "", "8.2.1": "8.2.1"}[version]


def test_the_mixed_up_names_of_version_7_tell_no_time_of_enqueueing():
    assert told([row(500.0, names="in")], out="", version="7.2.1").told == {}


def test_without_copies_a_latency_is_said_to_be_without():
    out = LOG.replace("Data transfers: Enabled", "Data transfers: Disabled")
    assert (
        told([row(500.0, h2d=0.0, d2h=0.0)], out).includes
        == "the computation on the device only: copies were not timed"
    )
    assert told([row(500.0, h2d=0.0, d2h=0.0)], out="").includes.startswith("the computation on the device only")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (b"[", "none"),
        ({}, "not a list of objects"),
        ([1], "not a list of objects"),
        ([{"latencyMs": 1.0}], "startComputeMs"),
        ([row(500.0) | {"latencyMs": -1.0}], "inference 0 took -1 ms"),
        (b'[{"latencyMs": NaN, "startComputeMs": 600}]', "none"),
        ([row(500.0) | {"latencyMs": "1"}], "a time that is no number"),
        ([row(1.0)], "all 1 inferences that it wrote times of are of the warm-up"),
    ],
)
def test_times_that_are_none_are_one_clear_error(rows, problem):
    with pytest.raises(AssessError, match=problem):
        told(rows)


def test_no_times_at_all_are_one_too():
    with pytest.raises(AssessError, match=r"trtexec ended well, but wrote no times; its last words: &&&& PASSED"):
        TRTEXEC.read(order(), HELP["10.9.0"], ended(LOG), FakeMachine([]))
