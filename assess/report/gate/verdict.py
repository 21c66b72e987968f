"""A gate's verdict alone, one line: for scripts, which have no reader of JSON."""

from __future__ import annotations

from assess.judge.gate.report import GateReport
from assess.judge.gate.suite import GateSuite


def verdict(found: GateReport | GateSuite) -> str:
    """The word, as everywhere: "PASS", "NOT COMPARABLE"."""
    return f"{found.verdict.value}\n"
