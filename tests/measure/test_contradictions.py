"""A run whose parts disagree is refused: who edits one place must know all of them."""

from dataclasses import replace

import builders
import pytest

from assess.errors import AssessError
from assess.measure.cold_start import Start
from assess.measure.constraint import Constraints, CpuQuota, Scheduling
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.measurement import Failure
from assess.measure.record import from_json, to_json
from assess.measure.scenarios.offline import BatchRun, Offline
from assess.measure.windows import Window

MS = 1_000_000


def refusal(**changes):
    with pytest.raises(AssessError) as caught:
        from_json(to_json(builders.measurement(**changes)), "run.json")
    return caught.value.problem


def periodic(releases, dropped=()):
    served = tuple(release for release in releases if release not in dropped)
    return Frames(served, served, tuple(release + 2 * MS for release in served), tuple(dropped))


HUNDRED = {**builders.WORKLOAD, "scenario": {"rate": "100 Hz"}}
ALL = tuple(index * 10 * MS for index in range(700))


def test_a_periodic_run_with_all_its_releases_is_read():
    run = builders.measurement(workload=HUNDRED, frames=periodic(ALL, dropped=(10 * MS, 30 * MS)))
    assert from_json(to_json(run), "run.json") == run


def test_dropped_frames_that_were_taken_out_are_missed():
    problem = refusal(workload=HUNDRED, frames=periodic(ALL[:1] + ALL[2:]))
    assert problem == "frames: release 1 is at 20000000 ns, which is not the schedule of 100 Hz"


def test_a_run_that_ended_early_may_lack_frames():
    stopped = builders.measurement(
        workload=HUNDRED, frames=periodic(ALL[:300]), incomplete="stopped by SIGINT after 3 s"
    )
    assert from_json(to_json(stopped), "run.json") == stopped


def test_an_inference_begins_when_the_last_one_has_ended():
    frames = Frames((0, 1, 2), (0, 1, 9), (5, 6, 12))
    assert refusal(frames=frames) == "frames: one begins before the one above it has ended"


def test_batches_are_those_that_the_workload_asked_for():
    authored = {**builders.WORKLOAD, "scenario": {"kind": "offline", "batches": [1, 4]}}
    run = BatchRun(1, closed_loop_frames((MS,) * 10))
    right = Offline(("n",), (run, replace(run, batch=4)))
    assert from_json(to_json(builders.measurement(workload=authored, offline=right)), "run.json").offline == right
    for wrong in (None, Offline(("n",), (run,)), Offline(("n",), (run, replace(run, batch=400)))):
        assert "the workload's are [1, 4]" in refusal(workload=authored, offline=wrong)


@pytest.mark.parametrize(("name", "key"), [("floor", "floor"), ("outputs", "outputs"), ("memory", "attribution")])
def test_a_pass_that_was_asked_for_gave_something_or_a_reason(name, key):
    asked = replace(builders.measurement().requested, passes=(name,))
    assert refusal(requested=asked) == f"{key}: is null, was asked for, and absent.{key} gives no reason"
    excused = builders.measurement(requested=asked, absent={key: "it crashed"})
    assert from_json(to_json(excused), "run.json") == excused


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"starts": (Start("cold", False, 0.1, 0.1, 0.1, 0.1, ()),)}, "starts.0.total_s: does not hold its own steps"),
        ({"starts": (Start("cold", False, 0.1, 0.1, 0.1, 0.1, (0.2,)),)}, "starts.0.total_s: does not hold"),
        ({"windows": (Window(0.0, 60.0, 100, p50_ns=0),)}, "windows.0: takes no time"),
    ],
)
def test_figures_that_nothing_can_be_counted_from_are_refused(changes, problem):
    assert refusal(**changes).startswith(problem)


QUOTA = CpuQuota(0.5, 0.1, "cgroup cpu.max", 60, 31, 1.5)


def limits(cpus="", realtime=False, held=None, **changes):
    return {"requested": replace(builders.measurement().requested, cpus=cpus, realtime=realtime), "constraints": held}


@pytest.mark.parametrize(
    "asked",
    [
        limits("0-1", held=Constraints((0, 1))),
        limits("2", held=Constraints((0, 2), scheduling=Scheduling((0, 2), 3, "other"))),
        limits("50%", held=Constraints(quota=QUOTA)),
        limits(realtime=True, held=Constraints((1,), real_time_share=0.95)),
    ],
)
def test_limits_that_were_held_are_read_as_they_were_written(asked):
    run = builders.measurement(**asked)
    assert from_json(to_json(run), "run.json") == run


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (limits("2"), "constraints: is null, though the run was to be held to CPUs or a class"),
        (limits(realtime=True), "constraints: is null, though the run was to be held to CPUs or a class"),
        (limits(held=Constraints((1,))), "constraints: are there, though nobody asked for any"),
        (limits("50%", held=Constraints()), "constraints.quota: is not that of --cpus '50%'"),
        (limits("2", held=Constraints((0, 1), QUOTA)), "constraints.quota: is not that of --cpus '2'"),
        (limits("0-1", held=Constraints((0,))), "constraints.cpus: are '0', --cpus was '0-1'"),
        (limits("2", held=Constraints((0,))), "constraints.cpus: are '0', --cpus was '2'"),
        (
            limits("50%", held=Constraints(quota=replace(QUOTA, stopped=61))),
            "constraints.quota.stopped: is more than there were periods",
        ),
        (limits("some"), "requested.cpus: 'some' does not say which CPUs"),
    ],
)
def test_limits_that_were_not_asked_for_or_not_held_are_refused(asked, problem):
    assert refusal(**asked) == problem


def test_what_is_offered_is_not_missing():
    host = builders.host(instructions=("asimd", "asimddp"), not_offered=("asimddp",))
    assert refusal(before=host, after=host) == "before.not_offered: asimddp is among what is offered"


def test_a_host_is_emulated_before_a_run_and_after_it_or_not_at_all():
    problem = refusal(before=builders.host(emulator="qemu-aarch64-st, in user mode"))
    assert problem.startswith("after.emulator: '', but before the run it was 'qemu-aarch64-st, in user mode'")


def test_what_was_not_run_has_no_frames():
    failure = Failure("start", "missing instructions", "asimddp")
    assert refusal(failure=failure) == "frames: are there, though the run was not begun"
