"""`assess profile new`: a file to start from, or this machine's own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from assess.clean import clean
from assess.cli.options import DimOption, ProfilesOption, dimensions
from assess.cli.place import InventoryOption, OnOption, There, listener, place_of
from assess.cli.profile.questions import Given, given, name_of, named, sectors_of
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.library import Library

#: More time makes no figure better.
_LONGEST_S = 600.0


def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="device, workload, partner, runtime, standard or card.")],
    model: Annotated[
        Path | None, typer.Argument(metavar="[MODEL.onnx]", help="Of a card: the model, which it is written beside.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id, which is the file's name: acme-rover.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="For people; asked for if left out.")] = None,
    vendor: Annotated[str | None, typer.Option("--vendor", help="Who makes the device; asked for if left out.")] = None,
    sector: Annotated[
        list[str] | None, typer.Option("--sector", metavar="NAME", help="Asked for if left out; repeatable.")
    ] = None,
    from_here: Annotated[
        bool, typer.Option("--from-here", help="A device: detect this machine and calibrate it, in under two minutes.")
    ] = False,
    calibration: Annotated[
        str | None,
        typer.Option("--calibration", metavar="TIME", help='Time to calibrate in; 90 s unless said, "0 s" for none.'),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Folder of profiles to write it into.")
    ] = Path("profiles"),
    dim: DimOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take what is suggested.")] = False,
    profiles: ProfilesOption = None,
    on: OnOption = None,
    inventory: InventoryOption = None,
) -> None:
    """Write a commented file to start from, with its schema beside it, and check it.

    With --on, --from-here is a board that is reached over ssh.

    Example: assess profile new device --id acme-rover --from-here
    """
    from assess.cli.exit_codes import ExitCode
    from assess.describe.kinds import DEVICE, kind_named
    from assess.describe.library import Library, checked_id, profile_folders

    if kind in ("card", "cards"):
        said = given(name, vendor, sector, asks=sys.stdin.isatty() and not yes)
        if not _card(model, dim, said, profiles or (), id_=id_, from_here=from_here):
            raise typer.Exit(ExitCode.BAD_INPUT)
        return
    of = kind_named(kind)
    if model is not None:
        raise AssessError(f"a {of.name} is of no model", where=str(model), hint="only a card is")
    if id_ is None:
        raise AssessError("is missing", where="--id", hint="its id, which is the file's name: acme-rover")
    place = place_of(on, inventory)
    if place.name and not from_here:
        raise AssessError("is where a device is detected", where="--on", hint="add --from-here")
    if from_here and of is not DEVICE:
        raise AssessError(f"a {of.name} is not detected", where="--from-here", hint="only a device is")
    file = folder / of.folder / f"{checked_id(id_)}.toml"
    said = given(name, vendor, sector, asks=sys.stdin.isatty() and not yes)
    budget_s = _budget_s(calibration)
    library = Library(profile_folders(profiles or ()))
    # Before anything that takes long, or an author's time.
    _make_room(file, folder)
    _write_schema(of.name, folder)
    if not from_here:
        text = TEXTS[of.name](id_, said, library)
    elif isinstance(place, There):
        text = _from_there(place, id_, said, budget_s)
    else:
        text = _from_here(id_, said, budget_s, library)
    _write(file, text)
    if not _tell(of.name, id_, file, [folder, *(profiles or ())], on=on or ""):
        raise typer.Exit(ExitCode.BAD_INPUT)


def _budget_s(calibration: str | None) -> float | None:
    """Seconds to calibrate in; None: as long as is usual."""
    from assess.units import parse

    if calibration is None:
        return None
    try:
        budget_s = parse(calibration, "s")
    except ValueError as error:
        raise AssessError(str(error), where="--calibration") from error
    if budget_s > _LONGEST_S:
        raise AssessError("takes more than ten minutes", where="--calibration", hint='"90 s" is enough')
    return budget_s


def _from_here(id_: str, said: Given, budget_s: float | None, library: Library) -> str:
    """A device's text from this machine. Its author is asked before there is a bar that would wipe the question."""
    from assess.authoring import BUDGET_S, device_from_here, look_here
    from assess.cli.progress import progress

    here = look_here()
    board, vendor = here.detected.board, here.detected.vendor
    by_author = named(
        said,
        name=board.value if board else _titled(id_),
        vendor=vendor.value if vendor else "fill in",
        sector="enterprise",
    )
    with progress() as tell:
        return device_from_here(
            here, by_author, library, budget_s=BUDGET_S if budget_s is None else budget_s, on_progress=tell
        )


def _from_there(place: There, id_: str, said: Given, budget_s: float | None) -> str:
    """The same from a target, which knows its own name and maker where nobody here says them."""
    from assess.cli.progress import progress
    from assess.target.comparing import device_on

    place.reach()
    suggested = place.host().board or _titled(id_)
    by_author = named(said, name=suggested, vendor="fill in", sector="enterprise")
    as_detected = said.vendor is None and not said.asks
    with progress() as tell:
        return device_on(place.board, by_author, budget_s, listener(tell), vendor_as_detected=as_detected)


def _device(id_: str, said: Given, _: Library) -> str:
    from assess import __version__
    from assess.report.new import NewDevice, new_device

    by_author = named(said, name=_titled(id_), vendor=_titled(id_.partition("-")[0]), sector="robotics")
    return new_device(NewDevice(named=by_author, tool=__version__, date=""))


def _workload(id_: str, said: Given, _: Library) -> str:
    from assess.report.new import new_workload

    return new_workload(name_of(said, _titled(id_)), sectors_of(said, "robotics"))


