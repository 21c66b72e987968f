"""Criterion: operators that the device's runtime has."""

from assess.describe.model import Model, OperatorGroup
from assess.describe.runtime import Runtime
from assess.judge.case import Case, NoEvidenceError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict

#: Turned into weights when a model is loaded, by every runtime; there is nothing to run.
_NOT_RUN = ("ai.onnx", "Constant")


@criterion("operators")
def operators(case: Case) -> Finding:
    """Does the device's runtime run every operator of the model?

    Each operator is looked up in the list of the device's preferred runtime, and weighed by its share of the
    multiply-accumulates. One that is not listed falls back to the runtime's fallback (MARGINAL: each change of runtime
    copies tensors), or cannot run at all (FAIL). One that is listed with conditions which are not checked here is
    MARGINAL, with the conditions.
    """
    runtime = case.runtime
    if runtime.operators is None:
        raise NoEvidenceError(f"the operator list of {runtime.name} is not public", "ask its vendor")
    missing = [group for group in _executed(case.model) if runtime.supports(group.type, group.domain) is None]
    if missing:
        return _missing(case, runtime, missing)
    conditions = _conditions(case, runtime)
    if conditions:
        text = f"{runtime.name} lists every operator, {len(conditions)} of them under conditions not checked here"
        step = f"compile the model with {runtime.name} {runtime.version} and read its report"
        return Finding(Verdict.MARGINAL, text, next_step=step, details=tuple(conditions))
    names = {(group.domain, group.type) for group in _executed(case.model)}
    return Finding(Verdict.PASS, f"{runtime.name} {runtime.version} lists all {len(names)} operators")


def _executed(model: Model) -> list[OperatorGroup]:
    return [group for group in model.operators if (group.domain, group.type) != _NOT_RUN]


def _missing(case: Case, runtime: Runtime, missing: list[OperatorGroup]) -> Finding:
    fallback = case.device.fallbacks.get(runtime.fallback)
    if fallback is not None and fallback.operators is None:
        raise NoEvidenceError(f"the operator list of {fallback.name}, the fallback, is not public", "ask its vendor")
    lost = [group for group in missing if fallback is None or fallback.supports(group.type, group.domain) is None]
    share = _share_of_macs(case, missing)
    names = sorted({_spelled(group) for group in missing})
    details = tuple(
        f"{name}: {sum(g.count for g in missing if _spelled(g) == name)} in one inference" for name in names
    )
    if lost:
        gone = ", ".join(sorted({_spelled(group) for group in lost}))
        text = f"{gone}: not in {runtime.name} {runtime.version}, and nothing on the device takes over"
        step = f"replace {gone} by operators that {runtime.name} lists, and export again"
        return Finding(Verdict.FAIL, text, next_step=step, details=details)
    assert fallback is not None
    text = f"{', '.join(names)} fall back to {fallback.name}: {share}"
    step = f"replace {', '.join(names)}, or measure what the change of runtime costs"
    return Finding(Verdict.MARGINAL, text, next_step=step, details=details)


def _conditions(case: Case, runtime: Runtime) -> list[str]:
    lines = []
    for type_, domain in sorted({(group.type, group.domain) for group in _executed(case.model)}):
        support = runtime.supports(type_, domain)
        if support is not None and support.conditions:
            lines.append(f"{type_}: {'; '.join(support.conditions)}")
    return lines


def _share_of_macs(case: Case, groups: list[OperatorGroup]) -> str:
    if any(group.macs is None for group in groups):
        return "their share of the arithmetic is not known"
    macs = sum(group.count * (group.macs or 0) for group in groups)
    return f"{macs / case.model.macs:.1%} of the MACs" if case.model.macs else "no MACs"


def _spelled(group: OperatorGroup) -> str:
    return group.type if group.domain == "ai.onnx" else f"{group.domain}:{group.type}"
