"""A model against a teacher and against saved outputs: what belongs together, and what cannot be compared."""

import hashlib
import zipfile

import builders
import numpy as np
import onnx
import onnx_models
import pytest
from onnx import helper

from assess.describe.card import Card
from assess.describe.model import Port
from assess.errors import AssessError
from assess.measure.agreement import Agreement
from assess.measure.engine import this_kernel
from assess.measure.inputs import prepare
from assess.measure.onnx_runtime import OnnxRuntime
from assess.measure.passes.sampled import sampled_pass
from assess.measure.reference import ReferenceModel, agree, check, inputs_for
from assess.measure.variants import Source, Variation, sample
from assess.sandbox import Ending

IMAGE, IDS = Port("image", "float32", (1, 4)), Port("ids", "int64", (1, 2))
SCORES = (Port("scores", "float32", (1, 4)),)
FRAMES = [Variation("run", {"image": "i0.npy"}, ()), Variation("seed 1", {"image": "i1.npy"}, ("image",))]


def model(*inputs, name="student.onnx", outputs=SCORES):
    return builders.model(name=name, inputs=inputs or (IMAGE,), outputs=outputs)


# Inputs


def test_inputs_belong_together_by_name_and_a_reference_may_have_fewer():
    assert inputs_for(model(IDS, IMAGE), model(IMAGE)) == {"image": "image"}


def test_without_the_same_names_inputs_belong_together_by_position():
    other = Port("pixels", "float32", (1, 4))
    assert inputs_for(model(IDS, IMAGE), model(Port("tokens", "int64", (1, 2)), other)) == {
        "tokens": "ids", "pixels": "image",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (Port("image", "float32", (1, 8)), "takes 'image' float32 1x8; the model takes 'image' float32 1x4"),
        (Port("image", "float16", (1, 4)), "takes 'image' float16 1x4; the model takes 'image' float32 1x4"),
        (Port("pixels", "float32", (1, 8)), "takes 'pixels' float32 1x8; the model takes 'image' float32 1x4"),
    ],
)
def test_a_reference_that_takes_something_else_is_bad_usage(tmp_path, other, problem):
    with pytest.raises(AssessError) as caught:
        check(model(), ReferenceModel(model(other, name="teacher.onnx"), tmp_path))
    assert caught.value.problem == problem
    assert caught.value.where == "--reference teacher.onnx"


# What both put out, with workers that put out what the test says


class Workers:
    """In place of worker processes: each saves the arrays of one model, and keeps what it was asked."""

    def __init__(self, *models):
        self._models, self.asked = list(models), []

    def __call__(self, changes):
        self.asked.append(changes)
        answer = self._models.pop(0)
        if isinstance(answer, Ending):
            return answer
        names = [frame["name"] for frame in changes["frames"]]
        for index in range(len(names)):
            for number, array in enumerate(answer.values()):
                np.save(f"{changes['save']}/{index}-{number}.npy", array)
        return Ending("answered", {"outputs": list(answer), "unreadable": {}, "frames": names}, "", "")


def teacher(tmp_path, *outputs):
    return ReferenceModel(model(name="teacher.onnx", outputs=outputs or SCORES), tmp_path / "teacher.onnx")


ONE = np.array([[1.0, 2.0]], np.float32)


def test_a_teacher_is_fed_the_same_frames_on_the_cpu(tmp_path):
    ask = Workers({"scores": ONE}, {"scores": ONE})
    other = Port("pixels", "float32", (1, 4))
    reference = ReferenceModel(model(other, name="teacher.onnx"), tmp_path / "teacher.onnx")
    found = agree(model(), FRAMES, reference, ask, tmp_path, None)
    assert (found.reference, found.sha256, found.kind, found.frames, found.matched) == (
        "teacher.onnx", "ab" * 32, "model", ("run", "seed 1"), "name",
    )  # fmt: skip
    assert found.is_equal
    ours, theirs = ask.asked
    assert ours == {
        "pass": "sampled", "save": str(tmp_path / "ours"),
        "frames": [{"name": "run", "files": {"image": "i0.npy"}}, {"name": "seed 1", "files": {"image": "i1.npy"}}],
    }  # fmt: skip
    assert theirs == {
        "pass": "sampled", "save": str(tmp_path / "theirs"), "model": str(tmp_path / "teacher.onnx"),
        "provider": "CPUExecutionProvider", "provider_options": {},
        "inputs": [{"name": "pixels", "dtype": "float32", "file": "i0.npy"}],
        "frames": [{"name": "run", "files": {"pixels": "i0.npy"}}, {"name": "seed 1", "files": {"pixels": "i1.npy"}}],
    }  # fmt: skip


