"""A suite in every format, whole; `GOLDEN=write pytest tests/report` writes them anew."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import builders
import pytest
from report_pages import HOSTILE, LAPTOP, WHOM, Page, job, report

from assess.describe.suite import Suite, SuiteCase
from assess.judge.portfolio import NotJudged
from assess.judge.suite import CaseResult, SuiteReport, Unusable
from assess.report import suite as suites
from assess.report.formats import FORMATS
from assess.report.formats.terminal import terminal_suite
from assess.report.matrix import suite_grid

GOLDEN = Path(__file__).parent.parent / "golden"
MODEL = builders.model()


def result(outcome, workload, device, model="student", partner="acme"):
    case = SuiteCase(model=model, workload=workload, device=device, partner=partner)
    return CaseResult(case, outcome, MODEL, WHOM if partner else None)


def whole():
    tight = job("tight-loop", deadline="5 ms")
    results = (
        result(report(), "camera-30hz", "acme-rover"),
        result(report(LAPTOP), "camera-30hz", "acme-laptop"),
        result(report(work=tight), "tight-loop", "acme-rover"),
        result(NotJudged(tight, LAPTOP, "stopped before it was measured", stopped=True), "tight-loop", "acme-laptop"),
        result(report(whom=None, standards=()), "camera-30hz", "acme-rover", partner=""),
        result(Unusable("there is no device 'acme-rower'", "did you mean acme-rover?"), "camera-30hz", "acme-rower"),
        replace(
            result(Unusable("none.onnx: there is no such file"), "camera-30hz", "acme-rover", "none.onnx"), model=None
        ),
    )
    return SuiteReport(named([each.case for each in results]), results, "0.1.0")


def named(cases, name="Rovers"):
    return Suite(id="rovers", name=name, summary="All that a rover does.", case=tuple(cases))


def render(form, of):
    return next(one for one in FORMATS if one.name == form).render_suite(of)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_is_as_recorded(form):
    text = form.render_suite(whole())
    path = GOLDEN / f"suite{form.suffix}"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_the_matrix_has_verdict_margin_and_evidence_of_each_case():
    assert suite_grid(whole(), 100) == [
        "                 acme-rover              acme-laptop   acme-rower",
        "",
        "  student        READY                   MARGINAL      not judged",
        "    camera-30hz  latency 68%             latency open",
        "    for acme     measured on the device  projected",
        "",
        "  student        NOT READY               not judged",
        "    tight-loop   latency -114%",
        "    for acme     measured on the device",
        "",
        "  student        READY",
        "    camera-30hz  latency 68%",
        "                 measured on the device",
        "",
        "  none.onnx      not judged",
        "    camera-30hz",
        "    for acme",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_terminal_keeps_its_width(width):
    assert max(map(len, terminal_suite(whole(), width=width).splitlines())) <= width


def test_colours_change_nothing_but_colours():
    plain, coloured = terminal_suite(whole()), terminal_suite(whole(), colour=True)
    assert "\x1b[31mNOT READY\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_the_tightest_criterion_is_of_those_that_came_out_worst():
    found = suites.tightest(report(work=job("tight-loop", deadline="5 ms")))
    assert (found.criterion, found.verdict.text, round(found.margin, 2)) == ("latency", "FAIL", -1.14)
    # An open end leaves less than any number does.
    projected = suites.tightest(report(LAPTOP))
    assert (projected.criterion, projected.margin) == ("latency", None)


def test_json_has_the_matrix_case_by_case_with_whole_reports():
    document = json.loads(render("json", whole()))
    assert document["schema"] == "assess.suite/1"
    assert document["suite"] == {"id": "rovers", "name": "Rovers"}
    first, stopped = document["cases"][0], document["cases"][3]
    single = next(form.render for form in FORMATS if form.name == "json")
    assert first.pop("report") == json.loads(single(report()))
    tightest = first.pop("tightest")
    assert tightest == {
        "criterion": "latency", "verdict": "PASS", "margin": pytest.approx(0.676, abs=0.001), "rung": "measured"
    }  # fmt: skip
    assert first == {
        "model": "student", "workload": "camera-30hz", "device": "acme-rover", "partner": "acme", "verdict": "READY",
        "not_judged": None,
    }  # fmt: skip
    reason = {"because": "stopped before it was measured", "next_step": None, "stopped": True}
    assert (stopped["verdict"], stopped["report"], stopped["not_judged"]) == (None, None, reason)
    assert document["cases"][5]["not_judged"]["next_step"] == "did you mean acme-rover?"


def test_the_page_is_one_file_whose_links_lead_to_their_reports():
    text = render("html", whole())
    assert "default-src 'none'" in text
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    page = Page(text)
    assert page.open == []
    assert page.ids == [
        "student--acme--camera-30hz-on-acme-rover", "student--acme--camera-30hz-on-acme-laptop",
        "student--acme--tight-loop-on-acme-rover", "student--acme--tight-loop-on-acme-laptop",
        "student----camera-30hz-on-acme-rover",
    ]  # fmt: skip
    assert page.links == [f"#{name}" for name in page.ids]
    # What is known of a device is there once.
    assert text.count("What is known of ACME Rover") == 1


def test_the_links_of_markdown_lead_to_their_reports_too():
    text = render("markdown", whole())
    assert re.findall(r"\]\(#(.*?)\)", text) == re.findall(r'<a id="(.*?)">', text) == Page(render("html", whole())).ids


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_text_from_files_is_data_in_every_format(form):
    model = builders.model(name=HOSTILE)
    device = LAPTOP.model_copy(update={"name": HOSTILE, "id": HOSTILE})
    whom = WHOM.model_copy(update={"name": HOSTILE, "id": HOSTILE})
    case = {"model": HOSTILE, "partner": HOSTILE}
    results = (
        replace(result(report(device, of=model, whom=whom), "camera-30hz", HOSTILE, **case), model=model, partner=whom),
        result(Unusable(HOSTILE, HOSTILE), HOSTILE, HOSTILE, **case),
    )
    text = form.render_suite(SuiteReport(named([each.case for each in results], HOSTILE), results, "0.1.0"))
    assert "\x1b" not in text
    if form.name in ("html", "markdown"):
        assert not re.search(r"(?<!\\)<script", text)
