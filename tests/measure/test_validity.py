"""What makes a measurement one that may not be judged."""

from dataclasses import replace

import builders
import pytest

from assess.measure.constraint import Constraints, CpuQuota, Scheduling
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.measurement import Effective, Failure
from assess.measure.passes.floor import Floor, Spread, level
from assess.measure.validity import let_pass, untimed_validity, validity, why_no_time

MS = 1_000_000
STEADY = (2 * MS, 2 * MS + 50_000) * 50


def run(
    *, service_ns=STEADY, wait=None, threads=1, before=None, after=None, providers=("CPUExecutionProvider",), **changes
):
    made = builders.measurement()
    effective = Effective(providers, threads, "all", "preallocated", 250, {}, wait)
    settings = replace(made.requested, min_count=changes.pop("min_count", 100), min_duration_s=0.2)
    calm = replace(made.before, cpu_share=1.0)
    return replace(
        made, frames=closed_loop_frames(service_ns), effective=effective, requested=settings,
        before=replace(calm, **(before or {})), after=replace(calm, **(after or {})), failure=None, **changes,
    )  # fmt: skip


def test_a_calm_run_is_valid():
    assert validity(run()) == ()


def test_a_failed_run_is_not():
    failed = replace(run(), failure=Failure("load", "hung", "still running after 3 s"))
    assert validity(failed) == ("the run failed: still running after 3 s",)


def test_too_few_samples():
    assert validity(run(min_count=500)) == ("too few samples: 100 of 500 within the time limit",)
    assert validity(run(service_ns=STEADY[:10], min_count=10))[0] == "too few samples: 10, at least 20 tell something"


def test_a_run_cut_short_by_its_time_limit():
    assert validity(run(service_ns=(MS,) * 50, min_count=50)) == (
        "too short: 50 ms of 200 ms timed within the time limit",
    )


def test_a_provider_that_was_not_in_effect():
    asked = run()
    asked = replace(asked, requested=replace(asked.requested, provider="CUDAExecutionProvider"))
    assert validity(asked) == ("CUDAExecutionProvider was not in effect; CPUExecutionProvider ran the model",)


def test_a_provider_that_was_given_nothing_to_do():
    cuda, cpu = "CUDAExecutionProvider", "CPUExecutionProvider"
    asked = run(providers=(cuda, cpu))
    asked = replace(asked, requested=replace(asked.requested, provider=cuda))
    assert validity(asked) == ()
    shared = replace(asked.effective, assigned={cuda: 3, cpu: 1})
    assert validity(replace(asked, effective=shared)) == ()
    alone = replace(asked.effective, assigned={cpu: 4})
    assert validity(replace(asked, effective=alone)) == (
        f"{cuda} was given none of the model's operators; {cpu} ran them",
    )


@pytest.mark.parametrize(
    ("last", "valid"), [(2_200_000, True), (2_200_001, False), (1_818_182, True), (1_800_000, False)]
)
def test_drift_is_more_than_a_tenth_between_the_halves(last, valid):
    reasons = validity(run(service_ns=(2 * MS,) * 60 + (last,) * 60))
    assert (reasons == ()) == valid
    if not valid:
        assert reasons[0].startswith("drift: the median went from 2 ms to ")


def test_single_slow_inferences_are_no_drift():
    assert validity(run(service_ns=(2 * MS,) * 90 + (40 * MS,) * 20)) == ()


def test_waiting_for_a_cpu():
    assert validity(run(wait=0.1)) == ()
    assert validity(run(wait=0.25)) == ("the model waited for a CPU in 25% of the time: others use this host",)


def test_a_host_that_others_use_before_and_after():
    busy = {"cpu_share": 0.5}
    assert validity(run(before=busy)) == ()
    assert validity(run(before=busy, after={"cpu_share": 0.89})) == (
        "the host is not ours alone: a spin got 89% of a CPU",
    )
    assert validity(run(before=busy, after=busy, wait=0.01)) == ()
    assert validity(run(before=busy, after=busy, wait=0.01, threads=4)) != ()
    assert validity(run(before={"cpu_share": None}, after={"cpu_share": None})) == ()


def test_a_power_mode_that_changed():
    reasons = validity(run(before={"power_mode": "15W"}, after={"power_mode": "7W"}))
    assert reasons == ("the host's power mode changed during the run, from '15W' to '7W'",)


def test_noise_far_below_the_deadline_does_no_harm():
    noisy = run(service_ns=(2 * MS,) * 60 + (3 * MS,) * 60, wait=0.5)
    assert len(validity(noisy)) == 2
    assert len(validity(noisy, deadline_s=0.005)) == 2
    assert validity(noisy, deadline_s=0.007) == ()
    assert validity(run(min_count=500), deadline_s=1.0) != ()


