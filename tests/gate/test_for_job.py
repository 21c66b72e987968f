"""What a run for the job adds to a gate: budgets of the candidate, and what is compared with the baseline's run."""

from dataclasses import dataclass, field, replace

import builders
import pytest
from gate_world import saved

from assess.gate import METRICS, SETTINGS, GatePlan
from assess.gate.for_job import ForJob, asks, compare_for_job
from assess.gate.world import World
from assess.judge.gate.comparison import GateVerdict
from assess.measure.baseline import StoredRun
from assess.measure.energy import Energy
from assess.measure.measurement import Failure
from assess.measure.timed_run import silent

MS = 1_000_000


@dataclass(frozen=True)
class Recorded(ForJob):
    """Runs that were made before, by the model's name."""

    runs: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def run(self, subject, each_s, on_progress=silent):
        self.asked.append(subject.path.stem)
        return self.runs[subject.path.stem]


def measured(service_ms=10, **changes):
    return builders.measurement(service_ns=(service_ms * MS,) * 700, **changes)


def compared(tmp_path, runs, *, before=None, plan=None, devices=()):
    how = Recorded(builders.job(), SETTINGS, devices, runs=runs)
    old, new = saved(tmp_path / "old.onnx"), saved(tmp_path / "new.onnx")
    found = compare_for_job(before or old, new, how, plan or GatePlan(), None, silent)
    return {each.metric: each for each in found}, how.asked


def test_the_candidate_alone_is_run_for_its_budgets(tmp_path):
    found, asked = compared(tmp_path, {"new": measured()})
    assert asked == ["new"]
    assert {name: each.verdict for name, each in found.items()} == {"deadline": GateVerdict.PASS}
    late, asked = compared(tmp_path, {"new": measured(service_ms=40), "old": measured()})
    assert (late["deadline"].verdict, asked) == (GateVerdict.REGRESSION, ["new", "old"])
    assert "exceeds it too" not in late["deadline"].because
    both, _ = compared(tmp_path, {"new": measured(service_ms=40), "old": measured(service_ms=40)})
    assert both["deadline"].verdict is GateVerdict.REGRESSION
    assert both["deadline"].because.endswith("; the accepted model exceeds it too")


def test_for_a_device_both_are_run_and_ready_that_is_lost_is_a_regression(tmp_path):
    runs = {"old": measured(), "new": measured(service_ms=40)}
    found, asked = compared(tmp_path, runs, devices=(builders.device(),))
    assert asked == ["new", "old"]
    fit = found["fit: acme-rover"]
    assert fit.verdict is GateVerdict.REGRESSION
    assert "fails latency" in fit.because


def test_what_a_baseline_kept_is_not_run_again(tmp_path):
    how = Recorded(builders.job(), SETTINGS, (builders.device(),))
    kept = how.stored(measured())
    found, asked = compared(tmp_path, {"new": measured()}, before=kept, devices=(builders.device(),))
    assert asked == ["new"]
    assert found["fit: acme-rover"].verdict is GateVerdict.PASS


@pytest.mark.parametrize("before", [StoredRun(), None])
def test_a_device_that_the_baseline_was_not_judged_for_is_told(tmp_path, before):
    how = Recorded(builders.job(), SETTINGS, (builders.device(),), runs={"new": measured()})
    found = compare_for_job(before, saved(tmp_path / "new.onnx"), how, GatePlan(), None, silent)
    fit = {each.metric: each for each in found}["fit: acme-rover"]
    assert fit.verdict is GateVerdict.NOT_COMPARABLE
    assert "accept the model again for this job and device" in fit.next_step


def test_energy_is_compared_where_a_sensor_saw_both(tmp_path):
    def watched(joules):
        return measured(energy=(Energy("package", "CPU", joules, 7.0, 700, "counter", 2),))

    found, asked = compared(tmp_path, {"old": watched(70.0), "new": watched(84.0)})
    assert asked == ["new", "old"]
    assert found["energy: package"].verdict is GateVerdict.REGRESSION
    told, _ = compared(
        tmp_path, {"old": watched(70.0), "new": watched(84.0)}, plan=GatePlan(allowed=frozenset({"energy"}))
    )  # fmt: skip
    assert told["energy: package"].because.startswith("regression, which is allowed")


