"""What the scoring worker is asked, what its answer is taken for, and when figures of a host are not the device's."""

import dataclasses
import os

import builders
import pytest

from assess.describe.card import Card
from assess.describe.model import Port, Quantisation
from assess.errors import AssessError, ProcessFailedError
from assess.measure.fidelity import Fidelity
from assess.measure.scoring import caution, score
from assess.sandbox import Ending

CARD = {
    "name": "Student",
    "file": "student.onnx",
    "sha256": "ab" * 32,
    "licence": "Apache-2.0",
    "evaluation": {"task": "wafer-map", "seed": 7, "count": 40},
}
ANSWER = {
    "task": "wafer-map", "metric": "accuracy", "unit": "1", "higher_is_better": True, "item": "map", "seed": 7,
    "agrees": "the same class", "model": [1.0, 0.0], "teacher": [1.0, 1.0], "chance": [0.0, 0.0],
    "agreement": [1.0, 0.0],
}  # fmt: skip


def card(**changes):
    return Card.model_validate({**CARD, **changes})


def answering(answer=None, cause="answered", asked=None):
    def ask(request, hear):
        hear({"share": 0.5})
        if asked is not None:
            asked.append(request)
        return Ending(cause, ANSWER if answer is None else answer, "still running after 1800 s", "")

    return ask


def scored(tmp_path, on=None, *, told=None, **how):
    (tmp_path / "student.onnx").write_bytes(b"")
    share = told.append if told is not None else lambda share: None
    return score(
        builders.model(),
        tmp_path / "student.onnx",
        on,
        tmp_path,
        on_progress=share,
        ask=answering(**how),
        root=tmp_path,
    )


def test_what_the_card_says_is_asked_and_the_answer_read(tmp_path):
    asked, told = [], []
    found = scored(tmp_path, card(), asked=asked, told=told)
    assert found == Fidelity(
        "wafer-map", "accuracy", "1", True, "map", "the same class", 7, (1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0)
    )
    assert told == [0.5]
    assert asked == [
        {
            "model": str((tmp_path / "student.onnx").resolve()), "states": [], "teacher": "", "task": "wafer-map",
            "data": "", "metric": "", "output": "", "unit": "", "takes": {"image": "float32"}, "seed": 7, "count": 40,
        }
    ]  # fmt: skip


def test_a_card_without_evaluation_says_what_to_write(tmp_path):
    for on in (None, card(evaluation=None)):
        with pytest.raises(AssessError, match="nothing says how good it is") as caught:
            scored(tmp_path, on)
        assert "[evaluation]" in caught.value.hint


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"cause": "hung"}, "the evaluation did not end: hung: still running after 1800 s"),
        ({"answer": {"refused": "no kernel", "kind": "refused"}}, "ONNX Runtime refused the model: no kernel"),
        ({"answer": {**ANSWER, "model": ["x"]}}, "answered what is not a result: fidelity.model.0: expected a number"),
        ({"answer": []}, "answered what is not a result"),
    ],
)
def test_an_evaluation_that_fails_says_how(tmp_path, how, problem):
    with pytest.raises(AssessError) as caught:
        scored(tmp_path, card(), **how)
    assert problem in caught.value.problem
    assert caught.value.where == "student.onnx"


def test_files_of_the_card_lie_beside_it(tmp_path):
    outside = card(teacher={"name": "T", "relation": "soft targets", "file": "../teacher.onnx"})
    with pytest.raises(AssessError, match="lies outside the folder"):
        scored(tmp_path, outside)


def test_a_state_that_is_no_input_is_told(tmp_path):
    with pytest.raises(AssessError, match="the card's state 'h' is no input of the model"):
        scored(tmp_path, card(state=[{"output": "next", "input": "h"}]))


def test_states_start_with_the_shape_of_their_inputs(tmp_path):
    asked = []
    model = builders.model(inputs=(Port("x", "float32", (1, 3)), Port("h", "float32", (1, 8))))
    on = card(state=[{"output": "next", "input": "h"}])
    score(model, tmp_path / "student.onnx", on, tmp_path, ask=answering(asked=asked), root=tmp_path)
    assert asked[0]["states"] == [{"output": "next", "input": "h", "shape": (1, 8), "dtype": "float32"}]


