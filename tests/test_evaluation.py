"""An evaluation: which files of a family are scored, in which order, and that one's scores are not another's."""

import hashlib

import numpy as np
import onnx
import pytest
from onnx_models import model_of, port

from assess.describe.library import Library
from assess.errors import AssessError
from assess.evaluation import evaluate
from assess.measure.measurement import Settings
from assess.pipeline import find_model
from assess.sandbox import Ending

IDS = ("full", "full-int8", "half", "half-int8")


@pytest.fixture
def family(tmp_path):
    """A family of four files, each another copy of a small model."""
    variants = []
    for number, id_ in enumerate(IDS):
        scaled = [onnx.helper.make_node("Mul", ["x", "w"], ["y"])]
        factor = np.full(3, float(number), np.float32)
        content = model_of(scaled, {"x": [1, 3]}, [port("y", [1, 3])], {"w": factor}).SerializeToString()
        (tmp_path / f"{id_}.onnx").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        precision = "int8" if "int8" in id_ else "fp32"
        variants.append(
            f'[[variant]]\nid = "{id_}"\nfile = "{id_}.onnx"\nsha256 = "{sha256}"\nprecision = "{precision}"\n'
            f"parameters = 9\nbytes = {len(content)}\n"
        )
        if not number:
            first = sha256
    head = f'name = "F"\nfile = "full.onnx"\nsha256 = "{first}"\nlicence = "MIT"\n'
    (tmp_path / "card.toml").write_text(head + '[evaluation]\ntask = "wafer-map"\ncount = 2\n' + "".join(variants))
    return tmp_path


def worker(module, request, limits, *, on_progress):
    on_progress({"share": 0.5})
    share = {"full": 1.0, "full-int8": 0.9, "half": 0.8, "half-int8": 0.7}[request["model"].rpartition("/")[2][:-5]]
    answer = {
        "task": "wafer-map", "metric": "accuracy", "unit": "1", "higher_is_better": True, "item": "map",
        "agrees": "the same class", "seed": 0, "model": [share, share - 0.1], "teacher": [], "chance": [0.0, 0.0],
        "agreement": [],
    }  # fmt: skip
    return Ending("answered", answer, "", "")


def scored(path, **how):
    library = Library()
    found = evaluate(find_model(str(path), library, dims={}), library, Settings(), launch=worker, **how)
    return [(each.name, each.precision, each.fidelity.model[0]) for each in found]


@pytest.mark.slow
def test_a_file_is_scored_beside_its_other_precision(family):
    assert [name for name, _, _ in scored(family / "half-int8.onnx")] == ["half-int8", "half"]
    assert [(name, first) for name, _, first in scored(family / "full.onnx")] == [("full", 1.0), ("full-int8", 0.9)]


@pytest.mark.slow
def test_every_file_is_scored_where_all_are_wanted(family):
    times, told = iter(range(100)), []
    found = scored(
        family / "half.onnx", every=True, clock=lambda: next(times), on_progress=lambda *each: told.append(each)
    )
    assert [name for name, _, _ in found] == list(IDS)
    assert told[0] == ("scoring full", 0.125, pytest.approx(1 * 0.875 / 0.125))


def test_another_form_is_the_file_that_the_card_names_wherever_the_card_lies(family):
    elsewhere = family / "cards"
    elsewhere.mkdir()
    card = (family / "card.toml").read_text()
    sha256 = hashlib.sha256((family / "full-int8.onnx").read_bytes()).hexdigest()
    (elsewhere / "card.toml").write_text(card.replace(sha256, "0" * 64))
    (family / "card.toml").unlink()
    library = Library()
    subject = find_model(str(family / "full.onnx"), library, card=elsewhere / "card.toml", dims={})
    with pytest.raises(AssessError, match="the card is that of another model: its sha256 is 0000"):
        evaluate(subject, library, Settings(), launch=worker)
