"""The kinds of authored files: each has a word, a folder and a record, and other files name it by its id."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel

from assess.describe.authored import read
from assess.describe.card import Card
from assess.describe.device import Device
from assess.describe.inventory import Inventory
from assess.describe.partner import Partner
from assess.describe.runtime import Runtime
from assess.describe.standard import Standard
from assess.describe.suggestions import did_you_mean
from assess.describe.suite import Suite
from assess.describe.workload import Workload
from assess.errors import AssessError

Folder = Literal["devices", "workloads", "partners", "runtimes", "standards", "models", "suites", "inventories"]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class NamedIn:
    """A key that holds ids.

    Attributes:
        folder: of the kind of file that has the key.
        key: of a list, or of one id.
        inner: the key in each entry of a list of tables; "" where an entry is the id itself.
        is_list: whether the key holds a list.
    """

    folder: Folder
    key: str
    inner: str = ""
    is_list: bool = True


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of authored file.

    Attributes:
        name: what one of them is called.
        folder: that they lie in.
        record: what each describes.
        told_by: keys that only files of this kind have.
        named_in: keys by which other files name one of this kind.
    """

    name: str
    folder: Folder
    record: type[T]
    told_by: tuple[str, ...] = ()
    named_in: tuple[NamedIn, ...] = ()


DEVICE: Final = Kind("device", "devices", Device, ("engine", "memory", "on_chip", "extends"),
                     (NamedIn("partners", "devices"), NamedIn("suites", "case", "device"),
                      NamedIn("inventories", "targets", "device")))  # fmt: skip
WORKLOAD: Final = Kind("workload", "workloads", Workload, ("scenario", "requires"),
                       (NamedIn("partners", "workloads"), NamedIn("suites", "case", "workload")))  # fmt: skip
PARTNER: Final = Kind("partner", "partners", Partner, ("policy",), (NamedIn("suites", "case", "partner"),))
RUNTIME: Final = Kind(
    "runtime", "runtimes", Runtime, ("operators", "quantises_floats"),
    (NamedIn("devices", "runtime", "id"), NamedIn("runtimes", "fallback", is_list=False)),
)  # fmt: skip
STANDARD: Final = Kind("standard", "standards", Standard, ("cannot_show",),
                       (NamedIn("devices", "standard", "id"), NamedIn("partners", "standards")))  # fmt: skip
#: Each ships in a folder of its own; beside any other model lies a card of this name.
MODEL: Final = Kind("model", "models", Card, (), (NamedIn("suites", "case", "model"),))
CARD_FILE: Final = "card.toml"
#: What runs cases of profiles, and is none itself: it is named by its path, or ships.
SUITE: Final = Kind("suite", "suites", Suite, ("case",))
#: Boards that are reached: none of them is a profile, and a file of them is named by its path.
INVENTORY: Final = Kind("inventory", "inventories", Inventory, ("targets",))
#: What no library has by id.
BESIDE_PROFILES: Final[tuple[Kind[Any], ...]] = (SUITE, INVENTORY)

#: What folders of profiles hold.
KINDS: Final[tuple[Kind[Any], ...]] = (DEVICE, WORKLOAD, PARTNER, RUNTIME, STANDARD)


def kind_named(word: str, *, where: str = "", among: Sequence[Kind[Any]] = KINDS) -> Kind[Any]:
    """The kind that a word of the command line names, be it of one or of many.

    Args:
        word: such as "device" or "devices".
        where: what the word was given as, such as "--kind".
        among: kinds that are meant; those of profiles if left out.

    Raises:
        AssessError: there is none.
    """
    for kind in among:
        if word in (kind.name, kind.folder):
            return kind
    raise AssessError(f"there is no kind {word!r}", where=where, hint=did_you_mean(word, [kind.name for kind in among]))


def kind_of(file: Path) -> Kind[Any]:
    """What kind of file it is, of profiles and what lies beside them: by its name, its folder, or the keys it has.

    Raises:
        AssessError: neither tells, or the file cannot be read.
    """
    if file.name == CARD_FILE:
        return MODEL
    # Where it lies by its name: a link may lead anywhere, or in a circle.
    folder = Path(os.path.normpath(file.absolute())).parent.name
    for kind in (*KINDS, *BESIDE_PROFILES):
        if folder == kind.folder:
            return kind
    own = read(file)
    found = next((kind for kind in (*KINDS, *BESIDE_PROFILES) if not own.keys().isdisjoint(kind.told_by)), None)
    if found is None:
        raise AssessError(
            "neither its folder nor its keys tell what it describes",
            where=str(file),
            hint=f"put it into a folder named {', '.join(kind.folder for kind in KINDS)}, or name its kind with --kind",
        )
    return found
