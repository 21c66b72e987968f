import os
from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.files import check_writable, sha256_of, shipped, write_new, write_whole


def test_shipped_data_is_found_in_a_checkout():
    assert (shipped("profiles") / "devices").is_dir()
    assert (shipped("suites") / "demo.toml").is_file()


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    target = tmp_path / "run.json"
    target.write_text("old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(AssessError, match="could not be written: No space left on device"):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_written_file_can_be_read_by_others(tmp_path):
    write_whole(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").read_text() == "text"
    assert (tmp_path / "a.txt").stat().st_mode & 0o044


def test_a_new_file_takes_no_other_s_place(tmp_path):
    target = tmp_path / "a.toml"
    write_new(target, "first")
    with pytest.raises(AssessError, match="is there already"):
        write_new(target, "second")
    assert target.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_a_new_file_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    target = tmp_path / "a.toml"
    write_new(target, "first")
    with pytest.raises(AssessError, match="is there already"):
        write_new(target, "second")
    assert target.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_outputs_are_refused_before_the_work(tmp_path):
    with pytest.raises(AssessError, match="is a folder, not a file"):
        check_writable(tmp_path)
    with pytest.raises(AssessError, match="the folder to write to does not exist"):
        check_writable(tmp_path / "no" / "run.json")
    with pytest.raises(AssessError) as error:
        check_writable(Path("no folder") / "run.json")
    assert error.value.hint == "mkdir -p 'no folder'"


def test_checking_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_plain_file_is_not_replaced_by_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("pipe", "link"):
        with pytest.raises(AssessError, match="is no plain file, and would be replaced by one"):
            check_writable(tmp_path / name)


def test_what_is_read_is_not_overwritten(tmp_path):
    model = tmp_path / "model.onnx"
    model.write_text("weights")
    (tmp_path / "other-name").hardlink_to(model)
    for output in (model, tmp_path / "other-name", tmp_path / "." / "model.onnx"):
        with pytest.raises(AssessError, match="is read or written by this command already"):
            check_writable(output, [model])
    check_writable(tmp_path / "run.json", [model])


def test_a_file_is_known_by_its_sha256(tmp_path):
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    with pytest.raises(AssessError, match="cannot be read: No such file or directory") as error:
        sha256_of(tmp_path / "gone")
    assert error.value.where == str(tmp_path / "gone")
