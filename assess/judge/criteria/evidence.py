"""Criterion: evidence as strong as the partner demands."""

from typing import Final

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.project.estimate import Rung
from assess.project.estimates import Name

#: What a policy's demand is about.
_JUDGED: Final[tuple[Name, ...]] = ("latency", "memory")


@criterion("evidence")
def evidence(case: Case) -> Finding:
    """Is the evidence for latency and memory as strong as the partner's policy demands?

    A policy may demand that both were measured on the device itself; without that the answer is UNKNOWN, since a
    measurement would settle it.
    """
    if case.partner is None:
        raise NotAskedError("no partner was named (--partner)")
    demanded = case.partner.policy.evidence
    known = case.estimates.known
    weaker = [name for name in _JUDGED if name not in known or known[name].rung is not Rung.MEASURED]
    if demanded == "measured" and weaker:
        why = case.estimates.proxy or case.estimates.absent.get(weaker[0], "")
        name_it = f"add [identity] to the profile of {case.device.id}, then measure"
        raise NoEvidenceError(
            f"{case.partner.id} demands that {' and '.join(weaker)} be measured on the device: {why}",
            case.to_measure if case.device.identity else name_it,
        )
    return Finding(Verdict.PASS, f"{case.partner.id} accepts {demanded} evidence")
