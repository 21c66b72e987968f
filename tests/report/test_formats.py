"""Every format from two fixed reports, whole; `GOLDEN=write pytest tests/report` writes them anew."""

import json
import os
import re
from pathlib import Path

import builders
import pytest
import whole_run

from assess.judge.fit_report import Fit, judge
from assess.measure.measurement import Failure
from assess.report import words
from assess.report.formats import FORMATS
from assess.report.formats.terminal import terminal

GOLDEN = Path(__file__).parent.parent / "golden"
HOSTILE = "stu\x1b[31mdent<script>|`*\n.onnx"


def report(**case):
    return judge(builders.case(**case), run_sha256="ef" * 32, tool="0.1.0")


REPORTS = {
    "ready": lambda: report(run=builders.measurement(service_ns=builders.CERTIFYING), whom=builders.partner()),
    "not-ready": lambda: report(
        of=builders.model(opsets={"ai.onnx": 18}),
        run=builders.measurement(before=builders.host(board="Laptop")),
        job=builders.workload(deadline="0.5 ms", memory="2 MB", cold_start="2 s"),
        whom=builders.partner(evidence="measured"),
    ),
}
REPORTS["whole-run"] = lambda: report(
    run=whole_run.whole_run(),
    job=whole_run.WORKLOAD,
    on=builders.device(runtimes=(builders.runtime(provider=whole_run.NPU),)),
)


def golden(name, text):
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    return path.read_text()


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("name", REPORTS)
def test_every_format_is_as_recorded(form, name):
    text = form.render(REPORTS[name]())
    assert text == golden(f"report-{name}{form.suffix}", text)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_says_why_the_run_is_not_one_on_the_device(form):
    run = builders.measurement(service_ns=builders.CERTIFYING)
    found = report(run=run, on=builders.device(power_mode="25W"))
    assert found.verdict is Fit.MARGINAL
    text = re.sub(r"\s+", " ", form.render(found))
    assert "its profile does not say how a host reports that" in text


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_terminal_report_keeps_its_width(name, width):
    text = terminal(REPORTS[name](), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_what_is_there_to_be_copied_is_not_broken_at_a_hyphen():
    for width in range(60, 121):
        words = terminal(REPORTS["not-ready"](), width=width).split()
        assert "camera-30hz" in words
        assert not any(word.endswith("-") and word != "-" for word in words)


def test_colours_change_nothing_but_colours():
    plain = terminal(REPORTS["not-ready"]())
    coloured = terminal(REPORTS["not-ready"](), colour=True)
    assert "\x1b[31mFAIL\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_text_from_a_model_is_data_in_every_format(form):
    failed = builders.measurement(
        model=builders.model(name=HOSTILE), failure=Failure("load", "refused", HOSTILE, HOSTILE), service_ns=()
    )
    text = form.render(report(of=builders.model(name=HOSTILE), run=failed))
    assert "\x1b" not in text
    if form.name == "html":
        assert "<script" not in text
    if form.name == "json":
        assert json.loads(text)["model"]["name"] == HOSTILE


def test_html_fetches_and_runs_nothing():
    text = next(form for form in FORMATS if form.name == "html").render(REPORTS["ready"]())
    assert "default-src 'none'" in text
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)


def test_json_has_no_infinities():
    text = next(form for form in FORMATS if form.name == "json").render(REPORTS["not-ready"]())
    document = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert document["schema"] == "assess.report/1"
    assert document["verdict"] == "NOT READY"
    assert next(f for f in document["findings"] if f["criterion"] == "latency")["found"]["high"] is None


def test_what_the_job_stands_on_and_what_runs_beside_it_is_told():
    job = builders.workload().model_copy(update={"grade": "R", "co_runners": ("ISP", "planner")})
    told = dict(words.facts(report(job=job)))
    assert told["the job"] == "camera-30hz, version 1; its deciding number is recalled"
    assert told["beside it"] == "ISP, planner: on the device, not in this run"
    assert "the device" not in told


def test_a_device_that_cannot_be_bought_is_told_as_such():
    told = dict(words.facts(report(on=builders.device(availability="announced"))))
    assert told["the device"] == "announced: it cannot be bought yet, and its numbers may change"


@pytest.mark.parametrize("form", FORMATS[:3], ids=lambda form: form.name)
def test_what_comes_after_a_measurement_is_told_once_with_the_profiles_that_were_named(form):
    from dataclasses import replace

    from assess.judge.case import Invocation

    away = builders.case(run=builders.measurement(before=builders.host(board="Laptop")), whom=builders.partner())
    again = Invocation(options=("--profiles", "mine", "--card", "card.toml"))
    text = form.render(judge(replace(away, invocation=again), run_sha256="", tool="0.1.0"))
    spaced = re.sub(r"\s+", " ", text)
    assert spaced.count("then, on any machine: assess judge run.json --device acme-rover") == 1
    assert "--device acme-rover --partner acme --profiles mine" in spaced
    own = form.render(REPORTS["ready"]())
    assert "on any machine" not in own
