"""Run a model on a target: the same run as here, with the same settings, judged by whoever asked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from assess.describe.library import Library
from assess.describe.model import Model
from assess.describe.workload import Job
from assess.errors import AssessError
from assess.measure.measurement import Host, Measurement, Settings
from assess.measure.reached import CommandRan, Reached
from assess.measure.record import read
from assess.measure.reference import ReferenceModel
from assess.measure.timed_run import OnProgress, silent
from assess.pipeline import Subject, stage_models
from assess.target.asking import Asked, Listener
from assess.target.connected import Board
from assess.target.outputs import RUN_FILE
from assess.target.plain import plain, record
from assess.target.sent import JobFiles, json_of

Told = TypeVar("Told")
#: Beside the passes: starting Python on a small board, and writing the run.
_MORE_S: Final = 300.0
_SECONDS_OF_A_LOOK: Final = 60.0


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """What a target tells of itself.

    Attributes:
        host: as its kernel and firmware report it.
        machine: which machine it is; "" where it has no id.
        metered: whether a sensor of it tells what energy is used.
        advice: what shows that it is shared with others.
        held: who measures on it, and since when; "" if nobody does.
    """

    host: Host
    machine: str
    metered: bool
    advice: tuple[str, ...]
    held: str


def facts_of(board: Board, listen: Listener) -> BoardFacts:
    """What a target tells of itself now.

    Raises:
        AssessError: it cannot be asked, or tells what is no host.
    """
    with tempfile.TemporaryDirectory(prefix="assess-") as folder:
        asked = Asked("host", {}, measures=False, is_kept=False, limit_s=_SECONDS_OF_A_LOOK)
        outcome = board.ask(asked, Path(folder), listen)
    return told(BoardFacts, outcome.get("answer"), board)


def told(kind: type[Told], data: Any, board: Board) -> Told:
    """A record that a board told; it may tell anything.

    Raises:
        AssessError: it is no such record.
    """
    try:
        return record(kind, data, kind.__name__)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise AssessError(f"told what assess does not understand: {error}", where=board.target.name) from error


def run_on(
    board: Board,
    subject: Subject,
    job: Job,
    settings: Settings,
    *,
    feeds: Mapping[str, Path],
    on_progress: OnProgress = silent,
    reference: ReferenceModel | Path | None = None,
    library: Library | None = None,
    listen: Listener | None = None,
    launch: object = None,
    host: object = None,
) -> Measurement:
    """Measure a model for a job on a target, as `pipeline.run` does here.

    Args:
        board: the target.
        subject: the model.
        job: what it is run for.
        settings: how.
        feeds: `.npy` files for inputs, by name.
        on_progress: told what is being done, the share that is done and the seconds left.
        reference: what its outputs are compared with.
        library: where the other models of a pipeline are found.
        listen: who is told what is waited for.
        launch: of no use there: the board launches by itself ...
        host: ... and reads itself.

    Raises:
        AssessError: a setting or an input is not one that can be used there, or the link was lost.
        KeyboardInterrupt: it was stopped before anything was measured.
    """
    del launch, host
    files = JobFiles()
    stages = stage_models(job, library or Library(), on_progress)
    request = {
        "model": files.subject(subject, "model"),
        "job": files.job(job),
        "settings": files.settings(settings),
        "feeds": files.feeds(feeds),
        "reference": files.reference(reference),
        "stages": {
            name: files.model(stage.model, stage.path, stage.card, stage.card_folder, f"stages/{index}")
            for index, (name, stage) in enumerate(stages.items())
        },
    }
    limit_s = settings.timeout_s * (2 + len(settings.passes)) + _MORE_S
    with tempfile.TemporaryDirectory(prefix="assess-") as folder:
        asked = Asked("measure", request, files.found, [RUN_FILE], limit_s)
        outcome = board.ask(asked, Path(folder), replace(listen or Listener(), progress=on_progress))
        measured = _run_in(Path(folder), board)
    _require_asked(measured, subject.model, job, settings, board)
    heard = listen or Listener()
    for each in (reached := _reached(board, outcome)).commands:
        if each.when == "after" and each.code:
            heard.wait(f"warning: {board.target.name} may not be as it was: {each.command!r} ended with {each.code}")
    return replace(measured, requested=_asked_of_it(settings), reached=reached)


def _run_in(folder: Path, board: Board) -> Measurement:
    """The run that a board gave.

    Raises:
        AssessError: it gave none, or what is none.
    """
    try:
        return read(folder / RUN_FILE)
    except AssessError as error:
        raise AssessError(f"gave back no run that can be used: {error.problem}", where=board.target.name,
                          hint="assess target clean, and once more") from error  # fmt: skip


def _asked_of_it(settings: Settings) -> Settings:
    """The settings as a run has them: a vendor's tool has no passes."""
    return replace(settings, passes=()) if settings.runner else settings


def _require_asked(measured: Measurement, model: Model, job: Job, settings: Settings, board: Board) -> None:
    """Refuse a run that is not the one that was asked for: what comes over a link may be anything."""
    wanted = _asked_of_it(settings)
    # Files lie elsewhere there.
    requested = replace(measured.requested, custom_ops=wanted.custom_ops, runner_model=wanted.runner_model)
    found = (measured.model, measured.workload_id, json_of(measured.workload), plain(requested))
    if found != (model, job.workload.id, json_of(job.authored), plain(wanted)):
        raise AssessError("gave back a run of something else than it was asked for", where=board.target.name)


def _reached(board: Board, outcome: Mapping[str, Any]) -> Reached:
    ran = outcome.get("commands")
    commands = tuple(told(CommandRan, each, board) for each in (ran if isinstance(ran, list) else ()))
    return Reached(board.target.name, board.kit, commands)
