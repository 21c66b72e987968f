"""Limits that come from the job, which are no better known than the number that decides in it."""

from __future__ import annotations

from assess.judge.case import Case
from assess.judge.finding import Finding, Limit, Verdict

#: Of what people remember and nobody read.
_RECALLED = "R"


def job_limit(case: Case, value: float, unit: str, what: str, *, is_least: bool = False) -> Limit:
    """A limit that the job sets; uncertain, and said to be, where its deciding number is recalled."""
    unread = _to_read(case)
    return Limit(value, unit, f"{what}, recalled" if unread else what, bool(unread), is_least, to_read=unread)


def passed(case: Case, text: str) -> Finding:
    """That the job's demand is met, where it is not one limit; MARGINAL where its deciding number is recalled."""
    if unread := _to_read(case):
        return Finding(Verdict.MARGINAL, f"{text}; what {case.workload.id} demands is recalled", next_step=unread)
    return Finding(Verdict.PASS, text)


def _to_read(case: Case) -> str:
    if case.workload.grade != _RECALLED:
        return ""
    return f"read what the job demands in a source, and write it with its grade into {case.workload.id}"