def test_what_is_let_pass_far_below_the_deadline_is_named():
    noisy = run(service_ns=(2 * MS,) * 60 + (3 * MS,) * 60, wait=0.5)
    assert validity(noisy, 0.1) == ()
    assert let_pass(noisy, 0.1, 99.0) == (
        "drift: the median went from 2 ms to 3 ms between the first and second half",
        "the model waited for a CPU in 50% of the time: others use this host",
    )
    assert let_pass(run(), 0.1, 99.0) == ()
    assert let_pass(noisy, 0.004, 99.0) == ()


def test_noise_of_the_host_says_nothing_against_memory():
    noisy = run(service_ns=(2 * MS,) * 60 + (3 * MS,) * 60, wait=0.5)
    assert validity(noisy) != ()
    assert untimed_validity(noisy) == ()
    assert untimed_validity(run(service_ns=STEADY[:10], min_count=10)) == (
        "too few samples: 10, at least 20 tell something",
    )


def spread(p50, p99, count=100):
    return Spread(count, p50, p50, p99, p99, p99)


def paced(waited, floor_late, count):
    """Frames that began so late at 100 Hz, with a floor of `count` frames that were `floor_late` late."""
    releases = tuple(index * 10 * MS for index in range(len(waited)))
    starts = tuple(release + late for release, late in zip(releases, waited, strict=True))
    frames = Frames(releases, starts, tuple(start + 2 * MS for start in starts))
    floor = Floor(10 * MS, spread(1000, 2000), 50, spread(0, 0), 50_000, spread(0, floor_late, count), 0.0, 0.0)
    made = run()
    return replace(made, frames=frames, floor=floor, effective=replace(made.effective, spin_ns=50_000))


def test_a_host_that_takes_a_tenth_of_the_deadline_itself_is_no_instrument():
    late = paced((0,) * 90 + (2 * MS,) * 10, 0, 20)
    (reason,) = validity(late, 0.015)
    assert reason == (
        "the host itself took 2 ms of a frame, more than 10% of 15 ms (in this run, by how late frames began though "
        "the model was idle, p99 of 100 frames): `assess doctor` says what to do"
    )
    assert validity(late, 0.030) == ()


def test_the_runs_own_frames_outweigh_the_few_of_the_calibration():
    calm = paced((0,) * 100, 5 * MS, 20)
    assert validity(calm, 0.015) == ()
    # A calibration of more frames than the run has stands.
    (reason,) = validity(paced((0,) * 100, 5 * MS, 300), 0.015)
    assert reason.startswith(
        "the host itself took 5 ms of a frame, more than 10% of 15 ms (before the run, with a model that does nothing, "
        "p99 of 100 frames)"
    )


def test_a_percentile_that_no_frame_lies_above_is_the_slowest():
    assert [level(99.9, 75), level(99.9, 999), level(99.9, 1000), level(99.0, 100)] == [
        "slowest of 75 frames",
        "slowest of 999 frames",
        "p99.9 of 1,000 frames",
        "p99 of 100 frames",
    ]
    reason = validity(paced((0, 0, 0, 0, 5 * MS) * 15, 0, 20), 0.015, 99.9)[-1]
    assert "though the model was idle, slowest of 75 frames)" in reason


def held(**changes):
    return Constraints(**{"cpus": (), "scheduling": Scheduling((0,), 1, "other"), **changes})


def test_times_of_an_emulator_are_none_however_calm_the_run_and_far_the_deadline():
    emulated = {"emulator": "qemu-aarch64-st, in user mode"}
    found = run(before=emulated, after=emulated)
    why = ("the processor is emulated, by qemu-aarch64-st, in user mode: times are the emulator's",)
    assert validity(found) == validity(found, deadline_s=10.0) == why_no_time(found) == why
    assert untimed_validity(found) == ()  # Memory and outputs are as good as in any run.


def test_a_run_under_a_quota_is_none_of_a_slower_processor():
    quota = CpuQuota(0.2, 0.1, "cgroup cpu.max", 60, 31, 1.5)
    found = run(constraints=held(quota=quota))
    assert validity(found, deadline_s=10.0) == (
        "it had 0.2 of a CPU's time, stopped in 31 of 60 periods: a quota does not make a fast CPU a slow one: its "
        "median is this CPU's, its tail the quota's",
    )
    assert untimed_validity(found) == ()
    assert validity(run(constraints=held(quota=replace(quota, stopped=0)))) != ()
    assert "periods" not in validity(run(constraints=held(quota=replace(quota, stopped=None))))[0]


def test_a_run_on_cpus_of_its_own_is_one_like_any_other():
    assert validity(run(constraints=held(cpus=(0, 1)))) == ()


def test_what_was_read_back_must_be_what_was_given():
    assert validity(run(constraints=held(cpus=(1,)))) == ("the model ran on CPUs 0, though it was put on 1",)
    asked = run(constraints=held(cpus=(0,)))
    real_time = replace(asked, requested=replace(asked.requested, realtime=True))
    assert validity(real_time) == ("the model ran as 'other', though it was to be real-time",)
    assert validity(replace(real_time, constraints=held(scheduling=Scheduling((0,), 1, "FIFO", 10, True)))) == ()
