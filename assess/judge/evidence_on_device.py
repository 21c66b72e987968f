"""A valid run on the device itself, or why there is none: what criteria need that nothing else can tell."""

from __future__ import annotations

from assess.judge.case import Case, NoEvidenceError
from assess.measure.measurement import Measurement


def on_schedule(case: Case, measurement: Measurement) -> Measurement:
    """A run that kept the job's schedule, if the job has one.

    Raises:
        NoEvidenceError: a vendor's tool ran the model, one inference after the other.
    """
    if measurement.tool_run is not None and case.workload.scenario.is_open:
        why = f"{measurement.tool_run.name} runs one inference after the other"
        raise NoEvidenceError(measurement.absent.get("schedule", why), in_the_application(case))
    return measurement


def in_the_application(case: Case) -> str:
    """What answers a question on the job's schedule that a vendor's tool cannot."""
    providers = [runtime.provider for runtime in case.device.runtimes if runtime.provider]
    if providers:
        return f"let assess's own harness run it, which keeps the schedule: --provider {providers[0]}, no --runner"
    return "time it in the application, from the release of each frame to its output"


def with_frames(measurement: Measurement) -> Measurement:
    """A run whose single latencies are known.

    Raises:
        NoEvidenceError: it was taken by a tool that tells statistics only.
    """
    if measurement.tool_run is not None and measurement.tool_run.statistics is not None:
        why = f"{measurement.tool_run.name} tells statistics of its latencies"
        raise NoEvidenceError(measurement.absent.get("frames", why), "time it with a tool that tells single latencies")
    return measurement


def valid_run_on_device(case: Case) -> Measurement:
    """The case's measurement.

    Raises:
        NoEvidenceError: nothing was run on the device, or the measurement may not be judged.
    """
    if case.measurement is None or not case.estimates.on_device:
        raise NoEvidenceError(f"only a run on {case.device.id} itself can tell", case.to_measure)
    if case.estimates.invalid:
        raise NoEvidenceError(f"the measurement is not valid: {'; '.join(case.estimates.invalid)}", case.to_measure)
    return case.measurement
