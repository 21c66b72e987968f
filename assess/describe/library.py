"""Everything that can be named by id: a user's own folders are looked in first, the shipped ones last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel

from assess.describe.authored import invalid_file, load, read
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.partner import Partner
from assess.describe.positions import Path as KeyPath
from assess.describe.problems import Complaint
from assess.describe.runtime import Runtime
from assess.describe.suggestions import did_you_mean
from assess.describe.suite import Suite
from assess.describe.workload import Workload
from assess.errors import AssessError
from assess.files import shipped

T = TypeVar("T", bound=BaseModel)
Kind = Literal["devices", "workloads", "partners", "runtimes", "models", "suites"]

_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LISTED: Final = ("devices", "workloads", "partners", "models")  # What `assess list` knows of these kinds.


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
        self._folders = tuple(folders)
        self.notes: list[str] = []

    def device(self, id_: str) -> Device:
        """A device, with its runtimes and those that these fall back to.

        Raises:
            AssessError: there is none, its file has problems, or it names a runtime that is not there.
        """
        file = self.path("devices", id_)
        found = self._record(file, Device)
        library = self._with_folder_of(file) if _is_path(id_) else self
        named = [(("runtime", index, "id"), binding.id) for index, binding in enumerate(found.runtime)]
        library._check_names("runtimes", named, file)
        runtimes = tuple(library.runtime(binding.id) for binding in found.runtime)
        fallbacks = {one.fallback: library.runtime(one.fallback) for one in runtimes if one.fallback}
        return found.model_copy(update={"runtimes": runtimes, "fallbacks": fallbacks})

    def workload(self, id_: str) -> Workload:
        """A workload."""
        return self._record(self.path("workloads", id_), Workload)

    def partner(self, id_: str) -> Partner:
        """A partner; its devices and workloads exist.

        Raises:
            AssessError: there is none, its file has problems, or it names what is not there.
        """
        file = self.path("partners", id_)
        found = self._record(file, Partner)
        library = self._with_folder_of(file) if _is_path(id_) else self
        library._check_names("devices", [(("devices", n), name) for n, name in enumerate(found.devices)], file)
        library._check_names("workloads", [(("workloads", n), name) for n, name in enumerate(found.workloads)], file)
        return found

    def runtime(self, id_: str) -> Runtime:
        """A runtime; the one that it falls back to exists.

        Raises:
            AssessError: there is none, its file has problems, or it names what is not there.
        """
        file = self.path("runtimes", id_)
        found = self._record(file, Runtime)
        if found.fallback:
            self._check_names("runtimes", [(("fallback",), found.fallback)], file)
        return found

    def card(self, id_: str) -> Card:
        """The card of a shipped model."""
        return self._record(self.path("models", id_), Card)

    def model_file(self, id_: str) -> Path:
        """The ONNX file of a shipped model."""
        return self.path("models", id_).parent / self.card(id_).file

    def suite(self, id_: str) -> Suite:
        """A suite."""
        return self._record(self.path("suites", id_), Suite)

    def ids(self, kind: Kind) -> list[str]:
        """All ids of a kind, sorted.

        Raises:
            AssessError: a file's name is no id.
        """
        return sorted({_id_of(file) for folder in self._places(kind) for file in _files(folder, kind)})

    def authored(self, kind: Kind, id_: str) -> dict[str, Any]:
        """A file's mapping, as its author wrote it."""
        return read(self.path(kind, id_))

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
        if not _ID.fullmatch(id_):
            return []
        name = f"{id_}/card.toml" if kind == "models" else f"{id_}.toml"
        return [folder / name for folder in self._places(kind) if (folder / name).is_file()]

    def _record(self, file: Path, schema: type[T]) -> T:
        return load(file, schema, id=_id_of(file))

    def _places(self, kind: Kind) -> list[Path]:
        if kind in ("models", "suites"):
            return [shipped("models" if kind == "models" else "suites")]
        return [folder / kind for folder in (*self._folders, shipped("profiles"))]

    def _with_folder_of(self, file: Path) -> Library:
        """The same library and the folder of profiles that a file given by its path lies in, if it lies in one."""
        folder = file.parent
        if folder.name not in ("devices", "partners"):
            return self
        library = Library((*self._folders, folder.parent))
        library.notes = self.notes
        return library

    def _check_names(self, kind: Kind, named: Iterable[tuple[KeyPath, str]], file: Path) -> None:
        """Refuse a file that names what is not there, all such names at once."""
        missing = [(keys, name) for keys, name in named if not self._candidates(kind, name)]
        if missing:
            known = self._names(kind)
            texts = [
                f"there is no {kind.removesuffix('s')} {name!r}; {did_you_mean(name, known)}" for _, name in missing
            ]
            raise invalid_file(file, [Complaint(keys, text) for (keys, _), text in zip(missing, texts, strict=True)])

    def _names(self, kind: Kind) -> list[str]:
        """As `ids`, but a file with a bad name is not this caller's problem."""
        files = [file for folder in self._places(kind) for file in _files(folder, kind)]
        return sorted({name for name in map(_stem, files) if _ID.fullmatch(name)})

    def _hint(self, kind: Kind, id_: str) -> str:
        known = self._names(kind)
        near = get_close_matches(id_, known, n=3, cutoff=0.4)
        everything = f"assess list {kind}" if kind in _LISTED else f"there are {', '.join(known)}"
        return f"did you mean {' or '.join(near)}? All of them: {everything}" if near else everything


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
