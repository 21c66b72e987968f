"""`assess list`: what there is."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from assess.clean import clean
from assess.cli.options import ProfilesOption
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.library import Library

Rows = list[tuple[str, ...]]


def list_(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="devices, workloads, partners, models, criteria, formats.")
    ],
    profiles: ProfilesOption = None,
) -> None:
    """List devices, workloads, partners, models, criteria or formats.

    Example: assess list devices
    """
    from assess.describe.library import Library

    lister = _LISTS.get(what)
    if lister is None:
        near = get_close_matches(what, _LISTS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(_LISTS)}"
        raise AssessError(f"there are no {what!r} to list", hint=hint)
    rows = [tuple(map(clean, row)) for row in lister(Library(profiles or ()))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        typer.echo("  ".join([*cells, row[-1]]).rstrip())


def _devices(library: Library) -> Rows:
    devices = [library.device(id_) for id_ in library.ids("devices")]
    return [(d.id, ", ".join(d.sectors), d.power_mode or "-", d.availability, d.name) for d in devices]


def _workloads(library: Library) -> Rows:
    from assess.units import format_quantity

    rows: Rows = []
    for id_ in library.ids("workloads"):
        job = library.workload(id_)
        deadline = "-" if job.deadline_s is None else format_quantity(job.deadline_s, "s")
        rows.append((job.id, ", ".join(job.sectors), f"p{job.requires.percentile:g} {deadline}", job.name))
    return rows


def _partners(library: Library) -> Rows:
    partners = [library.partner(id_) for id_ in library.ids("partners")]
    return [(p.id, f"{len(p.devices)} devices", f"{len(p.workloads)} workloads", p.name) for p in partners]


def _models(library: Library) -> Rows:
    cards = [library.card(id_) for id_ in library.ids("models")]
    return [(c.id, c.licence, c.role, c.name) for c in cards]


def _criteria(_: Library) -> Rows:
    from assess.judge.criteria import CRITERIA

    return [(one.name, one.question) for one in CRITERIA]


def _formats(_: Library) -> Rows:
    from assess.report.formats import FORMATS

    return [(one.name, one.suffix, one.summary) for one in FORMATS]


_LISTS: dict[str, Callable[[Library], Rows]] = {
    "devices": _devices,
    "workloads": _workloads,
    "partners": _partners,
    "models": _models,
    "criteria": _criteria,
    "formats": _formats,
}
