"""A gate's report as JUnit XML, which every CI server draws.

The elements that they agree on: https://github.com/testmoapp/junitxml. A regression is a failure; what could not be
told is skipped with its reason, since it is neither; a failed run is an error.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from assess.clean import clean
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.report import GateReport
from assess.report.gate.words import because, brief, subject

_ELEMENTS = {
    GateVerdict.REGRESSION: "failure",
    GateVerdict.FAILED: "error",
    GateVerdict.INCONCLUSIVE: "skipped",
    GateVerdict.NOISY: "skipped",
    GateVerdict.NOT_COMPARABLE: "skipped",
}


def junit(report: GateReport) -> str:
    """One test suite, one test case for each metric."""
    said = [_ELEMENTS.get(each.verdict, "") for each in report.comparisons]
    counts = {"failures": said.count("failure"), "errors": said.count("error"), "skipped": said.count("skipped")}
    numbers = {"tests": str(len(said)), **{name: str(number) for name, number in counts.items()}}
    suites = Element("testsuites", {"name": "assess gate", **numbers})
    times = {"timestamp": report.created[:19], "time": f"{report.span_s:.3f}"}
    suite = SubElement(suites, "testsuite", {"name": clean(subject(report)), **numbers, **times})
    for each in report.comparisons:
        _case(suite, each, report)
    SubElement(suite, "system-out").text = clean(brief(report))
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _case(suite: Element, each: Comparison, report: GateReport) -> None:
    case = SubElement(suite, "testcase", classname=clean(report.candidate.name), name=each.metric, time="0")
    lines = [because(each), *each.details, *([f"next: {each.next_step}"] if each.next_step else [])]
    text = "\n".join(map(clean, lines))
    if each.verdict not in _ELEMENTS:
        SubElement(case, "system-out").text = f"{each.verdict.value}: {text}"
        return
    told = SubElement(case, _ELEMENTS[each.verdict], message=clean(f"{each.verdict.value}: {because(each)}"))
    told.text = text
