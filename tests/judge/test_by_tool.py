"""Criteria on a run by a vendor's tool: service times are judged as such, and what it did not measure is UNKNOWN."""

from dataclasses import replace

import builders
import pytest

from assess.describe.runtime import Runtime
from assess.describe.workload import Workload
from assess.judge.criteria import CRITERIA
from assess.judge.finding import Verdict
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.measurement import Failure, Settings
from assess.measure.tool_run import Statistics, ToolRun

SINGLE = {"kind": "single"}
PERIODIC = {"kind": "periodic", "rate": "30 Hz"}
TOLD = Statistics(2000, 0.009, 0.02, 0.011, 0.010)
ABSENT = {
    "memory": "trtexec does not tell how much memory the model takes",
    "frames": "trtexec tells statistics of its latencies, and no single one",
    "schedule": "trtexec runs one inference after the other: the job's schedule was not kept",
    "outputs": "only assess's own harness looks at it, and trtexec ran the model",
}


def tool(**changes):
    return ToolRun(**{
        "name": "trtexec", "version": "10.9.0", "command": ("trtexec", "--onnx=m.onnx"), "file": "student.onnx",
        "file_sha256": "ab" * 32, "is_model": True, "includes": "copies and computation", "span_s": 10.0, **changes,
    })  # fmt: skip


def run(service_ns=(10_000_000,) * 3500, failure=None, **changes):
    return builders.measurement(
        requested=Settings(runner="trtexec", runner_command="--fp16"), effective=None, memory=None, absent=ABSENT,
        load_s=None, first_s=None, frames=closed_loop_frames(service_ns), tool_run=tool(**changes), failure=failure,
    )  # fmt: skip


def statistics(**changes):
    return replace(run(statistics=TOLD, **changes), frames=Frames())


def device(*, runners=("trtexec",), **changes):
    runtime = Runtime.model_validate({**builders.RUNTIME, "provider": "", "runners": list(runners)})
    return builders.device(runtimes=(runtime,), **changes)


def job(scenario, **requires):
    authored = {**builders.WORKLOAD, "scenario": scenario, "requires": {**builders.WORKLOAD["requires"], **requires}}
    return Workload.model_validate({**authored, "id": "camera-30hz"})


def findings(measurement, scenario=None, on=None, **requires):
    case = builders.case(on=on or device(), job=job(scenario or SINGLE, **requires), run=measurement)
    return {criterion.name: criterion.ask(case) for criterion in CRITERIA}


def test_a_runs_tool_is_recognised_by_the_runtime_that_names_it():
    assert findings(run())["execution"].verdict is Verdict.PASS
    found = findings(run(), on=device(runners=("benchmark_app",)))["execution"]
    assert (found.verdict, "trtexec, which no runtime of acme-rover stands for" in found.because) == (
        Verdict.MARGINAL,
        False,
    )
    case = builders.case(on=device(runners=()), run=run())
    assert case.estimates.proxy == "it was run with trtexec, which no runtime of acme-rover stands for"


def test_reports_say_who_measured():
    assert findings(run())["execution"].because == "3500 inferences by trtexec 10.9.0, not by assess's own harness"
    other = run(file="student.engine", file_sha256="cd" * 32, is_model=False)
    assert findings(other)["execution"].because.endswith("; of student.engine, another file than the model")
    assert findings(run(file="", file_sha256="", is_model=False))["execution"].because.endswith(
        "; of which file is not known"
    )


def test_a_job_without_a_rate_is_judged_by_single_latencies():
    found = findings(run())
    assert found["latency"].verdict is Verdict.PASS
    assert found["latency"].found.by == "trtexec 10.9.0"
    assert found["deadline misses"].verdict is Verdict.PASS
    assert found["measurement validity"].verdict is Verdict.PASS


@pytest.mark.parametrize("measurement", [run(), statistics()])
def test_a_schedule_that_nobody_kept_is_unknown(measurement):
    found = findings(measurement, PERIODIC, age="50 ms")
    for name in ("latency", "deadline misses", "output age"):
        assert found[name].verdict is Verdict.UNKNOWN, name
        assert found[name].because == ABSENT["schedule"]
        assert found[name].next_step == "time it in the application, from the release of each frame to its output"


