"""Everything that can be named by id, as records: a user's own folders are looked in first, the shipped ones last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from assess.describe.authored import Resolved, load, read
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.ids import checked_id, id_of, is_path, stem
from assess.describe.kinds import (
    DEVICE,
    INVENTORY,
    KINDS,
    MODEL,
    PARTNER,
    RUNTIME,
    STANDARD,
    SUITE,
    WORKLOAD,
    Folder,
    Kind,
    kind_of,
)
from assess.describe.opened import Opened
from assess.describe.partner import Partner
from assess.describe.problems import Complaint
from assess.describe.references import references
from assess.describe.runtime import Runtime
from assess.describe.shelves import Shelves, profile_folders
from assess.describe.standard import Standard
from assess.describe.suggestions import did_you_mean, near, nearest
from assess.describe.suite import Suite
from assess.describe.variants import family, resolved
from assess.describe.workload import Workload
from assess.errors import AssessError

__all__ = ["Library", "card_beside", "checked_id", "profile_folders"]

T = TypeVar("T", bound=BaseModel)
Seen = TypeVar("Seen")
#: What `assess list` does not know: these are told by their names.
_NOT_LISTED: Final = (SUITE.folder,)


class Library:
    """Records by their ids; what is wrong with a file is told when it is asked for, and not before."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """Look in `folders` first, in their order.

        Raises:
            AssessError: one of them is no folder.
        """
        self._shelves = Shelves.of(folders)
        self._opened = Opened()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user may not expect of the files used so far: which of them hide another of the same id."""
        return self._opened.notes

    def device(self, id_: str) -> Device:
        """A device, with its runtimes and those that these fall back to.

        Raises:
            AssessError: there is none, its file has problems, or it names a runtime that is not there.
        """
        file = self.path(DEVICE.folder, id_)
        found, shelves = self.record(DEVICE, file), self._shelves.beside(file)
        runtimes = tuple(self._runtime(binding.id, shelves) for binding in found.runtime)
        fallbacks = {one.fallback: self._runtime(one.fallback, shelves) for one in runtimes if one.fallback}
        return found.model_copy(update={"runtimes": runtimes, "fallbacks": fallbacks})

    def bare_device(self, id_: str) -> Device:
        """A device without its runtimes, which take far longer to read.

        Raises:
            AssessError: there is none, its file has problems, or it names a runtime that is not there.
        """
        return self.record(DEVICE, self.path(DEVICE.folder, id_))

    def workload(self, id_: str) -> Workload:
        """A workload."""
        return self.record(WORKLOAD, self.path(WORKLOAD.folder, id_))

    def partner(self, id_: str) -> Partner:
        """A partner; its devices and workloads exist.

        Raises:
            AssessError: there is none, its file has problems, or it names what is not there.
        """
        return self.record(PARTNER, self.path(PARTNER.folder, id_))

    def standard(self, id_: str) -> Standard:
        """A standard that evidence is collected for."""
        return self.record(STANDARD, self.path(STANDARD.folder, id_))

    def runtime(self, id_: str) -> Runtime:
        """A runtime; the one that it falls back to exists.

        Raises:
            AssessError: there is none, its file has problems, or it names what is not there.
        """
        return self._runtime(id_, self._shelves)

    def card(self, id_: str) -> Card:
        """The card of a shipped model."""
        return self.record(MODEL, self.path(MODEL.folder, id_))

    def model_file(self, id_: str) -> Path:
        """The ONNX file of a shipped model, such as "wafer-map", or of one of its variants, "wafer-map/half-int8".

        Raises:
            AssessError: there is no such model, or it has no such variant.
        """
        model, _, variant = id_.partition("/")
        card = self.card(model)
        files = {"": card.file, **{one.id: one.file for one in card.variant}}
        if variant not in files:
            known = [one.id for one in card.variant]
            raise AssessError(f"{model} has no variant {variant!r}", hint=did_you_mean(variant, known))
        return self.path(MODEL.folder, model).parent / files[variant]

    def suite(self, id_: str) -> Suite:
        """A suite; whether what its cases name is there, each case tells for itself."""
        file = self.path(SUITE.folder, id_)
        return load(file, SUITE.record, id=id_of(file), own=self._opened.own(file))

    def ids(self, folder: Folder) -> list[str]:
        """All ids of a kind, sorted.

        Raises:
            AssessError: a file's name is no id.
        """
        return self._shelves.ids(folder)

    def authored(self, folder: Folder, id_: str) -> dict[str, Any]:
        """A file's mapping, as its author wrote it."""
        return self._opened.own(self.path(folder, id_))

    def path(self, folder: Folder, id_: str) -> Path:
        """The file of an id; an argument that ends in .toml is a path already.

        Raises:
            AssessError: there is none; the nearest ids are named.
        """
        return self._path(folder, id_, self._shelves)

    def find(self, argument: str) -> tuple[Kind[Any], Path]:
        """The profile of an id, whatever its kind, or of a path.

        Raises:
            AssessError: there is none, or there are several of this id.
        """
        if is_path(argument):
            return kind_of(Path(argument)), Path(argument)
        found = [kind for kind in KINDS if self._shelves.candidates(kind.folder, argument)]
        if len(found) > 1:
            raise AssessError(
                f"{argument!r} is an id of {' and of '.join(kind.folder for kind in found)}", hint="name the file"
            )
        if not found:
            folders = [kind.folder for kind in KINDS]
            known = [name for folder in folders for name in self._shelves.names(folder)]
            meant = nearest(argument, known)
            everything = f"all of them: assess list {', '.join(folders[:-1])} or {folders[-1]}"
            raise AssessError(
                f"there is no profile {argument!r}", hint=f"did you mean {meant!r}?" if meant else everything
            )
        return found[0], self.path(found[0].folder, argument)

    def record(self, kind: Kind[T], file: Path) -> T:
        """The record that a file of a kind describes; every file that it names is there.

        What it names is looked for in the folder of profiles that it lies in, too.

        Raises:
            AssessError: the file has problems: all of them.
        """
        shelves = self._shelves.beside(file)
        return load(
            file,
            kind.record,
            # A card lies beside a model in whatever folder, an inventory anywhere; only those that are named by id need
            # be called so.
            id=stem(file) if kind in (MODEL, INVENTORY) else id_of(file),
            own=self._opened.own(file),
            resolve=lambda own: resolved(kind, file, own, shelves, self._opened),
            also=lambda mapping: _missing(kind, mapping, shelves),
        )

    def resolved(self, kind: Kind[Any], file: Path, own: Mapping[str, Any] | None = None) -> Resolved:
        """What a file says, with all that it takes from the one that it extends.

        Args:
            kind: of the file.
            file: where it is.
            own: what it says itself, if that is not what it was read as.
        """
        own = self._opened.own(file) if own is None else own
        return resolved(kind, file, own, self._shelves.beside(file), self._opened)

    def family(self, file: Path, look: Callable[[Path, Mapping[str, Any]], Seen]) -> tuple[Seen, ...]:
        """What `look` makes of a device and of each of its variants; files that cannot be used are left out."""
        return family(file, self._shelves.beside(file), self._opened, look)

    def modes_of(self, file: Path) -> list[Path]:
        """Files of the same device as `file` in other power modes."""
        mine, family_ = self.resolved(DEVICE, file).mapping, self.family(file, _mode)
        return [other for other, mode in family_ if mode != mine.get("power_mode", "") and not other.samefile(file)]

    def _path(self, folder: Folder, id_: str, shelves: Shelves) -> Path:
        if is_path(id_):
            return Path(id_)
        found = shelves.candidates(folder, id_)
        if not found:
            raise AssessError(f"there is no {folder.removesuffix('s')} {id_!r}", hint=_hint(folder, id_, shelves))
        if len(found) > 1:
            self._opened.note(f"{found[0]} is used; it hides {', '.join(map(str, found[1:]))}")
        return found[0]

    def _runtime(self, id_: str, shelves: Shelves) -> Runtime:
        """A dozen devices share one, and its list of operators is long: it is read once."""
        file = self._path(RUNTIME.folder, id_, shelves)
        return self._opened.once(("runtime", file), lambda: self.record(RUNTIME, file))


