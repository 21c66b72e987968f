"""Everything that can be named by id: a user's own folders are looked in first, the shipped ones last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel

from assess.describe.authored import load, read
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.partner import Partner
from assess.describe.runtime import Runtime
from assess.describe.suite import Suite
from assess.describe.workload import Workload
from assess.errors import AssessError
from assess.files import shipped

T = TypeVar("T", bound=BaseModel)
Kind = Literal["devices", "workloads", "partners", "runtimes", "models", "suites"]

_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Library:
    """Everything that can be named by id. A folder of profiles has `devices/`, `workloads/` and so on."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """Look in `folders` first, in their order.

        Raises:
            AssessError: one of them is no folder.
        """
        for folder in folders:
            if not folder.is_dir():
                raise AssessError("is not a folder", where=str(folder), hint="a folder of profiles has devices/ in it")
        self._folders = tuple(folders)

    def device(self, id_: str) -> Device:
        """A device, with its runtimes and those that these fall back to."""
        found = self._record("devices", id_, Device)
        beside = Library((*self._folders, *self._beside(id_)))
        runtimes = tuple(beside.runtime(binding.id) for binding in found.runtime)
        fallbacks = {runtime.fallback: beside.runtime(runtime.fallback) for runtime in runtimes if runtime.fallback}
        return found.model_copy(update={"runtimes": runtimes, "fallbacks": fallbacks})

    def workload(self, id_: str) -> Workload:
        """A workload."""
        return self._record("workloads", id_, Workload)

    def partner(self, id_: str) -> Partner:
        """A partner; its devices and workloads exist.

        Raises:
            AssessError: there is none, its file has problems, or it names what is not there.
        """
        found = self._record("partners", id_, Partner)
        for kind, names in (("devices", found.devices), ("workloads", found.workloads)):
            for name in names:
                self.path(kind, name)
        return found

    def runtime(self, id_: str) -> Runtime:
        """A runtime."""
        return self._record("runtimes", id_, Runtime)

    def card(self, id_: str) -> Card:
        """The card of a shipped model."""
        return load(self.path("models", id_), Card, id=id_)

    def model_file(self, id_: str) -> Path:
        """The ONNX file of a shipped model."""
        return self.path("models", id_).parent / self.card(id_).file

    def suite(self, id_: str) -> Suite:
        """A suite."""
        return self._record("suites", id_, Suite)

    def ids(self, kind: Kind) -> list[str]:
        """All ids of a kind, sorted.

        Raises:
            AssessError: a file's name is no id.
        """
        found = set()
        for folder in self._places(kind):
            pattern = "*/card.toml" if kind == "models" else "*.toml"
            for path in folder.glob(pattern):
                name = path.parent.name if kind == "models" else path.stem
                if not _ID.fullmatch(name):
                    raise AssessError(
                        f"{name!r} is no id", where=str(path), hint="use lower-case letters, digits and single hyphens"
                    )
                found.add(name)
        return sorted(found)

    def authored(self, kind: Kind, id_: str) -> dict[str, Any]:
        """A file's mapping, as its author wrote it."""
        return read(self.path(kind, id_))

    def path(self, kind: str, id_: str) -> Path:
        """The file of an id; an argument that ends in .toml is a path already.

        Raises:
            AssessError: there is none; the nearest ids are named.
        """
        if id_.endswith(".toml"):
            return Path(id_)
        for folder in self._places(kind):
            path = folder / id_ / "card.toml" if kind == "models" else folder / f"{id_}.toml"
            if _ID.fullmatch(id_) and path.is_file():
                return path
        known = self.ids(kind)  # type: ignore[arg-type]
        near = get_close_matches(id_, known, n=3, cutoff=0.4)
        listing = f"assess list {kind}" if kind != "runtimes" else "see profiles/runtimes"
        hint = f"did you mean {' or '.join(near)}?" if near else listing
        raise AssessError(f"there is no {kind.removesuffix('s')} {id_!r}", hint=hint)

    def _record(self, kind: Kind, id_: str, schema: type[T]) -> T:
        path = self.path(kind, id_)
        return load(path, schema, id=path.stem)

    def _places(self, kind: str) -> list[Path]:
        if kind in ("models", "suites"):
            return [shipped("models" if kind == "models" else "suites")]
        return [folder / kind for folder in (*self._folders, shipped("profiles"))]

    def _beside(self, id_: str) -> list[Path]:
        """The folder of profiles that a device given by path lies in, if it lies in one."""
        folder = Path(id_).parent
        return [folder.parent] if id_.endswith(".toml") and folder.name == "devices" else []


def card_beside(model: Path) -> Card | None:
    """The card in a model's folder, if there is one and it names this file.

    Raises:
        AssessError: the card has problems.
    """
    path = model.parent / "card.toml"
    if not path.is_file() or read(path).get("file") != model.name:
        return None
    return load(path, Card, id=model.parent.name)
