"""What a job reads is told as it lies there, with exactly the files that go along; there it is the same again."""

import json

import builders
import numpy as np
import pytest
from gate_world import saved

from assess.describe.card import Card
from assess.describe.library import Library
from assess.errors import AssessError
from assess.measure.measurement import Settings
from assess.measure.reference import ReferenceModel
from assess.pipeline import find_model
from assess.target.board import asked
from assess.target.sent import JobFiles


def laid_out(files, folder):
    """As the board has them."""
    for file, path in files.found.items():
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(path.read_bytes())
    return sorted(file.path for file in files.found)


def told(value):
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.fixture
def there(tmp_path, monkeypatch):
    folder = tmp_path / "there"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_model_is_the_same_model_there(tmp_path, there):
    subject, files = saved(tmp_path / "it's a.onnx"), JobFiles()
    request = told(files.subject(subject, "model"))
    assert laid_out(files, there) == ["model/it's a.onnx"]
    found = asked.subject_of(request)
    assert (found.model, found.card, str(found.path)) == (subject.model, None, "model/it's a.onnx")
    assert (there / found.path).read_bytes() == subject.path.read_bytes()


def test_a_card_goes_along_with_what_it_names(there):
    subject, files = find_model("wafer-map/quarter", Library(), dims={}), JobFiles()
    request = told(files.subject(subject, "model"))
    assert {"model/card.toml", f"model/{subject.path.name}"} <= set(laid_out(files, there))
    found = asked.subject_of(request)
    assert isinstance(found.card, Card)
    assert found.card == subject.card and found.model == subject.model


def test_settings_name_libraries_as_they_lie_there(tmp_path, there):
    (tmp_path / "libx.so").write_bytes(b"elf")
    files = JobFiles()
    settings = Settings(custom_ops=(str(tmp_path / "libx.so"),), memory_limit_bytes=10**9, timeout_s=30.0)
    found = asked.settings_of(told(files.settings(settings)))
    assert found.custom_ops == ("operators/0/libx.so",)
    assert laid_out(files, there) == ["operators/0/libx.so"]
    assert (found.memory_limit_bytes, found.timeout_s) == (10**9, 30.0)


def test_inputs_of_one_name_do_not_meet(tmp_path, there):
    files, feeds = JobFiles(), {}
    for index, name in enumerate(("left", "right")):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "image.npy", np.full(3, index))
        feeds[name] = tmp_path / name / "image.npy"
    found = asked.feeds_of(told(files.feeds(feeds)))
    laid_out(files, there)
    assert {name: np.load(path).tolist() for name, path in found.items()} == {"left": [0, 0, 0], "right": [1, 1, 1]}


def test_a_job_is_the_same_job_there():
    wanted = builders.job(kind="periodic", rate="100 Hz")
    found = asked.job_of(told(JobFiles().job(wanted)))
    assert (found.workload, found.authored) == (wanted.workload, wanted.authored)


def test_references_of_every_kind_are_there(tmp_path, there):
    (tmp_path / "saved/deep").mkdir(parents=True)
    np.save(tmp_path / "saved/deep/y.npy", np.ones(2))
    np.savez(tmp_path / "y.npz", y=np.ones(2))
    subject, files = saved(tmp_path / "teacher.onnx"), JobFiles()
    model = asked.reference_of(told(files.reference(ReferenceModel(subject.model, subject.path))))
    folder = asked.reference_of(told(files.reference(tmp_path / "saved")))
    file = asked.reference_of(told(files.reference(tmp_path / "y.npz")))
    assert asked.reference_of(told(files.reference(None))) is None
    assert laid_out(files, there) == ["reference/saved/deep/y.npy", "reference/teacher.onnx", "reference/y.npz"]
    assert (model.model, str(model.path)) == (subject.model, "reference/teacher.onnx")
    assert (str(folder), str(file)) == ("reference/saved", "reference/y.npz")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(AssessError, match=r"none\.npy: cannot be read: No such file or directory"):
        JobFiles().feeds({"x": tmp_path / "none.npy"})
