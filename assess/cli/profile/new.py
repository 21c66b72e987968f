"""`assess profile new`: a file to start from, or this machine's own."""

from __future__ import annotations

import sys
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assess.cli.options import ProfilesOption
from assess.errors import AssessError

if TYPE_CHECKING:
    from assess.describe.library import Library
    from assess.measure.detect import Detected

_KINDS = ("device", "workload", "partner", "runtime", "standard")


def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="device, workload, partner, runtime or standard.")],
    id_: Annotated[str, typer.Option("--id", metavar="ID", help="Its id, which is the file's name: acme-rover.")],
    name: Annotated[str | None, typer.Option("--name", help="For people; asked for if left out.")] = None,
    vendor: Annotated[str | None, typer.Option("--vendor", help="Who makes the device; asked for if left out.")] = None,
    sector: Annotated[
        list[str] | None, typer.Option("--sector", metavar="NAME", help="Asked for if left out; repeatable.")
    ] = None,
    from_here: Annotated[
        bool, typer.Option("--from-here", help="A device: detect this machine and calibrate it, in under two minutes.")
    ] = False,
    calibration: Annotated[
        str, typer.Option("--calibration", metavar="TIME", help='Time to calibrate in; "0 s" leaves it out.')
    ] = "100 s",
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Folder of profiles to write it into.")
    ] = Path("profiles"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take what is suggested.")] = False,
    profiles: ProfilesOption = None,
) -> None:
    """Write a commented file to start from, with its schema beside it, and check it.

    Example: assess profile new device --id acme-rover --from-here
    """
    from assess.describe.library import Library, checked_id, profile_folders
    from assess.describe.suggestions import did_you_mean
    from assess.files import write_whole

    if kind not in _KINDS:
        raise AssessError(f"there is no kind {kind!r}", hint=did_you_mean(kind, list(_KINDS)))
    if from_here and kind != "device":
        raise AssessError(f"a {kind} is not detected", where="--from-here", hint="only a device is")
    file = folder / f"{kind}s" / f"{checked_id(id_)}.toml"
    if file.exists() or file.is_symlink():
        raise AssessError("is there already", where=str(file), hint="take another --id, or edit it")
    library = Library(profile_folders(profiles or ()))
    answers = _Answers(id_, name, vendor, sector, ask=sys.stdin.isatty() and not yes)
    text = _device_here(answers, calibration, library) if from_here else _written(kind, answers, library)
    _make_folders(file)
    _write_schema(kind, folder)
    write_whole(file, text)
    _tell(kind, id_, file, folder)


class _Answers:
    """What the author says: by options, else when asked, else what is suggested."""

    def __init__(self, id_: str, name: str | None, vendor: str | None, sectors: list[str] | None, *, ask: bool) -> None:
        self.id = id_
        self._given: dict[str, Any] = {"name": name, "vendor": vendor, "sectors": sectors}
        self._ask = ask
        for sector in sectors or ():
            _known_sector(sector)

    def name(self, suggested: str) -> str:
        return self._said("name", "Name", suggested)

    def vendor(self, suggested: str) -> str:
        return self._said("vendor", "Vendor", suggested)

    def sectors(self, suggested: str) -> tuple[str, ...]:
        if self._given["sectors"]:
            return tuple(self._given["sectors"])
        if not self._ask:
            return (suggested,)
        said = typer.prompt(f"Sectors, of {', '.join(_sectors())}", default=suggested, err=True)
        return tuple(_known_sector(word.strip()) for word in said.split(",") if word.strip()) or (suggested,)

    def _said(self, key: str, question: str, suggested: str) -> str:
        if self._given[key]:
            return str(self._given[key])
        return str(typer.prompt(question, default=suggested, err=True)) if self._ask else suggested


def _sectors() -> tuple[str, ...]:
    from assess.describe.device import Sector

    return typing.get_args(Sector)


def _known_sector(word: str) -> str:
    from assess.describe.suggestions import did_you_mean

    if word not in _sectors():
        raise AssessError(f"there is no sector {word!r}", where="--sector", hint=did_you_mean(word, list(_sectors())))
    return word


def _titled(id_: str) -> str:
    return " ".join(word.upper() if len(word) < 4 else word.capitalize() for word in id_.split("-"))


def _device_here(answers: _Answers, calibration: str, library: Library) -> str:
    from assess.authoring import device_from_here
    from assess.cli.progress import progress
    from assess.units import parse

    try:
        budget_s = parse(calibration, "s")
    except ValueError as error:
        raise AssessError(str(error), where="--calibration") from error
    if budget_s > 600:
        raise AssessError("takes more than ten minutes", where="--calibration", hint='"100 s" is enough')

    def ask(found: Detected) -> tuple[str, str, tuple[str, ...]]:
        board = found.board.value if found.board else _titled(answers.id)
        vendor = found.vendor.value if found.vendor else "fill in"
        return answers.name(board), answers.vendor(vendor), answers.sectors("enterprise")

    with progress() as tell:
        return device_from_here(answers.id, ask, library, budget_s=budget_s, on_progress=tell)


def _written(kind: str, answers: _Answers, library: Library) -> str:
    from assess import __version__
    from assess.report import new as texts

    name = answers.name(_titled(answers.id))
    if kind == "device":
        vendor = answers.vendor(_titled(answers.id.partition("-")[0]))
        return texts.new_device(
            texts.NewDevice(answers.id, name, vendor, answers.sectors("robotics"), __version__, date="")
        )
    if kind == "workload":
        return texts.new_workload(name, answers.sectors("robotics"))
    if kind == "partner":
        return texts.new_partner(name, library.ids("devices")[0], library.ids("workloads")[0])
    return texts.new_runtime(name) if kind == "runtime" else texts.new_standard(name)


def _make_folders(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AssessError(f"cannot be made: {error.strerror}", where=str(file.parent), hint="name --folder") from error


def _write_schema(kind: str, folder: Path) -> None:
    """The schema that the new file's first line names."""
    from assess.describe.schema import schema_text
    from assess.files import write_whole

    file = folder / "schemas" / f"{kind}.json"
    _make_folders(file)
    write_whole(file, schema_text(kind))


def _tell(kind: str, id_: str, file: Path, folder: Path) -> None:
    from assess import __version__
    from assess.describe.library import Library, profile_folders
    from assess.describe.lint import lint
    from assess.report.problems import Checked
    from assess.report.problems.text import text

    found = lint(file, Library(profile_folders([folder])))
    typer.echo(f"written: {file}", err=True)
    typer.echo(text(Checked({str(file): found}, {}, __version__)), err=True, nl=False)
    typer.echo(f"next: fill in what is left, then: assess profile lint {file}", err=True)
    if kind == "device":
        own = "" if folder == Path("profiles") else f" --profiles {folder}"
        typer.echo(f"then: assess fit MODEL --device {id_} --workload camera-30hz{own}", err=True)