def test_a_state_that_grows_starts_empty(tmp_path):
    asked = []
    model = builders.model(
        inputs=(Port("input_ids", "int64", (1, 3)), Port("past_key_0", "float32", (1, 2, 24, 8))),
        outputs=(Port("logits", "float32", (1, 3, 9)), Port("present_key_0", "float32", (1, 2, 27, 8))),
    )
    on = card(state=[{"output": "present_key_0", "input": "past_key_0"}])
    score(model, tmp_path / "student.onnx", on, tmp_path, ask=answering(asked=asked), root=tmp_path)
    assert [each["shape"] for each in asked[0]["states"]] == [(1, 2, 0, 8)]


INT8 = Quantisation("QDQ", "per-channel", ("int8",), ("uint8",), 1.0)


def warned(tmp_path, flags, *, form=INT8, bits=None):
    (tmp_path / "proc").mkdir(exist_ok=True)
    (tmp_path / "proc" / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\n")
    variant = {
        "id": "int8",
        "file": "student.onnx",
        "sha256": "ab" * 32,
        "precision": "int8",
        "parameters": 9,
        "bytes": 9,
    }
    known = card(variant=[{**variant, **({"weight_bits": bits} if bits else {})}])
    return caution(dataclasses.replace(builders.model(), quantisation=form), known, tmp_path)


def test_eight_bits_on_avx2_without_vnni_are_cautioned(tmp_path):
    assert "AVX2 but no VNNI" in warned(tmp_path, "sse avx2 fma")


@pytest.mark.parametrize(
    ("flags", "form", "bits"),
    [
        ("sse avx2 avx_vnni", INT8, None),
        ("sse avx2 avx512_vnni", INT8, None),
        ("asimd asimddp", INT8, None),
        ("sse avx2", INT8, 7),
        ("sse avx2", Quantisation(), None),
        ("sse avx2", Quantisation("QDQ", "per-tensor", ("uint8",), ("uint8",), 1.0), None),
    ],
    ids=["avx-vnni", "avx512-vnni", "arm", "seven bits", "floats", "uint8 weights"],
)
def test_what_holds_on_both_is_not(tmp_path, flags, form, bits):
    assert warned(tmp_path, flags, form=form, bits=bits) == ""


def test_a_teacher_of_another_hash_is_refused(tmp_path):
    (tmp_path / "teacher.onnx").write_bytes(b"another")
    named = {"name": "T", "relation": "soft targets", "file": "teacher.onnx", "sha256": "ab" * 32}
    with pytest.raises(AssessError, match="is not the teacher of the card, whose sha256 is abab"):
        scored(tmp_path, card(teacher=named))
    (tmp_path / "teacher.onnx").unlink()
    with pytest.raises(AssessError, match="there is no such file"):
        scored(tmp_path, card(teacher=named))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"model": [1.0]}, "fidelity.model: has 1 items, two or more are needed"),
        ({"teacher": [1.0]}, "fidelity.teacher: has 1 items, model has 2"),
        ({"chance": []}, "fidelity.chance: has 0 items, model has 2"),
        ({"agreement": [7.0, 1.0]}, "fidelity.agreement: is a share, 0 to 1"),
        ({"model": [7.0, 7.0]}, "fidelity.model: holds what no accuracy can be"),
        ({"chance": [-1e9, 0.0]}, "fidelity.chance: holds what no accuracy can be"),
        ({"metric": "error", "model": [1e308, 1e308]}, "fidelity.model: holds what no error can be"),
        ({"higher_is_better": False}, "fidelity.unit: more of accuracy is better, and its unit is 1"),
    ],
)
def test_scores_of_other_items_are_no_result(tmp_path, changes, problem):
    with pytest.raises(AssessError) as caught:
        scored(tmp_path, card(), answer={**ANSWER, **changes})
    assert problem in caught.value.problem


def test_a_process_that_ended_is_a_failure_and_not_bad_input(tmp_path):
    for cause in ("crashed", "hung", "out of memory"):
        with pytest.raises(ProcessFailedError, match=f"the evaluation did not end: {cause}"):
            scored(tmp_path, card(), cause=cause)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "teacher.onnx")
    named = {"name": "T", "relation": "soft targets", "file": "teacher.onnx", "sha256": "ab" * 32}
    with pytest.raises(AssessError, match="is no plain file"):
        scored(tmp_path, card(teacher=named))