def test_with_a_provider_our_own_harness_keeps_the_schedule():
    runtime = Runtime.model_validate(
        {**builders.RUNTIME, "provider": "TensorrtExecutionProvider", "runners": ["trtexec"]}
    )
    found = findings(run(), PERIODIC, on=builders.device(runtimes=(runtime,)))["latency"]
    assert found.next_step == (
        "let assess's own harness run it, which keeps the schedule: --provider TensorrtExecutionProvider, no --runner"
    )


def test_a_service_time_that_is_too_long_refutes_a_schedule_too():
    slow = run((40_000_000,) * 3500)
    assert findings(slow, PERIODIC)["latency"].verdict is Verdict.FAIL


def test_statistics_bound_and_never_pass():
    found = findings(statistics())
    assert found["latency"].verdict is Verdict.MARGINAL
    assert (found["latency"].found.low, found["latency"].found.high) == (0.010, 0.02)
    assert found["measurement validity"].verdict is Verdict.MARGINAL
    assert found["deadline misses"].verdict is Verdict.UNKNOWN
    assert found["deadline misses"].because == ABSENT["frames"]


def test_statistics_refute():
    assert findings(statistics(), deadline="9 ms")["latency"].verdict is Verdict.FAIL


def test_what_the_tool_does_not_tell_is_unknown():
    found = findings(run(), energy="1 J", cold_start="1 s")
    assert (found["memory"].verdict, found["memory"].because) == (Verdict.UNKNOWN, ABSENT["memory"])
    assert found["numerics"].verdict is Verdict.UNKNOWN
    assert found["data dependence"].verdict is Verdict.UNKNOWN
    assert found["cold start"].verdict is Verdict.UNKNOWN
    assert found["energy"].verdict is Verdict.UNKNOWN
    assert found["placement"].verdict is Verdict.NOT_ASKED


def test_memory_that_is_told_bounds_from_below():
    told = run(memory_bytes=2**20, memory_of="growth of the tool")
    assert findings(told)["memory"].verdict is Verdict.MARGINAL
    much = run(memory_bytes=10**9, memory_of="growth of the tool")
    assert findings(much)["memory"].verdict is Verdict.FAIL


def test_throughput_is_by_the_wall_time_that_the_tool_tells():
    assert findings(run(), throughput="300 Hz")["throughput"].found.low == 350.0
    assert findings(statistics(), throughput="300 Hz")["throughput"].verdict is Verdict.FAIL
    assert findings(run(span_s=None), throughput="300 Hz")["throughput"].verdict is Verdict.UNKNOWN


def test_a_tool_that_failed_on_the_device_is_a_fail_with_its_command():
    failed = run((), failure=Failure("timed", "refused", "trtexec ended with exit code 1", "no GPU"))
    found = findings(failed)["execution"]
    assert found.verdict is Verdict.FAIL
    assert found.next_step == "read what it said; run it by hand: trtexec --onnx=m.onnx"
    assert found.details == ("no GPU",)


def test_next_steps_name_the_tool_of_the_runtime_that_is_preferred():
    case = builders.case(on=device())
    assert case.to_measure == (
        "on acme-rover: assess measure student.onnx --workload camera-30hz --runner trtexec -o run.json"
    )
    assert (
        "--runner command --runner-command 'COMMAND OF acme-rt'"
        in builders.case(on=device(runners=("command",))).to_measure
    )


def test_next_steps_repeat_the_tool():
    case = builders.case(on=device(), run=statistics())
    assert case.to_measure == (
        "on acme-rover: assess measure student.onnx --workload camera-30hz --runner trtexec --runner-command --fp16 "
        "-o run.json"
    )


def test_what_a_tool_leaves_out_is_not_asked_of_it_again():
    found = findings(run())
    for name in ("memory", "numerics", "data dependence"):
        assert found[name].next_step == "let assess's own harness look at it, on acme-rover: no --runner"
