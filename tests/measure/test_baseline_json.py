"""A baseline as a file: whole and unchanged, or refused by name."""

import json
from dataclasses import replace

import builders
import pytest

from assess.errors import AssessError
from assess.measure.baseline_json import _digest, from_json, read, to_json


def signed(data):
    """Whoever edits it and computes the checksum anew."""
    body = {key: value for key, value in data.items() if key not in ("schema", "sha256")}
    return json.dumps({**data, "sha256": _digest(body)})


def edited(path, value, *, sign=True):
    data = json.loads(to_json(builders.baseline()))
    *way, last = path
    inner = data
    for key in way:
        inner = inner[key]
    inner[last] = value
    return signed(data) if sign else json.dumps(data)


def test_what_is_written_is_read_again_and_its_text_is_the_same():
    baseline = builders.baseline()
    text = to_json(baseline)
    assert from_json(text, "b.json") == baseline
    assert to_json(from_json(text, "b.json")) == text
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_a_file_that_is_cut_off_is_refused_wherever_it_is(tmp_path):
    text = to_json(builders.baseline())
    for part in range(40):
        (tmp_path / "b.json").write_text(text[: len(text) * part // 40])
        with pytest.raises(AssessError, match="is not JSON"):
            read(tmp_path / "b.json")


@pytest.mark.parametrize(
    "path",
    [
        ("launches", 0, "floor_ns"), ("launches", 0, "peak_bytes"), ("sentinel", "floor_ns"), ("acceptance", "why"),
        ("settings", "threads"), ("host", "cpu"), ("machine",), ("outputs", "arrays", 0), ("versions", "onnxruntime"),
        ("model", "macs"), ("acceptance", "when"), ("placebo", "latency floor", 0),
    ],
)  # fmt: skip
def test_whatever_was_changed_is_refused(path):
    value = json.loads(to_json(builders.baseline()))
    for key in path:
        value = value[key]
    other = value + "x" if isinstance(value, str) else value + 1
    with pytest.raises(AssessError, match="was changed after it was written, or is damaged"):
        from_json(edited(path, other, sign=False), "b.json")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("launches",), [], "launches: there are none"),
        (("sentinel", "floor_ns"), 0, "the sentinel took no time"),
        (("launches", 0, "p10_ns"), 5, "launches.0: its times are not ascending"),
        (("launches", 0, "floor_ns"), 0, "launches.0: its times are not ascending, above 0 and below"),
        (("launches", 0, "count"), -1, "launches.0.count: -1 is negative"),
        (("outputs", "arrays"), [], "outputs.arrays: there is not one for each output"),
        (("outputs", "absent"), "lost", "outputs.absent: must say why"),
        (("acceptance", "when"), "yesterday", "acceptance.when: 'yesterday' is not an ISO 8601 time"),
        (("model",), 3, "model: expected an object"),
        (("model", "macs"), 1, "model.macs"),
        (("more",), 1, "more: unknown key"),
        (("acceptance", "who"), None, "acceptance.who: expected text, found null"),
        (("schema",), "assess.baseline/3", "assess.baseline/3 was written by a newer assess; this one reads up to"),
        (("schema",), "assess.run/3", "schema 'assess.run/3' is not a baseline's"),
    ],
)
def test_what_no_run_gives_is_refused_whoever_computed_the_checksum(path, value, said):
    with pytest.raises(AssessError) as refused:
        from_json(edited(path, value), "b.json")
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["[]", "3", '{"schema": 3}', "{}"])
def test_other_json_is_no_baseline(text):
    with pytest.raises(AssessError, match="is not a baseline: it has no 'schema'"):
        from_json(text, "b.json")


def test_a_folder_a_missing_file_and_no_text_are_told(tmp_path):
    for path, said in ((tmp_path, "is no plain file"), (tmp_path / "none", "cannot be read: No such file")):
        with pytest.raises(AssessError, match=said):
            read(path)
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    with pytest.raises(AssessError, match="is not a baseline: not UTF-8 text"):
        read(tmp_path / "b.json")


def test_an_energy_and_a_fit_are_kept():
    kept = replace(builders.baseline(), job_run=builders.stored_run())
    assert from_json(to_json(kept), "b.json") == kept


def test_a_baseline_of_the_first_version_is_read_to_the_same():
    data = json.loads(to_json(builders.baseline()))
    for holder, later in (("settings", ("cpus", "realtime")), ("host", ("emulator", "instructions", "not_offered"))):
        for name in later:
            del data[holder][name]
    assert from_json(signed({**data, "schema": "assess.baseline/1"}), "b.json") == builders.baseline()
