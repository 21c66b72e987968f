"""`assess history` as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assess.cli.main import app
from assess.history import record
from assess.project.history import Quantity, Run


@pytest.fixture
def filled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSESS_HISTORY", raising=False)
    for minute in range(20):
        value = (1.0 if minute < 12 else 1.2) + 0.01 * (minute * 7 % 5)
        metrics = {
            "latency floor": Quantity(value * 1e-3, "s"),
            "peak memory": Quantity(1e6, "B"),
            "file size": Quantity(1000.0 + (minute >= 18), "B"),
        }
        made = Run(f"2026-11-29T10:{minute:02}:00Z", "gate-rerun", "net.onnx", f"{minute:064x}",
                   host="a" * 16, settings_key="b" * 16, metrics=metrics)  # fmt: skip
        record("assess-history.sqlite", made)


def history(*words, **how):
    result = CliRunner().invoke(app, ["history", *map(str, words)], **how)
    assert "Traceback" not in result.output
    return result


def test_the_trend_of_the_latency_floor_is_drawn_with_its_levels(filled):
    result = history("net.onnx")
    assert result.exit_code == 0
    assert "net.onnx: latency floor, 20 runs from 2026-11-29 10:00 to 2026-11-29 10:19\n" in result.stdout
    assert "  2      8     2026-11-29 10:12 UTC  -       000000000000  -            1.22 ms  +20.1%\n" in result.stdout


def test_other_metrics_forms_and_files(filled):
    result = history("net", "--metric", "file size", "--format", "json", "-o", "trend.html", "-o", "trend.csv")
    assert result.exit_code == 0
    assert [level["first"] for level in json.loads(result.stdout)["levels"]] == [0, 18]
    assert "written: trend.html\nwritten: trend.csv\n" in result.stderr
    assert Path("trend.html").read_text().startswith("<!doctype html>")
    assert len(Path("trend.csv").read_text().splitlines()) == 21
    assert len(json.loads(history("net", "--last", "5", "-f", "json").stdout)["runs"]) == 5


def test_a_file_that_cannot_be_written_loses_neither_the_drawing_nor_another_file(filled, monkeypatch):
    room = iter([True, False, True])

    def sync(_):
        if not next(room):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", sync)
    result = history("net.onnx", "-o", "a.html", "-o", "b.csv", "-o", "c.md")
    assert result.exit_code == 2
    assert result.stdout.startswith("net.onnx: latency floor, 20 runs")
    assert result.stderr == (
        "written: a.html\nwritten: c.md\nerror: b.csv: could not be written: No space left on device\n"
    )
    assert (Path("a.html").exists(), Path("b.csv").exists(), Path("c.md").exists()) == (True, False, True)


def test_the_history_is_named_by_an_option_or_by_the_environment(filled):
    Path("assess-history.sqlite").rename("else.sqlite")
    missing = history("net.onnx")
    assert missing.exit_code == 2
    assert missing.stderr.startswith("error: assess-history.sqlite: there is no such history\n")
    assert history("net.onnx", "--history", "else.sqlite").exit_code == 0
    assert history("net.onnx", env={"ASSESS_HISTORY": "else.sqlite"}).exit_code == 0
    assert not Path("assess-history.sqlite").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nte.onnx",), "there is no run of 'nte.onnx' in this history"),
        (("net.onnx", "--metric", "latency"), "--metric: no run has a metric 'latency'"),
        (("net.onnx", "--kind", "gates"), "--kind: there is no kind 'gates'"),
        (("net.onnx", "--host", "9"), "--host 9: no run of 'net.onnx' is of that"),
        (("net.onnx", "--workload", "none"), "--workload none: no run of 'net.onnx' is of that"),
        (("net.onnx", "--format", "xml"), "--format: there is no format 'xml'"),
        (("net.onnx", "-o", "trend.pdf"), "trend.pdf: no format ends in '.pdf'"),
        (("net.onnx", "--history", "a.html", "-o", "a.html"), "a.html: is read or written by this command already"),
    ],
)
def test_bad_usage_is_told(filled, words, said):
    result = history(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_command_line_starts_without_a_database():
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom assess.cli.main import app\n"
        "assert CliRunner().invoke(app, ['history', '--help']).exit_code == 0\n"
        "sys.exit(bool({'sqlalchemy', 'sqlite3', 'psycopg', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
