"""Criterion: outputs that are numbers."""

from __future__ import annotations

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.measure.measurement import Measurement
from assess.measure.passes.outputs import AGAIN, NotFinite, OutputFacts

#: Inputs that no sensor gives: what comes of them is a warning only.
_UNUSUAL = frozenset({"zeros", "ones", "denormals", "extremes"})


@criterion("numerics")
def numerics(case: Case) -> Finding:
    """Are all outputs finite numbers?

    The model is fed the run's own inputs, noise of other seeds, the card's samples, and inputs that are all zeros,
    ones, denormals, or at the ends of the card's ranges. NaN or an infinity for real inputs, given or the card's, is a
    FAIL, also on another host, since it follows from the model's own arithmetic. For generated ones it is UNKNOWN: they
    may be what the model never sees. If only the last four give one, it is MARGINAL. Whether outputs
    for the same inputs are the same bit by bit - in one session, in two, with other numbers of threads - is told with
    it. PASS needs a run on the device: it may compute in another precision.
    """
    measurement, facts = _looked(case)
    same = _determinism(facts)
    details = tuple(f"{each.output!r} fed {each.variant}: {_counted(each)}" for each in facts.not_finite)
    real = [each for each in facts.not_finite if each.variant not in _UNUSUAL]
    if real:
        names = ", ".join(dict.fromkeys(repr(each.output) for each in real))
        text = f"{names} with {_fed(real)}: {_counted(real[0])}; {same}"
        known = any(_is_known(measurement, each.variant) for each in real)
        verdict = Verdict.FAIL if known else Verdict.UNKNOWN
        return Finding(verdict, text, next_step=_step(measurement), details=details)
    if facts.not_finite:
        names = ", ".join(dict.fromkeys(repr(each.output) for each in facts.not_finite))
        text = f"{names} only with {_fed(facts.not_finite)}: {_counted(facts.not_finite[0])}; {same}"
        step = "clamp what is divided by or taken the logarithm of, or make sure that no such frame is fed"
        return Finding(Verdict.MARGINAL, text, next_step=step, details=details)
    tried = sum(1 for each in facts.variants if not each.absent and each.name != AGAIN)
    text = f"with {tried} kind{'s' * (tried != 1)} of inputs; {same}"
    if case.estimates.on_device:
        return Finding(Verdict.PASS, text)
    return Finding(Verdict.MARGINAL, f"{text}; on another host", next_step=case.to_measure)


def _looked(case: Case) -> tuple[Measurement, OutputFacts]:
    measurement = case.measurement
    if measurement is None:
        raise NoEvidenceError("nothing was run", case.to_measure)
    if measurement.outputs is None:
        if "outputs" not in measurement.absent:
            raise NotAskedError("the run did not look at the outputs")
        step = f"repeat: {case.to_measure}" if measurement.tool_run is None else case.to_look
        raise NoEvidenceError(measurement.absent["outputs"], step)
    return measurement, measurement.outputs


def _is_known(measurement: Measurement, variant: str) -> bool:
    """Whether such inputs occur: the card's samples and ranges, and files that were given."""
    sources = {used.source for used in measurement.inputs}
    if variant.startswith("seed "):
        return sources <= {"card"}
    return variant == "card" or "generated" not in sources


def _determinism(facts: OutputFacts) -> str:
    differ = [facts.compared.get(name, name) for name, same in facts.deterministic.items() if not same]
    if differ:
        return f"not the same bit by bit in {', '.join(differ)}"
    told = [facts.compared.get(name, name) for name in facts.deterministic]
    return f"the same bit by bit in {', '.join(told)}" if told else "not compared bit by bit"


def _fed(found: list[NotFinite] | tuple[NotFinite, ...]) -> str:
    names = list(dict.fromkeys(each.variant for each in found))
    return ", ".join("the run's own inputs" if name == "run" else name for name in names)


def _counted(found: NotFinite) -> str:
    kinds = [f"{count} {name}" for count, name in ((found.nan, "NaN"), (found.infinite, "infinite")) if count]
    return f"{' and '.join(kinds)} of {found.of}"


def _step(measurement: Measurement) -> str:
    made = [used.name for used in measurement.inputs if used.source == "generated"]
    if made:
        return f"feed real inputs (--input NAME=FILE.npy): these were generated: {', '.join(made)}"
    return "look for an overflow, a division by zero or a logarithm of zero, and export the model again"
