"""Several models on one host: hand-over in exact numbers, and real models in real threads."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import real_runs

from assess.describe.graph import describe
from assess.errors import AssessError
from assess.measure.frames import Frames
from assess.measure.scenarios.pipeline import Mailbox, StageRun, chain_of, span_ns
from assess.measure.stages import StageModel, find_stages, own_stage
from assess.sandbox import Ending

MS = 1_000_000
AFTER = {"detect": "", "track": "detect", "plan": "track", "speech": ""}


def test_a_chain_begins_at_the_stage_with_a_rate():
    assert chain_of("plan", AFTER) == ("detect", "track", "plan")
    assert chain_of("speech", AFTER) == ("speech",)


def stage(name, rate_hz=None, after="", probability=1.0):
    return {"name": name, "rate_hz": rate_hz, "after": after, "probability": probability}


@pytest.mark.parametrize(
    ("own", "count", "duration_ns", "expected"),
    [
        ("fast", 100, 0, 1_000 * MS),
        ("fast", 100, 2_000 * MS, 2_000 * MS),
        ("slow", 100, 0, 10_000 * MS),
        # A hundred releases of one in four of ten a second.
        ("rare", 100, 0, 40_000 * MS),
        ("fast", 1, 0, 10 * MS),
    ],
)
def test_it_lasts_until_the_models_own_stage_has_its_frames(own, count, duration_ns, expected):
    stages = [stage("fast", 100.0), stage("slow", 10.0), stage("rare", None, "slow", 0.25)]
    assert span_ns(stages, own, count, duration_ns) == expected


def test_a_mailbox_holds_the_newest_release():
    box = Mailbox()
    box.put(10, 1)
    assert box.take() == ([], (10, 1))
    box.put(20, 2)
    box.put(30, 3)
    box.put(40, 4)
    assert box.take() == ([20, 30], (40, 4))
    box.put(50, 5)
    box.close()
    assert box.take() == ([], (50, 5))
    assert box.take() == ([], None)


def test_interference_is_the_ratio_of_medians():
    frames = Frames((0, 10, 20), (0, 10, 20), (3, 16, 24))
    run = StageRun("a", "a.onnx", "00", 100.0, "", 1.0, ("a",), frames, alone_ns=2)
    assert run.interference == 2.0
    assert replace(run, alone_ns=None).interference is None
    assert replace(run, frames=Frames()).interference is None


def job(*stages, folder=None):
    return real_runs.job({"kind": "pipeline", "stage": list(stages)}, folder or Path(), {})


def test_models_of_stages_are_found_beside_the_workload_or_by_id(tmp_path):
    asked = []

    def find(argument, dims):
        asked.append((argument, dict(dims)))
        return argument

    wanted = job(
        {"name": "eye", "rate": "30 Hz"},
        {"name": "lid", "after": "eye", "model": "parts/lid.onnx", "dims": {"n": 2}},
        {"name": "ear", "rate": "3 Hz", "model": "shipped-id"},
        folder=tmp_path,
    )
    found = find_stages(wanted, find)
    assert asked == [(str(tmp_path / "parts/lid.onnx"), {"n": 2}), ("shipped-id", {})]
    assert found == {"lid": str(tmp_path / "parts/lid.onnx"), "ear": "shipped-id"}
    assert own_stage(wanted) == "eye"


def test_a_stage_whose_model_is_not_there_is_named():
    def find(argument, dims):
        raise AssessError("there is no model 'gone'", hint="assess list models")

    with pytest.raises(AssessError, match="stage 'ear': there is no model 'gone'"):
        find_stages(job({"name": "ear", "rate": "3 Hz", "model": "gone"}), find)


def test_a_pipeline_that_leaves_the_commands_model_out_is_refused():
    with pytest.raises(AssessError, match="no stage runs the model that was given"):
        own_stage(job({"name": "ear", "rate": "3 Hz", "model": "other"}))


def other(folder, model, name):
    path = real_runs.saved(folder, model, name)
    return StageModel(describe(path), path, None, folder)


def by_name(found):
    assert found["failure"] is None, found["failure"]
    return {stage.name: stage for stage in found["stages"]}


EYE = {"name": "eye", "rate": "100 Hz"}


@pytest.mark.slow
def test_two_rates_and_a_chain_share_the_host(tmp_path):
    wanted = job(
        EYE,
        {"name": "ear", "rate": "40 Hz", "model": "ear.onnx"},
        {"name": "mind", "after": "eye", "model": "mind.onnx"},
        {"name": "hand", "after": "mind", "model": "hand.onnx"},
    )
    models = {
        "ear": other(
            tmp_path, real_runs.relu((4, 5)), "ear.onnx"
        ),  # Its input has the name of the others', and another shape.
        "mind": other(tmp_path, real_runs.slow(1), "mind.onnx"),
        "hand": other(tmp_path, real_runs.relu((3, 3)), "hand.onnx"),
    }
    settings = replace(real_runs.BRIEF, min_count=50)
    found = real_runs.run(tmp_path, real_runs.relu(), wanted, models, settings=settings)
    stages = by_name(found)
    assert list(stages) == ["eye", "ear", "mind", "hand"]
    eye, ear, mind, hand = stages.values()
    # Half a second, since 50 frames of 100 Hz take as long; whole periods from one common origin.
    releases = sorted((*eye.frames.scheduled_ns, *eye.frames.dropped_ns))
    assert releases == [index * 10 * MS for index in range(50)]
    releases = sorted((*ear.frames.scheduled_ns, *ear.frames.dropped_ns))
    assert releases == [index * 25 * MS for index in range(20)]
    # Each output releases the next stage at the instant that it is done.
    assert sorted((*mind.frames.scheduled_ns, *mind.frames.dropped_ns)) == list(eye.frames.done_ns)
    assert sorted((*hand.frames.scheduled_ns, *hand.frames.dropped_ns)) == list(mind.frames.done_ns)
    assert (eye.chain, hand.chain) == (("eye",), ("eye", "mind", "hand"))
    assert (hand.after, hand.rate_hz, eye.rate_hz) == ("mind", None, 100.0)
    # From the release of the eye to the hand's end, for each output of the hand.
    assert len(hand.end_to_end_ns) == len(hand.frames)
    roots = [done - took for done, took in zip(hand.frames.done_ns, hand.end_to_end_ns, strict=True)]
    assert set(roots) <= set(eye.frames.scheduled_ns)
    assert all(long > own for long, own in zip(hand.end_to_end_ns, hand.frames.response_ns, strict=True))
    assert eye.end_to_end_ns == eye.frames.response_ns
    for each in stages.values():
        assert min(each.frames.waited_ns) >= 0
        assert each.interference > 0.0
    assert found["frames"].service_ns == eye.frames.service_ns
    assert len(found["back_to_back_ns"]) >= 10
    assert (mind.model, mind.sha256) == ("mind.onnx", models["mind"].model.sha256)
    assert found["memory"].load_peak > found["memory"].baseline
    assert found["effective"].spin_ns is None


@pytest.mark.slow
def test_a_probability_decides_by_the_seed_who_is_released(tmp_path):
    wanted = job(EYE, {"name": "mind", "after": "eye", "probability": "30 %"})
    settings = replace(real_runs.BRIEF, min_count=60, seed=5)
    eye, mind = by_name(real_runs.run(tmp_path, real_runs.relu(), wanted, settings=settings)).values()
    rng = random.Random("5 mind")
    expected = [done for done in eye.frames.done_ns if rng.random() < 0.3]
    assert 0 < len(expected) < len(eye.frames)
    assert sorted((*mind.frames.scheduled_ns, *mind.frames.dropped_ns)) == expected


@pytest.mark.slow
def test_a_stage_that_is_too_slow_drops_what_it_cannot_serve(tmp_path):
    wanted = job({"name": "eye", "rate": "500 Hz"}, {"name": "mind", "after": "eye", "model": "mind.onnx"})
    models = {"mind": other(tmp_path, real_runs.slow(20), "mind.onnx")}  # 0.7 GOP: more than 2 ms on a core.
    settings = replace(real_runs.BRIEF, min_count=150)
    eye, mind = by_name(real_runs.run(tmp_path, real_runs.relu(), wanted, models, settings=settings)).values()
    assert len(eye.frames) + len(eye.frames.dropped_ns) == 150
    assert len(mind.frames.dropped_ns) > 0
    assert len(mind.frames) + len(mind.frames.dropped_ns) == len(eye.frames)


@pytest.mark.slow
def test_a_stage_that_is_refused_ends_the_run_with_its_reason(tmp_path):
    ear = tmp_path / "ear.onnx"
    wanted = job(EYE, {"name": "ear", "rate": "40 Hz", "model": "ear.onnx"})
    models = {"ear": other(tmp_path, real_runs.relu(), "ear.onnx")}
    ear.write_bytes(b"junk")
    found = real_runs.run(tmp_path, real_runs.relu(), wanted, models)
    assert (found["failure"].phase, found["failure"].kind) == ("load", "refused")


@pytest.mark.slow
def test_what_a_worker_cannot_have_written_is_a_crash(tmp_path):
    def overrun(module, request, limits, *, on_progress, **options):
        on_progress({"known": {"load_s": 1.0}})
        Path(request["stages"][1]["frames"]).write_bytes(b"\x07" * 4800)
        return Ending("answered", {"stopped": False}, "", "")

    wanted = job(EYE, {"name": "mind", "after": "eye"})
    found = real_runs.run(tmp_path, real_runs.relu(), wanted, launch=overrun)
    assert found["failure"].kind == "crashed"
    assert found["stages"] == ()


@pytest.mark.slow
def test_a_pipeline_that_is_stopped_keeps_the_frames_of_all_stages(tmp_path):
    wanted = job(EYE, {"name": "slow", "rate": "1 Hz"}, {"name": "mind", "after": "eye"})
    settings = replace(real_runs.BRIEF, min_duration_s=20.0)
    found = real_runs.run(tmp_path, real_runs.relu(), wanted, settings=settings, launch=real_runs.stopping(0.5))
    assert found["incomplete"].startswith("stopped by SIGINT after ")
    eye, slow, mind = by_name(found).values()
    assert 0 < len(eye.frames) < 2000  # Of 20 s.
    assert 0 < len(slow.frames) < 20
    assert len(mind.frames) + len(mind.frames.dropped_ns) in (len(eye.frames), len(eye.frames) - 1)


@pytest.mark.parametrize("model", ["../other.onnx", "/tmp/other.onnx", "parts/../../other.onnx"])
def test_a_stages_model_does_not_lie_elsewhere(tmp_path, model):
    with pytest.raises(ValueError, match="does not lie beside the workload's file"):
        job({"name": "lid", "rate": "3 Hz", "model": model}, folder=tmp_path)


@pytest.mark.parametrize("model", ["models/other", "../other", "Other.toml", "."])
def test_a_stages_model_that_is_no_file_is_an_id(tmp_path, model):
    with pytest.raises(ValueError, match="is neither the id of a shipped model nor an"):
        job({"name": "lid", "rate": "3 Hz", "model": model}, folder=tmp_path)


def test_a_stages_model_is_not_read_through_a_link_that_leaves(tmp_path):
    (tmp_path / "job").mkdir()
    (tmp_path / "secret.onnx").write_bytes(b"")
    (tmp_path / "job" / "lid.onnx").symlink_to(tmp_path / "secret.onnx")
    wanted = job({"name": "lid", "rate": "3 Hz", "model": "lid.onnx"}, folder=tmp_path / "job")
    with pytest.raises(AssessError, match=r"stage 'lid': 'lid\.onnx' is a link that leads outside the folder"):
        find_stages(wanted, lambda argument, dims: pytest.fail("it was described"))
