"""Criterion: misses, certified."""

from assess.judge.advice import faster
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.deadline import DeadlineRecord, deadline_record
from assess.judge.evidence_on_device import on_schedule, valid_run_on_device, with_frames
from assess.judge.finding import Finding, Limit, Verdict, compare
from assess.judge.job_limit import passed
from assess.judge.weakly_hard import SHARE


@criterion("deadline misses")
def deadline_misses(case: Case) -> Finding:
    """Is it certified that no more frames miss the deadline than the job allows, however they cluster?

    Asked of a run on the device itself; of any, if the job has a contract on misses. A frame misses if its output is
    late, counted from the release, or if it was never served. Certified is, with 99 % confidence, that no more frames
    miss than the job's percentile leaves; misses that come in bursts count as episodes, since the plain count certifies
    falsely when they cluster. A run that drifts is not certified. If the job has a contract on misses (at most m in any
    k frames), the run must have kept it, in so many windows of k frames that fewer than 1 % of all break it.
    """
    if case.workload.deadline_s is None:
        raise NotAskedError(f"{case.workload.id} has no deadline")
    off_device = case.measurement is None or not case.estimates.on_device
    if off_device and case.workload.requires.misses is None:
        raise NotAskedError("no measurement was taken on the device")
    run = with_frames(on_schedule(case, valid_run_on_device(case)))
    record = deadline_record(run, case.workload)
    if record is None:
        raise NoEvidenceError("no frame was served", case.to_measure)
    return _judged(case, record)


def _judged(case: Case, record: DeadlineRecord) -> Finding:
    found, kept = record.certificate, record.contract
    counted = (
        f"{found.misses} of {found.frames} frames missed ({record.dropped} dropped, {record.late} late, "
        f"at most {found.longest_run} in a row)"
    )
    certify = f"{case.to_measure} --tier certify"
    late = Limit(record.deadline_s, "s", f"deadline of {case.workload.id}")
    if compare(case.estimate("latency"), late) is Verdict.FAIL:
        text = f"{counted}, more than the {100 - found.percentile:g} % that may"
        return Finding(Verdict.FAIL, text, next_step=faster(case))
    if kept is not None and kept.verdict == "broken":
        return Finding(Verdict.FAIL, f"{counted}: the contract is broken", next_step=faster(case))
    if record.drift:
        return Finding(Verdict.MARGINAL, f"{counted}; not certified: {record.drift}", next_step=certify)
    allowed = 100.0 - found.percentile
    if not found.certified:
        plain = "certified only if misses are independent" if found.certified_iid else "not certified"
        lacking = f"it takes {found.more} more frames without a miss"
        text = f"{counted}; {plain} that at most {allowed:g} % miss: {lacking}"
        return Finding(Verdict.MARGINAL, text, next_step=certify)
    text = f"{counted}; certified that at most {allowed:g} % miss, provided that {found.assumption}"
    if kept is None:
        return passed(case, text)
    windows = f"at most {kept.share_bound:.1%} of all windows break it, with 99% confidence if they are independent"
    text = f"{text}; the contract was kept in this run, and {windows}"
    if kept.more:
        text = f"{text}; {kept.more} more frames would bring that below {SHARE:.0%}"
        return Finding(Verdict.MARGINAL, text, next_step=certify)
    return passed(case, text)
