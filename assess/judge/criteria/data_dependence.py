"""Criterion: an inference's time whatever it is fed."""

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.measure.passes.outputs import FAST_NS, OutputFacts
from assess.units import format_quantity


@criterion("data dependence")
def data_dependence(case: Case) -> Finding:
    """Does an inference take the same time whatever it is fed?

    The run's own inputs, noise of other seeds, zeros, ones, denormals, the ends of the card's ranges and its samples
    are timed in alternation. A spread over 10 % - 20 % below 200 us, as in MLPerf's TEST04 - is MARGINAL: the latency
    that was measured is one of several. Where the run's own inputs, timed twice, differ by more than that, nothing can
    be told. PASS needs a run on the device.
    """
    measurement = case.measurement
    if measurement is None:
        raise NoEvidenceError("nothing was run", case.to_measure)
    facts = measurement.outputs
    if facts is None:
        if "outputs" not in measurement.absent:
            raise NotAskedError("the run did not try other inputs")
        step = f"repeat: {case.to_measure}" if measurement.tool_run is None else case.to_look
        raise NoEvidenceError(measurement.absent["outputs"], step)
    spread, noise = facts.spread, facts.noise
    if spread is None or noise is None:
        raise NoEvidenceError(facts.absent.get("timing", "too few inputs were timed"), "feed several inputs of the job")
    if noise > facts.threshold:
        text = f"the same inputs timed twice differ by {noise:.0%}, more than the {facts.threshold:.0%} looked for"
        raise NoEvidenceError(text, f"quieten the host, and repeat: {case.to_measure}")
    details = tuple(
        f"{each.name}: {format_quantity(each.service_ns * 1e-9, 's')}, {each.ratio:.2f} of the run's own"
        for each in facts.timed
        if each.service_ns is not None and each.ratio is not None
    )
    details += tuple(f"{each.name}: not tried: {each.absent}" for each in facts.variants if each.absent)
    text = f"{_extremes(facts)}; the same inputs timed twice differ by {noise:.1%}"
    if spread > facts.threshold:
        return Finding(Verdict.MARGINAL, text, next_step=_step(facts), details=details)
    if case.estimates.on_device:
        return Finding(Verdict.PASS, text, details=details)
    return Finding(Verdict.MARGINAL, f"{text}; on another host", next_step=case.to_measure, details=details)


def _extremes(facts: OutputFacts) -> str:
    ordered = sorted(facts.timed, key=lambda each: each.ratio or 0.0)
    fast, slow = ordered[0], ordered[-1]
    small = f", of an inference below {format_quantity(FAST_NS * 1e-9, 's')}" if facts.threshold != 0.1 else ""
    return f"{slow.name} takes {facts.spread:.1%} longer than {fast.name} (looked for: {facts.threshold:.0%}{small})"


def _step(facts: OutputFacts) -> str:
    slowest = max(facts.timed, key=lambda each: each.ratio or 0.0)
    if slowest.name == "denormals":
        return 'flush denormals (session option "session.set_denormal_as_zero" = "1"), or keep them out of the inputs'
    return "measure with the slowest inputs that the job has: --input NAME=FILE.npy"
