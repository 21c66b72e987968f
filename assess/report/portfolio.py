"""How a portfolio reads, the same in every format; text from models and profiles is data here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from assess.clean import clean
from assess.describe.device import Device
from assess.describe.workload import Workload
from assess.judge.criteria import CRITERIA
from assess.judge.finding import Finding, Verdict
from assess.judge.fit_report import Fit, FitReport
from assess.judge.portfolio import NotJudged, Outcome, Portfolio
from assess.report import words
from assess.report.facts.fact import several

NOT_JUDGED: Final = "not judged"
#: From good to bad.
_FITS: Final = tuple(Fit)
#: What stands for what differs from case to case.
_NAMES: Final = ("DEVICE", "WORKLOAD")
#: More criteria than these are no single thing to settle.
_FEW: Final = 3
#: More device ids than these say less than their number.
_MOST_NAMED: Final = 4


def answer(outcome: Outcome) -> str:
    """The verdict on a case, or that there is none."""
    return outcome.verdict.value if isinstance(outcome, FitReport) else NOT_JUDGED


def deciding(report: FitReport) -> list[Finding]:
    """The findings as bad as the verdict; none where every criterion passes."""
    wanting = words.open_findings(report)
    return [finding for finding in wanting if finding.verdict == wanting[0].verdict]


def decided_by(outcome: Outcome) -> str:
    """What decides a case, with its numbers; or why it was not judged."""
    if isinstance(outcome, NotJudged):
        return clean(outcome.why)
    return ", ".join(map(_in_short, deciding(outcome))) or "every criterion passes"


def _in_short(finding: Finding) -> str:
    numbers = f" ({words.found(finding)} of {words.limit(finding)})" if finding.found and finding.limit else ""
    return finding.criterion + numbers


def by_workload(outcomes: Sequence[Outcome]) -> list[tuple[Workload, list[Outcome]]]:
    """What came of the cases of each job, in their order."""
    found: dict[str, tuple[Workload, list[Outcome]]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.workload.id, (outcome.workload, []))[1].append(outcome)
    return list(found.values())


def devices(outcomes: Sequence[Outcome]) -> list[Device]:
    """Each device once, in their order."""
    return list({outcome.device.id: outcome.device for outcome in outcomes}.values())


def caveats(outcomes: Sequence[Outcome]) -> list[str]:
    """Of devices that cannot be bought, that not everyone can run a model on, or that ran it otherwise than they would.

    A line each.
    """
    ran = {one.device.id: words.ran_on(one) for one in outcomes if isinstance(one, FitReport)}
    return [
        *(
            clean(f"{device.id} is {words.AVAILABILITY[device.availability]}")
            for device in devices(outcomes)
            if device.availability in words.AVAILABILITY
        ),
        *(clean(f"{id_} ran it on {text}") for id_, text in ran.items() if text),
    ]


def anchor(outcome: Outcome) -> str:
    """A name that links to a case may have in every format."""
    return re.sub("[^a-z0-9-]", "-", f"{outcome.workload.id}-on-{outcome.device.id}")


def run_of(outcomes: Sequence[Outcome]) -> FitReport | None:
    """The one to tell of a run that they all stand on: of the device that it was taken on; None if none was judged."""
    judged = [outcome for outcome in outcomes if isinstance(outcome, FitReport)]
    return next((report for report in judged if report.case.estimates.on_device), judged[0] if judged else None)


def subject(portfolio: Portfolio) -> str:
    """The model, and for whom."""
    whom = f" for {portfolio.partner.name}" if portfolio.partner else ""
    return clean(portfolio.model.name + whom)


def head(portfolio: Portfolio) -> str:
    """How many cases are ready, and what the others are."""
    return counted([answer(outcome) for outcome in portfolio.outcomes])


def counted(answers: Sequence[str]) -> str:
    """How many answers are READY, and what the others are."""
    counts = Counter(answers)
    ready = f"{counts[Fit.READY.value]} of {several(len(answers), 'case')} READY"
    others = (*(fit.value for fit in _FITS if fit is not Fit.READY), NOT_JUDGED)
    return ", ".join([ready, *(f"{counts[name]} {name}" for name in others if counts[name])])


def summary(portfolio: Portfolio) -> list[str]:
    """The best device for each job; and the criteria that hold most cases back, if few do."""
    jobs: dict[str, list[str]] = {}
    for job, outcomes in by_workload(portfolio.outcomes):
        jobs.setdefault(_best(outcomes), []).append(job.id)
    lines = [
        clean(f"{'every workload' if len(jobs) == 1 and len(ids) > 1 else ', '.join(ids)}: {best}")
        for best, ids in jobs.items()
    ]
    return [*lines, *_holding_back(portfolio.reports)]


def _best(outcomes: Sequence[Outcome]) -> str:
    judged = [outcome for outcome in outcomes if isinstance(outcome, FitReport)]
    if not judged:
        return NOT_JUDGED
    best = min((report.verdict for report in judged), key=_FITS.index)
    those = [report.device.id for report in judged if report.verdict is best]
    if best is Fit.NOT_READY:
        return "NOT READY on any device" if len(judged) > 1 else f"NOT READY on {those[0]}"
    if len(judged) > 1 and len(those) == len(judged):
        return f"{best.value} on every device" + (" that was judged" if len(judged) < len(outcomes) else "")
    where = ", ".join(those) if len(those) <= _MOST_NAMED else f"{len(those)} of {len(judged)} devices"
    return f"at best {best.value}, on {where}" if len(judged) > 1 else f"{best.value} on {where}"


def _holding_back(reports: Sequence[FitReport]) -> Iterator[str]:
    """The fewest criteria that decide most of the cases that are not ready: each would be better without them."""
    decisions = [frozenset(found.criterion for found in deciding(report)) for report in reports]
    wanting = [names for names in decisions if names]
    few = sorted({names for names in wanting if len(names) <= _FEW}, key=lambda names: (len(names), sorted(names)))
    served = [(names, sum(one <= names for one in wanting)) for names in few]
    for names, count in sorted(served, key=lambda each: (len(each[0]), -each[1])):
        if len(wanting) > 1 and 2 * count > len(wanting):
            of = f"all {count}" if count == len(wanting) else f"{count} of the {len(wanting)}"
            them = "it" if len(names) == 1 else "them"
            verb = "alone decides" if len(names) == 1 else "decide"
            ordered = [criterion.name for criterion in CRITERIA if criterion.name in names]
            cases = f"{of} cases that are not READY"
            yield f"{_and(ordered)} {verb} {cases}: settling {them} would make each of these better"
            return


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do about a reason, in those of its cases in which it is the same.

    Attributes:
        text: what to do; DEVICE and WORKLOAD as in a reason.
        where: in which of the reason's cases, in words; "" in all of them.
        then: what comes after it; "" if nothing does.
    """

    text: str
    where: str = ""
    then: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a criterion is not passed, in all the cases in which it is the same.

    Attributes:
        finding: the first of them.
        because: the reason; DEVICE and WORKLOAD stand for those of the case where it is the same but for their names.
        where: which cases, in words.
        steps: what to do; none if there is nothing better than the reason.
    """

    finding: Finding
    because: str
    where: str
    steps: tuple[Step, ...]


def to_do(found: Sequence[Reason]) -> list[tuple[int, Reason, list[str]]]:
    """Reasons, numbered, each with what to do; what is the same as before is told by that reason's number."""
    first_with: dict[str, int] = {}
    measured = False
    told: list[tuple[int, Reason, list[str]]] = []
    for number, reason in enumerate(found, start=1):
        firsts = [first_with.setdefault(step.text, number) for step in reason.steps]
        texts = [
            (step.where, step.text if first == number else f"as for {first}")
            for step, first in zip(reason.steps, firsts, strict=True)
        ]
        if len(set(firsts)) == 1 and firsts[0] != number:  # All of them stand there, each with its cases.
            texts = [("", f"as for {firsts[0]}")]
        told.append((number, reason, [_at(where, text) for where, text in texts]))
        if (then := next((step.then for step in reason.steps if step.then), "")) and not measured:
            told[-1][2].append(then)
            measured = True
    return told