def _mode(file: Path, mapping: Mapping[str, Any]) -> tuple[Path, Any]:
    return file, mapping.get("power_mode", "")


def _missing(kind: Kind[Any], mapping: Mapping[str, Any], shelves: Shelves) -> Iterator[Complaint]:
    """Ids that a file names, and that are not there."""
    for keys, wanted, name in references(kind.folder, mapping):
        if not shelves.candidates(wanted.folder, name):
            yield Complaint(keys, partial(_none_such, wanted, name, shelves))


def _none_such(wanted: Kind[Any], name: str, shelves: Shelves) -> str:
    return f"there is no {wanted.name} {name!r}; {did_you_mean(name, shelves.names(wanted.folder))}"


def _hint(folder: Folder, id_: str, shelves: Shelves) -> str:
    known = shelves.names(folder)
    # Ids are long, and begin with the vendor, which many leave out.
    meant = near(id_, known, most=3, cutoff=0.4)
    everything = f"there are {', '.join(known)}" if folder in _NOT_LISTED else f"assess list {folder}"
    return f"did you mean {' or '.join(meant)}? All of them: {everything}" if meant else everything


def card_beside(model: Path) -> Card | None:
    """The card in a model's folder, if there is one and it names this file.

    Raises:
        AssessError: the card has problems.
    """
    path = model.parent / "card.toml"
    # A card from elsewhere is none of the model's; complaints about it would quote a file that nobody named.
    if path.resolve().parent != model.parent.resolve():
        return None
    if not path.is_file() or model.name not in _files_of(read(path)):
        return None
    return load(path, Card, id=model.parent.name)


def _files_of(card: Mapping[str, Any]) -> set[Any]:
    """The ONNX files that a card is of, however malformed it is otherwise."""
    variants = card.get("variant")
    named = [one.get("file") for one in variants if isinstance(one, Mapping)] if isinstance(variants, list) else []
    return {name for name in (card.get("file"), *named) if isinstance(name, str)}
