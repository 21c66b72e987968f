"""Every record that goes over a link comes out of JSON as it went in, numbers that are not finite included."""

import json
import math
from dataclasses import replace
from pathlib import Path

import builders
import gate_reports
import pytest

from assess.describe.graph.injected import Injected, Work
from assess.gate.plan import SETTINGS, GatePlan
from assess.judge.gate.comparison import GateVerdict
from assess.judge.gate.outputs import Tolerance
from assess.judge.gate.report import GateReport, PairChange
from assess.judge.gate.self_test import GateRun, Level, SelfTest
from assess.measure.baseline import Acceptance
from assess.measure.conditions.condition import Condition
from assess.measure.diagnosis import Diagnosis
from assess.measure.measurement import Host, Settings
from assess.measure.passes.floor import Floor, Spread
from assess.measure.reached import CommandRan
from assess.project.signed_rank import Interval
from assess.report.new import Named
from assess.target.measuring import BoardFacts
from assess.target.plain import plain, record


def through(value):
    """As the other end of a link reads it."""
    return record(type(value), json.loads(json.dumps(plain(value), allow_nan=False)), type(value).__name__)


HOST = builders.host(load=0.25, absent={"governor": "no cpufreq"})
REPORT = gate_reports.gate_report(gate_reports.SLOWER, gate_reports.SAME, gate_reports.OPEN, gate_reports.CRASH)

PAIRS = (PairChange(False, True, {"latency floor": 0.01}), PairChange(True, False, {"latency floor": -0.01}))
LEVELS = (
    Level(0.0, None, (GateRun({"latency floor": GateVerdict.PASS}, PAIRS, 12.0),)),
    Level(0.05, Injected(Path("x y"), "scores", "output", 10, Work(64, 2400)),
          (GateRun({"latency floor": GateVerdict.REGRESSION}, PAIRS, 12.5),)),
)  # fmt: skip
SELF_TEST = SelfTest(
    "0.1.0", "2026-11-29T10:00:00+00:00", builders.model(), "", ("latency floor",), 0.03, 20, 60.0, LEVELS, 20e-6,
    gate_reports.CRASH, HOST, {"onnxruntime": "1.32.0"}, 75.0,
)  # fmt: skip
SPREAD = Spread(30, 60_000, 90_000, 3_000_000, 3_000_000, 3_000_000)
FLOOR = Floor(10_000_000, SPREAD, 50, SPREAD, 90_000, SPREAD, 0.0, 0.009, None, None, {"runtime_bytes": "no VmHWM"})
CONDITION = Condition("governor", "not known", "", "no cpufreq in /sys")

RECORDS = [
    HOST,
    Host("aarch64", 4, "Linux 6.12"),
    Settings(provider_options={"device_id": "0"}, custom_ops=("a/libx.so",), passes=("floor",), memory_limit_bytes=5),
    SETTINGS,
    GatePlan(),
    GatePlan(0.01, (8, 16), 30.0, frozenset({"MACs", "fit"}), frozenset({"outputs"}), Tolerance(), 0.07),
    Acceptance("2026-11-23T12:00:00+00:00", "Mio", "the first one", "ab" * 20),
    REPORT,
    replace(
        REPORT, acceptance=Acceptance("2026", "Mio", "why", "ab"), advice=("shared",), workload_version=3, file="a"
    ),
    replace(REPORT, host=None, pairs=(), mode="static"),
    gate_reports.SLOWER,
    gate_reports.CRASH,
    builders.baseline(),
    SELF_TEST,
    replace(SELF_TEST, failure=None, host=None),
    Diagnosis(HOST, "CPUExecutionProvider", 100.0, 0.01, FLOOR, "", (CONDITION,)),
    Diagnosis(HOST, "CPUExecutionProvider", None, None, None, "the worker crashed", ()),
    BoardFacts(HOST, "0123456789abcdef", True, ("share it with nobody",), "mio at desk, since 3 s"),
    BoardFacts(HOST, "", False, (), ""),
    CommandRan("before", "sudo -n nvpmodel -m 0", 1, "no such mode: ü"),
    Named(name="ACME Rover", vendor="ACME", sectors=("robotics",)),
]


@pytest.mark.parametrize("value", RECORDS, ids=lambda value: type(value).__name__)
def test_a_record_comes_out_as_it_went_in(value):
    assert through(value) == value


def test_intervals_that_nothing_bounds_stay_without_bounds():
    found = through(gate_reports.OPEN)
    assert found.change == Interval(0.0, -math.inf, math.inf)
    assert math.isnan(through(Interval(math.nan, -1.0, 1.0)).centre)


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        (Host, {"cores": 4, "os": "Linux"}, "host.architecture: missing key"),
        (Host, {"architecture": "x", "cores": "4", "os": "L"}, "host.cores: expected a whole number, found '4'"),
        (Host, {"architecture": "x", "cores": 4, "os": "L", "shell": "rm"}, "host.shell: unknown key"),
        (Host, None, "host: expected an object, found null"),
        (GateReport, {**plain(REPORT), "mode": "guess"}, "host.mode: 'guess' is not one of"),
        (GateReport, {**plain(REPORT), "candidate": {}}, "missing key|required"),
        (GateReport, {**plain(REPORT), "comparisons": [{"metric": "x", "verdict": "FINE", "because": "y"}]},
         "host.comparisons.0.verdict: 'FINE' is not one of"),
    ],
)  # fmt: skip
def test_what_is_no_such_record_is_refused_by_its_key(kind, data, why):
    with pytest.raises(ValueError, match=why):
        record(kind, data, "host")


def test_a_path_is_text_without_an_end_of_text():
    assert record(Path, "a/b c", "path") == Path("a/b c")
    for bad in ("a\0b", 3, None):
        with pytest.raises(ValueError, match="path: expected a path"):
            record(Path, bad, "path")