def _at(where: str, text: str) -> str:
    """Where something is to be done; once, though the text may say it itself."""
    place, found, rest = text.partition(": ")
    if not where or (found and place == where):
        return text
    return f"{where}: {rest if found and place == 'on DEVICE' else text}"


def reasons(portfolio: Portfolio) -> list[Reason]:
    """Each reason once, the worst and those of the most cases first."""
    found: dict[tuple[str, Verdict, str], list[tuple[FitReport, Finding]]] = {}
    for report in portfolio.reports:
        for finding in words.open_findings(report):
            key = finding.criterion, finding.verdict, _general(finding.because, report, *_NAMES)
            found.setdefault(key, []).append((report, finding))
    ordered = sorted(found.values(), key=lambda those: (-those[0][1].verdict, -len(those)))
    return [
        Reason(
            those[0][1],
            _common([(finding.because, report) for report, finding in those]),
            _where([report for report, _ in those], portfolio.reports),
            _steps(those),
        )
        for those in ordered
    ]


def _steps(those: Sequence[tuple[FitReport, Finding]]) -> tuple[Step, ...]:
    """What to do in cases with one reason: each step once, for the most cases first."""
    found: dict[str, list[tuple[FitReport, Finding]]] = {}
    for report, finding in those:
        if finding.next_step:
            found.setdefault(_general(finding.next_step, report, *_NAMES), []).append((report, finding))
    reports = [report for report, _ in those]
    return tuple(
        Step(
            _common([(finding.next_step, report) for report, finding in each]),
            "" if len(each) == len(those) else _where([report for report, _ in each], reports),
            _common([(words.after(finding.next_step, report), report) for report, finding in each]),
        )
        for each in sorted(found.values(), key=len, reverse=True)
    )


