"""Criterion: the energy of one inference."""

import math

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.evidence_on_device import valid_run_on_device
from assess.judge.finding import Finding, Verdict, compare, unread_of
from assess.judge.job_limit import job_limit
from assess.measure.energy import Energy
from assess.measure.sensors import SENSORS
from assess.project.estimate import Estimate, Rung


@criterion("energy")
def energy(case: Case) -> Finding:
    """Does one inference take no more energy than the job grants?

    From the sensors of the device, read in the very run that gave the latency: the one that sees the whole machine or,
    where there is none, the one that saw most. The range begins at what the inference added to the idle machine, where
    that was read. It ends at all that was spent, where the whole was seen; a part of it bounds from below only.
    """
    required = case.workload.requires.energy
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no energy")
    measurement = valid_run_on_device(case)
    if not measurement.energy:
        told = (f"{name}: {why}" for name, why in measurement.absent.items() if name.startswith(tuple(SENSORS)))
        why = "; ".join(told) or measurement.absent.get("energy", "no sensor told")
        raise NoEvidenceError(why, f"measure with a power meter at the supply of {case.device.id}")
    most = max(measurement.energy, key=lambda each: (each.is_whole, each.joules))
    high = most.joules_per_inference if most.is_whole else math.inf
    seen = Estimate(_least(most), high, "J", Rung.MEASURED, f"{most.sensor}: {most.covers}")
    limit = job_limit(case, required, "J", f"energy of {case.workload.id}")
    verdict = compare(seen, limit)
    less = "a smaller student, INT8, or a lower power mode of the device"
    step = "" if verdict is Verdict.PASS else unread_of(seen, limit) or less
    return Finding(verdict, f"{seen.basis}; {most.how}", seen, limit, step)


def _least(found: Energy) -> float:
    above = found.above_idle_joules_per_inference
    return 0.0 if above is None else max(0.0, min(above, found.joules_per_inference))
