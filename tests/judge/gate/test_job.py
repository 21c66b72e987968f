"""Budgets, fit, energy and placement in a gate: each against what was, or against what the job allows."""

from dataclasses import replace

import builders
import pytest

from assess.judge.gate.budgets import CONTRACT, DEADLINE, judge_budgets
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.energy import joules_per_inference, judge_energy
from assess.judge.gate.fit import judge_fit
from assess.judge.gate.placement import judge_placement
from assess.measure.baseline import StoredFit
from assess.measure.energy import Energy
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.measurement import Settings

MS = 1_000_000


def run(*service_ms, dropped=()):
    frames = closed_loop_frames(tuple(round(each * MS) for each in service_ms))
    asked = Settings(min_count=len(service_ms) + len(dropped), min_duration_s=0.001)
    return builders.measurement(frames=replace(frames, dropped_ns=tuple(dropped)), requested=asked)


def budgets(measurement, **requires):
    return {each.metric: each for each in judge_budgets(measurement, builders.workload(**requires))}


def test_a_percentile_that_is_proved_to_be_in_time_passes():
    found = budgets(run(*[5] * 459), deadline="10 ms", percentile=99)[DEADLINE]
    assert found.verdict is GateVerdict.PASS
    assert found.because == "0 of 459 frames missed 10 ms; 1 % may; p99 is below 5 ms with 99 % confidence"


def test_too_few_frames_tell_nothing_however_many_were_in_time():
    found = budgets(run(*[5] * 458), deadline="10 ms", percentile=99)[DEADLINE]
    assert found.verdict is GateVerdict.INCONCLUSIVE
    assert found.because == (
        "0 of 458 frames missed 10 ms; 1 % may; with 99 % confidence fewer than 1.0% do, which does not tell"
    )  # fmt: skip
    assert found.next_step == "assess fit --tier certify; or --skip deadline"


def test_a_run_that_was_disturbed_is_noise_and_no_budget_exceeded():
    slow_at_the_end = run(*[5] * 300, *[12] * 300)
    found = budgets(slow_at_the_end, deadline="10 ms", percentile=99)[DEADLINE]
    assert found.verdict is GateVerdict.NOISY
    assert "drift" in found.because


def test_a_percentile_above_the_deadline_is_exceeded():
    found = budgets(run(*([5] * 4 + [12]) * 20), deadline="10 ms", percentile=99)[DEADLINE]
    assert found.verdict is GateVerdict.REGRESSION
    assert found.because == "budget exceeded: 20 of 100 frames missed 10 ms; 1 % may"


def test_one_miss_in_a_hundred_tells_nothing():
    found = budgets(run(*[5] * 99, 12), deadline="10 ms", percentile=99)[DEADLINE]
    assert found.verdict is GateVerdict.INCONCLUSIVE


def test_frames_that_were_never_served_missed():
    found = budgets(run(*[5] * 80, dropped=range(1, 21)), deadline="10 ms", percentile=99)[DEADLINE]
    assert found.verdict is GateVerdict.REGRESSION
    assert "20 of 100 frames missed 10 ms, 20 of them never served" in found.because


def test_a_contract_on_misses_is_broken_or_kept():
    contract = {"deadline": "10 ms", "percentile": 50, "misses": {"at_most": 1, "in_any": 10}}
    broken = budgets(run(*[5] * 50, 12, 12, *[5] * 50), **contract)
    assert broken[CONTRACT].verdict is GateVerdict.REGRESSION
    assert broken[CONTRACT].because == (
        "budget exceeded: the contract is broken: 2 of 102 frames missed, at most 2 in a row"
    )  # fmt: skip
    kept = budgets(run(*[5] * 50, 12, *[5] * 50), **contract)
    assert kept[CONTRACT].verdict is GateVerdict.PASS
    assert kept[DEADLINE].verdict is GateVerdict.PASS


def test_a_job_without_deadline_has_no_budget():
    job = builders.workload()
    free = job.model_copy(
        update={
            "requires": job.requires.model_copy(update={"deadline": None}),
            "scenario": job.scenario.model_copy(update={"rate": None}),
        }
    )
    assert judge_budgets(run(5), free) == []


