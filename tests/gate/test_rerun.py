"""The flow of a gate, in exact numbers: a world in which each model takes as long as it is told to."""

from dataclasses import replace
from pathlib import Path

import builders
import pytest
from gate_world import World, saved

from assess.describe.workload import Job
from assess.errors import AssessError
from assess.gate import METRICS, SETTINGS, GatePlan, Rerun, gate, static
from assess.gate.plan import MEASURED
from assess.gate.world import World as Seams
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.exact import FACTS
from assess.measure.measurement import Failure
from assess.project.lockstep import LATENCIES
from assess.sandbox import Ending

SAME = "both models are the same to the byte: nothing newer was compared"


def compared(tmp_path, world, *, new=None, plan=None, job=None, **how):
    old = saved(tmp_path / "old.onnx")
    seams = Seams(world, builders.host, lambda: "m1", lambda: world.now, advise=lambda: ("a shared host",))
    return gate(
        Rerun(old), new or saved(tmp_path / "new.onnx"), job, SETTINGS, plan or GatePlan(), world=seams, **how
    )  # fmt: skip


def verdicts(report):
    return {each.metric: each.verdict for each in report.comparisons}


def test_two_models_that_are_the_same_pass_after_eight_pairs(tmp_path):
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    report = compared(tmp_path, world)
    assert report.verdict is GateVerdict.PASS
    assert set(verdicts(report)) == {*FACTS, *MEASURED}
    assert [pair.placebo for pair in report.pairs] == [True, False, False] * 4
    assert len(world.asked) == 24
    assert report.versions == {"onnxruntime": "1.30"}
    assert (report.mode, report.workload_id, report.span_s, report.advice) == (
        "rerun",
        "",
        12.0,
        (SAME, "a shared host"),
    )


def test_either_side_leads_as_often_and_both_are_on_one_cpu(tmp_path, monkeypatch):
    monkeypatch.setattr("assess.gate.bench.equal_cpus", lambda: (4, 5))
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    report = compared(tmp_path, world)
    tests = [pair.baseline_led for pair in report.pairs if not pair.placebo]
    assert sum(tests) == 4
    cpus = [cpu for _, _, cpu in world.asked]
    assert cpus[::2] == cpus[1::2]
    assert set(cpus) == {4, 5}


def test_a_slowdown_is_a_regression_and_its_memory_is_told(tmp_path):
    world = World({"old": (1_000_000, 1.0), "new": (1_060_000, 1.0)}, memory={"new": 10_600_000})
    report = compared(tmp_path, world)
    found = verdicts(report)
    assert report.verdict is GateVerdict.REGRESSION
    assert found["latency floor"] is found["latency median"] is GateVerdict.REGRESSION
    assert found["peak memory"] is found["steady memory"] is GateVerdict.REGRESSION
    assert found["MACs"] is found["outputs"] is GateVerdict.PASS


def test_what_is_allowed_is_told_and_does_not_weigh(tmp_path):
    world = World({"old": (1_000_000, 1.0), "new": (1_060_000, 1.0)})
    plan = GatePlan(allowed=frozenset({"latency floor"}), skipped=frozenset({"latency median", "peak memory"}))
    report = compared(tmp_path, world, plan=plan)
    assert report.verdict is GateVerdict.PASS
    floor = next(each for each in report.comparisons if each.metric == "latency floor")
    assert floor.because.startswith("regression, which is allowed: +6.1%")
    assert "latency median" not in verdicts(report)


def test_outputs_that_differ_stop_the_timing(tmp_path):
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, -1.0)})
    report = compared(tmp_path, world)
    assert report.verdict is GateVerdict.REGRESSION
    found = verdicts(report)
    assert found["outputs"] is GateVerdict.REGRESSION
    assert found["latency floor"] is GateVerdict.NOT_COMPARABLE
    assert world.asked == []
    again = compared(tmp_path, world, plan=GatePlan(allowed=frozenset({"outputs"})))
    assert again.verdict is GateVerdict.PASS


def test_a_model_that_does_not_repeat_itself_is_none_to_compare_with(tmp_path):
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    world.restless = True
    report = compared(tmp_path, world)
    outputs = next(each for each in report.comparisons if each.metric == "outputs")
    assert outputs.verdict is GateVerdict.NOT_COMPARABLE
    assert outputs.because.startswith("the accepted model does not repeat itself")


def test_nothing_left_to_compare_is_bad_usage(tmp_path):
    everything = GatePlan(skipped=frozenset(METRICS))
    with pytest.raises(AssessError, match="--skip: leaves nothing to compare"):
        compared(tmp_path, World({}), plan=everything)
    with pytest.raises(AssessError, match="--skip: leaves nothing to compare"):
        static(Rerun(saved(tmp_path / "old.onnx")), saved(tmp_path / "new.onnx"), None, everything)


def test_models_of_other_inputs_are_not_fed(tmp_path):
    world = World({"old": (1, 1.0), "wide": (1, 1.0)})
    report = compared(tmp_path, world, new=saved(tmp_path / "wide.onnx", shape=(1, 8)))
    assert report.verdict is GateVerdict.REGRESSION
    found = verdicts(report)
    assert found["inputs"] is GateVerdict.REGRESSION
    assert found["latency floor"] is found["outputs"] is GateVerdict.NOT_COMPARABLE
    assert world.asked == []


