"""The folders that files are looked for in by their ids: a user's own come first, the shipped one last."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assess.describe.ids import id_of, is_id, stem
from assess.describe.kinds import KINDS, MODEL, SUITE, Folder
from assess.errors import AssessError
from assess.files import shipped


@dataclass(frozen=True, slots=True)
class Shelves:
    """Folders of profiles, each with `devices/`, `workloads/` and so on in it.

    Attributes:
        folders: the one to look in first comes first.
    """

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, own: Sequence[Path]) -> Shelves:
        """A user's own folders, then the shipped one.

        Raises:
            AssessError: one of them is no folder, or cannot be read.
        """
        for folder in own:
            if not folder.is_dir():
                raise AssessError("is not a folder", where=str(folder), hint="a folder of profiles has devices/ in it")
            check_folder(folder)
        # A folder that is named twice hides nothing of its own.
        known = {folder.resolve(): folder for folder in (shipped("profiles"), *reversed(own))}
        known.pop(shipped("profiles").resolve())
        return cls((*(one for one in own if known.pop(one.resolve(), None) is not None), shipped("profiles")))

    def beside(self, file: Path) -> Shelves:
        """These and the folder of profiles that a file given by its path lies in, if it lies in one."""
        if file.parent.name not in {kind.folder for kind in KINDS} or self._index(file) is not None:
            return self
        return Shelves((*self.folders[:-1], file.parent.parent, self.folders[-1]))

    def from_here_on(self, file: Path) -> Shelves:
        """The one that a file lies in and those after it; all of them where it lies in none."""
        return Shelves(self.folders[self._index(file) or 0 :])

    def candidates(self, folder: Folder, id_: str) -> list[Path]:
        """The files of an id, the one to use first."""
        if not is_id(id_):
            return []
        name = f"{id_}/card.toml" if folder == MODEL.folder else f"{id_}.toml"
        return [place / name for place in self._places(folder) if (place / name).is_file()]

    def files(self, folder: Folder) -> list[Path]:
        """All files of a kind; hidden ones are an editor's or the system's own."""
        pattern = "*/card.toml" if folder == MODEL.folder else "*.toml"
        found = (file for place in self._places(folder) for file in sorted(place.glob(pattern)))
        return [file for file in found if not stem(file).startswith(".") and not file.is_dir()]

    def ids(self, folder: Folder) -> list[str]:
        """All ids of a kind, sorted.

        Raises:
            AssessError: a file's name is no id.
        """
        return sorted({id_of(file) for file in self.files(folder)})

    def names(self, folder: Folder) -> list[str]:
        """As `ids`, but a file with a bad name is not this caller's problem."""
        return sorted({name for name in map(stem, self.files(folder)) if is_id(name)})

    def _places(self, folder: Folder) -> list[Path]:
        if folder in (MODEL.folder, SUITE.folder):
            return [shipped("models" if folder == MODEL.folder else "suites")]
        return [one / folder for one in self.folders]

    def _index(self, file: Path) -> int | None:
        here = file.parent.parent.resolve()
        return next((index for index, folder in enumerate(self.folders) if folder.resolve() == here), None)


def check_folder(folder: Path) -> None:
    """Refuse a folder of profiles that cannot be read, or has one of a kind in it that cannot: it would seem empty.

    Raises:
        AssessError: it is named.
    """
    _check_readable(folder)
    for kind in KINDS:
        _check_readable(folder / kind.folder)


def _check_readable(folder: Path) -> None:
    if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
        raise AssessError("cannot be read: Permission denied", where=str(folder))


def profile_folders(
    given: Sequence[Path], *, environment: Mapping[str, str] = os.environ, here: Path = Path()
) -> tuple[Path, ...]:
    """A user's own folders of profiles, the first to look in first: those given, ASSESS_PROFILES, ./profiles.

    Raises:
        AssessError: ASSESS_PROFILES names what is no folder, or ./profiles cannot be read.
    """
    named = [Path(name) for name in environment.get("ASSESS_PROFILES", "").split(os.pathsep) if name]
    for folder in named:
        if not folder.is_dir():
            raise AssessError("is not a folder", where=f"ASSESS_PROFILES: {folder}", hint="separate folders with ':'")
    usual = here / "profiles"
    _check_readable(usual)
    # Other tools have folders of this name: ours has one of ours in it, and is not the shipped one.
    is_ours = any((usual / kind.folder).is_dir() for kind in KINDS)
    beside = [usual] if is_ours and usual.resolve() != shipped("profiles").resolve() else []
    return (*given, *named, *beside)
