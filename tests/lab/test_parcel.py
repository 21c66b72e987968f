"""What travels is enough to measure somewhere else, and comes back as it was asked for."""

import json
from dataclasses import replace
from pathlib import Path

import builders
import lab_cases
import pytest

from assess.describe.card import Card
from assess.describe.library import Library
from assess.describe.workload import Job, Workload
from assess.errors import AssessError
from assess.lab.answer import StoppedError, read_answer
from assess.lab.bench import Bench, UnfitError
from assess.lab.parcel import packed, request_of
from assess.lab.store import PART_BYTES, Store
from assess.measure.record import from_json, to_json
from assess.measure.stages import StageModel
from assess.pipeline import Subject, find_job, find_model
from assess.portfolio import PlannedRun
from assess.suite import difference


def nobody(what, done, left_s):
    """Progress that nobody watches."""


def fetch_of(parcel):
    return lambda sha256, offset: parcel.files[sha256].read_bytes()[offset : offset + PART_BYTES]


def planned(job, settings=lab_cases.SETTINGS):
    return PlannedRun(job, settings, None, ())


class Seen:
    """Measures nothing, and keeps what it was asked to measure, with the files that were there."""

    def __init__(self, end=None):
        self.end = end

    def __call__(self, subject, job, settings, library, tell):
        tell("running", 0.5, 1.0)
        self.subject, self.job, self.settings = subject, job, settings
        self.files = {
            str(path.relative_to(subject.path.parents[1])): path.read_bytes()
            for path in sorted(subject.path.parents[1].rglob("*"))
            if path.is_file()
        }
        if self.end:
            raise self.end
        return lab_cases.made(planned(job, settings), subject)


def bench(tmp_path, measure):
    return Bench(measure, Store(tmp_path / "kept"))


def test_a_model_its_job_and_settings_arrive_as_they_were(tmp_path):
    subject, seen = lab_cases.subject(tmp_path), Seen()
    parcel = packed("a case", subject, builders.job(), lab_cases.SETTINGS, {})
    answer = bench(tmp_path, seen).answer(parcel.request, "s", fetch_of(parcel), nobody)
    assert seen.subject.model == subject.model
    assert (seen.job.workload, seen.job.authored) == (builders.workload(), builders.WORKLOAD)
    assert seen.settings == lab_cases.SETTINGS
    assert seen.files == {f"{tmp_path.name}/student.onnx": b"no graph at all"}
    kind, _, run = answer.partition("\n")
    assert kind == "run"
    assert difference(from_json(run, "answer"), planned(builders.job()), subject.model) == ""
    assert not list((tmp_path / "kept" / "cases").iterdir())


def test_nothing_in_a_request_is_a_path_of_this_machine(tmp_path):
    parcel = packed("a case", lab_cases.subject(tmp_path), builders.job(), lab_cases.SETTINGS, {})
    assert str(tmp_path) not in parcel.request


def test_a_card_travels_with_its_samples_and_with_data_where_it_is_scored(tmp_path):
    subject = lab_cases.subject(tmp_path)
    for name in ("card.toml", "sample.npy", "data.npz", "teacher.onnx"):
        (tmp_path / name).write_text(name)
    card = Card.model_validate({
        "name": "M", "file": "student.onnx", "sha256": "ab" * 32, "licence": "MIT",
        "input": [{"name": "image", "sample": "sample.npy"}, {"name": "mask", "sample": "gone.npy"}],
        "evaluation": {"data": "data.npz", "metric": "accuracy"},
        "teacher": {"name": "T", "relation": "distilled", "file": "teacher.onnx"},
    })  # fmt: skip
    whole = Subject(subject.path, card, tmp_path, subject.model)
    names = {False: {"card.toml", "sample.npy"}, True: {"card.toml", "sample.npy", "data.npz", "teacher.onnx"}}
    for scored, wanted in names.items():
        settings = replace(lab_cases.SETTINGS, passes=("fidelity",) if scored else ())
        parcel = packed("a case", whole, builders.job(), settings, {})
        assert set(request_of(parcel.request)["model"]["files"]) == {"student.onnx", *wanted}