def test_a_model_that_crashes_is_a_failure_and_neither_regression_nor_pass(tmp_path):
    crash = Ending("crashed", None, "stopped by SIGSEGV", "one\ntwo")
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)}, endings={"new": crash})
    report = compared(tmp_path, world)
    assert report.verdict is GateVerdict.FAILED
    failed = report.comparisons[-1]
    assert (failed.metric, failed.because, failed.details) == (
        "run", "the candidate stopped by SIGSEGV", ("one", "two")
    )  # fmt: skip


def test_a_signal_ends_it(tmp_path):
    stopped = Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)}, endings={"new": stopped})
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        compared(tmp_path, world)


def test_a_signal_ends_the_comparison_of_outputs_too(tmp_path):
    def stopped(module, request, limits, **_):
        assert request["pass"] == "sampled"
        return Ending("stopped", None, "stopped by SIGINT", "", "SIGINT")

    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    world.__class__ = type("Stopped", (World,), {"__call__": lambda self, *given, **how: stopped(*given, **how)})
    with pytest.raises(KeyboardInterrupt, match="SIGINT"):
        compared(tmp_path, world)


def test_what_tells_nothing_goes_on_to_the_last_look(tmp_path):
    # Who leads is 8 % slower: half of the pairs say so, half the opposite.
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)}, drift=0.08)
    report = compared(tmp_path, world)
    assert (report.verdict, report.advice) == (GateVerdict.NOISY, (SAME, "a shared host"))
    assert sum(not pair.placebo for pair in report.pairs) == 20
    fewer = compared(tmp_path, world, plan=GatePlan(looks=(8, 10)))
    assert sum(not pair.placebo for pair in fewer.pairs) == 10


def test_a_budget_fixes_the_time(tmp_path):
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    report = compared(tmp_path, world, plan=GatePlan(budget_s=20.0))
    assert 19.0 <= report.span_s <= 20.0  # A pair takes a second of this world.
    assert len(report.pairs) == 20
    short = compared(tmp_path, world, plan=GatePlan(budget_s=1.0))
    assert sum(not pair.placebo for pair in short.pairs) == 6


def test_files_alone_are_compared_anywhere(tmp_path):
    old, new = saved(tmp_path / "old.onnx"), saved(tmp_path / "new.onnx", more=2)
    report = static(Rerun(old), new, None, GatePlan())
    assert (report.mode, report.verdict, report.host) == ("static", GateVerdict.REGRESSION, None)
    found = {each.metric: each for each in report.comparisons}
    assert found["operators"].because == "new: Relu fp32; a device need not have them"
    assert (found["nodes"].baseline, found["nodes"].candidate) == (1, 3)
    assert found["parameters"].verdict is GateVerdict.PASS
    back = static(Rerun(new), old, None, GatePlan())
    assert {each.metric: each.verdict for each in back.comparisons}["operators"] is GateVerdict.IMPROVEMENT


def test_a_licence_that_changed_is_one_to_be_checked(tmp_path):
    old = saved(tmp_path / "old.onnx")
    new = replace(old, model=replace(old.model, licence="GPL-3.0-only"))
    report = static(Rerun(old), new, None, GatePlan())
    found = {each.metric: each for each in report.comparisons}["licence"]
    assert (found.verdict, found.because) == (GateVerdict.REGRESSION, "none declared -> GPL-3.0-only")


def test_a_pipeline_is_none_of_two_models(tmp_path):
    job = Job(builders.workload(), builders.WORKLOAD, Path())
    scenario = job.workload.scenario.model_copy(update={"kind": "pipeline"})
    job = replace(job, workload=job.workload.model_copy(update={"scenario": scenario}))
    with pytest.raises(AssessError, match="a pipeline has several models"):
        compared(tmp_path, World({"old": (1, 1.0), "new": (1, 1.0)}), job=job)


def test_placement_that_nobody_could_compare_is_told(tmp_path):
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    seams = Seams(world, builders.host, lambda: "m1", lambda: world.now)
    elsewhere = replace(SETTINGS, provider="CUDAExecutionProvider")
    report = gate(Rerun(saved(tmp_path / "old.onnx")), saved(tmp_path / "new.onnx"), None, elsewhere, GatePlan(),
                  world=seams)  # fmt: skip
    assert "placement was not compared, since no job was named: --workload" in report.advice


def test_on_a_host_that_is_emulated_memory_is_compared_and_no_time(tmp_path):
    host = builders.host(emulator="qemu-aarch64-st, in user mode")
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    seams = Seams(world, lambda: host, lambda: "m1", lambda: world.now, advise=lambda: ())
    old, new = saved(tmp_path / "old.onnx"), saved(tmp_path / "new.onnx")
    found = verdicts(gate(Rerun(old), new, None, SETTINGS, GatePlan(), world=seams))
    assert {metric for metric, verdict in found.items() if verdict is GateVerdict.NOT_COMPARABLE} == set(LATENCIES)
    assert (found["outputs"], found["peak memory"], found["steady memory"]) == (GateVerdict.PASS,) * 3


def test_models_that_would_crash_are_not_run(tmp_path, monkeypatch):
    failure = Failure("start", "missing instructions", "this processor does not offer asimddp", "by its number")
    monkeypatch.setattr("assess.gate.timed.missing_instructions", lambda models, host, settings: failure)
    world = World({"old": (1_000_000, 1.0), "new": (1_000_000, 1.0)})
    report = compared(tmp_path, world)
    assert report.verdict is GateVerdict.FAILED
    last = report.comparisons[-1]
    assert (last.metric, last.because, last.details) == (
        "run", "this processor does not offer asimddp", ("by its number",)
    )  # fmt: skip
    assert world.asked == []
