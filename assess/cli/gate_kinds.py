"""The kinds of gates, as `assess gate` runs and tells them: against a model, a baseline, a suite's baselines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from assess.clean import clean
from assess.errors import AssessError
from assess.units import format_quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from assess.cli.gate_options import GateOptions
    from assess.cli.place import Place
    from assess.gate.world import World
    from assess.judge.gate.report import GateReport
    from assess.judge.gate.suite import GateSuite
    from assess.measure.timed_run import OnProgress


def run_gate(options: GateOptions, model: str, against: str | None, baseline: Path | None) -> NoReturn:
    """Gate one model, against a model or a baseline, tell what came of it, and exit.

    Args:
        options: of the gate.
        model: the newer model, a file or an id.
        against: the accepted one, the same.
        baseline: or what was accepted on this machine.

    Raises:
        AssessError: something of that cannot be used, or written.
        typer.Exit: with the verdict's code.
    """
    from assess.cli.exit_codes import of_gate
    from assess.cli.keep import keep_gate
    from assess.cli.output import deliver_forms
    from assess.report.gate import GATE_FORMS
    from assess.report.gate.terminal import terminal

    forms = {form.name: form.render for form in GATE_FORMS}
    files = options.report_files(forms, [Path(model), baseline or Path(str(against))])
    options.place.reach()
    found = _against(options, model, str(against)) if baseline is None else _baseline(options, model, baseline)
    keep = partial(keep_gate, options.history, found, options.settings, Path(model), options.place.machine)
    deliver_forms(found, forms, terminal, options.format_, files, then=[keep])
    raise typer.Exit(of_gate(found.verdict))


def _against(options: GateOptions, model: str, against: str) -> GateReport:
    """Both models, measured here and now."""
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.gate import Rerun, static
    from assess.gate.options import find_both

    plan = options.plan
    pairs = f"{plan.looks[0]} to {plan.most} pairs of processes, and placebos"
    lasting = pairs if plan.budget_s is None else f"for {format_quantity(plan.budget_s, 's')}, at least 6 pairs"
    _tell_beginning(options, f"both models in turns: {lasting}")
    with progress() as tell:
        accepted, newer = find_both(model, against, options.library, options.dims, options.limits, tell)
        if options.static:
            return static(Rerun(accepted), newer, options.job, options.plan)
        return gating(options.place, tell)(
            Rerun(accepted), newer, options.job, options.settings, options.plan, feeds=options.arrays,
            for_job=options.for_job, on_progress=tell, on_wait=tell_waiting,
        )  # fmt: skip


def gating(place: Place, tell: OnProgress) -> Callable[..., GateReport]:
    """What compares two models: on this machine, or on a target."""
    from assess.cli.place import There, listener
    from assess.gate import gate

    if not isinstance(place, There):
        return gate
    from assess.target.comparing import gate_on

    return partial(gate_on, place.board, place.facts(), listen=listener(tell))


def world(place: Place) -> World:
    """What a gate touches of the world: of this machine, or of a target."""
    from assess.cli.place import There
    from assess.gate.world import WORLD

    if not isinstance(place, There):
        return WORLD
    from assess.target.comparing import world_of

    return world_of(place.board, place.facts())


def _tell_beginning(options: GateOptions, what: str) -> None:
    """A word before some ten seconds or more of silence, where there is no terminal for a bar of progress."""
    if not options.static:
        typer.echo(f"measuring {what}", err=True)


def _file_in(options: GateOptions, model: str, folder: Path) -> Path:
    """The baseline of a model in a folder, by its name, job, machine and settings; which one it is, is told.

    Raises:
        AssessError: there is none.
    """
    from assess.gate.store import find

    place = options.place
    found = find(folder, Path(model).name, options.job, place.host(), place.machine(), options.settings)
    if found is None:
        job = f" for {options.job.workload.id}" if options.job else ""
        hint = f"assess baseline list {folder}; assess baseline accept makes one"
        raise AssessError(f"there is no baseline of {Path(model).name}{job}", where=f"--baseline {folder}", hint=hint)
    typer.echo(f"baseline: {clean(str(found))}", err=True)
    return found


def _baseline(options: GateOptions, model: str, file: Path) -> GateReport:
    """The newer model against a stored baseline."""
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.gate import Stored, static
    from assess.measure.baseline_json import read
    from assess.pipeline import find_model

    accepted = Stored(read(_file_in(options, model, file) if file.is_dir() else file))
    _tell_beginning(options, "the candidate with itself: 5 to 10 pairs of processes")
    with progress() as tell:
        newer = find_model(model, options.library, dims=options.dims, limits=options.limits, on_progress=tell)
        if options.static:
            return static(accepted, newer, options.job, options.plan)
        return gating(options.place, tell)(
            accepted, newer, options.job, options.settings, options.plan, feeds=options.arrays,
            for_job=options.for_job, on_progress=tell, on_wait=tell_waiting,
        )  # fmt: skip


def run_suite(options: GateOptions, name: str, folder: Path | None) -> NoReturn:
    """Gate every model and job of a suite against its baseline, tell what came of it, and exit.

    Args:
        options: of the gates.
        name: the suite, a file or an id.
        folder: of baselines.

    Raises:
        AssessError: the folder of baselines is missing, or something cannot be used, or written.
        typer.Exit: with the worst verdict's code.
    """
    from assess.cli.exit_codes import of_gate
    from assess.cli.keep import keep_gate
    from assess.cli.output import deliver_forms
    from assess.report.gate.suite import SUITE_FORMS, suite_terminal

    if folder is None:
        raise AssessError("is missing", where="--baselines", hint="name the folder of baselines")
    files = options.report_files(SUITE_FORMS, [])
    options.place.reach()
    found = _suite(options, name, folder)
    keep = [
        partial(keep_gate, options.history, each.report, options.settings, each.path, options.place.machine)
        for each in found.gates
        if each.report is not None
    ]
    deliver_forms(found, SUITE_FORMS, suite_terminal, options.format_, files, then=keep)
    raise typer.Exit(of_gate(found.verdict))


def _suite(options: GateOptions, name: str, folder: Path) -> GateSuite:
    from assess.cli.output import tell_waiting
    from assess.cli.progress import progress
    from assess.gate.suite import gate_suite

    library = options.library
    asked, beside = library.suite(name), library.path("suites", name).parent
    place = options.place
    with progress() as tell:
        return gate_suite(
            asked, beside, folder, library, options.settings, options.plan, named=name, static_only=options.static,
            on_progress=tell, on_wait=tell_waiting, world=world(place), gate_once=gating(place, tell),
        )  # fmt: skip