def test_a_trace_and_the_models_of_stages_lie_beside_the_job(tmp_path):
    own, other = tmp_path / "own", tmp_path / "jobs"
    own.mkdir(), (other / "nets").mkdir(parents=True)
    subject, stage = lab_cases.subject(own), lab_cases.subject(other / "nets", b"another")
    (other / "releases.csv").write_text("0\n0.5\n")
    authored = {**builders.WORKLOAD, "scenario": {"kind": "pipeline", "stage": [
        {"name": "eye", "rate": "30 Hz"}, {"name": "arm", "model": "nets/student.onnx", "after": "eye"},
    ]}}  # fmt: skip
    pipeline = Job(Workload.model_validate({**authored, "id": "p"}), authored, other)
    stages = {"arm": StageModel(stage.model, stage.path, None, stage.card_folder)}
    seen, parcel = Seen(), packed("a case", subject, pipeline, lab_cases.SETTINGS, stages)
    bench(tmp_path, seen).answer(parcel.request, "s", fetch_of(parcel), nobody)
    assert seen.files == {"own/student.onnx": b"no graph at all", "workload/nets/student.onnx": b"another"}
    assert (seen.job.folder / "nets" / "student.onnx").parent.parent == seen.job.folder
    traced = {**builders.WORKLOAD, "scenario": {"kind": "trace", "trace": "releases.csv"}}
    job = Job(Workload.model_validate({**traced, "id": "t"}), traced, other)
    assert list(request_of(packed("t", subject, job, lab_cases.SETTINGS, {}).request)["job"]["files"]) == [
        "releases.csv"
    ]


def test_libraries_of_this_machine_do_not_travel(tmp_path):
    settings = replace(lab_cases.SETTINGS, custom_ops=("own.so",))
    with pytest.raises(AssessError, match=r"^own.so: a library of custom operators does not travel"):
        packed("a case", lab_cases.subject(tmp_path), builders.job(), settings, {})


@pytest.mark.parametrize(
    ("end", "kind", "problem"),
    [
        (AssessError("no cache", where="m.onnx", hint="x"), "refused", "no cache"),
        (OSError(28, "No space left on device"), "unfit", "No space left on device"),
        (KeyboardInterrupt(), "stopped", None),
        (ZeroDivisionError("division by zero"), "bug", "ZeroDivisionError: division by zero"),
    ],
)
def test_whatever_goes_wrong_is_an_answer(tmp_path, capsys, end, kind, problem):
    parcel = packed("a case", lab_cases.subject(tmp_path), builders.job(), lab_cases.SETTINGS, {})
    answer = bench(tmp_path, Seen(end)).answer(parcel.request, "s", fetch_of(parcel), nobody)
    found, _, rest = answer.partition("\n")
    assert (found, json.loads(rest).get("problem")) == (kind, problem)
    assert ("ZeroDivisionError" in capsys.readouterr().err) == (kind == "bug")


def test_errors_are_told_without_the_folder_that_is_gone(tmp_path):
    class InFolder(Seen):
        def __call__(self, subject, *others):
            raise AssessError(f"{subject.path} is damaged", where=str(subject.path))

    parcel = packed("a case", lab_cases.subject(tmp_path), builders.job(), lab_cases.SETTINGS, {})
    _, _, rest = bench(tmp_path, InFolder()).answer(parcel.request, "s", fetch_of(parcel), nobody).partition("\n")
    name = f"{tmp_path.name}/student.onnx"
    assert json.loads(rest) == {"problem": f"{name} is damaged", "where": name, "hint": ""}


@pytest.mark.parametrize("who", ["s", None])
def test_a_session_that_is_given_up_stops_what_runs_for_it(tmp_path, who):
    parcel = packed("a case", lab_cases.subject(tmp_path), builders.job(), lab_cases.SETTINGS, {})
    stopped = bench(tmp_path, Seen())
    stopped.given_up.add(who)
    assert stopped.answer(parcel.request, "s", fetch_of(parcel), nobody) == "stopped\n{}"
    other = bench(tmp_path, Seen())
    other.given_up.add("another")
    assert other.answer(parcel.request, "s", fetch_of(parcel), nobody).startswith("run\n")


