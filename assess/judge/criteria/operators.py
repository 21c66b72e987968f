"""Criterion: operators that the device's runtime has."""

from assess.describe.model import Model, OperatorGroup
from assess.describe.runtime import OperatorSupport, Runtime
from assess.judge.case import Case, NoEvidenceError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict

#: Turned into weights when a model is loaded, by every runtime; there is nothing to run.
_NOT_RUN = ("ai.onnx", "Constant")


@criterion("operators")
def operators(case: Case) -> Finding:
    """Does the device's runtime run every operator of the model?

    Each operator is looked up in the list of the device's preferred runtime, as the model's operator set has it, and
    weighed by its share of the multiply-accumulates. One that is not listed, or not in that version, falls back to the
    runtime's fallback (MARGINAL: each change of runtime copies tensors), or cannot run at all (FAIL). One that is
    listed with conditions which are not checked here is MARGINAL, with the conditions.
    """
    runtime = case.runtime
    if runtime.operators is None:
        raise NoEvidenceError(f"the operator list of {runtime.name} is not public", "ask its vendor")
    missing = [group for group in _executed(case.model) if _support(case.model, runtime, group) is None]
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


def _support(model: Model, runtime: Runtime, group: OperatorGroup) -> OperatorSupport | None:
    return runtime.supports(group.type, group.domain, model.opsets.get(group.domain))


def _missing(case: Case, runtime: Runtime, missing: list[OperatorGroup]) -> Finding:
    fallback = case.device.fallbacks.get(runtime.fallback)
    if fallback is not None and fallback.operators is None:
        raise NoEvidenceError(f"the operator list of {fallback.name}, the fallback, is not public", "ask its vendor")
    lost = [group for group in missing if fallback is None or _support(case.model, fallback, group) is None]
    whys = {_spelled(group): _why(case.model, runtime, group) for group in missing}
    counts = {name: sum(group.count for group in missing if _spelled(group) == name) for name in sorted(whys)}
    details = tuple(
        f"{name}: {f'{whys[name]}; ' if whys[name] else ''}{count} in one inference" for name, count in counts.items()
    )
    if lost:
        gone = {_spelled(group): whys[_spelled(group)] for group in lost}
        text = f"{_grouped(gone)}: not in {runtime.name} {runtime.version}, and nothing on the device takes over"
        step = f"replace {', '.join(sorted(gone))} by operators that {runtime.name} lists, and export again"
        step = _another_opset(case.model, runtime, lost) or step
        return Finding(Verdict.FAIL, text, next_step=step, details=details)
    assert fallback is not None
    text = f"{_grouped(whys)} fall back to {fallback.name}: {_share_of_macs(case, missing)}"
    step = f"replace {', '.join(sorted(whys))}, or measure what the change of runtime costs"
    step = _another_opset(case.model, runtime, missing) or step
    return Finding(Verdict.MARGINAL, text, next_step=step, details=details)


def _why(model: Model, runtime: Runtime, group: OperatorGroup) -> str:
    """Why a listed operator is not there for the model; empty if it is not listed at all."""
    listed = runtime.listed(group.type, group.domain)
    return f"{listed.opsets}, the model has {model.opsets[group.domain]}" if listed is not None else ""


def _grouped(whys: dict[str, str]) -> str:
    """Names of operators, those of one reason together with it."""
    groups = []
    for why in sorted(set(whys.values())):
        names = ", ".join(sorted(name for name in whys if whys[name] == why))
        groups.append(f"{names} ({why})" if why else names)
    return "; ".join(groups)


def _another_opset(model: Model, runtime: Runtime, missing: list[OperatorGroup]) -> str:
    """To export in an operator set where the runtime has all that is missing, and all else too; empty if none is."""
    domains = {group.domain for group in missing}
    known = [runtime.listed(group.type, group.domain) for group in missing]
    if len(domains) != 1 or None in known:
        return ""
    (domain,) = domains
    others = [group for group in _executed(model) if group.domain == domain and _support(model, runtime, group)]
    within = [*known, *(runtime.listed(group.type, domain) for group in others)]
    first = max(one.min_opset or 1 for one in within if one)
    last = min(one.max_opset or max(first, model.opsets[domain]) for one in within if one)
    if first > last:
        return ""
    what = "operator set" if domain == "ai.onnx" else f"operator set of {domain}"
    return f"export with {what} {last}, whose kernels {runtime.name} {runtime.version} has"


def _conditions(case: Case, runtime: Runtime) -> list[str]:
    lines = []
    for group in {(one.type, one.domain): one for one in _executed(case.model)}.values():
        support = _support(case.model, runtime, group)
        if support is not None and support.conditions:
            lines.append(f"{group.type}: {'; '.join(support.conditions)}")
    return sorted(lines)


def _share_of_macs(case: Case, groups: list[OperatorGroup]) -> str:
    if any(group.macs is None for group in groups):
        return "their share of the arithmetic is not known"
    macs = sum(group.count * (group.macs or 0) for group in groups)
    return f"{macs / case.model.macs:.1%} of the MACs" if case.model.macs else "no MACs"


def _spelled(group: OperatorGroup) -> str:
    return group.type if group.domain == "ai.onnx" else f"{group.domain}:{group.type}"
