"""Everything that can be named by id: a user's own folders are looked in first, the shipped ones last."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from assess.describe.authored import invalid_file, load, read
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.extends import merged
from assess.describe.kinds import SCHEMAS, kind_of
from assess.describe.kinds import Folder as Kind
from assess.describe.partner import Partner
from assess.describe.problems import Complaint
from assess.describe.references import references
from assess.describe.runtime import Runtime
from assess.describe.standard import Standard
from assess.describe.suggestions import did_you_mean
from assess.describe.suite import Suite
from assess.describe.workload import Workload
from assess.errors import AssessError
from assess.files import shipped

T = TypeVar("T", bound=BaseModel)
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_ID: Final = 200  # Characters: systems refuse to look for a file whose name is longer than some 250.
#: What `assess list` knows of these kinds.
_LISTED: Final = ("devices", "workloads", "partners", "runtimes", "standards", "models")


class Library:
    """Everything that can be named by id. A folder of profiles has `devices/`, `workloads/` and so on.

    Attributes:
        notes: what a user may not expect of the files used so far: which of them hide another of the same id.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """Look in `folders` first, in their order.

        Raises:
            AssessError: one of them is no folder.
        """
        for folder in folders:
            if not folder.is_dir():
                raise AssessError("is not a folder", where=str(folder), hint="a folder of profiles has devices/ in it")
        # A folder that is named twice hides nothing of its own.
        known = {folder.resolve(): folder for folder in (shipped("profiles"), *reversed(folders))}
        known.pop(shipped("profiles").resolve())
        self._folders = tuple(folder for folder in folders if known.pop(folder.resolve(), None) is not None)
        self._runtimes: dict[Path, Runtime] = {}  # A dozen devices share one, and its list of operators is long.
        self._read: dict[Path, dict[str, Any]] = {}
        self._bases: set[Path] = set()  # Those that were found to be valid.
        self.notes: list[str] = []

    def device(self, id_: str) -> Device:
        """A device, with its runtimes and those that these fall back to.

        Raises:
            AssessError: there is none, its file has problems, or it names a runtime that is not there.
        """
        found = self.bare_device(id_)
        library = self.beside(Path(id_)) if _is_path(id_) else self
        runtimes = tuple(library.runtime(binding.id) for binding in found.runtime)
        fallbacks = {one.fallback: library.runtime(one.fallback) for one in runtimes if one.fallback}
        return found.model_copy(update={"runtimes": runtimes, "fallbacks": fallbacks})

    def bare_device(self, id_: str) -> Device:
        """A device without its runtimes, which take far longer to read.

        Raises:
            AssessError: there is none, its file has problems, or it names a runtime that is not there.
        """
        file = self.path("devices", id_)
        return (self.beside(file) if _is_path(id_) else self).record("devices", file, Device)

    def workload(self, id_: str) -> Workload:
        """A workload."""
        return self.record("workloads", self.path("workloads", id_), Workload)

    def partner(self, id_: str) -> Partner:
        """A partner; its devices and workloads exist.

        Raises:
            AssessError: there is none, its file has problems, or it names what is not there.
        """
        file = self.path("partners", id_)
        return (self.beside(file) if _is_path(id_) else self).record("partners", file, Partner)

    def standard(self, id_: str) -> Standard:
        """A standard that evidence is collected for."""
        return self.record("standards", self.path("standards", id_), Standard)

    def runtime(self, id_: str) -> Runtime:
        """A runtime; the one that it falls back to exists.

        Raises:
            AssessError: there is none, its file has problems, or it names what is not there.
        """
        file = self.path("runtimes", id_)
        if file not in self._runtimes:
            self._runtimes[file] = self.record("runtimes", file, Runtime)
        return self._runtimes[file]

    def card(self, id_: str) -> Card:
        """The card of a shipped model."""
        return self.record("models", self.path("models", id_), Card)

    def model_file(self, id_: str) -> Path:
        """The ONNX file of a shipped model."""
        return self.path("models", id_).parent / self.card(id_).file

    def suite(self, id_: str) -> Suite:
        """A suite."""
        return self.record("suites", self.path("suites", id_), Suite)

    def ids(self, kind: Kind) -> list[str]:
        """All ids of a kind, sorted.

        Raises:
            AssessError: a file's name is no id.
        """
        return sorted({_id_of(file) for folder in self._places(kind) for file in _files(folder, kind)})

    def authored(self, kind: Kind, id_: str) -> dict[str, Any]:
        """A file's mapping, as its author wrote it."""
        return self.own(self.path(kind, id_))

    def record(self, kind: Kind, file: Path, schema: type[T]) -> T:
        """The record that a file of a kind describes; every file that it names is there.

        Raises:
            AssessError: the file has problems: all of them.
        """
        return load(
            file,
            schema,
            id=_id_of(file),
            own=self.own(file),
            base=lambda own: self.base_of(file, own) if kind == "devices" else None,
            also=lambda mapping: self._missing(kind, mapping),
        )

    def path(self, kind: Kind, id_: str) -> Path:
        """The file of an id; an argument that ends in .toml is a path already.

        Raises:
            AssessError: there is none; the nearest ids are named.
        """
        if _is_path(id_):
            return Path(id_)
        found = self._candidates(kind, id_)
        if not found:
            raise AssessError(f"there is no {kind.removesuffix('s')} {id_!r}", hint=self._hint(kind, id_))
        if len(found) > 1:
            note = f"{found[0]} is used; it hides {', '.join(map(str, found[1:]))}"
            if note not in self.notes:
                self.notes.append(note)
        return found[0]

    def _candidates(self, kind: Kind, id_: str) -> list[Path]:
        """The files of an id, the one to use first."""
        if not _ID.fullmatch(id_) or len(id_) > _LONGEST_ID:
            return []
        name = f"{id_}/card.toml" if kind == "models" else f"{id_}.toml"
        return [folder / name for folder in self._places(kind) if (folder / name).is_file()]

    def find(self, argument: str) -> tuple[Kind, Path]:
        """The profile of an id, whatever its kind, or of a path.

        Raises:
            AssessError: there is none, or there are several of this id.
        """
        if _is_path(argument):
            return kind_of(Path(argument)).folder, Path(argument)
        found = [kind for kind in SCHEMAS if self._candidates(kind, argument)]
        if len(found) > 1:
            raise AssessError(f"{argument!r} is an id of {' and of '.join(found)}", hint="name the file")
        if not found:
            known = [name for kind in SCHEMAS for name in self._names(kind)]
            near = get_close_matches(argument, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "all of them: assess profile list"
            raise AssessError(f"there is no profile {argument!r}", hint=hint)
        return found[0], self.path(found[0], argument)

    def check(self, kind: Kind, file: Path) -> None:
        """Refuse a profile with problems.

        Raises:
            AssessError: all of them.
        """
        self.beside(file).record(kind, file, SCHEMAS[kind])

    def resolved(self, kind: Kind, file: Path) -> dict[str, Any]:
        """What a valid profile says, with all that it takes from the one that it extends."""
        library, own = self.beside(file), self.own(file)
        base = library.base_of(file, own) if kind == "devices" else None
        return dict(own) if base is None else merged(own, base).mapping

    def modes_of(self, file: Path) -> list[Path]:
        """Files of the same device as `file` in other power modes."""
        base = str(self.own(file).get("extends") or file.stem)
        mode = self.resolved("devices", file).get("power_mode", "")
        others = [other for other in self.beside(file).variants_of(base) if other.resolve() != file.resolve()]
        return [other for other in others if self.resolved("devices", other).get("power_mode", "") != mode]

    def own(self, file: Path) -> dict[str, Any]:
        """What a file says itself; read once."""
        if file not in self._read:
            self._read[file] = read(file)
        return self._read[file]

    def variants_of(self, id_: str) -> list[Path]:
        """The files of a device and of all that extend it."""
        return [
            file
            for folder in self._places("devices")
            for file in _files(folder, "devices")
            if file.stem == id_ or self._extended(file) == id_
        ]

    def _extended(self, file: Path) -> Any:
        """What a file says that it extends; a file that cannot be read is told of where it is used itself."""
        try:
            return self.own(file).get("extends")
        except AssessError:
            return None

    def base_of(self, file: Path, own: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a device's file is a variant of, as it was read; None if it stands alone.

        Args:
            file: of the variant.
            own: what it says itself.

        Raises:
            AssessError: there is no such device, its file has problems, or it is a variant itself.
        """
        wanted, name = own.get("extends"), _stem(file)
        if not isinstance(wanted, str) or not wanted:
            return None
        # A file that extends its own id extends the one that it hides.
        others = [other for other in self._candidates("devices", wanted) if other.resolve() != file.resolve()]
        further = self.own(others[0]).get("extends") if others else None
        if others and not further:
            if others[0] not in self._bases:
                load(others[0], Device, id=_id_of(others[0]), own=self.own(others[0]))
                self._bases.add(others[0])
            return self.own(others[0])
        if further:
            of = f"{further!r}, this file: a circle" if further == name else f"{further!r}: extend that one"
            complaint = f"{wanted!r} is itself a variant of {of}"
        elif wanted == name:
            complaint = "extends itself"
        else:
            complaint = f"there is no device {wanted!r}; {did_you_mean(wanted, self._names('devices'))}"
        raise invalid_file(file, [Complaint(("extends",), complaint)])

    def _places(self, kind: Kind) -> list[Path]:
        if kind in ("models", "suites"):
            return [shipped("models" if kind == "models" else "suites")]
        return [folder / kind for folder in (*self._folders, shipped("profiles"))]

    def beside(self, file: Path) -> Library:
        """The same library and the folder of profiles that a file given by its path lies in, if it lies in one."""
        folder = file.parent
        known = [other.resolve() for other in (*self._folders, shipped("profiles"))]
        if folder.name not in SCHEMAS or folder.parent.resolve() in known:
            return self
        library = Library((*self._folders, folder.parent))
        library.notes, library._read = self.notes, self._read
        return library

    def _missing(self, kind: Kind, mapping: Mapping[str, Any]) -> Iterator[Complaint]:
        """Ids that a file names, and that are not there."""
        for keys, wanted, name in references(kind, mapping):
            if not self._candidates(wanted.folder, name):
                text = f"there is no {wanted.name} {name!r}; {did_you_mean(name, self._names(wanted.folder))}"
                yield Complaint(keys, text)

    def _names(self, kind: Kind) -> list[str]:
        """As `ids`, but a file with a bad name is not this caller's problem."""
        files = [file for folder in self._places(kind) for file in _files(folder, kind)]
        return sorted({name for name in map(_stem, files) if _ID.fullmatch(name)})

    def _hint(self, kind: Kind, id_: str) -> str:
        known = self._names(kind)
        near = get_close_matches(id_, known, n=3, cutoff=0.4)
        everything = f"assess list {kind}" if kind in _LISTED else f"there are {', '.join(known)}"
        return f"did you mean {' or '.join(near)}? All of them: {everything}" if near else everything


def profile_folders(
    given: Sequence[Path], *, environment: Mapping[str, str] = os.environ, here: Path = Path()
) -> tuple[Path, ...]:
    """A user's own folders of profiles, the first to look in first: those given, ASSESS_PROFILES, ./profiles.

    Raises:
        AssessError: ASSESS_PROFILES names what is no folder.
    """
    named = [Path(name) for name in environment.get("ASSESS_PROFILES", "").split(os.pathsep) if name]
    for folder in named:
        if not folder.is_dir():
            raise AssessError("is not a folder", where=f"ASSESS_PROFILES: {folder}", hint="separate folders with ':'")
    usual = here / "profiles"
    # Other tools have folders of this name: ours has one of ours in it, and is not the shipped one.
    is_ours = any((usual / kind).is_dir() for kind in SCHEMAS)
    beside = [usual] if is_ours and usual.resolve() != shipped("profiles").resolve() else []
    return (*given, *named, *beside)


def card_beside(model: Path) -> Card | None:
    """The card in a model's folder, if there is one and it names this file.

    Raises:
        AssessError: the card has problems.
    """
    path = model.parent / "card.toml"
    # A card from elsewhere is none of the model's; complaints about it would quote a file that nobody named.
    if path.resolve().parent != model.parent.resolve():
        return None
    if not path.is_file() or read(path).get("file") != model.name:
        return None
    return load(path, Card, id=model.parent.name)


def checked_id(id_: str) -> str:
    """An id that a file may have.

    Raises:
        AssessError: it is none.
    """
    if not _ID.fullmatch(id_):
        better = "-".join(re.findall("[a-z0-9]+", id_.lower()))
        raise AssessError(
            f"{id_!r} is no id: only lower-case letters, digits and single hyphens are",
            hint=f"did you mean {better!r}?" if better else "acme-rover is one",
        )
    return id_


def _is_path(argument: str) -> bool:
    return argument.endswith(".toml")


def _files(folder: Path, kind: Kind) -> list[Path]:
    """The files of a kind; hidden ones are an editor's or the system's own."""
    files = folder.glob("*/card.toml" if kind == "models" else "*.toml")
    return [file for file in files if not _stem(file).startswith(".")]


def _stem(file: Path) -> str:
    return file.resolve().parent.name if file.name == "card.toml" else file.stem


def _id_of(file: Path) -> str:
    """The id that a file's name is.

    Raises:
        AssessError: it is none.
    """
    name = _stem(file)
    if not _ID.fullmatch(name):
        better = "-".join(re.findall("[a-z0-9]+", name.lower()))
        raise AssessError(
            f"{name!r} is no id: only lower-case letters, digits and single hyphens are",
            where=str(file),
            hint=f"rename it to {better}{file.suffix}" if better and file.name != "card.toml" else "rename it",
        )
    return name
