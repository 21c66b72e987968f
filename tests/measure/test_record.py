"""A run as a file: whole, the same each time, and refused where it contradicts itself."""

import copy
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import builders
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assess.errors import AssessError
from assess.measure.frames import closed_loop_frames
from assess.measure.measurement import Failure, Memory
from assess.measure.record import from_json, measurement_sha256, read, to_json
from assess.measure.scenarios.offline import BatchRun, Offline
from assess.measure.scenarios.pipeline import StageRun

GOLDEN = Path(__file__).parents[1] / "golden"


def run(**changes):
    return builders.measurement(**changes)


def edited(change, **changes):
    data = json.loads(to_json(run(**changes)))
    change(data)
    return json.dumps(data)


def refusal(text):
    with pytest.raises(AssessError) as caught:
        from_json(text, "run.json")
    assert caught.value.where == "run.json"
    return caught.value.problem


def test_a_run_is_read_as_it_was_written():
    assert from_json(to_json(run()), "run.json") == run()


def test_the_format_is_as_recorded():
    """A file of version 4 as it was written first: every later reader reads it to the same run."""
    golden = GOLDEN / "run-4.json"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(to_json(run()))
    assert read(golden) == run()
    assert golden.read_text() == to_json(run())


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_run_of_an_older_version_is_read_to_the_same_run(version):
    found = read(GOLDEN / f"run-{version}.json")
    assert found == run()
    assert json.loads(to_json(found))["schema"] == "assess.run/4"


def test_reading_and_writing_again_gives_the_same_text():
    text = to_json(run())
    assert to_json(from_json(text, "run.json")) == text


def test_a_failed_run_is_a_run():
    failed = run(
        failure=Failure("load", "crashed", "stopped by SIGFPE, while loading the model", "\x1b[31mdata\x1b[0m\ud83d"),
        service_ns=(), memory=None, effective=None, load_s=None, first_s=None, absent={"memory": "it crashed"},
    )  # fmt: skip
    assert from_json(to_json(failed), "run.json") == failed


def test_the_identity_is_the_hash_of_the_file(tmp_path):
    (tmp_path / "run.json").write_text(to_json(run()))
    content = (tmp_path / "run.json").read_bytes()
    assert measurement_sha256(read(tmp_path / "run.json")) == hashlib.sha256(content).hexdigest()


def test_readers_find_what_they_want_without_decoding():
    data = json.loads(to_json(run(service_ns=(4, 2, 6), memory=Memory("VmHWM", 10, 30, 20, 25))))
    assert data["schema"] == "assess.run/4"
    assert data["frames"]["count"] == 3
    assert data["frames"]["derived"]["service"]["p50"] == 4
    assert data["frames"]["derived"]["response"]["total"] == 12
    assert data["memory"]["model_peak"] == 20


def test_a_newer_version_is_refused_by_name():
    text = edited(lambda data: data.update(schema="assess.run/5"))
    assert refusal(text) == "assess.run/5 was written by a newer assess; this one reads up to assess.run/4"


@pytest.mark.parametrize("schema", ["assess.run/0", "assess.run/1.5", "assess.suite/1", "", "assess.run/" + "9" * 50])
def test_another_schema_is_refused(schema):
    assert "is not a run's" in refusal(edited(lambda data: data.update(schema=schema)))


def set_path(data, path, value):
    *folders, last = path.split(".")
    for folder in folders:
        data = data[int(folder) if folder.isdigit() else folder]
    data[last] = value


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("frames.derived.service.p99", 5, "frames.derived.service.p99: stored 5, derived again "),
        ("frames.derived.response.mean", 1, "frames.derived.response.mean: stored 1, derived again "),
        ("frames.derived", None, "frames.derived: stored None, derived again "),
        ("frames.count", 3, "frames.released: holds "),
        ("frames.count", True, "frames.count: expected a whole number, found True"),
        ("frames.count", -1, "frames.count: -1 is negative"),
        ("frames.service", "AAAA", "frames.service: sample 0 is zero"),
        ("frames.waited", 5, "frames.waited: expected text, found 5"),
        ("frames.encoding", "zlib", "frames.encoding: 'zlib' is not 'LEB128, base64'"),
        ("frames.surplus", 1, "frames.surplus: unknown key"),
        ("memory.model_peak", 5, "memory.model_peak: stored 5, derived again "),
        ("memory.load_peak", 1.5, "memory.load_peak: expected a whole number, found 1.5"),
        ("memory", [], "memory: expected an object, found a list"),
        ("requested.threads", "1", "requested.threads: expected a whole number, found '1'"),
        ("requested.threads", None, "requested.threads: expected a whole number, found null"),
        ("requested.surplus", 1, "requested.surplus: unknown key"),
        ("load_s", -0.5, "load_s: -0.5 is negative"),
        ("load_s", True, "load_s: expected a number, found True"),
        ("created", "yesterday", "created: 'yesterday' is not a time as ISO 8601 has it"),
        ("workload", [], "workload: expected an object, found a list"),
        ("workload", None, "workload: expected an object, found null"),
        ("model", None, "model: expected an object"),
        ("model.macs", 7, "model.macs: "),
        ("inputs", {}, "inputs: expected a list, found an object"),
        ("inputs.0.shape", [1, "2"], "inputs.0.shape.1: expected a whole number, found '2'"),
        ("inputs.0.name", "other", "inputs: are not those of the model"),
        ("before.absent", {"board": 1}, "before.absent.board: expected text, found 1"),
        ("failure", {"phase": "lunch", "kind": "hung", "cause": "", "detail": ""}, "failure.phase: 'lunch' is not one"),
        ("back_to_back.samples", "AAAA", "back_to_back.samples: sample 0 is zero"),
        ("effective", None, "effective: is null, though the run did not fail"),
        ("absent.memory", "why", "absent.memory: must be there if memory is null, and only then"),
        ("surplus", 1, "surplus: unknown key"),
    ],
)
def test_one_wrong_value_is_refused_by_its_name(path, value, problem):
    assert problem in refusal(edited(lambda data: set_path(data, path, value)))


