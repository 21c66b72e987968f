"""The gates of a suite: each with its own baseline, and one that has none is no trouble to the others."""

import builders
import pytest
from gate_world import World, saved

from assess.describe.library import Library
from assess.describe.suite import Suite
from assess.errors import AssessError
from assess.gate import SETTINGS, GatePlan
from assess.gate.accept import Accepting, accept
from assess.gate.store import file_name
from assess.gate.suite import entries, gate_suite
from assess.gate.world import World as Seams
from assess.judge.gate.comparison import GateVerdict
from assess.measure.baseline import Acceptance
from assess.measure.baseline_json import to_json
from assess.pipeline import find_job

MS = 1_000_000
#: Its deadline is that of every frame; the world has no frames, so that only the floor is asked.
JOB = "wafer-defect-classification"


def suite(*models, device="raspberry-pi-5-8gb"):
    cases = [{"model": model, "workload": JOB, "device": device} for model in models]
    return Suite.model_validate({"id": "two", "name": "Two", "summary": "Two.", "case": cases})


def gated(tmp_path, asked, world, **how):
    seams = Seams(world, builders.host, lambda: "m1", lambda: world.now, advise=lambda: ())
    return gate_suite(
        asked, tmp_path, tmp_path / "baselines", Library(), SETTINGS,
        GatePlan(skipped=frozenset({"fit"})), world=seams, **how,
    )  # fmt: skip


@pytest.fixture
def accepted(tmp_path):
    (tmp_path / "baselines").mkdir()
    job = find_job(JOB, Library())
    for name in ("one", "two"):
        world = World({name: (MS, 1.0)})
        seams = Seams(world, builders.host, lambda: "m1", lambda world=world: world.now)
        who = Acceptance("2026-11-29T10:00:00+00:00", "Mio", "first")
        kept = accept(Accepting(saved(tmp_path / f"{name}.onnx"), job, SETTINGS, who), world=seams)
        path = tmp_path / "baselines" / file_name(f"{name}.onnx", JOB, builders.host(), "m1", SETTINGS)
        path.write_text(to_json(kept))
    return tmp_path


def test_each_model_and_job_is_gated_once_whatever_devices_it_has():
    cases = [("a.onnx", "x"), ("b.onnx", "x"), ("a.onnx", "y")]
    asked = Suite.model_validate(
        {
            "id": "s", "name": "S", "summary": "S.",
            "case": [{"model": model, "workload": JOB, "device": device} for model, device in cases],
        }
    )  # fmt: skip
    assert [(each.model, each.devices) for each in entries(asked)] == [("a.onnx", ("x", "y")), ("b.onnx", ("x",))]


def test_the_worst_of_all_decides(accepted):
    world = World({"one": (MS, 1.0), "two": (1_080_000, 1.0)})
    found = gated(accepted, suite("one.onnx", "two.onnx"), world)
    assert [each.verdict for each in found.gates] == [GateVerdict.PASS, GateVerdict.REGRESSION]
    assert (found.verdict, len(found.reports)) == (GateVerdict.REGRESSION, 2)
    assert found.gates[1].name == f"two.onnx, {JOB}"


def test_one_without_a_baseline_or_a_model_is_told_and_the_others_are_gated(accepted):
    saved(accepted / "three.onnx")
    told = []
    found = gated(
        accepted, suite("three.onnx", "gone.onnx", "one.onnx"), World({"one": (MS, 1.0)}),
        on_progress=lambda *said: told.append(said),
    )  # fmt: skip
    verdicts = [each.verdict for each in found.gates]
    assert verdicts == [GateVerdict.NOT_COMPARABLE, GateVerdict.NOT_COMPARABLE, GateVerdict.PASS]
    assert found.gates[0].why == f"{accepted / 'baselines'} has no baseline of it"
    assert found.gates[0].next_step == f"assess baseline accept --suite two --to {accepted / 'baselines'} --why TEXT"
    assert "gone.onnx" in found.gates[1].why
    assert found.verdict is GateVerdict.NOT_COMPARABLE
    assert told[-1][0].startswith("one.onnx") and 2 / 3 <= told[-1][1] <= 1.0


def test_a_baseline_that_was_edited_is_one_that_cannot_be_used(accepted):
    path = next((accepted / "baselines").glob("one*"))
    path.write_text(path.read_text().replace("first", "second"))
    found = gated(accepted, suite("one.onnx", "two.onnx"), World({"two": (MS, 1.0)}))
    assert "was changed after it was written" in found.gates[0].why
    assert found.gates[1].verdict is GateVerdict.PASS


def test_without_a_folder_there_is_no_suite(tmp_path):
    with pytest.raises(AssessError, match="there is no such folder"):
        gated(tmp_path, suite("one.onnx"), World({}))
