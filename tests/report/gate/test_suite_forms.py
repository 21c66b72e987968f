"""The gates of a suite in each form: all of them are there, and data stay data."""

import json
from xml.etree.ElementTree import fromstring

import pytest
from gate_reports import SAME, SLOWER, gate_report

from assess.judge.gate.suite import GateSuite, SuiteGate
from assess.report.gate.suite import SUITE_FORMS

GOOD = SuiteGate("lanes, camera-30hz", gate_report(SAME))
BAD = SuiteGate("hopper, loop", gate_report(SAME, SLOWER))
NONE = SuiteGate("new, loop", why="baselines has no baseline of it", next_step="assess baseline accept --model new")
ALL = GateSuite("robotics", "0.1.0", (GOOD, BAD, NONE))


def test_people_see_one_line_each_and_in_full_what_is_not_fine():
    text = SUITE_FORMS["terminal"](ALL)
    lines = text.splitlines()
    assert lines[0] == "REGRESSION  robotics: 3 gates"
    assert lines[2:5] == [
        "  lanes, camera-30hz  PASS",
        "  hopper, loop        REGRESSION      latency floor",
        "  new, loop           NOT COMPARABLE  baselines has no baseline of it. Next: assess baseline accept",
    ]
    assert text.count("both measured here, in turns") == 1


def test_programs_get_every_report_whole():
    document = json.loads(SUITE_FORMS["json"](ALL))
    assert (document["schema"], document["verdict"]) == ("assess.gate-suite/1", "REGRESSION")
    assert [(each["verdict"], each["report"] is None) for each in document["gates"]] == [
        ("PASS", False), ("REGRESSION", False), ("NOT COMPARABLE", True)
    ]  # fmt: skip
    assert document["gates"][1]["report"]["schema"] == "assess.gate/1"


def test_junit_has_a_suite_for_each_gate_and_their_sums():
    suites = fromstring(SUITE_FORMS["junit"](ALL).partition("\n")[2])
    assert {name: suites.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "1", "errors": "0", "skipped": "1"
    }  # fmt: skip
    assert len(suites) == 3
    assert "no baseline of it" in suites[2].find("testcase/skipped").get("message")


def test_annotations_and_findings_are_those_of_all():
    commands = SUITE_FORMS["github"](ALL).splitlines()
    assert [each.partition(" ")[0] for each in commands] == ["::notice", "::error", "::warning"]
    assert [each["severity"] for each in json.loads(SUITE_FORMS["gitlab"](ALL))] == ["major", "info"]


def test_a_script_gets_the_worst_verdict_alone():
    assert SUITE_FORMS["verdict"](ALL) == "REGRESSION\n"
    assert SUITE_FORMS["verdict"](GateSuite("robotics", "0.1.0", (GOOD, NONE))) == "NOT COMPARABLE\n"


@pytest.mark.parametrize("form", sorted(SUITE_FORMS))
def test_names_are_data_in_every_form(form):
    hostile = SuiteGate("a\x1b[31m\n::error::x | <b>", why="b\x1b]0;t\x07\n::stop-commands::y")
    text = SUITE_FORMS[form](GateSuite("s\x1b[2J", "0.1.0", (hostile,)))
    assert "\x1b" not in text and "\x07" not in text
    assert not any(line.lstrip().startswith(("::error::x", "::stop")) for line in text.splitlines())
