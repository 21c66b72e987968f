"""The gates of a suite in every form that one gate has."""

from __future__ import annotations

import json as plain
from collections.abc import Callable, Mapping
from typing import Final
from xml.etree.ElementTree import Element, SubElement, fromstring, indent, tostring

from assess.clean import clean
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.suite import GateSuite, SuiteGate
from assess.report.facts.fact import several
from assess.report.gate.github import github
from assess.report.gate.gitlab import finding, gitlab
from assess.report.gate.json import json
from assess.report.gate.junit import junit
from assess.report.gate.markdown import escaped, markdown
from assess.report.gate.terminal import terminal
from assess.report.gate.verdict import verdict
from assess.report.json_text import json_text
from assess.report.workflow_commands import workflow_command
from assess.report.wrap import wrapped

SCHEMA: Final = "assess.gate-suite/1"
_FINE: Final = ("PASS", "IMPROVEMENT")
_INDENT: Final = "  "


def suite_terminal(suite: GateSuite, *, width: int = 100, colour: bool = False) -> str:
    """A line for each gate, and below in full those that are neither PASS nor IMPROVEMENT."""
    names = max(len(clean(each.name)) for each in suite.gates)
    verdicts = max(len(each.verdict.value) for each in suite.gates)
    lines = [*wrapped(_headline(suite), width, _INDENT), ""]
    for each in suite.gates:
        head = f"{_INDENT}{clean(each.name):<{names}}  {each.verdict.value:<{verdicts}}  "
        lines += wrapped(head + clean(_why(each)), width, " " * len(head))
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    for each in suite.gates:
        if each.report is not None and each.verdict.value not in _FINE:
            text += f"\n{terminal(each.report, width=width, colour=colour)}"
    return text


def suite_markdown(suite: GateSuite) -> str:
    """One table, then in full the gates that are neither PASS nor IMPROVEMENT."""
    lines = [f"# {escaped(_headline(suite))}", "", "| model and job | verdict | why |", "|---|---|---|"]
    lines += [f"| {escaped(each.name)} | {each.verdict.value} | {escaped(_why(each))} |" for each in suite.gates]
    parts = ["\n".join(lines) + "\n"]
    parts += [
        markdown(each.report) for each in suite.gates if each.report is not None and each.verdict.value not in _FINE
    ]
    return "\n".join(parts)


def suite_json(suite: GateSuite) -> str:
    """Every report, whole."""
    gates = [
        {
            "name": each.name,
            "verdict": each.verdict.value,
            "why": each.why or None,
            "next_step": each.next_step or None,
            "report": plain.loads(json(each.report)) if each.report else None,
        }
        for each in suite.gates
    ]
    head = {"schema": SCHEMA, "tool": suite.tool, "suite": suite.suite, "verdict": suite.verdict.value}
    return json_text({**head, "gates": gates})


def suite_junit(suite: GateSuite) -> str:
    """One test suite for each gate; one that had nothing to compare with is skipped, with the reason."""
    whole = Element("testsuites", {"name": f"assess gate {clean(suite.suite)}"})
    for each in suite.gates:
        if each.report is not None:
            whole.extend(fromstring(junit(each.report).partition("\n")[2]))  # noqa: S314 - written a moment ago
            continue
        counts = {"tests": "1", "failures": "0", "errors": "0", "skipped": "1"}
        one = SubElement(whole, "testsuite", {"name": clean(each.name), **counts})
        case = SubElement(one, "testcase", classname=clean(each.name), name="baseline", time="0")
        SubElement(case, "skipped", message=clean(_why(each)))
    for name in ("tests", "failures", "errors", "skipped"):
        whole.set(name, str(sum(int(one.get(name, "0")) for one in whole)))
    indent(whole)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(whole, encoding="unicode")}\n'


def suite_github(suite: GateSuite) -> str:
    """The annotations of all gates."""
    return "".join(
        github(each.report)
        if each.report is not None
        else workflow_command(
            "warning", clean(_why(each)), file=_file(each), title=f"NOT COMPARABLE: {clean(each.name)}"
        )
        for each in suite.gates
    )


def suite_gitlab(suite: GateSuite) -> str:
    """The findings of all gates."""
    entries = []
    for each in suite.gates:
        if each.report is not None:
            entries += plain.loads(gitlab(each.report))
        else:
            entries.append(finding(_file(each), each.name, "baseline", GateVerdict.NOT_COMPARABLE, _why(each)))
    return json_text(entries)


SUITE_FORMS: Final[Mapping[str, Callable[[GateSuite], str]]] = {
    "terminal": suite_terminal,
    "markdown": suite_markdown,
    "json": suite_json,
    "junit": suite_junit,
    "github": suite_github,
    "gitlab": suite_gitlab,
    "verdict": verdict,
}


def _file(each: SuiteGate) -> str:
    return each.path.as_posix() if each.path.name else each.name.partition(",")[0]


def _headline(suite: GateSuite) -> str:
    return f"{suite.verdict.value}  {clean(suite.suite)}: {several(len(suite.gates), 'gate')}"


def _why(each: SuiteGate) -> str:
    """What decided, in a few words."""
    if each.report is None:
        return f"{each.why}. Next: {each.next_step}" if each.next_step else each.why
    if each.verdict.value in _FINE:
        return ""
    return ", ".join(one.metric for one in each.report.comparisons if one.verdict is each.verdict)
