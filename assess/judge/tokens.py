"""Times of tokens against a limit, for the criteria that ask about them."""

from __future__ import annotations

from collections.abc import Sequence

from assess.judge.advice import faster
from assess.judge.case import Case, NoEvidenceError
from assess.judge.evidence_on_device import valid_run_on_device
from assess.judge.finding import Finding, Limit, Verdict, compare, unread_of
from assess.measure.scenarios.generate import Generation
from assess.project.estimate import Estimate, Rung
from assess.project.quantile import CONFIDENCE, quantile_range


def generation_of(case: Case) -> Generation:
    """The text that was generated on the device.

    Raises:
        NoEvidenceError: there is none.
    """
    generation = valid_run_on_device(case).generation
    if generation is None:
        raise NoEvidenceError("no text was generated", "give the workload a scenario of kind 'generate'")
    return generation


def judged(case: Case, times_ns: Sequence[int], what: str, limit: Limit) -> Finding:
    """Times at the job's percentile against a limit.

    Raises:
        NoEvidenceError: there are no times.
    """
    if not times_ns:
        raise NoEvidenceError("none was generated", case.to_measure)
    percentile = case.workload.requires.percentile
    low, high = quantile_range([ns * 1e-9 for ns in times_ns], percentile)
    basis = f"p{percentile:g} of {len(times_ns)} {what}, {CONFIDENCE:.0%} confidence each way"
    found = Estimate(low, high, "s", Rung.MEASURED, basis)
    verdict = compare(found, limit)
    more = unread_of(found, limit) or f"{case.to_measure} --tier certify"
    step = {Verdict.PASS: "", Verdict.FAIL: faster(case)}.get(verdict, more)
    return Finding(verdict, basis, found, limit, step)