def test_outputs_belong_together_by_name_and_those_without_a_partner_say_so(tmp_path):
    ask = Workers({"scores": ONE, "boxes": ONE}, {"more": ONE, "scores": ONE + 1})
    found = agree(model(), FRAMES, teacher(tmp_path), ask, tmp_path, None)
    scores, boxes = found.outputs
    assert (scores.output, scores.reference, scores.max_abs, scores.of) == ("scores", "scores", 1.0, 4)
    assert (boxes.output, boxes.absent) == ("boxes", "the reference has no output that belongs to it")


def test_without_a_common_name_outputs_belong_together_by_position_if_all_shapes_agree(tmp_path):
    ask = Workers({"a": ONE, "b": ONE[0]}, {"c": ONE, "d": ONE[0] + 2})
    found = agree(model(), FRAMES, teacher(tmp_path), ask, tmp_path, None)
    assert found.matched == "position"
    assert [(each.output, each.reference, each.max_abs) for each in found.outputs] == [("a", "c", 0.0), ("b", "d", 2.0)]
    (tmp_path / "2").mkdir()
    ask = Workers({"a": ONE, "b": ONE[0]}, {"c": ONE[0], "d": ONE})
    found = agree(model(), FRAMES, teacher(tmp_path), ask, tmp_path / "2", None)
    assert [each.absent for each in found.outputs] == ["the reference has no output that belongs to it"] * 2


def test_the_cards_meaning_of_an_output_tells_that_it_holds_scores(tmp_path):
    card = Card.model_validate(
        {
            "name": "m", "file": "m.onnx", "sha256": "0" * 64, "licence": "MIT",
            "output": [{"name": "y", "meaning": "class scores"}],
        }
    )  # fmt: skip
    found = agree(model(), FRAMES, teacher(tmp_path), Workers({"y": ONE}, {"y": ONE}), tmp_path, card)
    assert (found.outputs[0].top1, found.outputs[0].top1_basis) == (1.0, "card")


@pytest.mark.parametrize(
    ("endings", "why"),
    [
        ([Ending("crashed", None, "stopped by SIGSEGV", "")], "the model did not put out anything: stopped by SIGSEGV"),
        (
            [{"y": ONE}, Ending("hung", None, "still running after 9 s", "")],
            "the reference did not put out anything: still running after 9 s",
        ),
        (
            [{"y": ONE}, Ending("answered", {"refused": "no Frob", "kind": "refused"}, "", "")],
            "the reference was refused: no Frob",
        ),
        ([Ending("answered", {"outputs": 7}, "", "")], "the model answered what is not a result"),
        (
            [Ending("answered", {"outputs": ["y"], "unreadable": {}, "frames": ["run"]}, "", ""), {"y": ONE}],
            "the model's process: 0-0.npy cannot be read as an array of plain values",
        ),
    ],
)
def test_what_went_wrong_is_the_answer(tmp_path, endings, why):
    assert agree(model(), FRAMES, teacher(tmp_path), Workers(*endings), tmp_path, None) == why


# Saved outputs


def with_saved(tmp_path, path, ours) -> Agreement | str:
    private = tmp_path / "private"
    private.mkdir()
    check(model(), path)
    ask = Workers(ours)
    found = agree(model(), FRAMES, path, ask, private, None)
    assert [frame["name"] for frame in ask.asked[0]["frames"]] == ["run"]
    return found


def test_a_folder_holds_an_output_in_each_file(tmp_path):
    folder = tmp_path / "outputs"
    folder.mkdir()
    np.save(folder / "scores.npy", ONE)
    np.save(folder / "head_boxes.npy", ONE + 1)
    found = with_saved(tmp_path, folder, {"head/boxes": ONE, "scores": ONE})
    assert (found.reference, found.kind, found.frames, found.matched) == ("outputs", "saved outputs", ("run",), "name")
    assert [(each.output, each.max_abs) for each in found.outputs] == [("head/boxes", 1.0), ("scores", 0.0)]
    lines = "".join(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("head_boxes.npy", "scores.npy")
    )
    assert found.sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_an_npz_file_holds_them_all(tmp_path):
    np.savez_compressed(tmp_path / "all.npz", scores=ONE.astype(np.float64))
    found = with_saved(tmp_path, tmp_path / "all.npz", {"scores": ONE})
    assert found.sha256 == hashlib.sha256((tmp_path / "all.npz").read_bytes()).hexdigest()
    assert found.is_equal


