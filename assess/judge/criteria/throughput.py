"""Criterion: inferences a second."""

from assess.judge.advice import faster
from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.evidence_on_device import valid_run_on_device
from assess.judge.finding import Finding, Verdict, compare, unread_of
from assess.judge.job_limit import job_limit
from assess.measure.tool_run import ToolRun
from assess.project.estimate import Estimate, Rung


@criterion("throughput")
def throughput(case: Case) -> Finding:
    """Does the device make as many inferences a second as the job needs, at any of its batch sizes?

    From a run on the device itself. A workload of kind offline tries its batches; for any other the frames that were
    served over the whole span count.
    """
    required = case.workload.requires.throughput
    if required is None:
        raise NotAskedError(f"{case.workload.id} sets no throughput")
    measurement = valid_run_on_device(case)
    best = measurement.offline.best if measurement.offline else None
    if measurement.tool_run is not None:
        rate, basis = _by_tool(measurement.tool_run, len(measurement.frames))
    elif best is not None and best.throughput is not None:
        rate, basis = best.throughput, f"batch of {best.batch}, {len(best.frames)} runs"
    else:
        frames = measurement.frames
        rate, basis = len(frames) * 1e9 / frames.span_ns, f"{len(frames)} frames one by one"
    found = Estimate(rate, rate, "Hz", Rung.MEASURED, basis)
    limit = job_limit(case, required, "Hz", f"at least this, by {case.workload.id}", is_least=True)
    verdict = compare(found, limit)
    step = "" if verdict is Verdict.PASS else unread_of(found, limit) or faster(case)
    return Finding(verdict, basis, found, limit, step)


def _by_tool(tool: ToolRun, frames: int) -> tuple[float, str]:
    """By the wall time that a tool tells: its latencies leave out what passes between them."""
    if not tool.span_s:
        why = f"{tool.name} does not tell how long its inferences took altogether"
        raise NoEvidenceError(why, "count the inferences of a minute")
    count = tool.statistics.count if tool.statistics else frames
    return count / tool.span_s, f"{count} inferences one by one, by {tool.title}"