def test_a_run_without_frames_tells_nothing():
    assert budgets(replace(run(5), frames=Frames()), deadline="10 ms")[DEADLINE].verdict is GateVerdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("READY", "READY", GateVerdict.PASS),
        ("READY", "MARGINAL", GateVerdict.INCONCLUSIVE),
        ("READY", "UNPROVEN", GateVerdict.INCONCLUSIVE),
        ("MARGINAL", "READY", GateVerdict.IMPROVEMENT),
        ("UNPROVEN", "READY", GateVerdict.IMPROVEMENT),
        ("MARGINAL", "UNPROVEN", GateVerdict.INCONCLUSIVE),
        ("NOT READY", "UNPROVEN", GateVerdict.IMPROVEMENT),
        ("NOT READY", "MARGINAL", GateVerdict.IMPROVEMENT),
    ],
)
def test_fit_is_as_it_was_better_or_not_told(before, after, verdict):
    found = judge_fit(
        StoredFit("board", "ab", before, {"latency": "PASS"}), StoredFit("board", "ab", after, {"latency": "PASS"})
    )
    assert (found.metric, found.verdict) == ("fit: board", verdict)


def test_ready_yesterday_and_not_ready_today_is_a_regression():
    before = StoredFit("board", "ab", "READY", {"latency": "PASS", "memory": "PASS"})
    after = StoredFit("board", "ab", "NOT READY", {"latency": "PASS", "memory": "FAIL"})
    found = judge_fit(before, after)
    assert (found.verdict, found.because) == (GateVerdict.REGRESSION, "READY -> NOT READY: fails memory")
    assert found.details == ("memory: PASS -> FAIL",)


def test_one_more_criterion_that_fails_is_a_regression_too():
    before = StoredFit("board", "ab", "NOT READY", {"latency": "FAIL", "memory": "PASS"})
    found = judge_fit(before, StoredFit("board", "ab", "NOT READY", {"latency": "FAIL", "memory": "FAIL"}))
    assert (found.verdict, found.because) == (GateVerdict.REGRESSION, "NOT READY -> NOT READY: fails memory")
    assert judge_fit(before, before).verdict is GateVerdict.PASS


def test_another_profile_of_the_device_asks_for_something_else():
    before = StoredFit("board", "ab", "READY", {})
    found = judge_fit(before, StoredFit("board", "cd", "NOT READY", {"memory": "FAIL"}))
    assert found.verdict is GateVerdict.NOT_COMPARABLE


def test_energy_beyond_what_sensors_err_by_is_told():
    rapl = Energy("package", "CPU", joules=10.0, span_s=1.0, inferences=100, method="counter", readings=2)
    before = joules_per_inference(builders.measurement(energy=(rapl,)))
    assert before == {"package": 0.1}
    (more,) = judge_energy(before, {"package": 0.12, "other": 1.0})
    assert (more.metric, more.verdict, more.because) == (
        "energy: package", GateVerdict.REGRESSION, "0.1 J -> 0.12 J (+20.0%) an inference, one run each"
    )  # fmt: skip
    assert judge_energy(before, {"package": 0.105})[0].verdict is GateVerdict.PASS
    assert judge_energy(before, {"package": 0.08})[0].verdict is GateVerdict.IMPROVEMENT
    assert judge_energy({}, before) == []


def test_operators_that_fall_back_now_are_named():
    more = judge_placement({"Resize": 1}, {"Resize": 2, "TopK": 1})
    assert (more.verdict, more.because) == (
        GateVerdict.REGRESSION, "1 -> 3 operators on another provider; more of Resize, TopK"
    )  # fmt: skip
    assert more.details == ("Resize: 1 -> 2", "TopK: 0 -> 1")
    assert judge_placement({"Resize": 1}, {"Resize": 1}).verdict is GateVerdict.PASS
    assert judge_placement({"Resize": 1}, {}).verdict is GateVerdict.IMPROVEMENT


def test_an_emulator_keeps_no_deadline_and_misses_none():
    host = builders.host(emulator="qemu-aarch64-st, in user mode")
    emulated = replace(run(*[5] * 459), before=host, after=host)
    found = budgets(emulated, deadline="10 ms", percentile=99)[DEADLINE]
    assert found.verdict is GateVerdict.NOT_COMPARABLE
    assert found.because == "the processor is emulated, by qemu-aarch64-st, in user mode: times are the emulator's"
