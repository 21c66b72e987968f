"""Keep what was run in a history, where one was named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assess.judge.gate.report import GateReport
    from assess.measure.baseline import Baseline
    from assess.measure.measurement import Measurement, Settings
    from assess.project.history import Run


def check_history(where: str | None) -> None:
    """Refuse, before any work, a history that nothing could be added to.

    Raises:
        AssessError: says why.
    """
    if where is not None:
        from assess.history import check

        check(where)


def keep_measurement(where: str | None, measurement: Measurement, path: Path, machine: Callable[[], str]) -> None:
    """Keep a run.

    Args:
        where: the history; None for none.
        measurement: the run.
        path: of the model's file.
        machine: tells which machine it was made on.

    Raises:
        AssessError: it could not be added.
    """
    from assess.history.commit import commit_of
    from assess.history.runs import run_of_measurement

    _keep(where, lambda: run_of_measurement(measurement, machine=machine(), commit=commit_of(path)))


def keep_gate(
    where: str | None, report: GateReport, settings: Settings, path: Path, machine: Callable[[], str]
) -> None:
    """Keep what a gate found of the candidate.

    Args:
        where: the history; None for none.
        report: of the gate.
        settings: how the models were run.
        path: of the candidate's file.
        machine: tells which machine it was gated on.

    Raises:
        AssessError: it could not be added.
    """
    from assess.history.commit import commit_of
    from assess.history.runs import run_of_gate

    _keep(where, lambda: run_of_gate(report, settings=settings, machine=machine(), commit=commit_of(path)))


def keep_baseline(where: str | None, baseline: Baseline) -> None:
    """Keep what was accepted.

    Raises:
        AssessError: it could not be added.
    """
    from assess.history.runs import run_of_baseline

    _keep(where, lambda: run_of_baseline(baseline))


def _keep(where: str | None, made: Callable[[], Run]) -> None:
    if where is not None:
        from assess.history import record

        record(where, made())
