"""Our gate and those of others, by name: how each is asked whether a newer model is slower."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gate_peers import (
    ALARM,
    FAILED,
    INCONCLUSIVE,
    INFERENCES_S,
    NONE,
    THRESHOLD,
    Answer,
    Ended,
    Kind,
    Pair,
    asv,
    asv_project,
    hyperfine,
    hyperfine_ready,
    peers_ready,
    pyperf,
    pytest_benchmark,
    run,
    threshold,
)

from assess.gate import METRICS
from assess.project.lockstep import LATENCIES
from assess.sandbox import environment

#: Our gate with its defaults, and with a second one of a fixed time where that could not tell.
ASSESS, LONGER = "assess", "assess-longer"
BUDGET_S = 60
_KINDS: Mapping[str, Kind] = {
    "REGRESSION": ALARM, "PASS": NONE, "IMPROVEMENT": NONE, "INCONCLUSIVE": INCONCLUSIVE, "NOISY": INCONCLUSIVE,
}  # fmt: skip


@dataclass(frozen=True)
class Tool:
    """One that compares.

    Attributes:
        how: how it is asked and what of its answers is an alarm, for the report.
        compare: asks it; this is timed.
        prepare: what is there before: environments, projects; not timed.
    """

    how: str
    compare: Callable[[Pair], Answer]
    prepare: Callable[[Pair], object] = lambda pair: None


def run_gate(pair: Pair, *options: str) -> Ended:
    """`assess gate`, asked for latency alone: models of more blocks are larger, which it would tell without a clock."""
    skipped = [word for metric in METRICS if metric not in LATENCIES for word in ("--skip", metric)]
    command = [sys.executable, "-m", "assess", "gate", "--model", pair.newer, "--against", pair.accepted, "-f", "json"]
    return run([*command, *skipped, *options], pair.folder, {"PYTHONPATH": environment()["PYTHONPATH"]})


def assess_answer(ended: Ended) -> Answer:
    """Of what `assess gate -f json` printed."""
    try:
        report = json.loads(ended.out)
        verdict, span_s = report["verdict"], report["span_s"]
    except (ValueError, KeyError):
        return Answer(FAILED, ended.last_line)
    return Answer(_KINDS.get(verdict, FAILED), verdict, span_s)


#: By the name that `--tools` takes, in the order of the report.
TOOLS: Mapping[str, Tool] = {
    ASSESS: Tool(
        "`assess gate`, its defaults, latency alone: REGRESSION is an alarm; INCONCLUSIVE and NOISY cannot tell",
        lambda pair: assess_answer(run_gate(pair)),
    ),
    LONGER: Tool(
        f"the same, and where that could not tell, once more with `--budget {BUDGET_S} s`; seconds are of both",
        lambda pair: assess_answer(run_gate(pair, "--budget", f"{BUDGET_S} s")),
    ),
    "pytest-benchmark": Tool(
        "`--benchmark-save`, then `--benchmark-compare-fail=mean:5%`: an alarm if that fails",
        pytest_benchmark,
        peers_ready,
    ),
    "asv": Tool(
        f"`asv continuous --factor {THRESHOLD:g}`, environments made before: an alarm if performance decreased",
        asv,
        asv_project,
    ),
    "pyperf": Tool(
        "`--fast` (its default takes twice as long), then `compare_to --min-speed 5`: an alarm if significantly slower",
        pyperf,
        peers_ready,
    ),
    "hyperfine": Tool(
        f"`--warmup 1`, two commands, each the start of Python and {INFERENCES_S:g} s of inferences: "
        "an alarm if the ratio less its spread is above 1",
        hyperfine,
        hyperfine_ready,
    ),
    "threshold": Tool(
        f"the mean of half a second in one process each: an alarm if the newer's is above {THRESHOLD:g} times",
        threshold,
        peers_ready,
    ),
}