def test_what_is_skipped_is_not_told(tmp_path):
    plan = GatePlan(skipped=frozenset({"fit", "deadline"}))
    found, _ = compared(tmp_path, {"old": measured(), "new": measured()}, plan=plan, devices=(builders.device(),))
    assert found == {}


def test_a_crash_is_one_whatever_the_job_asks_and_whatever_is_skipped(tmp_path):
    crashed = replace(measured(), failure=Failure("timed", "crashed", "stopped by SIGKILL", "one\ntwo"))
    plan = GatePlan(skipped=frozenset(METRICS), allowed=frozenset(METRICS))
    found, _ = compared(tmp_path, {"new": crashed}, plan=plan)
    (failed,) = found.values()
    assert (failed.verdict, failed.because, failed.details) == (
        GateVerdict.FAILED, "for its job the candidate was stopped by SIGKILL", ("one", "two")
    )  # fmt: skip


def test_a_crash_is_a_failure_and_nothing_else_is_run(tmp_path):
    crashed = replace(measured(), failure=Failure("timed", "crashed", "stopped by SIGSEGV"))
    found, asked = compared(tmp_path, {"new": crashed}, devices=(builders.device(),))
    assert asked == ["new"]
    assert {name: each.verdict for name, each in found.items()} == {"run": GateVerdict.FAILED}


@pytest.mark.parametrize(
    ("skipped", "devices", "provider", "expected"),
    [
        ((), (), "CPUExecutionProvider", True),
        (("deadline", "contract on misses"), (), "CPUExecutionProvider", False),
        (("deadline", "contract on misses"), ("device",), "CPUExecutionProvider", True),
        (("deadline", "contract on misses", "fit"), ("device",), "CPUExecutionProvider", False),
        (("deadline", "contract on misses"), (), "CUDAExecutionProvider", True),
    ],
)
def test_nothing_is_run_where_nobody_asks(skipped, devices, provider, expected):
    how = ForJob(builders.job(), replace(SETTINGS, provider=provider), [builders.device()] * len(devices))
    assert asks(how, GatePlan(skipped=frozenset(skipped))) is expected
    assert asks(None, GatePlan()) is False


def test_a_run_has_as_many_frames_as_bound_the_percentile_or_last_twenty_seconds():
    quick = ForJob(builders.job(kind="periodic", rate="200 Hz"), SETTINGS)
    assert quick.settings_for_it().min_count == 459
    slow = ForJob(builders.job(kind="periodic", rate="30 Hz"), SETTINGS)
    assert slow.settings_for_it().min_count == 459
    slower = ForJob(builders.job(kind="periodic", rate="10 Hz"), SETTINGS)
    assert slower.settings_for_it().min_count == 200
    assert quick.settings_for_it().tier == "smoke"


def test_frames_without_a_schedule_take_what_an_inference_takes_and_not_what_it_may(tmp_path):
    """A deadline of 100 ms once left 199 frames of a model of 8 ms, too few to prove p99 in four seconds."""
    job = builders.job(kind="single")
    job = replace(job, workload=job.workload.model_copy(
        update={"requires": job.workload.requires.model_copy(update={"deadline": 0.1})}))  # fmt: skip
    how = ForJob(job, SETTINGS)
    assert how.settings_for_it().min_count == 200
    assert how.settings_for_it(0.008).min_count == 459
    assert how.settings_for_it(0.2).min_count == 100
    # Where frames are released by a schedule, that decides.
    assert ForJob(builders.job(kind="periodic", rate="10 Hz"), SETTINGS).settings_for_it(0.008).min_count == 200


def test_energy_is_asked_where_a_sensor_is_whatever_else_the_job_asks():
    plan = GatePlan(skipped=frozenset({"deadline", "contract on misses"}))
    for metered in (True, False):
        how = ForJob(builders.job(), SETTINGS, world=World(metered=lambda metered=metered: metered))
        assert asks(how, plan) is metered


def test_a_run_that_was_stopped_is_no_answer(tmp_path):
    """Ctrl-C once left a run of a few frames, all of them in time."""
    stopped = measured(incomplete="stopped by SIGINT")
    with pytest.raises(KeyboardInterrupt):
        ForJob(builders.job(), SETTINGS, run_for=lambda *_, **__: stopped).run(saved(tmp_path / "new.onnx"), None)
