"""What is no history is refused in words and left as it is, and no password is told."""

import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest
from history_runs import run

from assess.errors import AssessError
from assess.history import Asked, check, record, trend


def broken_page(file):
    record(str(file), run())
    content = bytearray(file.read_bytes())
    content[100:] = b"\xa5" * (len(content) - 100)
    file.write_bytes(content)


def truncated(file):
    for minute in range(3):
        record(str(file), run(minute))
    file.write_bytes(file.read_bytes()[:5000])


def foreign(file):
    with sqlite3.connect(file) as opened:
        opened.execute("CREATE TABLE invoices (id INTEGER)")
    opened.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (broken_page, "restore a copy of it: it is damaged, and was left as it is"),
        (truncated, "restore a copy of it: it is damaged, and was left as it is"),
        (foreign, "is the database of something else, not a history"),
        (lambda file: file.write_text("my thesis"), "is no SQLite file, and was left as it is"),
        (lambda file: file.write_bytes(b"SQLite format 3\0" + bytes(200)), "restore a copy of it"),
    ],
    ids=["broken page", "truncated", "another database", "text", "only a head"],
)
def test_what_is_no_history_is_refused_and_left_as_it_is(tmp_path, make, said):
    file = tmp_path / "history.sqlite"
    make(file)
    before = file.read_bytes()
    for work in (
        lambda: record(str(file), run(5)),
        lambda: trend(str(file), Asked("student.onnx")),
        lambda: check(str(file)),
    ):
        with pytest.raises(AssessError, match=said):
            work()
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["history.sqlite"]


def test_folders_and_places_that_are_not_there_are_told(tmp_path):
    for where, said in (
        (str(tmp_path), "is a folder, not a history"),
        (str(tmp_path / "none" / "history.sqlite"), "the folder of the history does not exist"),
        ("/dev/null", "is no plain file, and no history"),
        ("sqlite://", "is no plain file of SQLite"),
        (f"sqlite:///{tmp_path}/a?mode=memory&uri=true", "is no plain file of SQLite"),
        ("nosuch://host/name", "install SQLAlchemy's dialect for this database"),
    ):
        for work in (record, lambda where, _: check(where)):
            with pytest.raises(AssessError, match=said):
                work(where, run())


def test_a_url_of_sqlite_is_the_same_as_the_path(tmp_path):
    record(f"sqlite:///{tmp_path}/odd%20name #1.sqlite".replace("%20", " "), run())
    assert len(trend(str(tmp_path / "odd name #1.sqlite"), Asked("student.onnx")).points) == 1


def test_a_file_that_may_only_be_read_is_read_and_not_written(tmp_path):
    folder = Path(tempfile.mkdtemp(prefix="assess-read-only-"))
    file = folder / "history.sqlite"
    record(str(file), run())
    assert len(trend(str(file), Asked("student.onnx")).points) == 1
    before = file.read_bytes()
    file.chmod(0o444)
    folder.chmod(0o555)
    as_root = os.geteuid() == 0
    try:
        if as_root:  # Root may write whatever the bits say.
            os.seteuid(65534)
        assert len(trend(str(file), Asked("student.onnx")).points) == 1
        with pytest.raises(AssessError, match="cannot be written to: Permission denied"):
            record(str(file), run(1))
        for other, said in ((file, "cannot be written to"), (folder / "new.sqlite", "cannot write here")):
            with pytest.raises(AssessError, match=said):
                check(str(other))
    finally:
        if as_root:
            os.seteuid(0)
        folder.chmod(0o755)
    assert file.read_bytes() == before
    shutil.rmtree(folder)


def test_a_writer_that_holds_the_file_is_waited_for(tmp_path, monkeypatch):
    where = str(tmp_path / "history.sqlite")
    record(where, run())
    holder = sqlite3.connect(where, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("assess.history.store._WAIT_S", 0.2)
    with pytest.raises(AssessError, match=r"locked.*another process has held it"):
        record(where, run(1))
    holder.execute("ROLLBACK")
    holder.close()
    record(where, run(1))
    assert len(trend(where, Asked("student.onnx")).points) == 2


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://tester:s3cret@127.0.0.1:1/history",
        "postgresql+psycopg://tester:s3cret@127.0.0.1:1/history",
        "postgresql://tester:s3cret@127.0.0.1:port/history",
        "postgresql//tester:s3cret@127.0.0.1/history",
        "postgresql+nodriver://tester:s3cret@127.0.0.1/history",
        "nosuch://tester:s3cret@127.0.0.1/history",
        "sqlite://tester:s3cret@127.0.0.1/history",
        "postgresql://127.0.0.1:1/history?user=tester&password=s3cret",
        "postgresql://127.0.0.1:1/postgres://tester:s3cret@host/history",
        "tester:s3cret/with@127.0.0.1/history",
    ],
)
def test_a_password_is_never_told(where):
    for work in (lambda: record(where, run()), lambda: trend(where, Asked("student.onnx")), lambda: check(where)):
        with pytest.raises(AssessError) as error:
            work()
        assert "s3cret" not in str(error.value)


def test_without_sqlalchemy_it_is_told_what_to_install(monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.startswith(("assess.history.", "sqlalchemy"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(AssessError, match=r"SQLAlchemy is not installed \(hint: pip install \"assess\[history\]\"\)"):
        record(str(tmp_path / "history.sqlite"), run())


def test_without_a_driver_it_is_told_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(AssessError, match=r"pip install \"assess\[history-postgresql\]\""):
        record("postgresql://tester@127.0.0.1:1/history", run())


@pytest.mark.parametrize(
    "change",
    [
        "update assess_metrics set value = 'abc'",
        "update assess_metrics set value = x'00ff'",
        "update assess_metrics set value = 9e999",
        "update assess_runs set created = x'ff'",
        "update assess_runs set workload_version = 'x'",
        "update assess_runs set verdict = x'ff'",
    ],
)
def test_a_row_that_nobody_wrote_is_damage(tmp_path, change):
    """SQLite keeps any value in any column."""
    where = str(tmp_path / "history.sqlite")
    record(where, run())
    with sqlite3.connect(where) as connection:
        connection.execute(change)
    with pytest.raises(AssessError, match="is damaged: a run in it holds what nobody wrote"):
        trend(where, Asked("student.onnx"))
