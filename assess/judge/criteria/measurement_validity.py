"""Criterion: a measurement that may be judged."""

from assess.judge.case import Case, NoEvidenceError, NotAskedError
from assess.judge.criterion import criterion
from assess.judge.finding import Finding, Verdict
from assess.measure.tool_run import ToolRun
from assess.measure.validity import let_pass


@criterion("measurement validity")
def measurement_validity(case: Case) -> Finding:
    """Is the measurement on the device one that may be judged?

    Asked of a run on the device itself: enough samples, no drift, a CPU that was not shared, the provider that was
    asked for. An invalid measurement says nothing about the model: all that stands on it is UNKNOWN. Of a vendor's tool
    that tells statistics only nobody can tell whether it drifted: MARGINAL at best.
    """
    measurement = case.measurement
    if measurement is None or not case.estimates.on_device:
        raise NotAskedError("no measurement was taken on the device")
    if case.estimates.invalid:
        raise NoEvidenceError("; ".join(case.estimates.invalid), _step(case))
    count, required = len(measurement.frames), case.workload.requires
    if (tool := measurement.tool_run) is not None:
        return _of_a_tool(tool, count)
    if passed := let_pass(measurement, case.workload.deadline_s, required.percentile):
        return Finding(Verdict.PASS, f"{count} samples; let pass, so far below the deadline: {'; '.join(passed)}")
    return Finding(Verdict.PASS, f"{count} samples, steady, on a host of its own")


def _of_a_tool(tool: ToolRun, count: int) -> Finding:
    if tool.statistics is not None:
        text = f"{tool.statistics.count} samples, of which {tool.title} tells statistics only: they may have drifted"
        return Finding(Verdict.MARGINAL, text, next_step="time it with a tool that tells single latencies")
    text = f"{count} samples by {tool.title}, steady; whether they waited for a processor it does not tell"
    return Finding(Verdict.PASS, text)


def _step(case: Case) -> str:
    few = any(reason.startswith("too few") for reason in case.estimates.invalid)
    how = "allow it more time with --timeout" if few else "quieten the host"
    return f"{how}, and repeat: {case.to_measure}"
