"""A portfolio in every format, whole; `GOLDEN=write pytest tests/report` writes them anew."""

import json
import os
import re
from pathlib import Path

import builders
import pytest
from report_pages import HOSTILE, LAPTOP, ROVER, STANDARD, WHOM, Page, job, report

from assess.judge.fit_report import judge
from assess.judge.portfolio import NotJudged, Portfolio
from assess.report import portfolio as many
from assess.report.formats import FORMATS
from assess.report.formats.terminal import terminal_many
from assess.report.matrix import grid, lines

GOLDEN = Path(__file__).parent.parent / "golden"


def not_judged(why="the model has no output 'h'", step="did you mean 'g'?", on=ROVER, **more):
    return NotJudged(job("arm-control"), on, why, step, **more)


def portfolio(*outcomes, of=None, whom=WHOM):
    return Portfolio(of or builders.model(), whom, outcomes, "0.1.0")


def whole():
    tight = job("tight-loop", deadline="5 ms")
    return portfolio(
        report(), report(LAPTOP), report(work=tight), report(LAPTOP, work=tight),
        not_judged(), not_judged(on=LAPTOP),
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_is_as_recorded(form):
    text = form.render_many(whole())
    path = GOLDEN / f"portfolio{form.suffix}"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_terminal_keeps_its_width(width):
    assert max(map(len, terminal_many(whole(), width=width).splitlines())) <= width


def test_colours_change_nothing_but_colours():
    plain, coloured = terminal_many(whole()), terminal_many(whole(), colour=True)
    assert "\x1b[31mNOT READY\x1b[0m" in coloured
    assert "\x1b[32mREADY\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_text_from_files_is_data_in_every_format(form):
    model = builders.model(name=HOSTILE)
    whom = WHOM.model_copy(update={"name": HOSTILE})
    standard = STANDARD.model_copy(update={"name": HOSTILE, "shows": HOSTILE})
    one = report(LAPTOP.model_copy(update={"name": HOSTILE, "id": HOSTILE}), of=model, whom=whom, standards=(standard,))
    text = form.render_many(portfolio(one, not_judged(why=HOSTILE, step=HOSTILE), of=model, whom=whom))
    assert "\x1b" not in text
    if form.name in ("html", "markdown"):
        assert not re.search(r"(?<!\\)<script", text)
        assert not re.search(r"<summary>.*<script", text)
    if form.name == "json":
        assert json.loads(text)["not_judged"][0]["because"] == HOSTILE


def test_json_holds_whole_reports_and_the_reasons_of_the_others():
    render = next(form.render for form in FORMATS if form.name == "json")
    document = json.loads(next(form.render_many for form in FORMATS if form.name == "json")(whole()))
    assert document["schema"] == "assess.portfolio/1"
    assert document["cases"] == [json.loads(render(one)) for one in whole().reports]
    assert document["cases"][0]["standards"][0]["id"] == "acme-1"
    assert document["not_judged"][0] == {
        "workload": "arm-control", "device": "acme-rover", "because": "the model has no output 'h'",
        "next_step": "did you mean 'g'?", "stopped": False,
    }  # fmt: skip


def test_the_page_is_one_file_whose_links_lead_to_their_reports():
    text = next(form for form in FORMATS if form.name == "html").render_many(whole())
    assert "default-src 'none'" in text
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    page = Page(text)
    assert page.open == []
    assert page.links == [f"#{name}" for name in page.ids]
    assert page.ids[:2] == ["camera-30hz-on-acme-rover", "camera-30hz-on-acme-laptop"]
    # What cases share is there once.
    assert len(re.findall("<h4>How long frames took", text)) == 2
    assert text.count("What is known of ACME Rover") == 1
    assert text.count("Evidence for standards") == 1
    # Headings of a folded part lie below those of the page.
    assert re.findall(r"<h2>(.*?)</h2>", text)[:3] == [
        "What to do",
        "camera-30hz: The camera-30hz job",
        "tight-loop: The tight-loop job",
    ]


def test_the_grid_is_there_where_it_fits_and_the_lines_always():
    outcomes = whole().outcomes
    assert grid(outcomes, 47) == [
        "  workload     acme-rover  acme-laptop",
        "  camera-30hz  READY       MARGINAL",
        "  tight-loop   NOT READY   MARGINAL",
        "  arm-control  not judged  not judged",
    ]
    assert grid(outcomes, 37) == [
        "  workload     a           b",
        "  camera-30hz  READY       MARGINAL",
        "  tight-loop   NOT READY   MARGINAL",
        "  arm-control  not judged  not judged",
        "  a = acme-rover, b = acme-laptop",
    ]
    assert grid(outcomes, 30) == [
        "  workload     a",
        "  camera-30hz  READY",
        "  tight-loop   NOT READY",
        "  arm-control  not judged",
        "",
        "  workload     b",
        "  camera-30hz  MARGINAL",
        "  tight-loop   MARGINAL",
        "  arm-control  not judged",
        "  a = acme-rover, b =",
        "  acme-laptop",
    ]
    assert grid(outcomes, 20) == []
    assert grid(outcomes[:1], 100) == grid(outcomes[:2], 100) == grid([outcomes[0], outcomes[2]], 100) == []
    assert lines(outcomes, 100) == [
        "  camera-30hz",
        "    READY       acme-rover   every criterion passes",
        "    MARGINAL    acme-laptop  execution, latency (at least 600 us of 33 ms), memory (6 MB to 12 MB of",
        "                             200 MB)",
        "",
        "  tight-loop",
        "    NOT READY   acme-rover   latency (10.7 ms of 5 ms), deadline misses",
        "    MARGINAL    acme-laptop  execution, latency (at least 600 us of 5 ms), memory (6 MB to 12 MB of",
        "                             200 MB)",
        "",
        "  arm-control",
        "    not judged  acme-rover   the model has no output 'h'",
        "    not judged  acme-laptop  the model has no output 'h'",
    ]


def test_a_device_that_cannot_be_bought_or_not_be_run_on_is_told_once():
    next_ = builders.device(id="acme-next", availability="announced")
    sensor = builders.device(id="acme-sensor", availability="closed-sdk")
    outcomes = [report(on, work=job(name)) for name in "ab" for on in (ROVER, next_, sensor)]
    assert many.caveats(outcomes) == [
        "acme-next is announced: it cannot be bought yet, and its numbers may change",
        "acme-sensor is closed: ONNX Runtime cannot be run on it by the public",
    ]
    assert many.caveats(whole().outcomes) == []
    assert many.caveats([not_judged(on=next_)])[0].startswith("acme-next is announced")
    for form in FORMATS[:3]:
        assert form.render_many(portfolio(*outcomes)).count("acme-next is announced: it cannot be bought yet") == 1
    page = json.loads(FORMATS[3].render_many(portfolio(*outcomes)))
    assert [case["device"]["availability"] for case in page["cases"][:3]] == ["shipping", "announced", "closed-sdk"]


def summary(*outcomes):
    return many.summary(portfolio(*outcomes))


def test_the_head_counts_every_kind_of_case():
    assert many.head(whole()) == "1 of 6 cases READY, 2 MARGINAL, 1 NOT READY, 2 not judged"
    assert many.head(portfolio(report())) == "1 of 1 case READY"
    assert many.subject(whole()) == "student.onnx for ACME"
    assert many.subject(portfolio(report(), whom=None)) == "student.onnx"


def test_the_best_device_has_no_score():
    assert summary(report(), report(LAPTOP))[0] == "camera-30hz: at best READY, on acme-rover"
    assert summary(report(), not_judged())[:2] == ["camera-30hz: READY on acme-rover", "arm-control: not judged"]
    third = report(builders.device(id="acme-arm"))
    assert summary(report(), third)[0] == "camera-30hz: READY on every device"
    assert summary(report(), third, report(LAPTOP))[0] == "camera-30hz: at best READY, on acme-rover, acme-arm"
    tight = job("tight-loop", deadline="0.5 ms")
    assert summary(report(work=tight))[0] == "tight-loop: NOT READY on acme-rover"
    assert summary(report(), report(work=job("b")))[0] == "every workload: READY on acme-rover"


def test_what_holds_most_cases_back_is_named_only_if_it_does():
    strict = WHOM.model_copy(update={"policy": WHOM.policy.model_copy(update={"evidence": "measured"})})
    behind = [report(LAPTOP, whom=strict, work=job(name)) for name in ("a", "b", "c")]
    assert summary(*behind)[-1] == (
        "evidence alone decides all 3 cases that are not READY: settling it would make each of these better"
    )
    tight = [report(work=job(name, deadline="0.5 ms")) for name in ("d", "e")]
    assert summary(*behind, *tight)[-1] == (
        "evidence alone decides 3 of the 5 cases that are not READY: settling it would make each of these better"
    )
    # Half of them is not most of them; cases that are READY want nothing.
    assert not any("decide" in line for line in summary(*behind[:2], *tight, report()))
    assert not any("decide" in line for line in summary(behind[0], report()))


def test_each_reason_is_told_once_for_all_cases_in_which_it_is_the_same():
    strict = WHOM.model_copy(update={"policy": WHOM.policy.model_copy(update={"evidence": "measured"})})
    other = builders.device(id="acme-arm", identity={"board": ["Other"]})
    found = many.reasons(
        portfolio(*(report(on, whom=strict, work=job(name)) for name in "ab" for on in (LAPTOP, other)))
    )
    evidence = found[0]
    assert evidence.finding.criterion == "evidence"
    assert "'Other'" in evidence.because
    assert "DEVICE is 'Other'" in evidence.because
    assert evidence.where == "in all 4 cases"
    assert [step.where for step in evidence.steps] == [""]
    assert evidence.steps[0].text.startswith("on DEVICE: assess measure student.onnx --workload WORKLOAD")
    one = many.reasons(portfolio(report(), report(work=job("tight-loop", deadline="0.5 ms"))))
    assert [reason.where for reason in one] == ["for tight-loop"] * len(one)
    assert one[0].because == one[0].finding.because


def test_seven_devices_and_six_jobs_fit_a_hundred_columns():
    places = [builders.device(id=f"acme-inspection-rover-{number}") for number in range(7)]
    found = grid([report(on, work=job(f"watch-{name}")) for name in "abcdef" for on in places], 100)
    assert found[0] == "  workload  a      b      c      d      e      f      g"
    assert found[6] == "  watch-f   READY  READY  READY  READY  READY  READY  READY"
    assert found[7].startswith("  a = acme-inspection-rover-0, b = acme-inspection-rover-1, ")
    assert max(map(len, found)) <= 100


def test_a_page_tells_each_reason_once_under_the_matrix_and_before_the_cases():
    strict = WHOM.model_copy(update={"policy": WHOM.policy.model_copy(update={"evidence": "measured"})})
    both = portfolio(*(report(LAPTOP, whom=strict, work=job(name)) for name in "ab"))
    page, text = (form.render_many(both) for form in FORMATS if form.name in ("html", "markdown"))
    if page.startswith("#"):
        page, text = text, page
    evidence = many.reasons(both)[0]
    item = '<li class="unknown"><span class="verdict">UNKNOWN</span> <b>evidence</b>: '
    assert page.count(item) == 1
    assert page.index('<table class="matrix">') < page.index(item) < page.index("<h2>a: The a job</h2>")
    assert ' <span class="soft">[in all 2 cases]</span><br>&rarr; on acme-laptop: assess measure student.onnx' in page
    assert evidence.steps[0].text.startswith("on acme-laptop: assess measure student.onnx --workload WORKLOAD")
    item = "\n## What to do\n\n1. **UNKNOWN** evidence: "
    assert text.count(item) == 1
    assert text.index("| workload | acme-laptop |") < text.index(item) < text.index("## Case by case")
    assert "\\[in all 2 cases\\]\n   - on acme-laptop: assess measure student.onnx --workload WORKLOAD" in text


def closed(id_):
    """A device that ONNX Runtime does not run on."""
    return builders.device(id=id_, identity={"board": ["Other"]}, runtimes=(builders.runtime(provider=""),))


def test_a_reason_with_several_next_steps_gives_each_with_its_devices():
    places = (LAPTOP, closed("acme-console"), builders.device(id="acme-arm", identity={"board": ["Other"]}))
    found = many.reasons(portfolio(*(report(on) for on in places)))
    execution = next(reason for reason in found if reason.finding.criterion == "execution")
    assert execution.where == "in all 3 cases"
    assert execution.steps == (
        many.Step(
            "on DEVICE: assess measure student.onnx --workload camera-30hz -o run.json",
            "on acme-laptop and acme-arm",
            "then, on any machine: assess judge run.json --device DEVICE --partner acme",
        ),
        many.Step(
            "compile the model with the vendor's tools and measure it on acme-console with them", "on acme-console"
        ),
    )


def test_reasons_are_numbered_and_refer_to_each_other_by_number():
    both = portfolio(report(LAPTOP), report(closed("acme-console")))
    told = many.to_do(many.reasons(both))
    assert [(number, reason.finding.criterion) for number, reason, _ in told] == [
        (1, "execution"),
        (2, "latency"),
        (3, "memory"),
    ]
    assert [step.partition(":")[0] for step in told[0][2]] == [
        "on acme-laptop",
        "on acme-console",
        "then, on any machine",
    ]
    assert [told[1][2], told[2][2]] == [["as for 1"], ["as for 1"]]
    text, marked = terminal_many(both), next(form for form in FORMATS if form.name == "markdown").render_many(both)
    assert "\n   1  MARGINAL  execution: " in text
    assert "\n   2  MARGINAL  latency: " in text
    assert "\n                -> as for 1\n" in text
    assert "\n2. **MARGINAL** latency: " in marked
    assert "\n   - as for 1\n" in marked


def with_npu():
    """A rover that prefers an NPU that ONNX Runtime does not run on, and has a CPU that it does."""
    npu, cpu = builders.runtime(id="acme-npu", provider=""), builders.runtime(id="onnxruntime-cpu")
    engines = [*builders.DEVICE["engine"], {**builders.DEVICE["engine"][0], "name": "cpu", "kind": "cpu"}]
    bound = [{"id": "acme-npu", "engine": "npu"}, {"id": "onnxruntime-cpu", "engine": "cpu"}]
    return builders.device(engine=engines, runtime=bound, runtimes=(npu, cpu))


def test_what_ran_on_another_engine_than_the_preferred_one_is_told_in_every_format():
    told = "onnxruntime-cpu on engine cpu; acme-npu on npu, which the device prefers, was not measured"
    one = report(with_npu())
    assert one.case.estimates.on_device
    for form in FORMATS:
        spaced = re.sub(r"\s+", " ", form.render(one))
        assert told in spaced
        many_ = form.render_many(portfolio(one, report(with_npu(), work=job("b"))))
        assert told in re.sub(r"\s+", " ", many_)
    assert many.caveats([one]) == [f"acme-rover ran it on {told}"]
    assert many.caveats([report()]) == []


@pytest.mark.parametrize(
    ("those", "where"),
    [
        ((0, 1, 2, 3), "in all 4 cases"),
        ((0, 2), "on acme-rover"),
        ((0, 1), "for a"),
        ((0, 3), "on acme-rover for a and acme-laptop for b"),
    ],
)
def test_cases_in_words(those, where):
    every = [report(on, work=job(name)) for name in "ab" for on in (ROVER, LAPTOP)]
    assert many._where([every[index] for index in those], every) == where


def test_evidence_for_standards_says_what_a_proxy_does_not_show():
    text = terminal_many(portfolio(report(), report(LAPTOP)), width=120)
    assert "evidence for standards. In 1 of 2 cases the run was taken on a proxy" in text
    assert (
        "ACME 1:2026 (Rovers - Safety)\n      shows: How fast one build is.\n      cannot show: That it is safe."
        in text
    )
    assert "evidence for standards\n" in terminal_many(portfolio(report(), report(work=job("b"))), width=120)
    assert "standards" not in terminal_many(portfolio(report(standards=())))


def test_a_run_that_failed_shows_nothing_for_a_standard():
    from dataclasses import replace

    from assess.measure.measurement import Failure
    from assess.report.words import standards

    failed = builders.measurement(failure=Failure("load", "refused", "no", "no"), service_ns=())
    case = replace(builders.case(run=failed), standards=(STANDARD,))
    found = standards(judge(case, run_sha256="", tool="0.1.0"))
    assert found == [("ACME 1:2026 (Rovers - Safety)", "nothing, since the run failed", "That it is safe.")]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_single_report_has_the_standards_too(form):
    assert "How fast one build is." in form.render(report())
