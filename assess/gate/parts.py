"""What every kind of gate does in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from assess import __version__
from assess.describe.model import Model
from assess.describe.workload import Job
from assess.gate.plan import GatePlan
from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.exact import compare_facts
from assess.judge.gate.report import GateReport, PairChange
from assess.measure.lockstep import Pair
from assess.project.lockstep import LATENCIES, change


def static(baseline: Model, candidate: Model, plan: GatePlan) -> list[Comparison]:
    """What the two files alone tell, on any machine."""
    return plan.wanted(compare_facts(baseline, candidate))


def other_inputs(baseline: Model, candidate: Model) -> bool:
    """Whether nothing can be fed to both."""
    ours, theirs = ([(port.name, port.dtype, port.shape) for port in each.inputs] for each in (baseline, candidate))
    return ours != theirs


def not_comparable(metrics: Iterable[str], why: str) -> list[Comparison]:
    """Each of the metrics, of which nothing is told."""
    return [Comparison(metric, GateVerdict.NOT_COMPARABLE, why) for metric in metrics]


def report(
    baseline: Model,
    candidate: Model,
    job: Job | None,
    found: Sequence[Comparison],
    *,
    pairs: Sequence[Pair] = (),
    **more: Any,
) -> GateReport:
    """The report; `more` are fields of its own."""
    changes = [
        PairChange(pair.placebo, pair.baseline_led, {metric: change(pair, metric) for metric in LATENCIES})
        for pair in pairs
    ]
    return GateReport(
        tool=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        mode=more.pop("mode", "rerun"),
        baseline=baseline,
        candidate=candidate,
        workload_id=job.workload.id if job else "",
        workload_version=job.workload.version if job else 0,
        comparisons=tuple(found),
        pairs=tuple(changes),
        **more,
    )
