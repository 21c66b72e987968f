import pytest

from assess.errors import AssessError
from assess.files import check_writable, shipped, write_whole


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


def test_outputs_are_refused_before_the_work(tmp_path):
    with pytest.raises(AssessError, match="is a folder, not a file"):
        check_writable(tmp_path)
    with pytest.raises(AssessError, match="the folder to write to does not exist"):
        check_writable(tmp_path / "no" / "run.json")


def test_checking_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []
