"""`assess list`: what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from assess.clean import clean
from assess.cli.device_filter import DeviceFilter
from assess.cli.options import ProfilesOption
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.device import Device
    from assess.describe.library import Library

#: What is told of one thing, by name: what is not known of it is not there.
Facts = Mapping[str, Any]
SCHEMA: Final = "assess.list/1"


@dataclass(frozen=True, slots=True)
class _List:
    """One kind of things.

    Attributes:
        facts: of each of them.
        cells: what a line of text shows of one.
    """

    facts: Callable[[Library, DeviceFilter], Iterator[Facts]]
    cells: Callable[[Facts], tuple[str, ...]]


def list_(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="devices, workloads, partners, runtimes, standards, models, criteria, formats; devices if left out.",
        ),
    ] = "devices",
    sector: Annotated[str | None, typer.Option("--sector", metavar="NAME", help="Devices or workloads of it.")] = None,
    min_memory: Annotated[
        str | None, typer.Option("--min-memory", metavar="SIZE", help='Devices with as much memory, as "8 GiB".')
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", metavar="NAME", help="Devices with a peak in it, as int8.")
    ] = None,
    availability: Annotated[
        str | None, typer.Option("--availability", metavar="NAME", help="shipping, announced or closed-sdk devices.")
    ] = None,
    vendor: Annotated[
        str | None, typer.Option("--vendor", metavar="NAME", help="Devices of it; a part will do.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", "-f", metavar="NAME", help="text or json.")] = "text",
    profiles: ProfilesOption = None,
) -> None:
    """List what there is: devices, workloads, partners and so on.

    Example: assess list devices --sector robotics --min-memory "8 GiB"
    """
    from assess.cli.notes import tell_notes
    from assess.describe.library import Library, profile_folders
    from assess.describe.suggestions import did_you_mean

    if what not in _LISTS:
        raise AssessError(f"there are no {what!r} to list", hint=did_you_mean(what, list(_LISTS)))
    if format_ not in ("text", "json"):
        raise AssessError(
            f"there is no format {format_!r}", where="--format", hint=did_you_mean(format_, ["text", "json"])
        )
    wanted = DeviceFilter(sector, min_memory, precision, availability, vendor)
    wanted.check()
    for option in wanted.given:
        if what != "devices" and not (what == "workloads" and option == "--sector"):
            raise AssessError(f"{what} have none", where=option, hint=f"assess list devices {option} ...")
    library = Library(profile_folders(profiles or ()))
    found = list(_LISTS[what].facts(library, wanted))
    typer.echo(_json(what, found) if format_ == "json" else _table(found, _LISTS[what].cells), nl=False)
    tell_notes(library)


def _json(what: str, found: list[Facts]) -> str:
    from json import dumps

    return dumps({"schema": SCHEMA, what: found}, indent=2, ensure_ascii=False) + "\n"


def _table(found: list[Facts], cells: Callable[[Facts], tuple[str, ...]]) -> str:
    rows = [tuple(map(clean, cells(facts))) for facts in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "".join(f"{line}\n" for line in lines)


def _devices(library: Library, wanted: DeviceFilter) -> Iterator[Facts]:
    left_out = 0
    for id_ in library.ids("devices"):
        device = library.bare_device(id_)
        answer = wanted.takes(device)
        left_out += answer == "not known"
        if answer == "yes":
            yield _device(device)
    if left_out:
        library.notes.append(f"{left_out} more left out, of which what is asked for is not published")


def _device(device: Device) -> Facts:
    memory = device.memory or device.on_chip
    facts: dict[str, Any] = {"id": device.id, "name": device.name, "vendor": device.vendor}
    facts |= {"sectors": device.sectors, "availability": device.availability}
    if device.power_mode:
        facts["power_mode"] = device.power_mode
    if device.power:
        facts["power_w"] = device.power.value
    if memory and memory.capacity:
        facts |= {"memory": memory.kind, "memory_bytes": memory.capacity.value}
    return {**facts, "precisions": sorted({peak.precision for engine in device.engine for peak in engine.peak})}


def _device_cells(facts: Facts) -> tuple[str, ...]:
    from assess.units import format_quantity

    memory = format_quantity(facts["memory_bytes"], "B") if "memory_bytes" in facts else "-"
    sectors = ", ".join(facts["sectors"])
    return (facts["id"], sectors, facts.get("power_mode", "-"), memory, facts["availability"], facts["name"])


def _workloads(library: Library, wanted: DeviceFilter) -> Iterator[Facts]:
    for id_ in library.ids("workloads"):
        job = library.workload(id_)
        if wanted.sector is not None and wanted.sector not in job.sectors:
            continue
        deadline = {} if job.deadline_s is None else {"deadline_s": job.deadline_s}
        yield {
            "id": job.id,
            "name": job.name,
            "sectors": job.sectors,
            "scenario": job.scenario.kind,
            "percentile": job.requires.percentile,
            **deadline,
        }


def _workload_cells(facts: Facts) -> tuple[str, ...]:
    from assess.units import format_quantity

    deadline = format_quantity(facts["deadline_s"], "s") if "deadline_s" in facts else "-"
    return facts["id"], ", ".join(facts["sectors"]), f"p{facts['percentile']:g} {deadline}", facts["name"]


def _partners(library: Library, _: DeviceFilter) -> Iterator[Facts]:
    for partner in map(library.partner, library.ids("partners")):
        yield {"id": partner.id, "name": partner.name, "devices": partner.devices, "workloads": partner.workloads}


def _partner_cells(facts: Facts) -> tuple[str, ...]:
    counts = (f"{len(facts[what])} {what}" for what in ("devices", "workloads"))
    return facts["id"], *counts, facts["name"]


def _runtimes(library: Library, _: DeviceFilter) -> Iterator[Facts]:
    for one in map(library.runtime, library.ids("runtimes")):
        known = {} if one.operators is None else {"operators": len(one.operators)}
        provider = {"provider": one.provider} if one.provider else {}
        yield {"id": one.id, "name": one.name, "version": one.version, **provider, **known}


def _runtime_cells(facts: Facts) -> tuple[str, ...]:
    operators = f"{facts['operators']} operators" if "operators" in facts else "operators not public"
    return facts["id"], operators, facts.get("provider", "-"), f"{facts['name']} {facts['version']}"


def _standards(library: Library, _: DeviceFilter) -> Iterator[Facts]:
    for one in map(library.standard, library.ids("standards")):
        yield {"id": one.id, "name": one.name, "title": one.title}


def _models(library: Library, _: DeviceFilter) -> Iterator[Facts]:
    for card in map(library.card, library.ids("models")):
        yield {"id": card.id, "name": card.name, "licence": card.licence, "role": card.role}


def _criteria(_: Library, __: DeviceFilter) -> Iterator[Facts]:
    from assess.judge.criteria import CRITERIA

    return ({"name": one.name, "question": one.question} for one in CRITERIA)


def _formats(_: Library, __: DeviceFilter) -> Iterator[Facts]:
    from assess.report.formats import FORMATS

    return ({"name": one.name, "suffix": one.suffix, "summary": one.summary} for one in FORMATS)


def _shown(*names: str) -> Callable[[Facts], tuple[str, ...]]:
    return lambda facts: tuple(facts[name] for name in names)


_LISTS: Final[Mapping[str, _List]] = {
    "devices": _List(_devices, _device_cells),
    "workloads": _List(_workloads, _workload_cells),
    "partners": _List(_partners, _partner_cells),
    "runtimes": _List(_runtimes, _runtime_cells),
    "standards": _List(_standards, _shown("id", "name", "title")),
    "models": _List(_models, _shown("id", "licence", "role", "name")),
    "criteria": _List(_criteria, _shown("name", "question")),
    "formats": _List(_formats, _shown("name", "suffix", "summary")),
}
