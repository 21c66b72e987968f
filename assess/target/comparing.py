"""Gates, what they stand on, and what a machine is worth: the same on a target as here."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from assess.describe.model import Model
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.gate import Rerun, Stored
from assess.gate.accept import Accepting, with_job
from assess.gate.flow import for_the_job, from_here
from assess.gate.for_job import ForJob
from assess.gate.opponent import Opponent
from assess.gate.plan import GatePlan
from assess.gate.world import World
from assess.judge.gate.comparison import Comparison
from assess.judge.gate.report import GateReport
from assess.judge.gate.self_test import SelfTest
from assess.measure.baseline import Baseline
from assess.measure.baseline_json import read as read_baseline
from assess.measure.baseline_json import to_json as baseline_text
from assess.measure.diagnosis import Diagnosis
from assess.measure.measurement import Settings
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject
from assess.report.new import Named
from assess.target.asking import Asked, Listener
from assess.target.connected import Board
from assess.target.measuring import BoardFacts, run_on, told
from assess.target.outputs import BASELINE_FILE
from assess.target.plain import plain
from assess.target.sent import JobFiles

#: Of gates, which take seconds to minutes; a slow model and a wide look take longer, and a time that was asked for.
_GATE_S: Final = 7200.0
_LOOK_S: Final = 900.0


def world_of(board: Board, facts: BoardFacts) -> World:
    """A target as what a gate touches of the world; what is launched there is launched by its own gate."""

    def launch(*_: object, **__: object) -> NoReturn:
        raise AssertionError(f"{board.target.name} launches by itself")

    return World(
        launch=launch,
        host=lambda: facts.host,
        machine=lambda: facts.machine,
        metered=lambda: facts.metered,
        advise=lambda: facts.advice,
    )


def gate_on(
    board: Board,
    facts: BoardFacts,
    opponent: Opponent,
    candidate: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    *,
    feeds: Mapping[str, Path] | None = None,
    for_job: ForJob | None = None,
    on_progress: OnProgress = silent,
    listen: Listener | None = None,
    on_wait: object = None,
    world: object = None,
) -> GateReport:
    """Compare a newer model with what was accepted, on a target, as `gate.gate` does here.

    Args:
        board: the target.
        facts: of it.
        opponent: what was accepted: `Rerun(model)`, or `Stored(baseline)`.
        candidate: the newer model.
        job: what they are for; None if nobody said.
        settings: how they are run.
        plan: what is asked.
        feeds: `.npy` files for inputs, by name.
        for_job: how they are run for the job; None: nobody asks.
        on_progress: told what is being done, the share that is done and the seconds left.
        listen: who is told what is waited for.
        on_wait: of no use there: `listen` is told ...
        world: ... and the board is the world.

    Raises:
        AssessError: an input or a setting is not one that can be used there, or the link was lost.
    """
    del on_wait, world
    files, heard = JobFiles(), replace(listen or Listener(), progress=on_progress)
    with tempfile.TemporaryDirectory(prefix="assess-") as name:
        folder = Path(name)
        request = {
            "opponent": _opponent(opponent, files, folder),
            "model": files.subject(candidate, "candidate"),
            "job": files.job(job) if job else None,
            "settings": files.settings(settings),
            "plan": plain(plan),
            "feeds": files.feeds(feeds or {}),
        }
        asked = Asked("gate", request, files.found, limit_s=_limit_s(plan.budget_s))
        answer = _mapping(board.ask(asked, folder, heard).get("answer"))
    report: GateReport = told(GateReport, answer.get("report"), board)
    if (report.baseline, report.candidate) != (opponent.model, candidate.model):
        raise AssessError("gave back a gate of other models than it was asked for", where=board.target.name)
    report = replace(report, file=from_here(candidate.path))
    there = None if for_job is None else _for_job_on(board, facts, for_job)
    return for_the_job(report, opponent, candidate, there, plan, on_progress)


def _opponent(opponent: Opponent, files: JobFiles, folder: Path) -> Any:
    if isinstance(opponent, Stored):
        stored = folder / BASELINE_FILE
        stored.write_text(baseline_text(opponent.baseline), encoding="utf-8")
        return files.add(stored, f"baseline/{BASELINE_FILE}")
    assert isinstance(opponent, Rerun)
    return files.subject(opponent.subject, "accepted")


def self_test_on(
    board: Board,
    subject: Subject,
    job: Job | None,
    settings: Settings,
    plan: GatePlan,
    budget_s: float,
    *,
    feeds: Mapping[str, Path],
    listen: Listener,
) -> SelfTest:
    """Test the gates of a target, as `gate.self_test.self_test` does here.

    Raises:
        AssessError: an input or a setting is not one that can be used there, or the link was lost.
    """
    files = JobFiles()
    request = {
        "model": files.subject(subject, "model"),
        "job": files.job(job) if job else None,
        "settings": files.settings(settings),
        "plan": plain(plan),
        "budget_s": budget_s,
        "feeds": files.feeds(feeds),
    }
    answer = _answer(board, "self-test", request, files, listen, _limit_s(budget_s))
    found = told(SelfTest, answer.get("report"), board)
    _require_of(subject, found.model, job, found.workload_id, board)
    return found


def accept_on(board: Board, facts: BoardFacts, what: Accepting, listen: Listener) -> Baseline | Comparison:
    """Measure a model as a baseline on a target, as `gate.accept.accept` does here.

    Raises:
        AssessError: an input or a setting is not one that can be used there, or the link was lost.
    """
    files = JobFiles()
    request = {
        "model": files.subject(what.subject, "model"),
        "job": files.job(what.job) if what.job else None,
        "settings": files.settings(what.settings),
        "acceptance": plain(what.acceptance),
        "feeds": files.feeds(what.feeds or {}),
    }
    with tempfile.TemporaryDirectory(prefix="assess-") as name:
        asked = Asked("accept", request, files.found, [BASELINE_FILE], _GATE_S)
        answer = _mapping(board.ask(asked, Path(name), listen).get("answer"))
        if "refused" in answer:
            return told(Comparison, answer["refused"], board)
        found = read_baseline(Path(name) / BASELINE_FILE)
    _require_of(what.subject, found.model, what.job, found.workload_id, board)
    there = None if what.for_job is None else _for_job_on(board, facts, what.for_job)
    return with_job(replace(what, for_job=there), found, listen.progress)


def _for_job_on(board: Board, facts: BoardFacts, for_job: ForJob) -> ForJob:
    """How models are run for their job, on a target."""
    return replace(for_job, run_for=partial(run_on, board), world=world_of(board, facts))


def doctor_on(board: Board, *, rate_hz: float | None, deadline_s: float | None, provider: str,
              listen: Listener) -> Diagnosis:  # fmt: skip
    """Look at a target as an instrument, as `pipeline.doctor` looks at this host.

    Raises:
        AssessError: the provider is not there, or the link was lost.
    """
    request = {"rate_hz": rate_hz, "deadline_s": deadline_s, "provider": provider}
    answer = _answer(board, "doctor", request, JobFiles(), listen, _LOOK_S, is_kept=False)
    found: Diagnosis = told(Diagnosis, answer.get("diagnosis"), board)
    return found


def device_on(board: Board, named: Named, budget_s: float | None, listen: Listener, *, vendor_as_detected: bool) -> str:
    """The profile of a target, as `authoring.device_from_here` writes it here.

    Args:
        board: the target.
        named: by the author.
        budget_s: for calibrating; None for the usual time.
        listen: who is told what is done.
        vendor_as_detected: whether its maker is who it says, if it does.

    Raises:
        AssessError: the link was lost.
    """
    request = {
        "named": plain(named),
        "budget_s": budget_s,
        "vendor_as_detected": vendor_as_detected,
    }
    text = _answer(board, "device", request, JobFiles(), listen, _LOOK_S, is_kept=False).get("text")
    if not isinstance(text, str) or not _is_toml(text):
        raise AssessError("gave back no profile", where=board.target.name, hint="assess target clean, and once more")
    return text


def _is_toml(text: str) -> bool:
    """Whether a text is TOML that can be looked at: a board may tell anything."""
    try:
        return bool(tomllib.loads(text)) and all(each.isprintable() or each == "\n" for each in text)
    except tomllib.TOMLDecodeError:
        return False


def _limit_s(budget_s: float | None) -> float:
    """When a gate is ended on the board; no gate that goes on is."""
    return max(_GATE_S, 2.0 * (budget_s or 0.0))


def _answer(
    board: Board,
    call: str,
    request: Mapping[str, Any],
    files: JobFiles,
    listen: Listener,
    limit_s: float,
    *,
    is_kept: bool = True,
) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory(prefix="assess-") as folder:
        outcome = board.ask(Asked(call, request, files.found, limit_s=limit_s, is_kept=is_kept), Path(folder), listen)
    return _mapping(outcome.get("answer"))


def _mapping(answer: Any) -> Mapping[str, Any]:
    return answer if isinstance(answer, Mapping) else {}


def _require_of(subject: Subject, model: Model, job: Job | None, workload_id: str, board: Board) -> None:
    """Refuse what is of something else than was asked for: what comes over a link may be anything."""
    if (model, workload_id) != (subject.model, job.workload.id if job else ""):
        raise AssessError("gave back what is of another model or job than it was asked for", where=board.target.name,
                          hint="assess target clean, and once more; else the board is not what it seems")  # fmt: skip
