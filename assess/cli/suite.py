"""`assess suite`: many models, jobs and devices from one file, to one matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assess.cli.options import (
    FormatOption,
    OutputOption,
    ProfilesOption,
    RunnerCommandOption,
    RunnerOption,
    StrictOption,
    TierOption,
)
from assess.cli.place import InventoryOption, OnOption, place_of
from assess.errors import AssessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from assess.cli.place import Place
    from assess.describe.device import Device
    from assess.describe.library import Library
    from assess.describe.suite import Suite
    from assess.describe.workload import Job
    from assess.measure.measurement import Settings
    from assess.measure.timed_run import OnProgress
    from assess.portfolio import Judged, Save
    from assess.suite import SuitePlan


def suite(
    file: Annotated[str, typer.Argument(metavar="FILE|ID", help="A suite's TOML file, or the id of a shipped suite.")],
    expression: Annotated[
        str | None,
        typer.Option("-k", metavar="EXPR", help='Cases by words of their names: "camera and not (honda or sony)".'),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where runs and reports are kept; default: assess-SUITE."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on: use the runs that are there.")] = False,
    lab: Annotated[
        str | None,
        typer.Option(
            "--lab", metavar="ADDRESS|local", help="Measure on the boards of a lab: tcp://host:port, tls://..."
        ),
    ] = None,
    tier: TierOption = None,
    runner: RunnerOption = "",
    runner_command: RunnerCommandOption = "",
    profiles: ProfilesOption = None,
    format_: FormatOption = "terminal",
    output: OutputOption = None,
    strict: StrictOption = False,
    on: OnOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Judge every case of a suite - a model, its job, a device, for whom - and tell them as a matrix.

    Each model is read once and measured once for each of its jobs, one after the other. What cannot be judged is told,
    and the others go on. Every run is kept as soon as it is made: after an interruption, --resume measures the rest.
    With --on the measuring is done on a board, over ssh.
    With --lab each case is measured on a worker that offers its device, on all boards at once (docs/lab.md).

    Example: assess suite robotics -k "not camera" -o matrix.html
    """
    from assess.cli.exit_codes import of_portfolio
    from assess.cli.notes import tell_notes
    from assess.cli.output import check_outputs, deliver_suite, despite, named_format, tell_plans, tell_waiting
    from assess.cli.progress import progress
    from assess.cli.settings import named_tier, runner_settings
    from assess.cli.targets import library_of, typed_again
    from assess.pipeline import settings_of
    from assess.portfolio import judge_each, keep_in
    from assess.suite import plan_suite, report_of, resumed, run_files, run_name, runner_of

    by_device = lab is not None
    form, library = named_format(format_), library_of(profiles, None)
    path = library.path("suites", file)
    asked = library.suite(file)
    wanted = _picked(asked, expression)
    kept = folder or Path(f"assess-{asked.id}")
    files = run_files(asked, kept, by_device=by_device)
    if resume:  # The report is of all that is there, whatever is measured now.
        made = {name for name, file in files.items() if file.exists()}
        picked = set(wanted.case)
        there = [case for case in asked.case if case in picked or run_name(case, by_device=by_device) in made]
        wanted = wanted.model_copy(update={"case": tuple(there)})
    reports = [kept / "suite.html", kept / "suite.json"]
    check_outputs(output, [path, *files.values(), *reports])
    _check_folder(kept, resume=resume)
    chosen = None if tier is None else named_tier(tier)
    by = runner_settings(runner, runner_command)
    place = place_of(on, inventory, by_tool=bool(runner))
    if lab is not None and (place.name or runner):
        hint = "its workers measure where they were started: assess lab worker --target NAME"
        raise AssessError("is of another place than a lab", where="--on" if place.name else "--runner", hint=hint)

    usual = _usual_on(place, by) if lab is None else _settings_in(lab)

    def settings(job: Job, devices: Sequence[Device]) -> Settings:
        return settings_of(job, chosen, **by) if chosen else usual(job, devices)

    typed = {"--runner": [runner] if runner else [], "--runner-command": [runner_command] if runner_command else []}
    again = typed_again({"--profiles": profiles or (), "--on": [on] if on else [], **typed})
    with progress() as tell:
        plan = plan_suite(wanted, path.parent, library, settings, options=again, on_progress=tell, by_device=by_device)
    place.reach()
    plan, notes = resumed(plan, files) if resume else (plan, ())
    tell_notes(library, *notes)
    _make(kept, reports, files.values())
    tell_plans(plan.runs)
    with progress() as tell:
        if lab is None:
            once = runner_of(plan, library, on_wait=tell_waiting, run=place.run if place.name else None)
            judged = judge_each(plan.runs, once, save=keep_in(files), on_progress=tell)
        else:
            judged = _in_lab(plan, library, lab, keep_in(files), tell)
    place.tell_sent()
    report = report_of(plan, judged)
    with despite(judged.bug or judged.not_saved):
        deliver_suite(report, form, [*reports, *(output or ())])
    if report.stopped:
        typer.echo("the same command with --resume goes on from here", err=True)
    raise typer.Exit(of_portfolio(report, strict=strict))


