"""`assess doctor`: this host as an instrument: what it takes of a frame itself, and what to type to improve it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assess.cli.options import ProviderOption, choice
from assess.cli.place import InventoryOption, OnOption, There, listener, place_of
from assess.errors import AssessError
from assess.providers import CPU
from assess.units import format_quantity, parse

if TYPE_CHECKING:
    from assess.units import Unit

_FORMATS = ("text", "json")


def doctor(
    rate: Annotated[
        str | None, typer.Option(metavar="RATE", help='Of the job, e.g. "30 Hz"; default: frames every 10 ms.')
    ] = None,
    deadline: Annotated[
        str | None,
        typer.Option(metavar="TIME", help='Of the job, e.g. "10 ms"; default: the period, with --rate.'),
    ] = None,
    provider: ProviderOption = CPU,
    form: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = "text",
    on: OnOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Tell which deadlines can be measured on this machine, what disturbs it, and what to type about it.

    Example: assess doctor --rate "100 Hz" --deadline "10 ms"
    """
    import sys

    from assess import pipeline
    from assess.cli.exit_codes import ExitCode
    from assess.cli.progress import progress
    from assess.cli.terminal import terminal_width
    from assess.report.doctor import doctor_json, doctor_text

    choice(form, _FORMATS, "--format")
    rate_hz = _quantity(rate, "Hz", "--rate", 1e9)
    deadline_s = _quantity(deadline, "s", "--deadline", 1e9)
    if deadline_s is None and rate_hz is not None:
        deadline_s = 1 / rate_hz
    place = place_of(on, inventory)
    place.reach()
    with progress() as tell:
        if isinstance(place, There):
            from assess.target.comparing import doctor_on

            diagnosis = doctor_on(
                place.board, rate_hz=rate_hz, deadline_s=deadline_s, provider=provider, listen=listener(tell)
            )
        else:
            diagnosis = pipeline.doctor(rate_hz=rate_hz, deadline_s=deadline_s, provider=provider, on_progress=tell)
    place.tell_sent()
    if form == "json":
        typer.echo(doctor_json(diagnosis), nl=False)
    else:
        typer.echo(doctor_text(diagnosis, on=place.name, width=terminal_width(), colour=sys.stdout.isatty()), nl=False)
    if diagnosis.floor is None or diagnosis.fit is False:
        raise typer.Exit(ExitCode.UNTOLD)


def _quantity(text: str | None, unit: Unit, option: str, most: float) -> float | None:
    """A quantity that is neither zero, nor so small or large that its inverse is of no use.

    Raises:
        AssessError: it is no such quantity.
    """
    if text is None:
        return None
    try:
        value = parse(text, unit)
    except ValueError as error:
        raise AssessError(str(error), where=option) from error
    if not 1 / most <= value <= most:
        least, most_text = format_quantity(1 / most, unit), format_quantity(most, unit)
        raise AssessError(f"{text!r:.40} is not between {least} and {most_text}", where=option)
    return value
