"""A gate's report in each form: what people, programs and CI servers are told, and that data stay data."""

import json
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest
from gate_reports import CRASH, OPEN, SAME, SLOWER, gate_report

from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.report.gate import GATE_FORMS

FORMS = {form.name: form.render for form in GATE_FORMS}


def test_people_see_the_verdict_first_and_both_times():
    text = FORMS["terminal"](gate_report(SAME, SLOWER))
    assert text.startswith(
        "REGRESSION  student.onnx against student.onnx for camera-30hz: both measured here, in turns\n"
    )
    assert "  latency floor  REGRESSION  1 ms -> 1.05 ms: +5.0%, at least +4.0%" in text
    assert "  latency floor: profile both models\n" in text
    assert "1 pair and 1 placebo (the baseline against itself)" in text


def test_the_verdict_is_the_worst_of_all():
    order = [SAME, OPEN, SLOWER, CRASH]
    verdicts = [gate_report(*order[: count + 1]).verdict.value for count in range(4)]
    assert verdicts == ["PASS", "INCONCLUSIVE", "REGRESSION", "FAILED"]
    with pytest.raises(ValueError, match="nothing was compared"):
        assert gate_report().verdict


def test_junit_tells_failure_skipped_and_error_apart():
    suites = fromstring(FORMS["junit"](gate_report(SAME, SLOWER, OPEN, CRASH)))
    assert {name: suites.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "4", "failures": "1", "skipped": "1", "errors": "1",
    }  # fmt: skip
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    assert [child.tag for child in cases["MACs"]] == ["system-out"]
    assert cases["latency floor"].find("failure").get("message").startswith("REGRESSION: 1 ms -> 1.05 ms")
    assert cases["latency median"].find("skipped").get("message").startswith("INCONCLUSIVE")
    assert "last words" in cases["run"].find("error").text


def test_json_has_every_pair_and_no_infinity():
    document = json.loads(FORMS["json"](gate_report(SLOWER, OPEN)))
    assert (document["schema"], document["verdict"]) == ("assess.gate/1", "REGRESSION")
    assert document["comparisons"][0]["change"] == {
        "basis": "98.18% interval of 8 pairs", "centre": 0.05, "low": 0.04, "high": 0.06,
    }  # fmt: skip
    assert document["comparisons"][1]["change"]["low"] is document["comparisons"][1]["change"]["high"] is None
    assert [pair["placebo"] for pair in document["pairs"]] == [True, False]


def test_github_annotates_what_is_no_pass():
    lines = FORMS["github"](gate_report(SAME, SLOWER, OPEN)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning"]
    assert "title=REGRESSION%3A latency floor" in lines[0]
    assert FORMS["github"](gate_report(SAME)) == "::notice file=student.onnx,title=PASS::1 metrics\n"


def test_gitlab_knows_a_finding_again_whatever_its_numbers():
    first = json.loads(FORMS["gitlab"](gate_report(SAME, SLOWER)))
    other = Comparison(SLOWER.metric, SLOWER.verdict, "+7.0%", 1e-3, 1.07e-3, "s")
    again = json.loads(FORMS["gitlab"](gate_report(other)))
    assert [each["severity"] for each in first] == ["major"]
    assert first[0]["fingerprint"] == again[0]["fingerprint"]
    assert set(first[0]) == {"description", "check_name", "fingerprint", "severity", "location"}


@pytest.mark.parametrize("verdict", list(GateVerdict))
def test_a_script_gets_the_verdict_alone(verdict):
    assert FORMS["verdict"](gate_report(Comparison("outputs", verdict, ""))) == f"{verdict.value}\n"


@pytest.mark.parametrize("name", list(FORMS))
def test_what_a_model_says_is_data(name):
    evil = Comparison("outputs", GateVerdict.REGRESSION, "\x1b[31m<script>|`x`\n::error::", details=("\x1b]0;x\x07",))
    text = FORMS[name](gate_report(evil))
    assert "\x1b" not in text and "\x07" not in text
    assert "\n::error::" not in text.replace("::error file=", "")
    if name == "markdown":
        assert "<script>" not in text.replace("\\<script\\>", "")
    if name == "junit":
        assert "<script>" not in text


def test_markdown_has_one_row_for_each_metric():
    text = FORMS["markdown"](gate_report(SAME, SLOWER))
    assert text.startswith("## REGRESSION: student.onnx against")
    assert "| latency floor | REGRESSION | 1 ms | 1.05 ms | +5.0% \\[+4.0%, +6.0%\\] | 3.0% |" in text


def test_a_finding_is_one_of_the_file_as_the_repository_has_it():
    inside = replace(gate_report(SLOWER), file="models/detector.onnx")
    other = replace(gate_report(SLOWER), file="models/other.onnx")
    assert "::error file=models/detector.onnx," in FORMS["github"](inside)
    (found,), (elsewhere,) = (json.loads(FORMS["gitlab"](each)) for each in (inside, other))
    assert found["location"]["path"] == "models/detector.onnx"
    assert found["fingerprint"] != elsewhere["fingerprint"]
    assert found["description"].endswith(". Next: profile both models")
