"""benchmark_app: one request at a time is asked for, and its figures are read with the digits that they have."""

import fake_tools
import pytest
from fake_tools import FakeMachine, ended, order

from assess.errors import AssessError
from assess.measure.runners.benchmark_app import BENCHMARK_APP

#: As version 2026.4.1 prints it; up to 2025 times were in milliseconds whatever their size.
PRINTED = """[Step 2/11] Loading OpenVINO Runtime
[ INFO ] OpenVINO:
[ INFO ] Build ................................. 2026.4.1-22982-e213a147257-releases/2026/4
[Step 4/11] Reading model files
[ INFO ] Read model took 27.22 ms
[Step 7/11] Loading the model to the device
[ INFO ] Compile model took 113.56 ms
[ INFO ]   NUM_STREAMS: 1
[ INFO ]   INFERENCE_NUM_THREADS: 1
[ INFO ]   INFERENCE_PRECISION_HINT: <Type: 'bfloat16'>
[Step 10/11] Measuring performance (Start inference synchronously, limits: 2000 ms duration, 500 iterations)
[ INFO ] Benchmarking in inference only mode (inputs filling are not included in measurement loop).
[ INFO ] First inference took 1.03 ms
[Step 11/11] Dumping statistics report
[ INFO ] Execution Devices:['CPU']
[ INFO ] Count:            23938 iterations
[ INFO ] Duration:         2004.81 ms
[ INFO ] Latency:
[ INFO ]    99 percentile:     56.56 us
[ INFO ]    Average:       36.37 us
[ INFO ]    Min:           18.82 us
[ INFO ]    Max:           8142.59 us
[ INFO ] Throughput:   23823.44 FPS
"""
OLD = """[ INFO ] Count:            971 iterations
[ INFO ] Duration:         15015.25 ms
[ INFO ] Latency:
[ INFO ]    Median:        15.21 ms
[ INFO ]    Average:       15.27 ms
[ INFO ]    Min:           14.93 ms
[ INFO ]    Max:           17.10 ms
"""


def command(**changes):
    return BENCHMARK_APP.command(order(**changes), "", "/f")


def told(out, **changes):
    return BENCHMARK_APP.read(order(**changes), "", ended(out), FakeMachine([]))


def test_one_request_at_a_time_is_asked_for():
    assert command() == (
        "/opt/tool", "-m", "/m/student.onnx", "-hint", "none", "-nstreams", "1", "-api", "sync", "-nireq", "1",
        "-niter", "500", "-t", "2", "-latency_percentile", "99", "-d", "CPU", "-nthreads", "1", "-i", "image:/f/0.npy",
    )  # fmt: skip


def test_threads_are_of_the_cpu_only():
    assert "-nthreads" not in command(words=("-d", "GPU"))
    assert "-d" in command(words=("-d", "GPU"))
    assert command(words=("-d", "GPU")).count("-d") == 1
    assert "-nthreads" not in command(threads=0)


def test_a_percentile_with_decimals_is_none_of_its():
    assert "-latency_percentile" not in command(percentile=99.9)


def test_open_dimensions_are_bound():
    asked = command(is_dynamic=True)
    assert asked[asked.index("-shape") + 1] == "image[1,3,224,224]"


def test_another_file_feeds_itself():
    assert "-i" not in command(is_model=False, file="/m/student.xml")


@pytest.mark.parametrize("word", ["-niter", "-hint", "-api", "-nireq", "-m", "-nthreads", "--number_streams"])
def test_an_option_that_would_change_what_a_latency_is_is_refused(word):
    with pytest.raises(AssessError, match=word):
        command(words=(word, "4"))


def test_its_figures_are_statistics():
    found = told(PRINTED)
    assert found.service_ns == ()
    statistics = found.statistics
    assert (statistics.count, statistics.median_s, list(statistics.percentiles)) == (23938, None, ["99"])
    seconds = (statistics.min_s, statistics.mean_s, statistics.percentiles["99"], statistics.max_s, statistics.step_s)
    assert seconds == pytest.approx((18.82e-6, 36.37e-6, 56.56e-6, 8142.59e-6, 0.01e-6))
    assert (found.version, found.warmup_count, found.first_s, found.fed) == ("2026.4.1", 1, 0.00103, True)
    assert (found.load_s, found.span_s) == pytest.approx((0.14078, 2.00481))
    assert found.told["INFERENCE_PRECISION_HINT"] == "<Type: 'bfloat16'>"
    assert found.excludes.startswith("filling the inputs")


def test_older_versions_print_milliseconds_and_a_median():
    found = told(OLD)
    assert (found.statistics.median_s, found.statistics.step_s) == pytest.approx((0.01521, 1e-5))
    assert (found.load_s, found.version) == (None, "")


def test_inputs_that_it_made_up_are_not_ours():
    assert not told(f"[ INFO ] Fill input 'image' with random values\n{PRINTED}").fed


def test_filling_the_inputs_counts_where_it_says_so():
    assert "filling the inputs" in told(PRINTED.replace("inference only mode", "full mode")).includes


@pytest.mark.parametrize(
    "out", ["", "[ INFO ] Count: 5 iterations\n", OLD.replace("Max:", "Most:"), OLD.replace("971", "x")]
)
def test_what_cannot_be_read_is_one_clear_error(out):
    with pytest.raises(AssessError, match="benchmark_app ended well, but printed no latencies that can be read"):
        told(out)


@pytest.mark.slow
def test_the_real_tool_says_what_is_read(tmp_path):
    from assess.measure.runners.local import LocalMachine

    tool = fake_tools.real_tool("benchmark_app")
    model = fake_tools.ROOT / "models" / "lane-keeping" / "lane-keeping-full.onnx"
    asked = order(tool=tool, file=str(model), inputs=(), count=200, span_s=0.5)
    machine = LocalMachine(str(tmp_path))
    ran = machine.run(BENCHMARK_APP.command(asked, "", str(tmp_path)), 120.0)
    assert ran.code == 0, ran.err
    found = BENCHMARK_APP.read(asked, "", ran, machine)
    assert found.statistics.count >= 200
    assert 0 < found.statistics.min_s <= found.statistics.percentiles["99"] <= found.statistics.max_s
    assert found.version[:2] == "20"
    assert found.span_s >= 0.5
    assert found.told["NUM_STREAMS"] == "1"
