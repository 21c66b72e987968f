"""The flow of a gate against a stored baseline, in exact numbers; and what makes it one of something else."""

import base64
import zlib
from dataclasses import replace

import builders
import pytest
from gate_world import World, saved

from assess.describe.workload import Job, Workload
from assess.errors import AssessError
from assess.gate import SETTINGS, GatePlan, Stored, gate, static
from assess.gate.accept import Accepting, accept
from assess.gate.for_job import ForJob
from assess.gate.world import World as Seams
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.measure.baseline import Acceptance, Baseline
from assess.sandbox import Ending

MS = 1_000_000
WHO = Acceptance("2026-11-29T10:00:00+00:00", "Mio", "the first one", "abc")


def seams(world, *, host=None, machine="m1"):
    return Seams(world, lambda: host or builders.host(), lambda: machine, lambda: world.now, advise=lambda: ())


def accepted(tmp_path, *, world=None, job=None, settings=SETTINGS, **how):
    world = world or World({"old": (MS, 1.0)})
    return accept(Accepting(saved(tmp_path / "old.onnx"), job, settings, WHO), world=seams(world, **how))


def compared(
    baseline, tmp_path, *, takes=(MS, 1.0), world=None, job=None, settings=SETTINGS, plan=None, new=None, **how
):
    world = world or World({"new": takes})
    new = new or saved(tmp_path / "new.onnx")
    return gate(Stored(baseline), new, job, settings, plan or GatePlan(), world=seams(world, **how))


def found(report):
    return {each.metric: each for each in report.comparisons}


def test_what_is_accepted_is_all_that_a_newer_model_is_compared_with(tmp_path):
    baseline = accepted(tmp_path)
    assert isinstance(baseline, Baseline)
    assert (baseline.acceptance, baseline.machine, baseline.versions) == (WHO, "m1", {"onnxruntime": "1.30"})
    assert len(baseline.launches) == 20
    assert (baseline.floor_ns, baseline.sentinel.floor_ns) == (998_000, 500_000)
    assert baseline.launches[0].quantiles_ns == tuple(baseline.launches[0].floor_ns + more for more in (
        0, 20, 100, 200, 300, 400))  # fmt: skip
    assert len(baseline.placebo["latency floor"]) == 10
    assert (baseline.outputs.frames[0], baseline.outputs.outputs, baseline.outputs.absent) == ("run", ("y",), "")
    assert baseline.job_run is None


def test_a_noisy_machine_accepts_nothing(tmp_path):
    refused = accepted(tmp_path, world=World({"old": (MS, 1.0)}, drift=0.2))
    assert isinstance(refused, Comparison)
    assert refused.verdict is GateVerdict.NOISY
    assert refused.because.startswith("the model against itself is known to")


def test_a_model_that_crashes_is_not_accepted(tmp_path):
    crash = Ending("crashed", None, "stopped by SIGSEGV", "one")
    refused = accepted(tmp_path, world=World({"old": (MS, 1.0)}, endings={"old": crash}))
    assert (refused.verdict, refused.because) == (GateVerdict.FAILED, "the model stopped by SIGSEGV")


def test_the_same_model_passes_after_ten_launches(tmp_path):
    report = compared(accepted(tmp_path), tmp_path)
    assert (report.mode, report.verdict, report.acceptance) == ("floor", GateVerdict.PASS, WHO)
    assert len(report.pairs) == 5
    assert list(found(report))[-4:] == ["outputs", "latency floor", "peak memory", "steady memory"]
    assert found(report)["latency floor"].margin == 0.05


def test_a_slower_model_is_a_regression_and_the_margin_may_be_set(tmp_path):
    baseline = accepted(tmp_path)
    slow = compared(baseline, tmp_path, takes=(1_080_000, 1.0))
    assert found(slow)["latency floor"].verdict is GateVerdict.REGRESSION
    meant = compared(baseline, tmp_path, takes=(1_080_000, 1.0), plan=GatePlan(floor_margin=0.10))
    assert meant.verdict is GateVerdict.PASS


def test_what_tells_nothing_goes_on_to_the_last_look(tmp_path):
    report = compared(accepted(tmp_path), tmp_path, takes=(1_049_500, 1.0))
    assert report.verdict is GateVerdict.INCONCLUSIVE
    assert len(report.pairs) == 10


