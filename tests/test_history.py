"""A history on SQLite and on a real PostgreSQL: what is kept, what is told, and that nothing is lost or overwritten."""

import hashlib
import inspect
import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import postgres
import pytest
from history_runs import run

from assess.cli.history import history
from assess.errors import AssessError
from assess.history import DEFAULT, METRIC, Asked, check, record, trend
from assess.project.change_points import MOST
from assess.project.history import Quantity, Series

HERE = Path(__file__).parent
NO_POSTGRES = "PostgreSQL is not installed: apt-get install postgresql"


@pytest.fixture(scope="session")
def database_server():
    if postgres.programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_POSTGRES)
        pytest.skip(NO_POSTGRES)
    with postgres.server() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def where(request, tmp_path):
    """A history that is not there yet."""
    if request.param == "postgresql":
        return request.getfixturevalue("database_server").database()
    return str(tmp_path / "history.sqlite")


@pytest.fixture
def quick_where(request, where):
    """The same; a file in memory, where it is not the disk that takes the time."""
    if "://" in where or not Path("/dev/shm").is_dir():
        yield where
        return
    folder = tempfile.mkdtemp(prefix="assess-history-", dir="/dev/shm")
    yield f"{folder}/history.sqlite"
    shutil.rmtree(folder)


def told(where, *words, **asked):
    """What is wrong, as one line."""
    with pytest.raises(AssessError) as error:
        trend(where, Asked(*words, **asked))
    return str(error.value)


