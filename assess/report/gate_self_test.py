"""A gate's self-test for people and for programs: what this machine's gates are worth, level by level."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from assess.clean import clean
from assess.describe.graph.injected import Injected
from assess.judge.gate.comparison import FROM_THE_WORST, GateVerdict
from assess.judge.gate.self_test import (
    Answer,
    GateRun,
    Level,
    Reach,
    SelfTest,
    alarm_bound,
    doubts,
    errors,
    pairs_to_tell,
    power_bound,
    reach,
    shortfalls,
)
from assess.project.signed_rank import Interval
from assess.report.facts.fact import several
from assess.report.json_text import json_text
from assess.report.wrap import wrapped
from assess.units import format_quantity

SCHEMA: Final = "assess.gate-self-test/1"
_INDENT: Final = "  "
_COLOURS: Final = {Answer.ABLE: 32, Answer.UNABLE: 33, Answer.ERRS: 31, Answer.FAILED: 31}
_MEANS: Final = {
    Answer.ABLE: "gates here tell a slowdown beyond {margin}",
    Answer.UNABLE: "gates here cannot tell a slowdown beyond {margin}",
    Answer.ERRS: "gates here err: do not believe them",
    Answer.FAILED: "could not be tested",
}
_PLACES: Final = {"output": "behind output", "input": "behind input", "inside": "behind"}
#: What was really added may be more than the aim by so much, relative to it, before it is said why.
_FAR: Final = 1.3
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|!~$@&])")


def terminal(test: SelfTest, *, width: int = 100, colour: bool = False) -> str:
    """The report as plain text of at most `width` columns, with ANSI colours if asked for."""
    answer = test.answer.value
    lines = [*wrapped(f"{answer}  {clean(_subject(test))}", width, _INDENT), ""]
    levels = [level for level in test.levels if level.gates]
    for level in levels:
        head = f"{_INDENT}{_name(level):<9}  "
        lines += wrapped(head + clean(_line(level, test)), width, " " * len(head))
    lines += [""] if levels else []
    for name, text in _facts(test):
        lines += wrapped(f"{_INDENT}{name}: {clean(text)}", width, _INDENT * 2)
    lines += ["", *wrapped(_INDENT + clean(_brief(test)), width, _INDENT * 2)]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return text.replace(answer, f"\x1b[1;{_COLOURS[test.answer]}m{answer}\x1b[0m", 1) if colour else text


def markdown(test: SelfTest) -> str:
    """The report: one table of the levels, then what follows from them."""
    lines = [f"## {test.answer.value}: {_text(_subject(test))}", ""]
    if any(level.gates for level in test.levels):
        lines += ["| slowdown | gates | verdicts | measured | seconds a gate | work |", "|---|--:|---|---|--:|---|"]
        lines += [_row(level, test) for level in test.levels if level.gates]
        lines.append("")
    lines += [f"- {_text(name)}: {_text(text)}" for name, text in _facts(test)]
    return "\n".join([*lines, "", _text(_brief(test))]) + "\n"


def json(test: SelfTest) -> str:
    """Every gate with its pairs: whoever doubts the answer can compute it anew. Seconds, and relative changes."""
    tested = test.failure is None
    return json_text(
        {
            "schema": SCHEMA,
            "tool": test.tool,
            "created": test.created,
            "answer": test.answer.value,
            "model": {"name": test.model.name, "sha256": test.model.sha256},
            "workload": test.workload_id or None,
            "metrics": list(test.metrics),
            "margin": test.margin,
            "budget_s": test.budget_s,
            "baseline_s": test.baseline_s or None,
            "errors": errors(test) if tested else [],
            "shortfalls": shortfalls(test) if tested else [],
            "doubts": [asdict(each) for each in doubts(test)] if tested else [],
            "false_alarms_below": alarm_bound(test) if tested else None,
            "scatter": {metric: test.scatter(metric) for metric in test.metrics} if tested else None,
            "computed": [asdict(each) for each in _reaches(test)] if tested else [],
            "failure": f"{test.failure.because}" if test.failure else None,
            "levels": [_level(level, test) for level in test.levels],
            "host": asdict(test.host) if test.host else None,
            "versions": dict(test.versions),
            "span_s": test.span_s,
        }
    )


#: By name, in the order of the help.
SELF_TEST_FORMS: Final[Mapping[str, Callable[[SelfTest], str]]] = {
    "terminal": terminal,
    "markdown": markdown,
    "json": json,
}


def _subject(test: SelfTest) -> str:
    job = f" for {test.workload_id}" if test.workload_id else ""
    few = ", as far as so few gates show" if doubts(test) else ""
    return f"{test.model.name}{job}: {_MEANS[test.answer].format(margin=f'{test.margin:.1%}')}{few}"


def _name(level: Level) -> str:
    return f"{level.aim:+.0%}" if level.aim else "unchanged"


def _verdicts(level: Level) -> str:
    counts = [(level.count(verdict), verdict.value) for verdict in FROM_THE_WORST]
    return ", ".join(f"{number} {word}" for number, word in counts if number)


def _effect(level: Level, test: SelfTest) -> str:
    return _spelled(level.effect(test.metrics[0]))


def _spelled(found: Interval) -> str:
    if math.isinf(found.high):
        return f"{found.centre:+.1%}"
    return f"{found.centre:+.1%} [{found.low:+.1%}, {found.high:+.1%}]"


def _work(injected: Injected) -> str:
    work = injected.work
    copies = f" on {work.copies:,} copies of it" if work.copies > 1 else ""
    size = several(injected.elements, "element")
    return f"{several(work.nodes, 'node')} {_PLACES[injected.place]} {injected.tensor!r} of {size}{copies}"


def _line(level: Level, test: SelfTest) -> str:
    parts = [f"{several(len(level.gates), 'gate')}: {_verdicts(level)}"]
    parts.append(f"measured {_effect(level, test)}")
    if level.injected:
        parts.append(f"by {_work(level.injected)}")
        if level.injected.work.nodes == 1 and level.effect(test.metrics[0]).centre > _FAR * level.aim:
            parts.append("one node already adds more than was asked for")
    return "; ".join([*parts, f"{level.gate_s:.1f} s a gate"])


def _row(level: Level, test: SelfTest) -> str:
    cells = (
        _name(level), str(len(level.gates)), _verdicts(level), _effect(level, test), f"{level.gate_s:.1f}",
        _work(level.injected) if level.injected else "",
    )  # fmt: skip
    return f"| {' | '.join(map(_text, cells))} |"


def _facts(test: SelfTest) -> Iterator[tuple[str, str]]:
    """What follows from the levels: name and sentence."""
    if test.failure is not None:
        yield "failed", test.failure.because
        for line in (*test.failure.details, test.failure.next_step):
            yield "failed", line
        return
    for line in errors(test):
        yield "wrong", line
    for line in shortfalls(test):
        yield "not told", line
    gates = len(test.levels[0].gates)
    alarms = test.levels[0].count(GateVerdict.REGRESSION)
    yield "false alarms", f"{alarms} of {gates}; fewer than {alarm_bound(test):.0%} of all, with 95 % confidence"
    for level in test.levels[1:]:
        more = f"; more than {power_bound(level):.0%} of all, with 95 % confidence"
        if level not in test.sure_levels:
            more = f"; it is not proved to be beyond the margin of {test.allowed:.1%}"
        yield f"seen at {_name(level)}", f"{level.count(GateVerdict.REGRESSION)} of {len(level.gates)}{more}"
    scatters = [f"{test.scatter(metric):.1%} ({metric})" for metric in test.metrics]
    yield "pairs scatter by", f"{' and '.join(scatters)}; {test.pair_s:.1f} s a pair"
    yield from _too_few(test)
    for each in _reaches(test):
        yield _within(each), _reached(each, test)
    if advice := _advice(test):
        yield "what to do", advice


def _too_few(test: SelfTest) -> Iterator[tuple[str, str]]:
    """What so few gates leave open, and how long enough of them take; and why a test took longer than it was given."""
    open_ = doubts(test)
    for each in open_:
        yield "not shown yet", f"{each.what}: shown by {each.needed} gates, not by {each.gates}"
    if open_:  # Gates of every level take turns.
        needed_s = max(each.needed for each in open_) * sum(level.gate_s for level in test.levels)
        yield "to show it", f"--budget {math.ceil(needed_s / 60.0)}min"
    if test.span_s > test.budget_s and all(len(level.gates) == 1 for level in test.levels):
        took, given = format_quantity(test.span_s, "s"), format_quantity(test.budget_s, "s")
        yield "longer than asked", f"{took} instead of {given}: each level has one gate, however long that takes"


def _reaches(test: SelfTest) -> list[Reach]:
    """Of a gate as it was tested, and of one that has all of the time that was given."""
    return [reach(test, test.most_pairs), reach(test, test.pairs_within_budget)]


def _within(each: Reach) -> str:
    return f"computed for {each.pairs} pairs, {each.span_s:.0f} s"


def _reached(each: Reach, test: SelfTest) -> str:
    proves = f"95 % of gates prove an unchanged model for a margin of {_rounded(each.margin)} or more"
    if each.seen is None:
        return f"a margin of {test.allowed:.1%} is too narrow, the model against itself is not known to it; {proves}"
    return f"95 % of gates see a slowdown of {each.seen:.1%}; {proves}"


def _advice(test: SelfTest) -> str:
    found = reach(test, test.most_pairs)
    if found.margin <= test.allowed:
        return ""
    scatter = max(test.scatter(metric) for metric in test.metrics)
    pairs = pairs_to_tell(test)
    more = f" or --max-pairs {pairs}" if pairs is not None else ""
    return (
        f"this machine cannot tell {test.allowed:.1%} in {found.pairs} pairs, which scatter by {scatter:.1%}: "
        f"stop what else runs here, or use --margin {_rounded(found.margin)}{more}"
    )


def _rounded(share: float) -> str:
    """A share in whole percent or half of one, not less."""
    return f"{math.ceil(share * 200.0) / 2.0:g}%"


def _brief(test: SelfTest) -> str:
    gates = sum(len(level.gates) for level in test.levels)
    parts = [several(gates, "gate")]
    if test.baseline_s:
        parts.append(f"of a model that takes {format_quantity(test.baseline_s, 's')} at best")
    if test.host:
        parts.append(f"on {test.host.cpu or test.host.architecture}")
    parts += [f"{name} {version}" for name, version in test.versions.items() if name == "onnxruntime"]
    return ", ".join([*parts, f"{test.span_s:.0f} s"])


def _level(level: Level, test: SelfTest) -> dict[str, Any]:
    effects = {metric: _plain(level.effect(metric)) for metric in test.metrics} if level.gates else None
    work = None
    if level.injected:
        told = ("tensor", "place", "elements", "expected_s")
        work = {**asdict(level.injected.work), **{name: getattr(level.injected, name) for name in told}}
    return {
        "aim": level.aim,
        "injected": work,
        "measured": effects,
        "gate_s": level.gate_s if level.gates else None,
        "seen_above": power_bound(level) if level.gates and level.aim else None,
        "gates": [_gate(gate) for gate in level.gates],
    }


def _gate(gate: GateRun) -> dict[str, Any]:
    return {
        "verdict": gate.verdict.value,
        "verdicts": {metric: verdict.value for metric, verdict in gate.verdicts.items()},
        "span_s": gate.span_s,
        "pairs": [asdict(pair) for pair in gate.pairs],
    }


def _plain(found: Interval) -> dict[str, float | None]:
    return {name: None if math.isinf(number) else number for name, number in asdict(found).items()}


def _text(text: str) -> str:
    """Data, whatever it holds: nothing of it is markup."""
    return _SPECIAL.sub(r"\\\1", clean(text))
