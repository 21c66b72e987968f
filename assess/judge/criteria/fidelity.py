"""Criterion: fidelity to the teacher."""

import math

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict, compare, unread_of
from assess.judge.job_limit import job_limit
from assess.measure.fidelity import Fidelity
from assess.project.estimate import Estimate, Rung
from assess.project.skill import Interval, mean, retained


@criterion("fidelity")
def fidelity(case: Case) -> Finding:
    """Does the model keep as much of its teacher's skill as the job demands?

    The model, its teacher and what needs no model do the same items of the task that the card names. 0 is chance, 1 is
    the teacher; the 95 % interval is judged (Fieller's, and what items without a difference leave open). PASS needs a
    run on the device, whose runtime may compute otherwise. An int8 model that is evaluated on x86 without VNNI may be
    better than it seems there: then a FAIL is UNKNOWN.
    """
    floor, measurement = case.workload.requires.fidelity, case.measurement
    found = measurement.fidelity if measurement else None
    if found is None:
        why = measurement.absent.get("fidelity", "") if measurement else ""
        if floor is None and not why:
            raise NotAskedError(f"{case.workload.id} demands none")
        step = "mend that; then fit --fidelity" if why else "name the task in the model's card; then fit --fidelity"
        raise NoEvidenceError(why or "it was not evaluated", step)
    score = mean(found.model, found.unit).spelled(found.unit)
    said = f"{found.metric} {score} in {len(found.model)} {found.item}s of {found.task}"
    if not found.teacher:
        if floor is None:
            return Finding(Verdict.NOT_ASKED, f"{said}; {case.workload.id} demands none")
        raise NoEvidenceError(f"{said}; nobody knows how its teacher does", "put the teacher's answers into the data")
    kept = retained(found.model, found.teacher, found.chance, higher_is_better=found.higher_is_better)
    if floor is None:
        return Finding(Verdict.NOT_ASKED, f"{said}; keeps {kept.spelled('1')}; {case.workload.id} demands none")
    return _judged(case, said, kept, floor, found)


def _judged(case: Case, said: str, kept: Interval, floor: float, found: Fidelity) -> Finding:
    if not (math.isfinite(kept.low) and math.isfinite(kept.high)):
        better = (mean(found.teacher, "").value > mean(found.chance, "").value) is found.higher_is_better
        step = "evaluate on more items" if better else "look whether 'expected' and 'teacher' mean the same"
        raise NoEvidenceError(f"{said}; the teacher is not clearly better than chance", step)
    on_device = case.estimates.on_device
    share = Estimate(kept.low, kept.high, "1", Rung.MEASURED if on_device else Rung.PROJECTED, said)
    limit = job_limit(case, floor, "1", f"floor of {case.workload.id}", is_least=True)
    verdict = compare(share, limit)
    if found.caution and verdict is Verdict.FAIL:
        return Finding(Verdict.UNKNOWN, f"{said}; {found.caution}", share, limit, next_step=case.to_measure)
    if verdict is Verdict.PASS:
        return Finding(verdict, said, share, limit)
    step = "take a larger variant, or distil longer" if verdict is Verdict.FAIL else case.to_measure
    if verdict is Verdict.MARGINAL and on_device:
        step = unread_of(share, limit) or "evaluate on more items: the interval holds the floor"
    where = "" if on_device else "; on another host"
    return Finding(verdict, f"{said}{where}", share, limit, next_step=step)