def _general(text: str, report: FitReport, *names: str) -> str:
    """A text with names in the place of the ids that differ from case to case."""
    for name in names:
        id_ = (report.device if name == "DEVICE" else report.workload).id
        text = re.sub(rf"(?<![\w-]){re.escape(id_)}(?![\w-])", name, text)
    return text


def _common(those: Sequence[tuple[str, FitReport]]) -> str:
    """One text for all of them, as near to their own as can be; "" for none."""
    for names in ((), _NAMES[:1], _NAMES[1:], _NAMES):
        texts = list(dict.fromkeys(_general(text, report, *names) for text, report in those))
        if len(texts) == 1:
            return texts[0]
    return f"{texts[0]} (and so on)" if texts else ""


def _where(those: Sequence[FitReport], every: Sequence[FitReport]) -> str:
    """Cases in words: by device or by job where they are all cases of these."""
    if len(those) == len(every):
        return f"in all {len(every)} cases" if len(every) > 1 else ""
    ids: tuple[tuple[str, Callable[[FitReport], str]], ...] = (
        ("on", lambda report: report.device.id),
        ("for", lambda report: report.workload.id),
    )
    for preposition, id_of in ids:
        names = list(dict.fromkeys(map(id_of, those)))
        if len(those) == sum(id_of(report) in names for report in every):
            return f"{preposition} {_and(names)}"
    pairs = [f"{report.device.id} for {report.workload.id}" for report in those]
    return f"on {_and(pairs)}"


def besides(outcome: Outcome) -> str:
    """What does not pass either in a case, without deciding it, with its numbers; or what to do to have it judged."""
    if isinstance(outcome, NotJudged):
        return clean(f"-> {outcome.next_step}") if outcome.next_step else ""
    decide = deciding(outcome)
    others = [finding for finding in words.open_findings(outcome) if finding not in decide]
    found = "; ".join(
        f"{verdict.text} {', '.join(_in_short(finding) for finding in others if finding.verdict is verdict)}"
        for verdict in dict.fromkeys(finding.verdict for finding in others)
    )
    return f"also {found}" if found else ""
