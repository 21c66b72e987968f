"""What a run measured in exact words, group by group; the whole summary is a golden file."""

import os
from dataclasses import replace
from pathlib import Path

import builders
import pytest
import whole_run

from assess.describe.workload import Workload
from assess.measure.constraint import Constraints, CpuQuota, Scheduling
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.measurement import Failure
from assess.measure.scenarios.generate import Context, Generation
from assess.measure.scenarios.offline import BatchRun, Offline
from assess.measure.scenarios.pipeline import StageRun
from assess.measure.windows import Window
from assess.report.facts.fact import levels, percent, table_lines
from assess.report.run_facts import run_facts
from assess.report.run_summary import run_summary
from assess.report.wrap import wrapped

GOLDEN = Path(__file__).parent.parent / "golden" / "report-run-summary.txt"
SENSORS = dict.fromkeys(
    ("RAPL", "hwmon power", "NVML", "battery", "temperature", "CPU clock", "throttling", "energy"), "a long reason"
)


def group(title, measurement, workload=whole_run.WORKLOAD):
    (found,) = [each for each in run_facts(measurement, workload) if each.title == title]
    return found


def lines(title, measurement, workload=whole_run.WORKLOAD):
    return [f"{name}: {text}" if name else f"  {text}" for name, text, _ in group(title, measurement, workload).facts]


def summary(measurement, reasons=(), width=100):
    return run_summary(measurement, whole_run.WORKLOAD, reasons, width=width)


def test_the_whole_summary():
    text = summary(whole_run.whole_run(absent={**SENSORS, "threads": "not told"}))
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_summary_keeps_its_width(width):
    text = summary(whole_run.whole_run(absent=SENSORS), ["a reason " * 20], width)
    assert max(map(len, text.splitlines())) <= width


def test_the_first_word_says_how_the_run_ended():
    made = whole_run.whole_run()
    failed = replace(made, failure=Failure("timed", "crashed", "stopped by SIGSEGV", "last\nwords"))
    assert summary(made).startswith("MEASURED  student.onnx for camera-30hz on ACME Rover Board\n\n  response time ")
    assert summary(made, ["too short"]).startswith(
        "INVALID  student.onnx for camera-30hz on ACME Rover Board\n\n  not valid: too short\n\n"
    )
    assert summary(replace(made, incomplete="stopped by SIGINT")).split("\n")[2] == "  stopped by SIGINT"
    assert summary(replace(failed, incomplete="stopped")).startswith("INCOMPLETE  ")
    assert summary(failed).split("\n")[:5] == [
        "FAILED  student.onnx for camera-30hz on ACME Rover Board",
        "",
        "  crashed in phase 'timed': stopped by SIGSEGV",
        "    last",
        "    words",
    ]


def test_sensors_that_are_not_there_take_one_fact():
    text = summary(whole_run.whole_run(absent=SENSORS))
    assert text.endswith(
        "  energy and heat   not measured: this host is without RAPL, hwmon power, NVML, battery,\n"
        "                    temperature, CPU clock, throttling (run.json says why)\n"
    )
    few = summary(whole_run.whole_run(absent={"NVML": "x", "battery": "y", "memory": "not told"}))
    assert few.endswith(
        "\n\n  memory            not measured: not told\n"
        "  energy and heat   without NVML, battery (run.json says why)\n"
    )


def test_a_unit_stays_with_its_number_and_an_option_whole():
    assert wrapped("weights 270 kB, arena 1.98 MB", 11) == ["weights", "270 kB,", "arena", "1.98 MB"]
    assert wrapped("with --tier certify-it of it", 15) == ["with --tier", "certify-it of", "it"]


def test_names_from_a_model_steer_nothing():
    made = whole_run.whole_run(model=builders.model(name="a\x1b[31m.onnx"), incomplete="\x1b[2J")
    assert "\x1b" not in summary(made)


def test_times_that_read_the_same_are_told_once():
    assert levels(("p50", 2_000_000), ("p99", 2_000_001), ("slowest", 2_000_002)) == "2 ms"
    assert levels(("p50", 1000), ("p99", 2000), ("slowest", 2000)) == "p50 1 us, p99 to slowest 2 us"
    assert [percent(each) for each in (0.0, 0.00001, 0.00083, 0.0041, 0.123)] == [
        "0%", "under 0.01%", "0.083%", "0.41%", "12.3%",
    ]  # fmt: skip