def _usual_on(place: Place, by: Mapping[str, str]) -> Callable[[Job, Sequence[Device]], Settings]:
    """The settings of runs where no tier is named, on this machine or a target, perhaps by a vendor's tool."""
    from assess.suite import usual_settings

    return lambda job, devices: usual_settings(job, devices, place.host, **by)


def _settings_in(lab: str) -> Callable[[Job, Sequence[Device]], Settings]:
    """The settings of its runs where no tier is named; what cannot be reached is refused before any work."""
    from assess.cli.lab import require_distributed, warn_if_open

    require_distributed()
    from assess.lab.dask_lab import check_lab
    from assess.lab.suite_run import settings_in

    check_lab(lab)
    warn_if_open(lab)
    return settings_in(lab)


def _in_lab(plan: SuitePlan, library: Library, lab: str, save: Save, tell: OnProgress) -> Judged:
    from assess.clean import clean
    from assess.lab.suite_run import judge_in_lab

    def note(text: str) -> None:
        typer.echo(clean(text), err=True)

    return judge_in_lab(plan, library, lab, save=save, on_progress=tell, note=note)


def _picked(asked: Suite, expression: str | None) -> Suite:
    """The suite with the cases that the expression picks.

    Raises:
        AssessError: it is no expression, or picks none.
    """
    from assess.cli.selection import selection

    if expression is None:
        return asked
    picks = selection(expression)
    cases = tuple(case for case in asked.case if picks(case.name))
    if not cases:
        raise AssessError(
            f"{expression!r:.80} picks none of the {len(asked.case)} cases", where="-k",
            hint=f"a case is called as {asked.case[0].name!r}",
        )  # fmt: skip
    return asked.model_copy(update={"case": cases})


def _check_folder(folder: Path, *, resume: bool) -> None:
    """Refuse, before any work, a folder that holds something that this command would mix with its own.

    Raises:
        AssessError: it is no folder, or is not empty and nothing is to be resumed.
    """
    if folder.exists() and not folder.is_dir():
        raise AssessError("is no folder", where=str(folder), hint="name another one with --out")
    if not resume and folder.exists() and any(folder.iterdir()):
        raise AssessError(
            "is not empty", where=str(folder),
            hint="--resume goes on with the runs in it; --out DIR begins anew elsewhere",
        )  # fmt: skip


def _make(folder: Path, reports: Iterable[Path], runs: Iterable[Path]) -> None:
    """Make the folder, if it is not there, and see whether it can be written to, and nothing is in the way."""
    from assess.files import check_writable

    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise AssessError(f"cannot be made: {error.strerror or error}", where=str(folder)) from error
    for report in reports:
        check_writable(report)
    for run in runs:
        if run.is_dir():
            raise AssessError("is a folder, where a run is to be kept", where=str(run), hint="move it away")
