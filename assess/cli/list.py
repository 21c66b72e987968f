"""`assess list`: what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from assess.cli.device_filter import DeviceFilter, device_filter
from assess.cli.options import ProfilesOption, choice
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.library import Library
    from assess.report.listing import Facts

T = TypeVar("T")


def list_(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="devices, workloads, partners, runtimes, standards, models, tasks, criteria or formats.",
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
    from assess.cli.stderr import complain
    from assess.describe.library import Library, profile_folders
    from assess.report.listing import listing_json, listing_text

    choice(what, list(_LISTS), "LIST")
    choice(format_, ("text", "json"), "--format")
    wanted = device_filter(
        sector=sector, min_memory=min_memory, precision=precision, availability=availability, vendor=vendor
    )
    for option in wanted.given:
        if what != "devices" and not (what == "workloads" and option == "--sector"):
            raise AssessError(f"{what} have none", where=option, hint=f"assess list devices {option} ...")
    library, broken = Library(profile_folders(profiles or ())), list[AssessError]()
    asked = list(_LISTS[what](library, wanted, broken))
    found = [facts for facts in asked if facts is not None]
    typer.echo((listing_json if format_ == "json" else listing_text)(what, found), nl=False)
    left_out = len(asked) - len(found)
    notes = [f"{left_out} more left out, of which what is asked for is not published"] if left_out else []
    tell_notes(library, *([] if found else [f"no {what.removesuffix('s')} has all of that"]), *notes)
    for error in broken[:-1]:
        complain(error)
    if broken:
        raise broken[-1]


def _each(ids: Sequence[str], load: Callable[[str], T], broken: list[AssessError]) -> Iterator[T]:
    """What each id stands for; one unfinished file of a user's must not hide all the others."""
    for id_ in ids:
        try:
            yield load(id_)
        except AssessError as error:
            broken.append(error)


def _devices(library: Library, wanted: DeviceFilter, broken: list[AssessError]) -> Iterator[Facts | None]:
    """Devices; None for one of which what is asked for is not published."""
    from assess.report.listing import device_facts

    for device in _each(library.ids("devices"), library.bare_device, broken):
        answer = wanted.takes(device)
        if answer != "no":
            yield device_facts(device) if answer == "yes" else None


def _workloads(library: Library, wanted: DeviceFilter, broken: list[AssessError]) -> Iterator[Facts]:
    from assess.report.listing import workload_facts

    jobs = _each(library.ids("workloads"), library.workload, broken)
    return (workload_facts(job) for job in jobs if wanted.sector is None or wanted.sector in job.sectors)


def _partners(library: Library, _: DeviceFilter, broken: list[AssessError]) -> Iterator[Facts]:
    from assess.report.listing import partner_facts

    return map(partner_facts, _each(library.ids("partners"), library.partner, broken))


def _runtimes(library: Library, _: DeviceFilter, broken: list[AssessError]) -> Iterator[Facts]:
    from assess.report.listing import runtime_facts

    return map(runtime_facts, _each(library.ids("runtimes"), library.runtime, broken))


def _standards(library: Library, _: DeviceFilter, broken: list[AssessError]) -> Iterator[Facts]:
    from assess.report.listing import standard_facts

    return map(standard_facts, _each(library.ids("standards"), library.standard, broken))


def _models(library: Library, _: DeviceFilter, broken: list[AssessError]) -> Iterator[Facts]:
    from assess.report.listing import model_facts

    return map(model_facts, _each(library.ids("models"), library.card, broken))


def _tasks(_: Library, __: DeviceFilter, broken: list[AssessError]) -> Iterator[Facts]:
    from assess.measure.tasks import TASKS, find_task
    from assess.report.listing import task_facts

    return map(task_facts, _each(list(TASKS), find_task, broken))


def _criteria(_: Library, __: DeviceFilter, ___: list[AssessError]) -> Iterator[Facts]:
    from assess.judge.criteria import CRITERIA

    return ({"name": one.name, "question": one.question} for one in CRITERIA)


def _formats(_: Library, __: DeviceFilter, ___: list[AssessError]) -> Iterator[Facts]:
    from assess.report.formats import FORMATS

    return ({"name": one.name, "suffix": one.suffix, "summary": one.summary} for one in FORMATS)


_LISTS: Final[Mapping[str, Callable[[Library, DeviceFilter, list[AssessError]], Iterator[Facts | None]]]] = {
    "devices": _devices,
    "workloads": _workloads,
    "partners": _partners,
    "runtimes": _runtimes,
    "standards": _standards,
    "models": _models,
    "tasks": _tasks,
    "criteria": _criteria,
    "formats": _formats,
}
