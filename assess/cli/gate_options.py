"""The options of a gate: which of them go together, and what they mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from assess.cli.options import choice, pairs
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.cli.place import Place
    from assess.describe.library import Library
    from assess.describe.workload import Job
    from assess.gate import GatePlan
    from assess.gate.for_job import ForJob
    from assess.measure.measurement import Settings
    from assess.sandbox import Limits

#: Each says what the newer model is compared with.
KINDS: Final = ("--against", "--baseline", "--suite", "--self-test")
_OF_SUITE: Final = "is where the baselines of a suite are"
_NAMES: Final = "the suite names models, jobs and devices itself"
_STORED: Final = "a stored floor is compared with a fixed number of launches"
_ONE_MODEL: Final = "a self-test gates one model, against itself and against copies of it"
_FILES: Final = "files alone are compared, and nothing is run"
#: Where all of the first were given, none of the second means anything; and why. With a suite the settings mean
#: something even where nothing is run: its baselines are found by them.
MEANINGLESS: Final[Sequence[tuple[tuple[str, ...], tuple[str, ...], str]]] = (
    (("--against",), ("--baselines",), _OF_SUITE),
    (("--baseline",), ("--baselines",), _OF_SUITE),
    (("--self-test",), ("--baselines",), _OF_SUITE),
    (("--baseline",), ("--max-pairs", "--budget"), _STORED),
    (("--suite",), ("--max-pairs", "--budget"), _STORED),
    (("--suite",), ("--model", "--workload", "--device", "--dim", "--input"), _NAMES),
    (("--self-test",), ("--static", "--device", "--allow", "--skip"), _ONE_MODEL),
    (("--self-test",), ("--history",), "a history keeps runs of models, and a self-test is one of this machine"),
    (("--static",), ("--device", "--input", "--margin", "--max-pairs", "--budget", "--on"), _FILES),
    (("--against", "--static"), ("--provider", "--provider-option", "--threads", "--optimisation", "--seed"), _FILES),
    (("--baseline", "--static"), ("--provider", "--provider-option", "--threads", "--optimisation", "--seed"), _FILES),
)


@dataclass(frozen=True, slots=True)
class GateOptions:
    """The options of a gate, read.

    Attributes:
        library: where ids are found.
        job: what the models are for; None if nobody said.
        for_job: how they are run for it; None then.
        settings: how they are run.
        plan: what is asked.
        budget_s: seconds, where a time was given.
        static: whether files alone are compared.
        dims: numbers for dynamic dimensions.
        arrays: `.npy` files for inputs, by name.
        limits: what reading a model may use.
        format_: form to print.
        reports: "FORM=FILE" to write.
        history: where the run is kept; None for nowhere.
        place: where models are run.
    """

    library: Library
    job: Job | None
    for_job: ForJob | None
    settings: Settings
    plan: GatePlan
    budget_s: float | None
    static: bool
    dims: Mapping[str, int]
    arrays: Mapping[str, Path]
    limits: Limits
    format_: str
    reports: Sequence[str]
    history: str | None
    place: Place

    def report_files(self, forms: Collection[str], read: Sequence[Path]) -> list[tuple[str, Path]]:
        """Forms and their files.

        Args:
            forms: that there are.
            read: files that must not be overwritten, beside the history.

        Raises:
            AssessError: there is no such form, a file cannot be written, or the history cannot be added to.
        """
        from assess.cli.keep import check_history
        from assess.cli.output import report_files

        choice(self.format_, list(forms), "--format")
        kept = [Path(self.history)] if self.history is not None else []
        files = report_files(self.reports, [*read, *self.arrays.values(), *kept], list(forms))
        check_history(self.history)
        return files


def kind_of(context: typer.Context) -> str:
    """The one option that says what is compared with what, where no option was typed that means nothing beside it.

    Raises:
        AssessError: none was, several were, or an option means nothing.
    """
    given = _typed(context)
    kind = _one_kind(given)
    _refuse_meaningless(given)
    return kind


def _typed(context: typer.Context) -> frozenset[str]:
    """Options of the command line; what the environment says is meant for other commands too, and may mean nothing."""
    return frozenset(
        next(name for name in parameter.opts if name.startswith("--"))
        for parameter in context.command.params
        if parameter.name and (source := context.get_parameter_source(parameter.name)) and source.name == "COMMANDLINE"
    )


def _one_kind(given: Collection[str]) -> str:
    there = [option for option in KINDS if option in given]
    if not there:
        raise AssessError("there is nothing to compare with", where=KINDS[0], hint=f"one of {', '.join(KINDS)}")
    if len(there) > 1:
        raise AssessError(f"is another gate than {there[0]}", where=there[1], hint="one at a time")
    return there[0]


def _refuse_meaningless(given: Collection[str]) -> None:
    """Refuse an option that means nothing beside another one: whoever typed it expects an answer that does not come."""
    for beside, options, why in MEANINGLESS:
        if set(beside) <= set(given) and (found := [option for option in options if option in given]):
            raise AssessError(why, where=found[0], hint=f"leave out {found[0]} or {beside[-1]}")


def gate_settings(
    provider: str,
    provider_option: Sequence[str] | None,
    threads: int,
    optimisation: str,
    seed: int,
    timeout: str | None,
) -> Settings:
    """How a gate, or what it will compare with, runs its models.

    Args:
        provider: ONNX Runtime execution provider.
        provider_option: "NAME=VALUE", for it.
        threads: of ONNX Runtime.
        optimisation: level of it.
        seed: of what is fed.
        timeout: of each process, as it was typed; None for the usual one.

    Raises:
        AssessError: one of them is none.
    """
    from assess.cli.settings import LEVELS, quantity
    from assess.gate import SETTINGS

    return replace(
        SETTINGS, provider=provider, provider_options=pairs(provider_option, "--provider-option"), threads=threads,
        optimisation=choice(optimisation, LEVELS, "--optimisation"), seed=seed,
        timeout_s=SETTINGS.timeout_s if timeout is None else quantity(timeout, "s", "--timeout"),
    )  # fmt: skip


def for_job_of(
    job: Job | None, devices: Sequence[str] | None, settings: Settings, library: Library, arrays: Mapping[str, Path]
) -> ForJob | None:
    """How models are run for a job; None where there is none.

    Args:
        job: the job.
        devices: that they are judged for, as they were typed.
        settings: of the gate.
        library: where ids are found.
        arrays: `.npy` files for inputs, by name.

    Raises:
        AssessError: devices without a job, or one that is not there or is named twice.
    """
    from assess.cli.targets import devices_of
    from assess.gate.for_job import ForJob

    if job is None:
        if devices:
            raise AssessError("a device is judged for a job", where="--device", hint="name one with --workload")
        return None
    return ForJob(job, settings, devices_of(devices, None, library) if devices else (), library, arrays)
