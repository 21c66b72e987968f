"""A valid run on the device itself, or why there is none: what criteria need that nothing else can tell."""

from __future__ import annotations

from assess.judge.case import Case, NoEvidenceError
from assess.measure.measurement import Measurement


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
