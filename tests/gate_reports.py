"""Comparisons and a report of a gate, made up."""

import math

import builders

from assess.judge.gate.comparison import Comparison, GateVerdict
from assess.judge.gate.report import GateReport, PairChange
from assess.project.signed_rank import Interval

SLOWER = Comparison(
    "latency floor", GateVerdict.REGRESSION, "+5.0%, at least +4.0%, in 8 pairs; 3.0% are allowed", 1e-3, 1.05e-3, "s",
    Interval(0.05, 0.04, 0.06), "98.18% interval of 8 pairs", 0.03, "profile both models",
)  # fmt: skip
SAME = Comparison("MACs", GateVerdict.PASS, "the same 1,000", 1000, 1000)
OPEN = Comparison(
    "latency median", GateVerdict.INCONCLUSIVE, "4 pairs are too few to tell", 1e-3, 1e-3, "s",
    Interval(0.0, -math.inf, math.inf), "98.18% interval of 4 pairs", 0.03, "give the gate a longer --budget",
)  # fmt: skip
CRASH = Comparison("run", GateVerdict.FAILED, "the candidate stopped by SIGSEGV", details=("last words",))


def gate_report(*comparisons):
    model = builders.model()
    pairs = (PairChange(True, True, {"latency floor": 0.001}), PairChange(False, False, {"latency floor": 0.05}))
    return GateReport(
        "0.1.0", "2026-11-29T10:00:00+00:00", "rerun", model, model, "camera-30hz", comparisons, pairs,
        builders.host(), {"onnxruntime": "1.30"}, 12.0,
    )  # fmt: skip
