"""Many cases in one table: a line each, with what decides it."""

from __future__ import annotations

from collections.abc import Sequence

from assess.judge.fit_report import FitReport
from assess.report import words


def matrix(reports: Sequence[FitReport]) -> str:
    """One line per case: verdict, device, job, and the criterion that decides."""
    rows = [("verdict", "device", "workload", "decided by")]
    rows += [
        (r.verdict.value, r.case.device.id, r.case.workload.id, _decided_by(r))
        for r in reports
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join(
        f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d}".rstrip() + "\n" for a, b, c, d in rows
    )


def _decided_by(report: FitReport) -> str:
    wanting = words.open_findings(report)
    if not wanting:
        return "every criterion passes"
    deciding = [finding for finding in wanting if finding.verdict == wanting[0].verdict]
    return ", ".join(
        f"{f.criterion} ({words.found(f)} of {words.limit(f)})" if f.found and f.limit else f.criterion
        for f in deciding
    )