def _partner(id_: str, said: Given, library: Library) -> str:
    from assess.report.new import new_partner

    return new_partner(name_of(said, _titled(id_)), library.ids("devices")[0], library.ids("workloads")[0])


def _runtime(id_: str, said: Given, _: Library) -> str:
    from assess.report.new import new_runtime

    return new_runtime(name_of(said, _titled(id_)))


def _standard(id_: str, said: Given, _: Library) -> str:
    from assess.report.new import new_standard

    return new_standard(name_of(said, _titled(id_)))


#: What a new file of each kind has in it, by the kind's name.
TEXTS: Final[Mapping[str, Callable[[str, Given, Library], str]]] = {
    "device": _device,
    "workload": _workload,
    "partner": _partner,
    "runtime": _runtime,
    "standard": _standard,
}


def _card(
    model: Path | None,
    dim: list[str] | None,
    said: Given,
    profiles: Sequence[Path],
    *,
    id_: str | None,
    from_here: bool,
) -> bool:
    """Write the card of a model beside it; whether it can be used.

    Raises:
        AssessError: there is no such model, or it has a card.
    """
    from assess.cli.progress import progress
    from assess.describe.graph import describe
    from assess.describe.kinds import CARD_FILE
    from assess.report.new import new_card

    if model is None:
        raise AssessError("is missing", where="MODEL.onnx", hint="assess profile new card MODEL.onnx")
    for option, is_given in (("--id", id_ is not None), ("--from-here", from_here)):
        if is_given:
            raise AssessError("a card has none", where=option, hint="it is card.toml beside its model")
    file = model.parent / CARD_FILE
    if not model.is_file():
        raise AssessError("there is no such file", where=str(model), hint="give the path of the ONNX file")
    _make_room(file, model.parent)
    dims = dimensions(dim)
    with progress() as tell:
        found = describe(model, dims=dims, on_progress=lambda _: tell("reading the model", None, None))
    _write(file, new_card(found, name_of(said, _titled(model.stem))))
    return _tell("card", "", file, profiles)


def _titled(id_: str) -> str:
    return " ".join(word.upper() if len(word) < 4 else word.capitalize() for word in id_.split("-"))


def _make_room(file: Path, folder: Path) -> None:
    """Make the folder of a file that is not there yet.

    Raises:
        AssessError: the file is there, a link leads out of the folder, or nothing can be written there.
    """
    from assess.describe.kinds import CARD_FILE
    from assess.files import check_writable

    if file.exists() or file.is_symlink():
        hint = "edit it, or move it away" if file.name == CARD_FILE else "take another --id, or edit it"
        raise AssessError("is there already", where=str(file), hint=hint)
    if not file.resolve().is_relative_to(folder.resolve()):
        raise AssessError("a link leads out of the folder", where=str(file), hint="name where it leads with --folder")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise AssessError("is a file, not a folder", where=str(file.parent), hint="name another --folder") from error
    except OSError as error:
        raise AssessError(f"cannot be made: {error.strerror}", where=str(file.parent), hint="name --folder") from error
    check_writable(file)


def _write_schema(kind: str, folder: Path) -> None:
    """The schema that the new file's first line names, unless another file has its place."""
    from assess.describe.schema import schema_text
    from assess.files import check_writable, write_new, write_whole

    file, text = folder / "schemas" / f"{kind}.json", schema_text(kind)
    if not file.exists() and not file.is_symlink():
        _make_room(file, folder)
        write_new(file, text)
    elif not file.resolve().is_relative_to(folder.resolve()) or not _is_ours(file, kind):
        note = "is no schema of ours and stays as it is; editors do not help with the new file's keys"
        typer.echo(f"note: {clean(str(file))} {note}", err=True)
    else:
        check_writable(file)
        write_whole(file, text)


def _is_ours(file: Path, kind: str) -> bool:
    """Whether a file is a schema that some version of `assess` wrote."""
    from json import loads

    try:
        found = loads(file.read_text(encoding="utf-8")) if file.is_file() and not file.is_symlink() else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("title") == f"assess {kind}"


def _write(file: Path, text: str) -> None:
    """Write the new file; where that fails the text is printed: it took an author's or a board's time."""
    from assess.files import write_new

    try:
        write_new(file, text)
    except AssessError as error:
        typer.echo(text, nl=False)
        raise AssessError(error.problem, where=error.where, hint="the text is on standard output: save it") from error


def _tell(kind: str, id_: str, file: Path, folders: Sequence[Path], *, on: str = "") -> bool:
    """Say what was written, what is wrong with it, and what comes next; whether it can be used."""
    from assess import __version__
    from assess.cli.profile.cards import wrong_beyond
    from assess.describe.library import Library, profile_folders
    from assess.describe.lint import lint
    from assess.report.problems import Checked
    from assess.report.problems.text import text

    checked = Checked(
        {str(file): lint(file, Library(profile_folders(folders)), of_cards=wrong_beyond)}, {}, __version__
    )
    where = clean(shlex.quote(str(file)))
    typer.echo(f"written: {clean(str(file))}", err=True)
    typer.echo(text(checked), err=True, nl=False)
    typer.echo(f"next: fill in what is left, then: assess profile lint {where}", err=True)
    if kind == "device":
        # The usual folder need not be named.
        own = "".join(f" --profiles {clean(shlex.quote(str(one)))}" for one in folders if one != Path("profiles"))
        there = f" --on {clean(shlex.quote(on))}" if on else ""
        if there and "://" not in on:
            typer.echo(f'then: write device = "{id_}" into the inventory\'s entry of {clean(on)}', err=True)
        typer.echo(f"then: assess fit MODEL --device {id_} --workload camera-30hz{own}{there}", err=True)
    return not checked.errors
