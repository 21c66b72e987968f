"""Criterion: the model runs."""

import shlex

from assess.judge.case import Case, NoEvidenceError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.measure.measurement import Measurement
from assess.project.target import host_name, why_in_any_mode

_STEPS = {
    "refused": "read its message; feed real inputs (--input NAME=FILE.npy), bind other dimensions, or export again",
    "crashed": "run the model with `--optimisation disabled`; if that works, report the crash to ONNX Runtime",
    "hung": "allow more time with --timeout, or look for a Loop that does not end",
    "missing instructions": "show the process the /proc/cpuinfo of its own core (an emulator: -cpu of that number), or "
    "run it in floats: `--optimisation basic`, or the float model",
    "out of memory": "give it more memory with --memory-limit, or a smaller batch with --dim",
}


@criterion("execution")
def execution(case: Case) -> Finding:
    """Does the model run, from loading to its last inference, without failing?

    PASS needs a run on the device itself. A process that crashed, hung, was refused or ran out of memory there is a
    FAIL with its cause; so is a model that was not run, since its kernels need instructions that the core has not. A
    run on another host shows that ONNX Runtime can run the model, no more (MARGINAL), and a failure there leaves it
    open (UNKNOWN, with the cause). On a device that is only announced, and so cannot be bought, the best answer is
    MARGINAL, whatever a host says that it is.
    """
    measurement = case.measurement
    if measurement is None:
        raise NoEvidenceError("nothing was run", case.to_measure)
    here = "" if case.estimates.on_device else f", on a proxy: {host_name(measurement.before)}"
    if here and (any_mode := why_in_any_mode(case.device)):
        here = f"{here}; {any_mode}"
    if failure := measurement.failure:
        return Finding(
            Verdict.FAIL if case.estimates.on_device else Verdict.UNKNOWN,
            f"{failure.kind} in phase {failure.phase!r}: {failure.cause}{here}",
            next_step=_step(measurement, failure.kind),
            details=tuple(failure.detail.splitlines()),
        )
    text = _ran(measurement)
    if case.device.availability == "announced":
        text = f"{text}{here}; {case.device.id} cannot be bought yet: it is announced"
        return Finding(Verdict.MARGINAL, text, next_step="measure it again on a device as it is sold")
    if case.estimates.on_device:
        return Finding(Verdict.PASS, text)
    return Finding(Verdict.MARGINAL, text + here, next_step=case.to_measure)


def _step(measurement: Measurement, kind: str) -> str:
    if measurement.tool_run is not None and kind != "hung":
        return f"read what it said; run it by hand: {shlex.join(measurement.tool_run.command)}"
    return _STEPS[kind] + _fed(measurement)


def _ran(measurement: Measurement) -> str:
    if (tool := measurement.tool_run) is None:
        effective = measurement.effective
        provider = effective.providers[0] if effective and effective.providers else "ONNX Runtime"
        return f"{len(measurement.service_ns)} inferences with {provider}"
    count = tool.statistics.count if tool.statistics else len(measurement.frames)
    text = f"{count} inferences by {tool.title}, not by assess's own harness"
    if tool.is_model:
        return text
    return (
        f"{text}; of {tool.file}, another file than the model" if tool.file else f"{text}; of which file is not known"
    )


def _fed(measurement: Measurement) -> str:
    """Which inputs were made up: they may be what the model does not take."""
    made = [used.name for used in measurement.inputs if used.source == "generated"]
    return f"; generated: {', '.join(made)}" if made else ""