@pytest.mark.parametrize("path", ["offline.batches.1", "stages.1"])
def test_frames_of_a_part_are_refused_by_the_parts_name(path):
    frames = closed_loop_frames((3, 4))
    batches = Offline(("n",), (BatchRun(1, frames), BatchRun(2, frames)))
    stages = tuple(StageRun(name, "m.onnx", "00", 1.0, "", 1.0, (name,), frames) for name in "ab")
    text = edited(lambda data: set_path(data, f"{path}.frames.service", "AAAA"), offline=batches, stages=stages)
    assert refusal(text).startswith(f"{path}.frames.service: sample 0 is zero")


@pytest.mark.parametrize("key", list(json.loads(to_json(run()))))
def test_each_key_is_needed(key):
    problem = refusal(edited(lambda data: data.pop(key)))
    assert problem in (f"{key}: missing key", "is not a run: it has no 'schema'")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        ("[]", "is not a run"),
        ("null", "is not a run"),
        ('{"schema": 1}', "is not a run"),
        ('{"schema": "assess.run/1", "schema": "assess.run/1"}', "'schema' is there twice"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ('{"a": 1e999}', "1e999 is too large a number"),
        ('{"a": ' + "9" * 5000 + "}", "is too large a number"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_run_at_all_is_one_clear_error(text, problem):
    assert problem in refusal(text)


def test_a_truncated_file_is_refused_wherever_it_ends():
    text = to_json(run())
    for end in range(0, len(text) - 2, 97):
        assert "is not JSON" in refusal(text[:end])


PLAIN = json.loads(to_json(run()))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)


def paths(data, path=()):
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from paths(value, (*path, key))


@given(path=st.sampled_from(list(paths(PLAIN))), junk=JUNK)
@settings(max_examples=300, deadline=None)
def test_junk_anywhere_is_refused_or_read_back_as_it_is(path, junk):
    data = copy.deepcopy(PLAIN)
    if not path:
        data = junk
    else:
        inner = data
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = junk
    try:
        found = from_json(json.dumps(data), "run.json")
    except AssessError as error:
        assert error.problem
    else:
        assert from_json(to_json(found), "run.json") == found


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "run.json"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(AssessError, match="larger than 128 MiB"):
        read(path)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "cannot be read: No such file"),
        (lambda path: path.mkdir(), "is no plain file"),
        (lambda path: path.write_bytes(b"\xff\xfe{}"), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path, make, problem):
    make(tmp_path / "run.json")
    with pytest.raises(AssessError, match=problem):
        read(tmp_path / "run.json")


def test_a_run_is_read_where_nothing_heavy_is_installed():
    code = "import sys, assess.measure.record; print([m for m in ('numpy', 'onnx', 'onnxruntime') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def change_hosts(data, **what):
    for when in ("before", "after"):
        data[when].update(what)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda data: data["before"].update(board="Another Board"),
            "after.board: 'ACME Rover Board', but before the run",
        ),
        (lambda data: data["after"].update(cores=64), "after.cores: 64, but before the run it was 6"),
        (
            lambda data: change_hosts(data, absent={"board": "nothing names it"}),
            "before.absent: says why there is no board, but before.board has one",
        ),
        (lambda data: data["effective"].update(providers=[]), "effective.providers: is empty"),
        (
            lambda data: data["memory"].update(baseline=10**12, model_peak=62_000_000 - 10**12),
            "memory.baseline: is not between nothing and the highest peak",
        ),
        (lambda data: data.update(load_s=10**400), "is too large a number"),
    ],
)
def test_a_run_of_two_hosts_or_of_none_is_refused(change, problem):
    assert problem in refusal(edited(change))
