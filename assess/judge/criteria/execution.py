"""Criterion: the model runs."""

from assess.judge.case import Case, NoEvidenceError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.project.target import host_name

_STEPS = {
    "refused": "read ONNX Runtime's message below; export the model again, or name the dimensions that it wants",
    "crashed": "run the model with `--optimisation disabled`; if that works, report the crash to ONNX Runtime",
    "hung": "allow more time with --timeout, or look for a Loop that does not end",
    "out of memory": "give it more memory with --memory-limit, or a smaller batch with --dim",
}


@criterion
def execution(case: Case) -> Finding:
    """Does the model run, from loading to its last inference, without failing?

    PASS needs a run on the device itself. A run on another host shows that ONNX Runtime can run the model, no more. A
    process that crashed, hung, was refused or ran out of memory is a FAIL with its cause.
    """
    measurement = case.measurement
    if measurement is None:
        raise NoEvidenceError("nothing was run", case.to_measure)
    if failure := measurement.failure:
        return Finding(
            "execution",
            Verdict.FAIL,
            f"{failure.kind} in phase {failure.phase!r}: {failure.cause}",
            next_step=_STEPS[failure.kind],
            details=tuple(failure.detail.splitlines()),
        )
    effective = measurement.effective
    provider = effective.providers[0] if effective and effective.providers else "ONNX Runtime"
    text = f"{len(measurement.service_ns)} inferences with {provider}"
    if case.estimates.on_device:
        return Finding("execution", Verdict.PASS, text)
    text = f"{text}, on a proxy: {host_name(measurement.before)}"
    return Finding("execution", Verdict.MARGINAL, text, next_step=case.to_measure)