def test_another_version_is_refused_before_a_file_is_sent(tmp_path):
    old = Bench(Seen(), Store(tmp_path / "kept"), version="0.0.9")
    parcel = packed("a case", lab_cases.subject(tmp_path), builders.job(), lab_cases.SETTINGS, {})
    assert "it has assess 0.0.9, what is asked comes from 0.1.0" in old.answer(parcel.request, "s", None, nobody)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "assess.lab/2"}'])
def test_what_is_no_request_is_refused(tmp_path, text):
    assert bench(tmp_path, Seen()).answer(text, "s", None, nobody).startswith("refused\n")


class Asked:
    """A run that was asked for, and the answer that a worker gave."""

    def __init__(self, folder):
        self.subject, self.run = lab_cases.subject(folder), planned(builders.job())
        self.made = lab_cases.made(self.run, self.subject)

    def read(self, text):
        return read_answer(text, self.run, self.subject.model, "rack-1")


def test_a_run_that_was_asked_for_is_believed(tmp_path):
    asked = Asked(tmp_path)
    found = asked.read(f"run\n{to_json(asked.made)}")
    assert found == asked.made
    assert found.model is asked.subject.model


def test_facts_of_the_model_are_those_of_this_host(tmp_path):
    asked = Asked(tmp_path)
    lie = replace(asked.made, model=replace(asked.subject.model, licence="MIT", licence_basis="card"))
    assert asked.read(f"run\n{to_json(lie)}").model.licence == "Apache-2.0"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"workload_id": "camera-10hz"}, "rack-1: its run is for another workload"),
        ({"requested": replace(lab_cases.SETTINGS, min_count=2)}, "rack-1: its run was measured with other settings"),
        ({"incomplete": "stopped by SIGINT after 3 s"}, "rack-1: its run was not finished"),
        ({"model": builders.model()}, "rack-1: its run is of another model"),
    ],
)
def test_a_run_that_is_another_one_is_refused(tmp_path, change, why):
    asked = Asked(tmp_path)
    with pytest.raises(AssessError) as error:
        asked.read(f"run\n{to_json(replace(asked.made, **change))}")
    assert str(error.value) == why


@pytest.mark.parametrize(
    "text",
    [None, b"run\n{}", "", "run", "run\n{}", "run\n[1", "won\n{}", "refused\n", "refused\n[]", 'bug\n{"problem": 1}'],
)
def test_what_is_no_answer_is_told_with_the_worker(tmp_path, text):
    with pytest.raises(AssessError) as error:
        Asked(tmp_path).read(text)
    assert "rack-1" in str(error.value)


def test_reasons_are_told_apart(tmp_path):
    asked = Asked(tmp_path)
    with pytest.raises(StoppedError):
        asked.read("stopped\n{}")
    with pytest.raises(UnfitError, match=r"^/cache: No space left on device$"):
        asked.read('unfit\n{"problem": "No space left on device", "where": "/cache", "hint": ""}')
    with pytest.raises(AssessError, match=r"^rack-1: assess itself failed there: KeyError: 'x' \(hint: report it"):
        asked.read('bug\n{"problem": "KeyError: \'x\'", "where": "", "hint": ""}')
    with pytest.raises(AssessError) as error:
        asked.read(json_of(problem="x" * 10_000, where="", hint=""))
    assert len(error.value.problem) == 500


def json_of(**found):
    return f"refused\n{json.dumps(found)}"


@pytest.mark.slow
def test_a_shipped_model_is_measured_from_its_parcel_alone(tmp_path):
    from assess.lab.bench import on_this_host

    library = Library()
    subject = find_model("on-sensor-detector/full-int8", library, dims={})
    job = find_job("camera-30hz", library)
    settings = replace(lab_cases.SETTINGS, tier="smoke", min_count=5, min_duration_s=0.1)
    parcel, told = packed("a case", subject, job, settings, {}), []
    one = bench(tmp_path, on_this_host("a test"))
    answer = one.answer(parcel.request, "s", fetch_of(parcel), lambda what, *_: told.append(what))
    found = read_answer(answer, planned(job, settings), subject.model, "rack-1")
    assert found.failure is None
    assert told[0] == "fetching the model"
    assert Path(subject.path).exists()
