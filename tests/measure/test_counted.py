"""Which frames a verdict stands on."""

from dataclasses import replace

import builders

from assess.measure.counted import counted, last_of_chain
from assess.measure.frames import Frames, closed_loop_frames
from assess.measure.scenarios.pipeline import StageRun
from assess.measure.windows import Window

MS = 1_000_000


def stage(name, frames, chain, end_to_end_ns=()):
    return StageRun(name, "m.onnx", "ab" * 32, 10.0 if len(chain) == 1 else None, "", 1.0, chain, frames, end_to_end_ns)


EYE = Frames((0, 100 * MS, 200 * MS), (0, 100 * MS, 200 * MS), (30 * MS, 130 * MS, 230 * MS), (50 * MS,))
HAND = Frames((30 * MS, 230 * MS), (30 * MS, 230 * MS), (50 * MS, 250 * MS), (130 * MS,))


def test_of_a_stage_that_comes_after_another_one_the_whole_way_counts():
    own = stage("hand", HAND, ("eye", "hand"), (50 * MS, 50 * MS))
    since = Frames(
        *(tuple(at - 30 * MS for at in column) for column in (HAND.scheduled_ns, HAND.start_ns, HAND.done_ns))
    )
    run = builders.measurement(frames=since, stages=(stage("eye", EYE, ("eye",), (30 * MS,) * 3), own))
    found = counted(run)
    assert found.scheduled_ns == (0, 200 * MS)
    assert found.response_ns == (50 * MS, 50 * MS)
    assert found.dropped_ns == (50 * MS, 130 * MS)
    assert last_of_chain(run) == own


def test_a_stage_with_a_rate_of_its_own_counts_from_its_release():
    run = builders.measurement(frames=EYE, stages=(stage("eye", EYE, ("eye",), (30 * MS,) * 3),))
    assert counted(run) == EYE


def test_of_a_sustained_run_the_plateau_counts():
    settings = replace(builders.measurement().requested, tier="sustained")
    frames = closed_loop_frames((10 * MS,) * 6000 + (12 * MS,) * 15000)
    windows = tuple(Window(60.0 * index, 60.0, 5000, p50_ns=(10 if index == 0 else 12) * MS) for index in range(4))
    found = counted(builders.measurement(frames=frames, windows=windows, requested=settings))
    assert set(found.service_ns) == {12 * MS}
    assert len(found) == 15000
    # Of any other run all frames count, whatever its windows show.
    assert counted(builders.measurement(frames=frames, windows=windows)) == frames