def writers(what, where):
    ended = subprocess.run(
        [sys.executable, HERE / "history_writers.py", what, where], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_what_was_recorded_comes_back_oldest_first(where):
    for minute, value in ((2, 3e-3), (0, 1e-3), (1, 2e-3)):
        record(where, run(minute, value, verdict="REGRESSION" if minute == 2 else "PASS"))
    found = trend(where, Asked("student.onnx"))
    assert [point.value for point in found.points] == [1e-3, 2e-3, 3e-3]
    assert found.series == Series("student.onnx", "camera-30hz", 1, "0123456789abcdef", "f" * 16, "gate-rerun")
    last = found.points[-1]
    assert (last.created, last.sha256, last.commit) == ("2026-11-29T10:02:00.000000+00:00", "ab" * 32, "c" * 40)
    assert (last.onnxruntime, last.tool, last.verdict) == ("1.32.0", "0.1.0", "REGRESSION")
    assert (found.unit, found.older, found.others, found.absent) == ("s", 0, (), "")
    assert [(level.first, level.last) for level in found.levels] == [(0, 2)]


def test_times_of_other_zones_are_put_in_order_and_one_without_a_zone_is_utc(where):
    for created in ("2026-11-29T12:00:00+02:00", "2026-11-29T09:59:59.5", "2026-11-29T10:00:01Z"):
        record(where, run(created=created))
    assert [point.created for point in trend(where, Asked("student.onnx")).points] == [
        "2026-11-29T09:59:59.500000+00:00", "2026-11-29T10:00:00.000000+00:00", "2026-11-29T10:00:01.000000+00:00",
    ]  # fmt: skip


def test_numbers_are_kept_to_the_last_digit(where):
    values = [1 / 3, 1e-9, 123456789012345.0, 0.0, -1.5]
    for minute, value in enumerate(values):
        record(where, run(minute, value))
    assert [point.value for point in trend(where, Asked("student.onnx")).points] == values


def test_text_that_no_database_takes_is_made_visible_and_cut(where):
    name = "a\0b\udcff\x1b[31m.onnx"
    record(where, run(model=name, device_id="x" * 300, verdict="é"))
    found = trend(where, Asked(name))
    assert (found.series.model, found.points[0].verdict) == ("a\\x00b\\xdcff\\x1b[31m.onnx", "é")
    assert "no run has a metric 'm\\udcff'" in told(where, name, "m\udcff")


def test_a_value_that_is_no_number_is_a_bug_and_nothing_is_kept(where):
    record(where, run())
    with pytest.raises(ValueError, match="latency floor: nan"):
        record(where, run(1, math.nan))
    assert len(trend(where, Asked("student.onnx")).points) == 1


@pytest.mark.slow
def test_two_writers_at_once_lose_nothing(quick_where):
    assert writers("together", quick_where) == [0, 0]
    for model in ("writer-0", "writer-1"):
        found = trend(quick_where, Asked(model))
        assert [point.value for point in found.points] == [1e-3 * (number + 1) for number in range(200)]


@pytest.mark.slow
def test_a_killed_writer_corrupts_nothing_and_loses_no_run_that_was_committed(quick_where):
    rounds = writers("killed", quick_where)
    assert len(rounds) == 10
    for each in rounds:
        count = len(each["floors"])
        assert each["committed"] >= 1
        # What it had not yet heard of may be there, as a whole.
        assert each["committed"] <= count <= each["committed"] + 1
        assert each["floors"] == [1e-3 * (number + 1) for number in range(count)]
        assert set(each["counts"]) == {count}
    if "://" not in quick_where:
        with sqlite3.connect(quick_where) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert opened.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_trend_never_mixes_and_the_latest_run_says_which_is_drawn(where):
    record(where, run(0, 1.0))
    record(where, run(1, 2.0, host="b" * 16))
    record(where, run(2, 3.0, settings_key="a" * 16))
    record(where, run(3, 4.0, workload_id="other"))
    record(where, run(4, 5.0, kind="measure"))
    record(where, run(5, 6.0, workload_version=2))

    def values(**asked):
        return [point.value for point in trend(where, Asked("student.onnx", **asked)).points]

    assert values() == [6.0]
    assert values(host="bbbb") == [2.0]
    assert values(settings_key="a" * 16) == [3.0]
    assert values(workload_id="other") == [4.0]
    assert values(kind="measure") == [5.0]
    found = trend(where, Asked("student.onnx", host="bb"))
    assert [each.runs for each in found.others] == [1] * 5
    assert [each.last[14:16] for each in found.others] == ["05", "04", "03", "02", "00"]


def test_a_median_over_pairs_is_no_minimum_over_launches(where):
    # Both are a "latency floor" of a gate, of the same model, job, machine and settings.
    kinds = ("gate-rerun", "gate-floor", "gate-rerun", "gate-floor")
    for minute, (kind, value) in enumerate(zip(kinds, (1.05e-3, 1.00e-3, 1.06e-3, 1.01e-3), strict=True)):
        record(where, run(minute, value, kind=kind))
    of = {kind: trend(where, Asked("student.onnx", kind=kind)) for kind in set(kinds)}
    assert [point.value for point in of["gate-rerun"].points] == [1.05e-3, 1.06e-3]
    assert [point.value for point in of["gate-floor"].points] == [1.00e-3, 1.01e-3]
    assert trend(where, Asked("student.onnx")).series.kind == "gate-floor"
    assert [(each.series.kind, each.runs) for each in of["gate-floor"].others] == [("gate-rerun", 2)]


def test_a_unit_is_what_was_recorded_whatever_the_metric_is_called(where):
    record(where, run(0, metrics={"energy: package": Quantity(0.12, "J"), "MACs": Quantity(5.0)}))
    found = trend(where, Asked("student.onnx", "energy: package"))
    assert (found.unit, found.points[0].value) == ("J", 0.12)
    assert trend(where, Asked("student.onnx", "MACs")).unit == ""
    record(where, run(1, metrics={"energy: package": Quantity(3e-5, "kWh")}))
    other = trend(where, Asked("student.onnx", "energy: package"))
    assert (other.unit, [point.value for point in other.points]) == ("kWh", [3e-5])


def test_the_series_drawn_is_the_latest_that_has_the_metric(where):
    record(where, run(0, 1.0))
    sizes = {"file size": Quantity(10.0, "B")}
    record(where, run(1, host="", settings_key="", onnxruntime="", kind="gate-static", metrics=sizes))
    assert [point.value for point in trend(where, Asked("student.onnx")).points] == [1.0]
    assert trend(where, Asked("student.onnx", "file size")).series.host == ""


def test_what_is_read_from_files_changes_its_level_with_its_value(where):
    for minute, size in enumerate((10.0, 10.0, 11.0, 10.0)):
        record(where, run(minute, metrics={"file size": Quantity(size, "B")}))
    levels = trend(where, Asked("student.onnx", "file size")).levels
    assert [(level.first, level.last, level.median) for level in levels] == [(0, 1, 10.0), (2, 2, 11.0), (3, 3, 10.0)]
    assert levels[1].change == pytest.approx(0.1)


def test_only_the_last_runs_are_drawn_and_only_500_are_searched(where):
    for number in range(12):
        record(where, run(number, 1.0))
    found = trend(where, Asked("student.onnx", last=5))
    assert (len(found.points), found.older) == (5, 7)
    assert trend(where, Asked("student.onnx", last=12)).older == 0


def test_of_more_than_500_runs_the_last_500_are_searched(tmp_path):
    from assess.history.queries import insert
    from assess.history.store import connected

    where = str(tmp_path / "many.sqlite")
    with connected(where, write=True) as connection:
        for number in range(620):
            value = (1.0 if number < 400 else 2.0) + 0.01 * (number * 7 % 5)
            insert(connection, run(created=f"2026-11-29T{number // 60:02}:{number % 60:02}:00Z", value=value))
    found = trend(where, Asked("student.onnx", last=600))
    assert (len(found.points), found.older, found.searched_from) == (600, 20, 100)
    assert [(level.first, level.last, level.median) for level in found.levels] == [(100, 379, 1.02), (380, 599, 2.02)]


def test_a_model_is_named_by_file_by_path_or_by_digits_of_its_sha256(where, tmp_path):
    file = tmp_path / "student.onnx"
    file.write_bytes(b"onnx")
    sha256 = hashlib.sha256(b"onnx").hexdigest()
    record(where, run(0, 1.0, sha256=sha256))
    record(where, run(1, 2.0))

    def values(model):
        return [point.value for point in trend(where, Asked(model)).points]

    assert values("student.onnx") == values("student") == values(str(file)) == [1.0, 2.0]
    assert values(sha256[:8]) == values(sha256.upper()) == [1.0]
    assert values("abab" * 2) == [2.0]
    renamed = file.rename(tmp_path / "renamed.onnx")
    assert values(str(renamed)) == [1.0]
    assert trend(where, Asked(sha256[:8])).sha256 == sha256


def test_digits_that_begin_two_sha256_are_refused(where):
    record(where, run(sha256="abcdef0" + "0" * 57))
    record(where, run(sha256="abcdef1" + "0" * 57))
    assert "MODEL: 'abcdef' begins the sha256 of several models (hint: type more of abcdef0" in told(where, "abcdef")


def test_what_is_not_there_is_told_with_what_there_is(where):
    record(where, run())
    assert "there is no run of 'studnt.onnx' in this history (hint: did you mean 'student.onnx'?)" in told(
        where, "studnt.onnx"
    )
    assert told(where, "student.onnx", "latency flor") == (
        "--metric: no run has a metric 'latency flor' (hint: did you mean 'latency floor'?)"
    )
    assert told(where, "student.onnx", host="9") == (
        "--host 9: no run of 'student.onnx' is of that (hint: there are --workload camera-30hz --host 0123456789abcdef "
        "--settings ffffffffffffffff --kind gate-rerun)"
    )
    record(where, run(1, metrics={}, model="failed.onnx"))
    assert "its runs have no numbers: they failed" in told(where, "failed.onnx")


def test_a_history_is_made_by_writing_only(where, tmp_path):
    with pytest.raises(AssessError, match=r"no such history|holds no history yet"):
        trend(where, Asked("student.onnx"))
    assert list(tmp_path.iterdir()) == []
    record(where, run())
    assert len(trend(where, Asked("student.onnx")).points) == 1


def test_a_check_makes_and_changes_nothing(where, tmp_path):
    check(where)
    with pytest.raises(AssessError, match=r"no such history|holds no history yet"):
        trend(where, Asked("student.onnx"))
    assert list(tmp_path.iterdir()) == []
    record(where, run())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    check(where)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    version(where, 2)
    with pytest.raises(AssessError, match="form 2 was written by a newer assess"):
        check(where)


def version(where, number):
    """Set the version of its form."""
    from assess.history.store import connected
    from assess.history.tables import FORM

    with connected(where, write=True) as connection:
        connection.execute(FORM.delete())
        if number is not None:
            connection.execute(FORM.insert(), {"version": number})


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (2, "form 2 was written by a newer assess; this one reads up to 1 (hint: update assess)"),
        (0, "is damaged: it does not tell the version of its form"),
        (None, "is damaged: it does not tell the version of its form"),
    ],
)
def test_a_form_that_is_not_known_is_refused_by_its_number(where, number, said):
    record(where, run())
    version(where, number)
    assert said in told(where, "student.onnx")
    with pytest.raises(AssessError, match=said[:20]):
        record(where, run(1))


def test_a_server_may_hold_other_things_but_no_table_of_this_name(database_server):
    where = database_server.database()
    name = where.rpartition("/")[2]
    database_server.ask("CREATE TABLE invoices (id int)", name)
    record(where, run())
    assert len(trend(where, Asked("student.onnx")).points) == 1
    other = database_server.database()
    database_server.ask("CREATE TABLE assess_runs (id int)", other.rpartition("/")[2])
    with pytest.raises(AssessError, match="is the database of something else"):
        record(other, run())


def test_a_password_that_the_server_refuses_is_not_told_either(database_server):
    with pytest.raises(AssessError, match="authentication failed") as error:
        record(database_server.url("postgres", "wr0ng"), run())
    assert "wr0ng" not in str(error.value)
    assert str(error.value).startswith("postgresql://127.0.0.1:")


def test_the_command_has_the_defaults_of_the_flow():
    defaults = {name: each.default for name, each in inspect.signature(history).parameters.items()}
    assert (defaults["where"], defaults["metric"], defaults["last"]) == (DEFAULT, METRIC, MOST)
