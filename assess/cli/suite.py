"""`assess suite`: many models, jobs and devices from one file, to one matrix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assess.cli.options import (
    FormatOption,
    OutputOption,
    ProfilesOption,
    RunnerCommandOption,
    RunnerOption,
    RunnerUnitOption,
    StrictOption,
    TierOption,
)
from assess.cli.place import InventoryOption, OnOption, place_of
from assess.errors import AssessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from assess.cli.place import Place
    from assess.describe.device import Device
    from assess.describe.library import Library
    from assess.describe.suite import Suite
    from assess.describe.workload import Job
    from assess.measure.measurement import Settings
    from assess.measure.tiers import Tier
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
    runner_unit: RunnerUnitOption = "",
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
    from assess.cli.output import check_outputs, deliver_suite, despite, named_format, tell_plans
    from assess.cli.progress import progress
    from assess.cli.settings import named_tier, runner_settings
    from assess.cli.targets import library_of
    from assess.portfolio import keep_in
    from assess.suite import plan_suite, report_of, resumed, run_files

    by_device = lab is not None
    form, library = named_format(format_), library_of(profiles, None)
    path, asked = library.path("suites", file), library.suite(file)
    kept = folder or Path(f"assess-{asked.id}")
    files = run_files(asked, kept, by_device=by_device)
    wanted = _picked(asked, expression)
    if resume:
        wanted = _with_those_made(wanted, asked, files, by_device=by_device)
    reports = [kept / "suite.html", kept / "suite.json"]
    check_outputs(output, [path, *files.values(), *reports])
    _check_folder(kept, resume=resume)
    chosen = None if tier is None else named_tier(tier)
    by = runner_settings(runner, runner_command, unit=runner_unit)
    place = place_of(on, inventory, by_tool=bool(runner))
    if lab is not None:
        _require_lab_alone(on, runner)
        _require_lab(lab)
    settings = _settings(chosen, by, _usual(place, lab))
    again = _typed_again(profiles, on, by)
    with progress() as tell:
        plan = plan_suite(wanted, path.parent, library, settings, options=again, on_progress=tell, by_device=by_device)
    place.reach()
    plan, notes = resumed(plan, files) if resume else (plan, ())
    tell_notes(library, *notes)
    _make(kept, reports, files.values())
    tell_plans(plan.runs)
    with progress() as tell:
        judged = _judged(plan, library, place, lab, keep_in(files), tell)
    place.tell_sent()
    report = report_of(plan, judged)
    with despite(judged.bug or judged.not_saved):
        deliver_suite(report, form, [*reports, *(output or ())])
    if report.stopped:
        typer.echo("the same command with --resume goes on from here", err=True)
    raise typer.Exit(of_portfolio(report, strict=strict))


#: Settings of a run for a job, to be judged for some devices; more of them by name, where nothing else decides.
_SettingsOf = Callable[..., "Settings"]


def _usual(place: Place, lab: str | None) -> _SettingsOf:
    """The settings of runs where no tier is named: of the machine that measures, here, on a target or in a lab."""
    from assess.suite import usual_settings

    if lab is None:
        return lambda job, devices, **others: usual_settings(job, devices, place.host, **others)
    from assess.lab.suite_run import settings_in

    return settings_in(lab)


def _settings(chosen: Tier | None, by: Mapping[str, Any], usual: _SettingsOf) -> _SettingsOf:
    """The settings of a suite's runs: of the tier that was named, or the usual; perhaps by a vendor's tool."""
    from assess.pipeline import settings_of

    def settings(job: Job, devices: Sequence[Device]) -> Settings:
        return settings_of(job, chosen, **by) if chosen else usual(job, devices, **by)

    return settings


def _typed_again(profiles: Sequence[Path] | None, on: str | None, by: Mapping[str, Any]) -> tuple[str, ...]:
    """Options that next steps say again."""
    from assess.cli.targets import typed_again

    of_tool = {f"--{name.replace('_', '-')}": [value] for name, value in by.items() if value}
    return typed_again({"--profiles": profiles or (), "--on": [on] if on else [], **of_tool})


def _require_lab_alone(on: str | None, runner: str) -> None:
    """Refuse what says in another way where, or by what, the runs of a lab are made.

    Raises:
        AssessError: names the option and what to do instead.
    """
    if on is not None:
        hint = "a lab's workers measure where they were started: `assess lab worker --target NAME` offers a board"
        raise AssessError("--on and --lab exclude each other", hint=hint)
    if runner:
        hint = "a lab's workers measure with assess itself: leave one of them out"
        raise AssessError("--runner and --lab exclude each other", hint=hint)


def _require_lab(lab: str) -> None:
    """Refuse, before any work, a lab that cannot be reached; say so if others than its users can reach it, too.

    Raises:
        AssessError: Dask is not installed, or nothing answers there.
    """
    from assess.cli.lab.dask import require_distributed, warn_if_open

    require_distributed()
    from assess.lab.dask_lab import check_lab

    check_lab(lab)
    warn_if_open(lab)


def _judged(plan: SuitePlan, library: Library, place: Place, lab: str | None, save: Save, tell: OnProgress) -> Judged:
    """The runs of a suite, made and judged: one after the other, or all at once in a lab."""
    from assess.cli.output import tell_waiting
    from assess.portfolio import judge_each
    from assess.suite import runner_of

    if lab is not None:
        return _in_lab(plan, library, lab, save, tell)
    once = runner_of(plan, library, on_wait=tell_waiting, run=place.run if place.name else None)
    return judge_each(plan.runs, once, save=save, on_progress=tell)


def _in_lab(plan: SuitePlan, library: Library, lab: str, save: Save, tell: OnProgress) -> Judged:
    from assess.clean import clean
    from assess.lab.suite_run import judge_in_lab

    def note(text: str) -> None:
        typer.echo(clean(text), err=True)

    return judge_in_lab(plan, library, lab, save=save, on_progress=tell, note=note)


def _with_those_made(wanted: Suite, asked: Suite, files: Mapping[str, Path], *, by_device: bool) -> Suite:
    """The wanted cases and those whose run is there: the report is of all of them, whatever is measured now."""
    from assess.suite import run_name

    made = {name for name, file in files.items() if file.exists()}
    picked = set(wanted.case)
    there = [case for case in asked.case if case in picked or run_name(case, by_device=by_device) in made]
    return wanted.model_copy(update={"case": tuple(there)})


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