def test_a_single_file_is_the_only_output_whatever_its_name(tmp_path):
    np.save(tmp_path / "golden.npy", ONE)
    found = with_saved(tmp_path, tmp_path / "golden.npy", {"scores": ONE})
    assert (found.matched, found.outputs[0].reference, found.is_equal) == ("position", "golden", True)


def test_an_archive_that_unpacks_to_more_than_any_output_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("scores.npy", bytes(10**7))
    found = with_saved(tmp_path, tmp_path / "bomb.npz", {"scores": ONE})
    assert found == f"--reference {tmp_path / 'bomb.npz'}: scores.npy is larger than any output of the model"


def test_saved_pickles_are_not_loaded(tmp_path):
    np.save(tmp_path / "scores.npy", np.array([{"a": 1}], object), allow_pickle=True)
    found = with_saved(tmp_path, tmp_path / "scores.npy", {"scores": ONE})
    assert found.endswith("scores.npy cannot be read as an array of plain values")
    np.savez(tmp_path / "all.npz", scores=np.array([{"a": 1}], object))
    (tmp_path / "2").mkdir()
    found = with_saved(tmp_path / "2", tmp_path / "all.npz", {"scores": ONE})
    assert found.endswith("scores.npy cannot be read as an array of plain values")


def test_saved_outputs_that_are_not_there_are_bad_usage(tmp_path):
    with pytest.raises(AssessError, match="cannot be read: No such file"):
        check(model(), tmp_path / "none.npz")
    (tmp_path / "junk.npz").write_bytes(b"junk")
    with pytest.raises(AssessError, match=r"is not an \.npz file"):
        check(model(), tmp_path / "junk.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssessError, match="holds no saved outputs"):
        check(model(), tmp_path / "empty")


# Real models


def saved_model(path, weight, opset=17, **options):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    onnx.save(onnx_models.model_of([node], {"x": [1, 4]}, ["y"], {"w": weight}, opset=opset), path)
    return builders.model(
        name=path.name, inputs=(Port("x", "float32", (1, 4)),), outputs=(Port("y", "float32", (1, 4)),), **options
    )


@pytest.mark.slow
def test_a_student_is_compared_with_its_teacher_on_16_frames(tmp_path):
    weight = np.eye(4, dtype=np.float32)
    student = saved_model(tmp_path / "student.onnx", weight)
    reference = ReferenceModel(saved_model(tmp_path / "teacher.onnx", 2 * weight), tmp_path / "teacher.onnx")
    private = tmp_path / "private"
    private.mkdir()
    ready = prepare(student, private, seed=0, feeds={}, card=None, card_folder=tmp_path, available_bytes=None)
    frames = sample(Source(student, ready, 0, None, tmp_path), private / "frames")
    run = {
        "model": str(tmp_path / "student.onnx"), "provider": "CPUExecutionProvider", "threads": 1, "timeout_s": 60.0,
        "optimisation": "all", "inputs": [{"name": "x", "dtype": "float32", "file": str(ready[0].file)}],
    }  # fmt: skip

    def ask(changes):
        answer = sampled_pass({**run, **changes}, lambda message: None, OnnxRuntime(), this_kernel())
        return Ending("answered", answer, "", "")

    found = agree(student, frames, reference, ask, private / "outputs", None)
    assert len(found.frames) == 16
    (output,) = found.outputs
    assert (output.of, output.cosine_distance) == (64, pytest.approx(0.0, abs=1e-12))
    assert output.relative_l2 == pytest.approx(0.5)
    fed = [np.load(frame.files["x"]) for frame in frames]
    assert output.max_abs == pytest.approx(max(float(np.abs(each).max()) for each in fed))
    itself = ReferenceModel(student, tmp_path / "student.onnx")
    assert agree(student, frames, itself, ask, private / "again", None).is_equal
