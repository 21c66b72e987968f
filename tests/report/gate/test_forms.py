"""A gate's report in each form: what people, programs and CI servers are told, and that data stay data."""

import json
import math
from xml.etree.ElementTree import fromstring

import builders
import pytest

from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.report import GateReport, PairChange
from assess.project.signed_rank import Interval
from assess.report.gate import GATE_FORMS

FORMS = {form.name: form.render for form in GATE_FORMS}
SLOWER = Comparison(
    "latency floor", GateVerdict.REGRESSION, "+5.0%, at least +4.0%, in 8 pairs; 3.0% are allowed", 1e-3, 1.05e-3, "s",
    Interval(0.05, 0.04, 0.06), 0.03, "profile both models",
)  # fmt: skip
SAME = Comparison("MACs", GateVerdict.PASS, "the same 1,000", 1000, 1000)
OPEN = Comparison(
    "latency median", GateVerdict.INCONCLUSIVE, "4 pairs are too few to tell", 1e-3, 1e-3, "s",
    Interval(0.0, -math.inf, math.inf), 0.03, "give the gate a longer --budget",
)  # fmt: skip
CRASH = Comparison("run", GateVerdict.FAILED, "the candidate stopped by SIGSEGV", details=("last words",))


def report(*comparisons):
    model = builders.model()
    pairs = (PairChange(True, True, {"latency floor": 0.001}), PairChange(False, False, {"latency floor": 0.05}))
    return GateReport(
        "0.1.0", "2026-11-29T10:00:00+00:00", "rerun", model, model, "camera-30hz", comparisons, pairs,
        builders.host(), {"onnxruntime": "1.30"}, 12.0,
    )  # fmt: skip


def test_people_see_the_verdict_first_and_both_times():
    text = FORMS["terminal"](report(SAME, SLOWER))
    assert text.startswith(
        "REGRESSION  student.onnx against student.onnx for camera-30hz: both measured here, in turns\n"
    )
    assert "  latency floor  REGRESSION  1 ms -> 1.05 ms: +5.0%, at least +4.0%" in text
    assert "  latency floor: profile both models\n" in text
    assert "1 pair and 1 placebo (the baseline against itself)" in text


def test_the_verdict_is_the_worst_of_all():
    order = [SAME, OPEN, SLOWER, CRASH]
    verdicts = [report(*order[: count + 1]).verdict.value for count in range(4)]
    assert verdicts == ["PASS", "INCONCLUSIVE", "REGRESSION", "FAILED"]
    with pytest.raises(ValueError, match="nothing was compared"):
        assert report().verdict


def test_junit_tells_failure_skipped_and_error_apart():
    suites = fromstring(FORMS["junit"](report(SAME, SLOWER, OPEN, CRASH)))
    assert {name: suites.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "4", "failures": "1", "skipped": "1", "errors": "1",
    }  # fmt: skip
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    assert [child.tag for child in cases["MACs"]] == ["system-out"]
    assert cases["latency floor"].find("failure").get("message").startswith("REGRESSION: 1 ms -> 1.05 ms")
    assert cases["latency median"].find("skipped").get("message").startswith("INCONCLUSIVE")
    assert "last words" in cases["run"].find("error").text


def test_json_has_every_pair_and_no_infinity():
    document = json.loads(FORMS["json"](report(SLOWER, OPEN)))
    assert (document["schema"], document["verdict"]) == ("assess.gate/1", "REGRESSION")
    assert document["comparisons"][0]["change"] == {"centre": 0.05, "low": 0.04, "high": 0.06}
    assert document["comparisons"][1]["change"] == {"centre": 0.0, "low": None, "high": None}
    assert [pair["placebo"] for pair in document["pairs"]] == [True, False]


def test_github_annotates_what_is_no_pass():
    lines = FORMS["github"](report(SAME, SLOWER, OPEN)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning"]
    assert "title=REGRESSION%3A latency floor" in lines[0]
    assert FORMS["github"](report(SAME)) == "::notice file=student.onnx,title=PASS::1 metrics\n"


def test_gitlab_knows_a_finding_again_whatever_its_numbers():
    first = json.loads(FORMS["gitlab"](report(SAME, SLOWER)))
    other = Comparison(SLOWER.metric, SLOWER.verdict, "+7.0%", 1e-3, 1.07e-3, "s")
    again = json.loads(FORMS["gitlab"](report(other)))
    assert [each["severity"] for each in first] == ["major"]
    assert first[0]["fingerprint"] == again[0]["fingerprint"]
    assert set(first[0]) == {"description", "check_name", "fingerprint", "severity", "location"}


@pytest.mark.parametrize("name", list(FORMS))
def test_what_a_model_says_is_data(name):
    evil = Comparison("outputs", GateVerdict.REGRESSION, "\x1b[31m<script>|`x`\n::error::", details=("\x1b]0;x\x07",))
    text = FORMS[name](report(evil))
    assert "\x1b" not in text and "\x07" not in text
    assert "\n::error::" not in text.replace("::error file=", "")
    if name == "markdown":
        assert "<script>" not in text.replace("\\<script\\>", "")
    if name == "junit":
        assert "<script>" not in text


def test_markdown_has_one_row_for_each_metric():
    text = FORMS["markdown"](report(SAME, SLOWER))
    assert text.startswith("## REGRESSION: student.onnx against")
    assert "| latency floor | REGRESSION | 1 ms | 1.05 ms | +5.0% \\[+4.0%, +6.0%\\] | 3.0% |" in text
