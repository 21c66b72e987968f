"""The folder of a job: what is missing, what lies where, what came of it, and what last week left."""

import fcntl
import hashlib
import os
import time
from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.target.board.job import FETCHED_WITHIN_S, KEPT_S, Job
from assess.target.protocol import SentFile


def file(data, path):
    return SentFile(path, hashlib.sha256(data).hexdigest(), len(data))


MODEL, CARD = file(b"weights", "model/it's a model.onnx"), file(b"[card]", "model/card.toml")


def job(folder, key="k"):
    made = Job(folder / "home", key)
    made.make()
    return made


def brought(made, *contents):
    for data in contents:
        made.blob(hashlib.sha256(data).hexdigest()).write_bytes(data)


def test_files_that_are_not_there_are_missing_each_once(tmp_path):
    made, again = job(tmp_path), file(b"weights", "other/name.onnx")
    assert made.missing([MODEL, CARD, again]) == [again, CARD]
    brought(made, b"weights")
    assert made.missing([MODEL, CARD, again]) == [CARD]
    brought(made, b"[card]")
    assert made.missing([MODEL, CARD, again]) == []


def test_a_file_that_was_cut_is_missing(tmp_path):
    made = job(tmp_path)
    made.blob(MODEL.sha256).write_bytes(b"wei")
    assert made.missing([MODEL]) == [MODEL]


def test_files_are_laid_out_under_their_names_without_a_second_copy(tmp_path):
    made = job(tmp_path)
    brought(made, b"weights", b"[card]")
    made.lay_out([MODEL, CARD, file(b"weights", "other/name.onnx")])
    assert (made.tree / MODEL.path).read_bytes() == b"weights"
    assert (made.tree / CARD.path).read_bytes() == b"[card]"
    assert (made.tree / "other/name.onnx").samefile(made.blob(MODEL.sha256))


def test_without_hard_links_files_are_copied(tmp_path, monkeypatch):
    def none(path, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", none)
    made = job(tmp_path)
    brought(made, b"weights")
    made.lay_out([MODEL])
    assert (made.tree / MODEL.path).read_bytes() == b"weights"
    assert not (made.tree / MODEL.path).samefile(made.blob(MODEL.sha256))


def test_what_an_earlier_run_left_is_gone(tmp_path):
    made = job(tmp_path)
    brought(made, b"weights")
    made.lay_out([MODEL])
    (made.tree / "run.json").write_text("old")
    made.lay_out([MODEL])
    assert [path.name for path in made.tree.rglob("*") if path.is_file()] == ["it's a model.onnx"]


def test_a_file_that_is_not_there_cannot_be_laid_out(tmp_path):
    with pytest.raises(AssessError, match="cannot be put there: No such file or directory"):
        job(tmp_path).lay_out([MODEL])


def test_a_home_that_cannot_be_made_is_told_with_its_place(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(AssessError, match="home/files: cannot be made: Not a directory"):
        job(tmp_path)


def test_a_job_without_files_has_a_tree_all_the_same(tmp_path):
    made = job(tmp_path)
    made.lay_out([])
    assert made.tree.is_dir()


def test_what_came_of_it_is_there_once_it_is_whole(tmp_path):
    made = job(tmp_path)
    assert made.finished() is None
    (made.folder / "outcome.part").write_text('{"answ')
    assert made.finished() is None
    made.finish({"answer": {"größe": 1}})
    assert made.finished() == {"answer": {"größe": 1}}
    assert sorted(path.name for path in made.folder.iterdir()) == ["busy", "outcome.json"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "null"])
def test_what_is_no_outcome_is_none(tmp_path, text):
    made = job(tmp_path)
    made.outcome.write_text(text)
    assert made.finished() is None


def test_what_came_of_it_is_given_within_8_hours_with_the_time_it_was_done(tmp_path):
    made = job(tmp_path)
    made.finish({"answer": {}})
    os.utime(made.outcome, (1_800_000_000.7, 1_800_000_000.7))
    assert made.done_at() == "2027-01-15T08:00:00+00:00"
    assert FETCHED_WITHIN_S == 8 * 3600
    old = time.time() - FETCHED_WITHIN_S
    os.utime(made.outcome, (old + 60, old + 60))
    assert made.finished() == {"answer": {}}
    os.utime(made.outcome, (old - 60, old - 60))
    assert made.finished() is None


def test_outputs_are_what_it_wrote_where_it_was_to(tmp_path):
    made = job(tmp_path)
    brought(made, b"weights", b"[card]")
    made.lay_out([MODEL, CARD, file(b"weights", "out/old.onnx")])
    for name in ("run.json", "not asked for", "out/deep/new", "out/link"):
        (made.tree / name).parent.mkdir(parents=True, exist_ok=True)
    (made.tree / "run.json").write_bytes(b"run")
    (made.tree / "not asked for").write_bytes(b"x")
    (made.tree / "out/deep/new").write_bytes(b"new")
    (made.tree / "out/link").symlink_to("/etc/passwd")
    found = list(made.written(["run.json", "out", "none"], [MODEL, file(b"weights", "out/old.onnx")]))
    assert found == [file(b"run", "run.json"), file(b"new", "out/deep/new")]


def test_a_sent_file_that_it_changed_is_an_output(tmp_path):
    made = job(tmp_path)
    brought(made, b"weights")
    made.lay_out([MODEL])
    (made.tree / MODEL.path).unlink()
    (made.tree / MODEL.path).write_bytes(b"other")
    assert list(made.written(["model"], [MODEL])) == [file(b"other", MODEL.path)]


def test_what_is_removed_leaves_the_files_for_the_next_job(tmp_path):
    made = job(tmp_path)
    brought(made, b"weights")
    made.lay_out([MODEL])
    made.remove()
    assert not made.folder.exists()
    assert job(tmp_path, "other").missing([MODEL]) == []


def test_what_last_week_left_is_removed_and_what_is_used_stays(tmp_path):
    names, now = ["0" * 32, "1" * 32, "2" * 32], time.time()
    old, used, busy = (job(tmp_path, name) for name in names)
    brought(old, b"weights", b"[card]")
    half = old.home / f"files/.{'ab' * 32}.4242.part"
    half.write_bytes(b"half")
    for path in (old.folder, busy.folder, old.blob(MODEL.sha256), half):
        os.utime(path, (now - KEPT_S - 60, now - KEPT_S - 60))
    os.utime(used.folder, (now - KEPT_S - 60, now - KEPT_S - 60))
    with busy.busy.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        used.prune(now)
    assert sorted(path.name for path in (old.home / "jobs").iterdir()) == names[1:]
    assert [path.name for path in (old.home / "files").iterdir()] == [CARD.sha256]


def test_what_is_not_ours_by_its_name_is_never_removed(tmp_path):
    made = job(tmp_path, "0" * 32)
    theirs = ["jobs/thesis", "jobs/" + "g" * 32, "jobs/" + "0" * 31, "files/photo.jpg", "files/" + "ab" * 31]
    for name in theirs:
        (made.home / name).mkdir()
        os.utime(made.home / name, (1, 1))
    made.prune()
    assert all((made.home / name).exists() for name in theirs)


def test_a_file_that_is_laid_out_is_used(tmp_path):
    made = job(tmp_path)
    brought(made, b"weights")
    os.utime(made.blob(MODEL.sha256), (1, 1))
    made.lay_out([MODEL])
    made.prune()
    assert made.missing([MODEL]) == []