def test_two_late_frames_and_a_dropped_one_in_words():
    assert lines("Time", whole_run.whole_run()) == [
        "response time: p50 4.37 ms, p90 4.65 ms, p99 4.71 ms, p99.9 19.4 ms, slowest 25 ms of 1,199 frames",
        "  p99 at most 4.72 ms with 99% confidence, if frames are independent",
        "service time: p50 4.35 ms, p90 4.63 ms, p99 4.69 ms, p99.9 4.7 ms, slowest 25 ms of 1,199 frames",
        "deadline: 3 of 1,200 frames missed 10 ms: 2 late, 1 dropped; in 1 episode, at most 3 in a row",
        "  not certified that at most 1% miss: needs 2,115 more frames (21 s at this rate), none missed",
        "  (it would be, were misses independent of each other)",
        "contract: broken (at most 3 in any 100, never 3 in a row): at most 3 in any 100, 3 in a row; "
        "under 44% of such windows break it (99% confidence)",
        "cadence penalty: x1.22: p50 4.35 ms at the job's rate, 3.55 ms back to back",
        "  caches and the core cool down between frames; the job will see the same",
        "start of frames: p50 to p99 20 us, at most 15 ms after the release",
        "period jitter: sd 613 us, peak to peak 30 ms",
        "age of outputs: p50 to p99 10 ms, at most 30 ms when the next frame is released",
        "harness floor: 100 us of a frame (p99 of 300 frames), 1% of the deadline: before the run, with a model that "
        "does nothing",
        "  that model takes p50 2 us, p99 3 us; its frames start p50 1 us, p99 97 us late",
        "  in the run itself frames began 20 us late though the model was idle (p99 of 1,198 frames)",
    ]


def test_a_closed_loop_that_is_certified():
    made = builders.measurement(service_ns=builders.CERTIFYING)
    assert lines("Time", made, builders.workload()) == [
        "service time: p50 10.3 ms, p90 10.6 ms, p99 to slowest 10.7 ms of 3,500 frames",
        "  p99 at most 10.7 ms with 99% confidence, if frames are independent",
        "deadline: 0 of 3,500 frames missed 33 ms",
        "  certified that at most 1% miss, with 99% confidence",
        "  provided that misses come in bursts of at most 5 on average (as assumed), one burst is independent of the "
        "others, and the process stays as it was",
    ]


def test_a_run_that_drifts_has_no_certified_quantile():
    made = builders.measurement(service_ns=(10_000_000, 10_000_100) * 400 + (14_000_000, 14_000_100) * 400)
    assert lines("Time", made, builders.workload())[1].startswith(
        "  p99 not certified: drift: the median went from 10 ms in the first half to 14 ms in the second"
    )


def test_a_run_in_which_most_frames_miss_needs_no_more_of_them():
    made = builders.measurement(service_ns=(40_000_000,) * 700)
    assert "  not certified that at most 1% miss: 100% did" in lines("Time", made, builders.workload())


def test_starts_and_memory_in_words():
    assert lines("Start", whole_run.whole_run()) == [
        "loading: 200 ms to make the session, 50 ms for the first inference",
        "first output: 3 starts each: cold 150 ms (at most 160 ms), warm 100 ms (at most 110 ms)",
        "  cold, from the start of the process: Python 30 ms, imports 100 ms, loading 15 ms, first inference 5 ms",
        "  optimised beforehand: 3 starts each: warm 92 ms (at most 95 ms)",
        "  12% of numpy stayed in the page cache",
    ]
    assert lines("Memory", whole_run.whole_run(device_memory={"NVML GPU 0": 3e8})) == [
        "memory: 12 MB while loading, 10 MB in the first inference, 10 MB steady; above 50 MB of the empty runtime "
        "(VmHWM)",
        "memory limit: 100 MB, held by watchdog; the risk of a kill for memory is low: the peak is 62% of its limit",
        "device memory: 300 MB more at most than before the run (NVML GPU 0)",
        "memory used for: steady 10 MB: weights 6 MB, runtime 3 MB, inputs and outputs 600 kB, arena 250 kB, "
        "kept by the C library 100 kB, not attributed 50 kB",
        "  at the peak of loading 12 MB: weights 6 MB, runtime 3 MB, temporary 2.4 MB, inputs and outputs 600 kB",
        "memory growth: 90 kB in 10,000 frames (noise 18 kB in 10,000 frames; 20,000 frames looked at)",
        "a second model: takes 6.5 MB; on the way there at most 9 MB: room for an update",
        "  arena held not known: this version does not tell",
    ]


def test_outputs_in_words():
    assert lines("Outputs", whole_run.whole_run()) == [
        "data dependence: time differs by 115% between inputs (fastest with zeros, slowest with denormals); "
        "the same inputs twice differ by 0.2%",
        "determinism: outputs bit by bit the same across runs, sessions, not across threads",
        "not finite: 'scores' fed extremes: 3 NaN, 1 infinite of 10",
        "agreement: with teacher.onnx on 2 frames",
        "  'scores': largest difference 0.012, cosine distance 2.5e-06, top-1 the same in 95.0% of 20",
    ]


def test_energy_and_windows():
    assert lines("Energy, heat and time", whole_run.whole_run()) == [
        "energy: 50 mJ an inference, 30 mJ of it above idle; 5 W (RAPL package-0: CPU cores and caches; not the "
        "memory)",
        "  difference of a counter; idle 2 W; 60 J in 12 s, 1,199 inferences",
        "over time: medians within 5% since 4 s, p50 1.13 times that of the first 2 s; throttled from 6 s on; "
        "but the temperature still rises: run longer",
    ]
    (table,) = group("Energy, heat and time", whole_run.whole_run()).tables
    assert table_lines(table)[:2] == [
        "from  frames      p50      p99  missed  hottest       at most    clock  throttled",
        " 0 s     200     4 ms   4.7 ms       0  x86_pkg_temp  61 degC  2.4 GHz  no",
    ]