def test_more_memory_is_told(tmp_path):
    world = World({"new": (MS, 1.0)}, memory={"new": 10_900_000})
    report = compared(accepted(tmp_path), tmp_path, world=world)
    assert found(report)["peak memory"].verdict is GateVerdict.REGRESSION
    world = World({"new": (MS, 1.0)}, memory={"new": 10_400_000})
    assert found(compared(accepted(tmp_path), tmp_path, world=world))["peak memory"].verdict is GateVerdict.PASS


def test_other_outputs_stop_the_timing(tmp_path):
    world = World({"new": (MS, -1.0)})
    report = compared(accepted(tmp_path), tmp_path, world=world)
    assert report.verdict is GateVerdict.REGRESSION
    assert found(report)["outputs"].verdict is GateVerdict.REGRESSION
    assert found(report)["latency floor"].verdict is GateVerdict.NOT_COMPARABLE
    assert world.asked == []


def test_other_inputs_are_not_fed(tmp_path):
    baseline = accepted(tmp_path)
    wide = saved(tmp_path / "wide.onnx", shape=(1, 8))
    assert found(compared(baseline, tmp_path, new=wide))["outputs"].because.startswith("the two models do not take")
    # The same shapes, and another seed: outputs of other inputs are no answer, nor are other settings.
    report = compared(baseline, tmp_path, settings=replace(SETTINGS, seed=7))
    assert found(report)["outputs"].because == "other inputs are fed than when the baseline was accepted"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"host": builders.host(cpu="Cortex-A55")}, "cpu: Cortex-A78 -> Cortex-A55"),
        ({"host": builders.host(cores=4, governor="powersave")}, "cores: 6 -> 4; governor: none -> powersave"),
        ({"machine": "m2"}, "machine: m1 -> m2"),
        ({"settings": replace(SETTINGS, threads=4)}, "threads: 1 -> 4"),
        ({"settings": replace(SETTINGS, optimisation="basic")}, "optimisation: all -> basic"),
        ({"job": builders.job()}, "workload: none -> camera-30hz"),
    ],
)
def test_what_differs_is_named_and_nothing_is_run(tmp_path, how, said):
    world = World({"new": (5 * MS, 1.0)})
    report = compared(accepted(tmp_path), tmp_path, world=world, **how)
    assert report.verdict is GateVerdict.NOT_COMPARABLE
    assert found(report)["latency floor"].because == f"the baseline is of something else: {said}"
    assert world.asked == []


def test_a_job_of_another_version_or_content_is_another_job(tmp_path):
    job = builders.job()
    baseline = accepted(tmp_path, job=job)
    assert compared(baseline, tmp_path, job=job).verdict is GateVerdict.PASS
    newer = {**job.authored, "version": 2}
    versioned = Job(Workload.model_validate({**newer, "id": "camera-30hz"}), newer, job.folder)
    report = compared(baseline, tmp_path, job=versioned)
    assert found(report)["latency floor"].because.endswith("version of camera-30hz: 1 -> 2")
    edited = {**job.authored, "requires": {**job.authored["requires"], "percentile": 90}}
    report = compared(baseline, tmp_path, job=Job(job.workload, edited, job.folder))
    assert "requires of camera-30hz, of the same version: others -> changed since" in (
        found(report)["latency floor"].because
    )  # fmt: skip


def test_another_runtime_is_found_when_it_runs(tmp_path):
    world = World({"new": (MS, 1.0)})
    world.version = "1.31"
    report = compared(accepted(tmp_path), tmp_path, world=world)
    assert report.verdict is GateVerdict.NOT_COMPARABLE
    assert found(report)["latency floor"].because.endswith("onnxruntime: 1.30 -> 1.31")
    assert {name for name, *_ in world.asked} == {"sentinel"}


def test_a_machine_of_another_speed_today_is_found_by_the_sentinel(tmp_path):
    world = World({"new": (MS, 1.0)})
    world.sentinels = [540_000] * 8
    report = compared(accepted(tmp_path), tmp_path, world=world)
    assert report.verdict is GateVerdict.NOT_COMPARABLE
    assert "speed of this machine, by the sentinel model: 500 us -> 539 us (+7.9%)" in (
        found(report)["latency floor"].because
    )  # fmt: skip
    # A moment's disturbance makes no other machine: the sentinel is run again.
    world.sentinels = [540_000] * 4 + [500_000] * 4
    assert compared(accepted(tmp_path), tmp_path, world=world).verdict is GateVerdict.PASS


