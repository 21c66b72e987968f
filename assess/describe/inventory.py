"""Inventories: which boards there are, how each is reached, and what is to be done before it measures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from assess.describe.address import SCHEME, Address, parse_address
from assess.describe.authored import load
from assess.describe.ids import ID_PATTERN, is_id
from assess.describe.mapping import tables
from assess.describe.quantity import Authored, SecondsOrZero, Text
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError

#: Where `assess` keeps its things on a board, below the home of who logs in there.
USUAL_FOLDER: Final = "~/.cache/assess-target"
USUAL_WAIT_S: Final = 600.0  # A run of the tier `standard` takes two minutes; a portfolio has several.
_VARIABLE: Final = "ASSESS_TARGETS"
_FILE: Final = "targets.toml"


def _address(value: str) -> str:
    parse_address(value)
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"{value!r} must be one line without control characters")
    return value


def _program(value: str) -> str:
    if value.startswith("-"):
        raise ValueError(f"{value!r} begins as an option does; expected a path such as '/usr/bin/python3.11'")
    return value


def _folder(value: str) -> str:
    """Cleaning removes it: it must be one of its own."""
    parts = value.removeprefix("~").split("/")[1:]
    least = 1 if value.startswith("~/") else 2
    if not value.startswith(("/", "~/")) or len(list(filter(None, parts))) < least or not {".", ".."}.isdisjoint(parts):
        raise ValueError(
            f"{value!r} is no folder to keep things in; expected one of its own below '/' or '~/', "
            f"such as {USUAL_FOLDER!r}"
        )
    return value


def _word(value: str) -> str:
    if not value.isprintable() or not value or any(char.isspace() or char == "," for char in value):
        raise ValueError(f"{value!r} is no word: it has no spaces and no commas")
    return value


Line = Annotated[Text, AfterValidator(_one_line)]
Word = Annotated[str, AfterValidator(_word)]


class Target(Authored):
    """A board that can be reached; one that stands in no inventory is called by its host."""

    name: Text = Field(
        description="A word of your own, unique in the file: `--on NAME` means it.",
        json_schema_extra={"pattern": f"^(?:{ID_PATTERN})$"},
    )
    address: Annotated[Text, AfterValidator(_address)] = Field(
        description="ssh://user@host:port; the host may be an alias of your ssh configuration, which may say the rest.",
        json_schema_extra={"pattern": f"^{SCHEME}[^\\s/?#]+$"},
    )
    device: str = Field(default="", description="Id of the device that it is: `assess list devices`.")
    python: Annotated[str, AfterValidator(_one_line), AfterValidator(_program)] = Field(
        default="",
        description="Interpreter on the board, 3.11 or newer; found there if left out.",
    )
    folder: Annotated[str, AfterValidator(_one_line), AfterValidator(_folder)] = Field(
        default=USUAL_FOLDER, description="Where `assess` keeps its things on the board: a folder of its own."
    )
    before: tuple[Line, ...] = Field(
        default=(),
        description="Commands for the board's shell before a measurement: power mode, clocks, governor.",
    )
    after: tuple[Line, ...] = Field(
        default=(), description="Commands after it, however it ended: what puts the board back."
    )
    cool_down: SecondsOrZero = Field(
        default=0.0, description="Waited between the commands before and the measurement; nothing if left out."
    )
    wait: SecondsOrZero = Field(
        default=USUAL_WAIT_S, description='For somebody else\'s measurement on the board to end; "10 min" if left out.'
    )
    tags: tuple[Word, ...] = Field(default=(), description="Words of your own, for `assess target list --tag`.")
    note: str = Field(default="", description="What a colleague needs to know: where it stands, whose it is.")

    @property
    def at(self) -> Address:
        """The address in its parts."""
        return parse_address(self.address)


class Inventory(Authored):
    """Boards that can be named. `id` is the file's name."""

    id: str = ""
    targets: tuple[Target, ...] = Field(min_length=1, description="The boards, in the order they are listed in.")

    @staticmethod
    def contradictions(mapping: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Names that could not be typed, or would mean two boards."""
        first: dict[str, int] = {}
        for index, target in tables(mapping, "targets"):
            name = target.get("name")
            if not isinstance(name, str) or not name:
                continue  # That is told already.
            if not is_id(name):
                text = f"{name!r} is no name: only lower-case letters, digits and single hyphens are"
                yield ("targets", index, "name"), text
            elif first.setdefault(name, index) != index:
                yield ("targets", index, "name"), f"is the name of targets[{first[name]}] already"


def load_inventory(file: Path) -> Inventory:
    """The boards that a file lists. Whether the devices that they are have profiles, whoever asks for these is told.

    Raises:
        AssessError: the file is missing, or has problems: all of them, each with its line.
    """
    return load(file, Inventory, id=file.stem)


def inventory_files(
    given: Path | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    here: Path = Path(),
) -> tuple[Path, ...]:
    """The inventory that is meant: the one given, else that of ASSESS_TARGETS, else the first of the usual ones.

    One that is named is meant even if it is not there: reading it says so. Without any there is none.

    Args:
        given: by an option.
        environment: of the process.
        here: folder that the first of the usual ones lies in.
    """
    named = given or (Path(environment[_VARIABLE]) if environment.get(_VARIABLE) else None)
    if named is not None:
        return (named,)
    return tuple(file for file in usual_files(environment, here) if file.is_file())[:1]


def usual_files(environment: Mapping[str, str] = os.environ, here: Path = Path()) -> tuple[Path, ...]:
    """Where an inventory is looked for that nobody names: here, then among the user's own configuration."""
    configuration = Path(environment.get("XDG_CONFIG_HOME", ""))
    if not configuration.is_absolute():  # The specification has relative ones ignored.
        configuration = Path(environment.get("HOME") or Path.home()) / ".config"
    return here / _FILE, configuration / "assess" / _FILE


def find_target(word: str, files: Sequence[Path]) -> Target:
    """The board that a word means: an address as it is, or a name of an inventory.

    Args:
        word: such as "ssh://user@host" or "orin-desk".
        files: inventories, as `inventory_files` finds them; read only for a name.

    Raises:
        AssessError: the address is none, an inventory cannot be used, or none of them has the name.
    """
    if word.startswith(SCHEME):
        return _anonymous(word)
    targets = [target for file in files for target in load_inventory(file).targets]
    for target in targets:
        if target.name == word:
            return target
    raise AssessError(f"there is no target {word!r}", hint=_hint(word, files, targets))


def _anonymous(word: str) -> Target:
    try:
        return Target(name=parse_address(word).host, address=word)
    except ValueError as error:
        raise AssessError(str(error)) from error


def _hint(word: str, files: Sequence[Path], targets: Sequence[Target]) -> str:
    if "@" in word:  # No name has one.
        return f"to reach it without an inventory, write {SCHEME}{word}"
    if not files:
        usual = " or ".join(map(str, usual_files()))
        return f"there is no inventory: name one with --inventory, write {usual}, or give ssh://user@host"
    return did_you_mean(word, [target.name for target in targets])
