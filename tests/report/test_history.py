"""A trend in each form: what people, programs and spreadsheets are told, and that data stay data."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from assess.project.change_points import Level
from assess.project.history import Point, Series, SeriesSeen, Trend
from assess.report.drawn.trend import drawn_trend
from assess.report.history import HISTORY_FORMS

FORMS = {form.name: form.render for form in HISTORY_FORMS}
SERIES = Series("student.onnx", "camera-30hz", 2, "0123456789abcdef", "f" * 16, "gate-rerun")


def point(minute, value, **changes):
    made = Point(f"2026-11-29T10:{minute:02}:00.000000+00:00", "ab" * 32, "c" * 40, "1.32.0", "0.1.0", "PASS", value)
    return replace(made, **changes)


TREND = Trend(
    "latency floor", SERIES, "",
    (point(0, 0.010), point(1, 0.010), point(2, 0.010), point(3, 0.0105, commit=""), point(4, 0.0105)), "s",
    (Level(0, 2, 0.010, None), Level(3, 4, 0.0105, 0.05)),
)  # fmt: skip


def test_a_terminal_has_the_drawing_and_the_first_run_of_each_level():
    assert (
        FORMS["terminal"](TREND)
        == """\
student.onnx: latency floor for camera-30hz, 5 runs from 2026-11-29 10:00 to 2026-11-29 10:04
  --kind gate-rerun --workload camera-30hz (version 2) --host 0123456789abcdef --settings
    ffffffffffffffff

   10.5 ms ┤   ••
           ┤   |
           ┤   |
           ┤   |
           ┤   |
           ┤   |
     10 ms ┤•••|

  level  runs  first run             commit        sha256        onnxruntime  value    change
  1      3     2026-11-29 10:00 UTC  cccccccccccc  abababababab  1.32.0       10 ms
  2      2     2026-11-29 10:03 UTC  -             abababababab  1.32.0       10.5 ms  +5.0%
"""
    )


def test_less_than_one_of_a_unit_is_no_zero():
    energy = replace(TREND, metric="energy: package", unit="J", points=(point(0, 0.12),), levels=())
    assert "0.12 J ┤" in FORMS["terminal"](energy)
    count = replace(energy, metric="MACs", unit="", points=(point(0, 12_000_000.0),))
    assert "12,000,000 ┤" in FORMS["terminal"](count)


def test_what_is_left_out_and_what_else_there_is_is_told():
    other = SeriesSeen(replace(SERIES, host="b" * 16, workload_id="", settings_key=""), 12, "2026-11-28T09:00:00")
    apart = SeriesSeen(replace(SERIES, host="", kind="measure", model="other.onnx"), 1, "2026-11-28T09:00:00")
    one = replace(TREND, levels=TREND.levels[:1], searched_from=2, older=7, others=(other, apart), sha256="ab" * 32)
    text = FORMS["terminal"](one)
    assert text.startswith("student.onnx (this file alone: abababababab): latency floor for camera-30hz, 5 runs")
    assert text.endswith("""\
  no change of level; the last run has 10.5 ms
  levels were searched for in the last 3 runs only, of 5
  7 older runs left out: --last shows more of them
  also: --kind gate-rerun --host bbbbbbbbbbbbbbbb: 12 runs, the last 2026-11-28 09:00
  also: other.onnx --kind measure --workload camera-30hz (version 2) nothing was run --settings
    ffffffffffffffff: 1 run, the last 2026-11-28 09:00
""")
    many = replace(TREND, others=(other,) * 11)
    assert FORMS["terminal"](many).endswith("  also: 3 more series\n")


def test_levels_that_were_not_searched_for_have_their_reason():
    bare = replace(TREND, levels=(), absent="ruptures is not installed")
    assert FORMS["terminal"](bare).endswith("•••\n\n  levels were not searched for: ruptures is not installed\n")
    found = json.loads(FORMS["json"](bare))
    assert (found["levels"], found["absent"]) == (None, "ruptures is not installed")
    assert "| level |" not in FORMS["markdown"](bare)
    assert "<table>" not in FORMS["html"](bare)


def test_programs_get_every_run_in_base_units():
    found = json.loads(FORMS["json"](TREND))
    assert (found["schema"], found["metric"], found["unit"]) == ("assess.history/1", "latency floor", "s")
    assert found["series"]["host"] == "0123456789abcdef"
    assert [run["value"] for run in found["runs"]] == [0.010, 0.010, 0.010, 0.0105, 0.0105]
    assert found["levels"][1] == {"first": 3, "last": 4, "median": 0.0105, "change": 0.05}


def test_the_docs_name_every_key():
    page = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
    section = page.partition("## assess.history/1")[2].partition("\n## ")[0]
    found = json.loads(FORMS["json"](replace(TREND, others=(SeriesSeen(SERIES, 1, ""),))))
    keys = {*found, *found["series"], *found["runs"][0], *found["levels"][0], *found["others"][0]} - {"schema"}
    assert {key for key in keys if f"`{key}`" not in section} == set()


def test_spreadsheets_get_a_line_for_each_run_and_no_formula():
    rows = list(csv.DictReader(io.StringIO(FORMS["csv"](TREND))))
    assert [(row["value"], row["unit"], row["level"]) for row in rows] == [
        ("0.01", "s", "1"), ("0.01", "s", "1"), ("0.01", "s", "1"), ("0.0105", "s", "2"), ("0.0105", "s", "2"),
    ]  # fmt: skip
    evil = replace(TREND, points=(point(0, 1.0, onnxruntime="=1+1", tool="a,\nb"),), levels=())
    (row,) = csv.DictReader(io.StringIO(FORMS["csv"](evil)))
    assert (row["onnxruntime"], row["tool"], row["level"]) == ("'=1+1", "a,\\x0ab", "")


def test_markdown_has_a_table_of_levels():
    text = FORMS["markdown"](TREND)
    assert text.startswith("## student.onnx: latency floor for camera-30hz, 5 runs")
    assert "| 2 | 2 | 2026-11-29 10:03 UTC | - | abababababab | 1.32.0 | 10.5 ms | +5.0% |\n" in text


def test_a_page_has_a_picture_with_a_line_where_a_level_begins():
    page = FORMS["html"](TREND)
    assert page.count('class="mark"') == 1
    assert ">+5.0%</text>" in page
    assert page.count("h0") == 5
    assert "<script" not in page
    assert "<svg" not in FORMS["html"](replace(TREND, points=TREND.points[:1], levels=TREND.levels[:1]))


def test_data_stay_data_in_every_form():
    evil = '<b>"|\x1b[31m`.onnx'
    series = replace(SERIES, model=evil, workload_id="<i>")
    trend = replace(TREND, series=series, points=(point(0, 1.0, commit=evil, onnxruntime=evil), point(1, 2.0)))
    trend = replace(trend, levels=(Level(0, 1, 1.5, None),), unit="=<b>\x1b[31m")
    for name, render in FORMS.items():
        text = render(trend)
        assert "\x1b" not in text, name
    assert "<b>" not in FORMS["html"](trend)
    assert "\\<b\\>" in FORMS["markdown"](trend)


def test_more_runs_than_columns_are_drawn_by_their_medians():
    lines = drawn_trend([1.0] * 500 + [2.0] * 500, [500], "", 64)
    assert [len(line) for line in lines] == [62, 38, 38, 38, 38, 38, 38]
    assert lines[0] == f"{2:>10} ┤{' ' * 25}{'•' * 25}"
    assert lines[-1] == f"{1:>10} ┤{'•' * 25}|"
    assert drawn_trend([3.0], [], "B", 64)[3] == "       3 B ┤•"
