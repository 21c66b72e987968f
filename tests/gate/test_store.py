"""A folder of baselines: names of files, what is found, and what is to go."""

from dataclasses import replace

import builders
import pytest

from assess.errors import AssessError
from assess.gate.store import StoredFile, file_name, find, stored, superseded
from assess.measure.baseline_json import to_json
from assess.measure.fingerprint import machine_key, settings_key
from assess.measure.measurement import Settings

HERE = builders.host()


def test_a_name_has_all_that_is_compared(tmp_path):
    name = file_name("lanes.onnx", "camera-30hz", HERE, "m1", Settings())
    keys = f"{machine_key(HERE, 'm1')[:8]}--{settings_key(Settings())[:8]}"
    assert name == f"lanes.onnx--camera-30hz--{keys}.baseline.json"
    others = {
        file_name("lanes.onnx", "", HERE, "m1", Settings()),
        file_name("other.onnx", "camera-30hz", HERE, "m1", Settings()),
        file_name("lanes.onnx", "camera-30hz", builders.host(cpu="Cortex-A55"), "m1", Settings()),
        file_name("lanes.onnx", "camera-30hz", HERE, "m1", Settings(threads=2)),
        file_name("lanes.onnx", "camera-30hz", HERE, "m2", Settings()),
    }
    assert len(others | {name}) == 6
    assert file_name("../../a b/c\n", "", HERE, "m1", Settings()).startswith("a-b-c-2d10f0--back-to-back--")


def test_the_baseline_of_this_host_is_found_before_one_of_another(tmp_path):
    elsewhere = builders.host(cpu="A")
    assert find(tmp_path, "lanes.onnx", None, HERE, "m1", Settings()) is None
    other = tmp_path / file_name("lanes.onnx", "", elsewhere, "m1", Settings())
    other.write_text("")
    assert find(tmp_path, "lanes.onnx", None, HERE, "m1", Settings()) == other
    own = tmp_path / file_name("lanes.onnx", "", HERE, "m1", Settings())
    own.write_text("")
    assert find(tmp_path, "lanes.onnx", None, HERE, "m1", Settings()) == own
    assert find(tmp_path, "lanes.onnx", builders.job(), HERE, "m1", Settings()) is None


def test_a_file_that_is_none_is_told_and_the_others_are_there(tmp_path):
    (tmp_path / "a.baseline.json").write_text(to_json(builders.baseline()))
    (tmp_path / "b.baseline.json").write_text("{")
    (tmp_path / "notes.json").write_text("{}")
    good, bad = stored(tmp_path)
    assert good.baseline == builders.baseline()
    assert isinstance(bad, AssessError) and bad.where.endswith("b.baseline.json")
    with pytest.raises(AssessError, match="there is no such folder"):
        list(stored(tmp_path / "none"))


def at(when):
    made = builders.baseline()
    return replace(made, acceptance=replace(made.acceptance, when=when))


def test_all_that_is_asked_must_be_true_of_what_goes(tmp_path):
    old = StoredFile(tmp_path / "old", at("2026-01-01T00:00:00+00:00"))
    new = StoredFile(tmp_path / "new", at("2026-11-01T00:00:00+00:00"))
    far = StoredFile(tmp_path / "far", replace(old.baseline, host=builders.host(cpu="A")))
    every = [old, new, far]
    assert superseded(every, before="2026-06-01") == [old, far]
    assert superseded(every, not_machine=machine_key(HERE, builders.baseline().machine)) == [far]
    assert superseded(every, before="2026-06-01", not_machine=machine_key(HERE, builders.baseline().machine)) == [far]
    assert superseded(every, model=old.baseline.model.name.removesuffix(".onnx")) == every
    assert superseded(every, model="another") == []
