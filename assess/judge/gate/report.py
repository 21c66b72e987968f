"""All that a gate has to say, and its verdict: the worst of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assess.describe.model import Model
from assess.judge.gate.comparison import Comparison, GateVerdict, worst
from assess.measure.baseline import Acceptance
from assess.measure.measurement import Host

#: How time is compared: both models measured now; the newer one with a stored floor; not at all.
Mode = Literal["rerun", "floor", "static"]


@dataclass(frozen=True, slots=True)
class PairChange:
    """One pair in lockstep, as logarithms of what it found.

    Attributes:
        placebo: whether it was the baseline against itself.
        baseline_led: whether the baseline began.
        changes: ln(other / baseline) by metric.
    """

    placebo: bool
    baseline_led: bool
    changes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class GateReport:
    """A candidate against a baseline.

    Attributes:
        tool: version of `assess`.
        created: UTC, ISO 8601.
        mode: how time was compared.
        baseline: the accepted model.
        candidate: the newer one.
        workload_id: the job; "" if none was named.
        workload_version: its version; 0 then.
        file: the candidate's, as a path from where the gate was run, or whole where it lies elsewhere.
        comparisons: metric by metric, in the order of the report.
        pairs: what each pair found, in the order of the run.
        host: where it was measured; None in static mode.
        versions: of the runtime.
        span_s: seconds that the gate took.
        acceptance: when the baseline was accepted, by whom and why; None where the accepted model itself was given.
        advice: what shows that the host is shared with others, and what to do about it.
    """

    tool: str
    created: str
    mode: Mode
    baseline: Model
    candidate: Model
    workload_id: str
    comparisons: tuple[Comparison, ...]
    pairs: tuple[PairChange, ...] = ()
    host: Host | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    span_s: float = 0.0
    acceptance: Acceptance | None = None
    advice: tuple[str, ...] = ()
    workload_version: int = 0
    file: str = ""

    @property
    def verdict(self) -> GateVerdict:
        """The worst of all comparisons; nothing compared is no answer, and raises ValueError."""
        return worst([each.verdict for each in self.comparisons])