def test_a_model_that_crashes_is_neither_regression_nor_pass(tmp_path):
    crash = Ending("crashed", None, "stopped by SIGSEGV", "one")
    report = compared(accepted(tmp_path), tmp_path, world=World({"new": (MS, 1.0)}, endings={"new": crash}))
    assert report.verdict is GateVerdict.FAILED
    failed = report.comparisons[-1]
    assert (failed.because, failed.next_step) == ("the candidate stopped by SIGSEGV", "run it alone: assess measure")


def test_files_alone_are_compared_on_any_machine(tmp_path):
    report = static(Stored(accepted(tmp_path)), saved(tmp_path / "new.onnx", more=1), None, GatePlan())
    assert (report.mode, report.acceptance) == ("static", WHO)
    assert found(report)["operators"].verdict is GateVerdict.REGRESSION
    assert "latency floor" not in found(report)


def test_outputs_that_were_not_kept_are_not_comparable(tmp_path):
    baseline = accepted(tmp_path)
    without = replace(baseline, outputs=replace(baseline.outputs, frames=(), arrays=(), absent="too large"))
    report = compared(without, tmp_path)
    assert (found(report)["outputs"].verdict, found(report)["outputs"].because) == (
        GateVerdict.NOT_COMPARABLE, "too large"
    )  # fmt: skip
    assert compared(without, tmp_path, plan=GatePlan(skipped=frozenset({"outputs"}))).verdict is GateVerdict.PASS


def test_a_model_that_does_not_repeat_itself_has_no_outputs_to_store(tmp_path):
    world = World({"old": (MS, 1.0)})
    world.restless = True
    baseline = accepted(tmp_path, world=world)
    assert baseline.outputs.absent.startswith("the model does not repeat itself")


@pytest.mark.parametrize(
    "array",
    [
        base64.b64encode(zlib.compress(bytes(80_000_000), 9)).decode(),  # 80 MB in 80 kB.
        base64.b64encode(zlib.compress(b"no array")).decode(),
        "not base64",
    ],
)
def test_outputs_that_cannot_be_unpacked_are_a_bad_file(tmp_path, array):
    baseline = accepted(tmp_path)
    arrays = (array, *baseline.outputs.arrays[1:])
    bad = replace(baseline, outputs=replace(baseline.outputs, arrays=arrays))
    with pytest.raises(AssessError, match="the baseline: its stored outputs cannot be read"):
        compared(bad, tmp_path)


def test_the_job_is_asked_even_if_nothing_timed_is_wanted(tmp_path, monkeypatch):
    """With --skip of floor and memory a late candidate once passed."""
    asked = []
    monkeypatch.setattr("assess.gate.flow.compare_for_job", lambda *given: asked.append(given) or [])
    plan = GatePlan(skipped=frozenset({"latency floor", "peak memory", "steady memory"}))
    how = ForJob(builders.job(), SETTINGS)
    world = World({"new": (MS, 1.0)})
    gate(Stored(accepted(tmp_path)), saved(tmp_path / "new.onnx"), builders.job(), SETTINGS, plan, for_job=how,
         world=seams(world))  # fmt: skip
    assert len(asked) == 1


EMULATED = builders.host(emulator="qemu-aarch64-st, in user mode")


def test_nothing_is_accepted_on_a_host_that_is_emulated(tmp_path):
    world = World({"old": (MS, 1.0)})
    refused = accepted(tmp_path, world=world, host=EMULATED)
    assert isinstance(refused, Comparison)
    assert (refused.metric, refused.verdict) == ("latency floor", GateVerdict.NOT_COMPARABLE)
    assert refused.because == ("the processor is emulated, by qemu-aarch64-st, in user mode: times are the emulator's")
    assert world.asked == []


def test_what_was_accepted_on_the_device_is_not_compared_with_an_emulator(tmp_path):
    baseline, world, new = accepted(tmp_path), World({"new": (MS, 1.0)}), saved(tmp_path / "new.onnx")
    report = gate(Stored(baseline), new, None, SETTINGS, GatePlan(), world=seams(world, host=EMULATED))
    assert found(report)["outputs"].verdict is GateVerdict.PASS
    for metric in ("latency floor", "peak memory", "steady memory"):
        assert found(report)[metric].verdict is GateVerdict.NOT_COMPARABLE
    assert "emulator: none -> qemu-aarch64-st, in user mode" in found(report)["peak memory"].because
    assert report.verdict is GateVerdict.NOT_COMPARABLE
    assert world.asked == []
