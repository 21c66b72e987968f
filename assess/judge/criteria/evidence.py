"""Criterion: evidence as strong as the partner demands."""

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict


@criterion
def evidence(case: Case) -> Finding:
    """Is the evidence for latency and memory as strong as the partner's policy demands?

    A policy may demand that both were measured on the device itself; without that the answer is UNKNOWN, since a
    measurement would settle it.
    """
    if case.partner is None:
        raise NotAskedError("no partner was named (--partner)")
    demanded = case.partner.policy.evidence
    if demanded == "measured" and not case.estimates.on_device:
        raise NoEvidenceError(
            f"{case.partner.id} demands a measurement on the device; this is not one: {case.estimates.proxy}",
            case.to_measure,
        )
    return Finding("evidence", Verdict.PASS, f"{case.partner.id} accepts {demanded} evidence")
