"""Criterion: the age of an output when it is used."""

from assess.judge.advice import faster
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.evidence_on_device import on_schedule, valid_run_on_device
from assess.judge.finding import Finding, Verdict, compare, unread_of
from assess.judge.job_limit import job_limit
from assess.judge.timing import output_age
from assess.project.estimate import Estimate, Rung


@criterion("output age")
def output_age_(case: Case) -> Finding:
    """Is the output that a consumer finds young enough?

    At each release the newest finished output is read; its age is counted from the release of the frame that it stands
    on, so that dropped and late frames show. From p99 to the oldest that was read; only a run on the device can tell.
    """
    required = case.workload.requires.age
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no age")
    measurement = on_schedule(case, valid_run_on_device(case))
    frames = measurement.frames
    found = output_age(frames.scheduled_ns, frames.done_ns, frames.dropped_ns)
    if not case.workload.scenario.is_open or found is None:
        raise NoEvidenceError("outputs have an age only where frames are released by a schedule", "give the job a rate")
    basis = f"p99 to the oldest of {found.reads} reads"
    seen = Estimate(found.p99_ns * 1e-9, found.max_ns * 1e-9, "s", Rung.MEASURED, basis)
    limit = job_limit(case, required, "s", f"age of {case.workload.id}")
    verdict = compare(seen, limit)
    step = "" if verdict is Verdict.PASS else unread_of(seen, limit) or faster(case)
    return Finding(verdict, basis, seen, limit, step)
