"""benchmark_model: two tools in C++ and one in Python, told apart by their --help.

The lines in C++ are those of tflite/tools/benchmark (benchmark_model.cc) and of its statistics with and without
percentiles; the figures are made up. No package brings those two: litert-benchmark, which one does, is run for real.
"""

import subprocess
import sys
from pathlib import Path

import fake_tools
import pytest
from fake_tools import FakeMachine, ended, order

from assess.errors import AssessError
from assess.measure.runners.benchmark_model import BENCHMARK_MODEL, more

CPP = "usage: benchmark_model <flags>\nFlags:\n\t--num_runs=50\n\t--graph=\tstring\trequired\tgraph file name\n"
PYTHON = "usage: litert-benchmark [-h] --model MODEL [--num_runs NUM_RUNS] [--result_json RESULT_JSON]\n"
PRINTED = """INFO: STARTING!
INFO: Replacing 3 out of 4 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 2 partitions.
INFO: Initialized session in 12.345ms.
INFO: Running benchmark for at least 10 iterations and at least 0.5 seconds but terminate if exceeding 600 seconds.
INFO: count=64 first=9001 curr=7900 min=7800 max=9001 avg=7950.5 std=12

INFO: Running benchmark for at least 500 iterations and at least 2 seconds but terminate if exceeding 600 seconds.
INFO: count=500 first=7901 curr=7811 min=7700 max=9100 avg=7.85034e+06 std=13{percentiles}

INFO: Inference timings in us: Init: 12345, First inference: 9001, Warmup (avg): 7950.5, Inference (avg): 7850.34
INFO: Memory footprint delta from the start of the tool (MB): init=4.5 overall=46.25
"""


def printed(percentiles=""):
    return PRINTED.replace("7.85034e+06", "7.85034e+03").format(percentiles=percentiles)


OF_PYTHON = """
========================================
Model initialization:  1.11 ms
Warmup (first):        0.55 ms
Warmup (avg):          0.51 ms (10 runs)
Inference (avg):       0.50 ms (500 runs)
Inference (min):       0.45 ms
Inference (max):       0.91 ms
Inference (median):    0.49 ms
Inference (std):       0.01 ms
Inference (p5):        0.46 ms
Inference (p95):       0.61 ms
Throughput:            199.33 MB/s
Fully accelerated:     True
========================================
"""


def command(probe, **changes):
    return BENCHMARK_MODEL.command(order(**{"file": "/m/student.tflite", "is_model": False, **changes}), probe, "/f")


def told(out, probe=CPP, err=""):
    return BENCHMARK_MODEL.read(order(), probe, ended(out, err), FakeMachine([]))


def test_the_tool_in_cpp_is_asked_for_counts_and_spans():
    assert command(CPP) == (
        "/opt/tool", "--graph=/m/student.tflite", "--num_runs=500", "--min_secs=2", "--max_secs=600",
        "--warmup_runs=10", "--warmup_min_secs=0.5", "--run_delay=-1", "--enable_op_profiling=false", "--num_threads=1",
    )  # fmt: skip


def test_the_tool_in_python_is_asked_for_counts():
    asked = ("--model=/m/student.tflite", "--num_runs=500", "--warmup_runs=10", "--num_threads=1")
    assert command(PYTHON) == ("/opt/tool", *asked)


def test_a_run_that_lasts_too_short_is_asked_for_again_with_more():
    found = told(OF_PYTHON, PYTHON)
    assert more(order(), found) == 4000  # Of 0.5 ms, for 2 s.
    assert more(order(span_s=0.2), found) == 0
    assert more(order(), told(printed())) == 0


def test_inferences_that_its_digits_cannot_tell_are_not_asked_for_without_end():
    fast = told(OF_PYTHON.replace("0.50 ms", "0.00 ms").replace("0.45", "0.00"), PYTHON)
    assert more(order(), fast) == 400_000
    assert more(order(span_s=60.0), fast) == 1_000_000


def test_another_file_is_refused():
    with pytest.raises(AssessError, match=r"runs \.tflite files only"):
        command(CPP, file="/m/student.onnx")


def test_another_program_is_told():
    with pytest.raises(AssessError, match="did not answer --help as benchmark_model or litert-benchmark does"):
        command("usage: cat [FILE]")


@pytest.mark.parametrize(
    "word", ["--num_runs=3", "--run_frequency=30", "--graph=x", "--report_peak_memory_footprint=true"]
)
def test_an_option_that_would_change_what_a_latency_is_is_refused(word):
    with pytest.raises(AssessError, match=word):
        command(CPP, words=(word,))


@pytest.mark.parametrize("stream", ["out", "err"])
def test_figures_are_those_of_the_timed_inferences(stream):
    found = told(**{"out": "", stream: printed()})
    statistics = found.statistics
    assert (statistics.count, statistics.median_s, statistics.percentiles) == (500, None, {})
    assert (statistics.min_s, statistics.mean_s, statistics.max_s) == pytest.approx((0.0077, 0.00785034, 0.0091))
    assert (found.warmup_count, found.load_s, found.first_s) == (64, pytest.approx(0.012345), pytest.approx(0.009001))
    assert (found.memory_bytes, found.told) == (48_496_640, {"delegate": "TfLiteXNNPackDelegate took 3 of 4 nodes"})
    assert found.absent == {"version": "benchmark_model does not tell its version"}


def test_newer_ones_tell_percentiles():
    statistics = told(printed(" p5=7710 median=7840 p95=8000")).statistics
    assert statistics.median_s == pytest.approx(0.00784)
    assert statistics.percentiles == pytest.approx({"5": 0.00771, "95": 0.008})


def test_the_tool_in_python_tells_hundredths_of_a_millisecond():
    found = told(OF_PYTHON, PYTHON)
    assert (found.statistics.count, found.statistics.step_s) == (500, 1e-5)
    assert found.statistics.percentiles == pytest.approx({"5": 0.00046, "95": 0.00061})
    assert (found.warmup_count, found.load_s, found.first_s, found.memory_bytes) == (10, 0.00111, 0.00055, None)


@pytest.mark.parametrize(
    ("out", "probe"), [("", CPP), ("count=3 curr=1\n", CPP), ("", PYTHON), (OF_PYTHON[:200], PYTHON)]
)
def test_what_cannot_be_read_is_one_clear_error(out, probe):
    with pytest.raises(AssessError, match="ended well, but printed no"):
        told(out, probe)


@pytest.fixture
def tflite(tmp_path):
    tool = fake_tools.real_tool("litert-benchmark")
    python = next(line for line in Path(tool).read_text().splitlines() if line.startswith("#!"))[2:]
    file = tmp_path / "layer.tflite"
    subprocess.run([python, fake_tools.ROOT / "tests" / "tflite_models.py", file], check=True)
    return tool, file


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the wheel is there for Linux")
def test_the_real_tool_says_what_is_read(tflite, tmp_path):
    from assess.measure.runners.local import LocalMachine

    tool, file = tflite
    machine = LocalMachine(str(tmp_path))
    probe = machine.run((tool, "--help"), 60.0).out
    asked = order(tool=tool, file=str(file), count=300)
    ran = machine.run(BENCHMARK_MODEL.command(asked, probe, str(tmp_path)), 120.0)
    assert ran.code == 0, ran.err
    found = BENCHMARK_MODEL.read(asked, probe, ran, machine)
    assert found.statistics.count == 300
    assert found.statistics.min_s <= found.statistics.median_s <= found.statistics.max_s
    assert found.warmup_count == 10
    assert found.told == {"fully accelerated": "True"}