def test_columns_that_nothing_was_read_for_are_left_out():
    bare = tuple(Window(60.0 * index, 60.0, 9, 4_000_000) for index in range(2))
    (table,) = group("Energy, heat and time", whole_run.whole_run(windows=bare, energy=())).tables
    assert table_lines(table) == ["from  frames   p50", " 0 s       9  4 ms", "60 s       9  4 ms"]


def test_scenarios_of_their_own():
    batches = Offline(("N",), (
        BatchRun(1, closed_loop_frames((10_000_000,) * 5), 6_000_000),
        BatchRun(8, closed_loop_frames((40_000_000,) * 5), 9_000_000),
        BatchRun(64, Frames(), absent="out of memory"),
    ))  # fmt: skip
    tokens = Generation(2, 16, 3, (50_000_000, 52_000_000), (5_000_000,) * 4, (Context(1024, 7_000_000, 10**8),), 4096)
    late = Frames((0, 100), (10, 110), (2_000_010, 3_000_110), (50,))
    stage = StageRun("face|", "f.onnx", "ab" * 32, None, "eye", 0.5, ("eye", "face|"), late, (4_000_000,), 2_000_000)
    found = group("Scenario", whole_run.whole_run(offline=batches, generation=tokens, stages=(stage,)))
    assert [f"{name}: {text}" for name, text, _ in found.facts] == [
        "throughput: 200 inferences a second in batches of 8",
        "first token: p50 50 ms, slowest 52 ms after the prompt; 2 prompts of 16 tokens",
        "further tokens: 5 ms each; 200 tokens a second",
        "cache: 4.1 kB more with each token",
    ]
    assert [table_lines(table) for table in found.tables] == [
        [
            "batch  inferences  p50 of a batch  memory  not measured because",
            "    1       100/s           10 ms    6 MB",
            "    8       200/s           40 ms    9 MB",
            "   64                                      out of memory",
        ],
        ["context  per token  memory", "  1,024       7 ms  100 MB"],
        [
            "stage  released    served  dropped   p50  to alone  to the end p50  slowest",
            "face|  50% of eye       2        1  2 ms     x1.00            4 ms     4 ms",
        ],
    ]


def test_nothing_is_said_of_what_was_not_measured():
    made = builders.measurement(frames=Frames(), memory=None, load_s=None, first_s=None, effective=None)
    alone = Workload.model_validate({**builders.WORKLOAD, "id": "x"})
    assert [each.title for each in run_facts(made, alone)] == ["Settings and host"]


def constrained(held, **asked):
    run = whole_run.whole_run(constraints=held)
    return lines("Settings and host", replace(run, requested=replace(run.requested, **asked)))


def test_cpus_are_told_as_they_were_read_back():
    assert "CPUs: put on 0-1 by affinity; 3 threads on 0-1, as read back" in constrained(
        Constraints((0, 1), scheduling=Scheduling((0, 1), 3, "other")), cpus="2"
    )
    assert "CPUs: put on 1 by affinity" in constrained(Constraints((1,)), cpus="1-1")


def test_a_quota_is_told_with_what_it_is_not():
    slower = "a quota does not make a fast CPU a slow one: its median is this CPU's, its tail the quota's"
    quota = CpuQuota(0.5, 0.1, "cgroup cpu.max", 60, 31, 1.5)
    assert (
        "CPU quota: 0.5 of a CPU's time, by cgroup cpu.max, periods of 100 ms; used up in 31 of 60, 1.5 s stood still; "
        f"{slower}"
    ) in constrained(Constraints(quota=quota), cpus="0.5")
    uncounted = replace(quota, periods=None)
    assert any("how often it was used up is not known" in line for line in constrained(Constraints(quota=uncounted)))


def test_real_time_is_told_with_its_bound_and_whether_memory_was_locked():
    seen = Scheduling((1,), 1, "FIFO", 10, locked=True)
    assert (
        "real-time: FIFO, priority 10, memory locked as it is touched; all real-time processes get 95% of a CPU at most"
    ) in constrained(Constraints((1,), None, seen, 0.95), realtime=True)
    loose = replace(seen, locked=False, why_not_locked="mlockall: no")
    assert "real-time: FIFO, priority 10, memory not locked: mlockall: no" in constrained(
        Constraints((1,), None, loose), realtime=True
    )


def test_an_emulator_is_told_and_what_is_real_all_the_same():
    host = builders.host(emulator="qemu-aarch64-st, in user mode", instructions=("asimd",), not_offered=("asimddp",))
    run = whole_run.whole_run(before=host, after=host)
    told = lines("Settings and host", run)
    assert (
        "emulated: by qemu-aarch64-st, in user mode: no time taken here is evidence of any processor; outputs, "
        "differences of memory, detection and instruction sets are real"
    ) in told
    assert "instruction sets: asimd" in told
    assert "  not offered, though ONNX Runtime takes the core to have it: asimddp" in told
    assert any("of the emulator's process" in line for line in lines("Memory", run))
