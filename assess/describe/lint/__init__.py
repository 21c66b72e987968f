"""What is wrong in profile files, and what only looks wrong: the self-check of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from assess.describe.authored import InvalidFileError, Problem, Resolved, placed
from assess.describe.kinds import KINDS, MODEL, Kind, kind_of
from assess.describe.library import Library
from assess.describe.lint.card import no_licence, wrong_in_place
from assess.describe.lint.check import Check, Seen
from assess.describe.lint.identity import no_identity, shared_mode, unnamed_mode
from assess.describe.lint.magnitude import magnitude
from assess.describe.lint.modes import mode_order
from assess.describe.lint.placeholder import placeholder
from assess.describe.lint.repeats import said_twice
from assess.describe.lint.sources import unused_source
from assess.describe.lint.variants import lost_engine, says_nothing
from assess.describe.problems import Complaint
from assess.describe.shelves import check_folder
from assess.errors import AssessError

#: What only looks wrong: each has a name of its own, by which a warning is known.
CHECKS: Final[tuple[Check, ...]] = (
    unused_source, no_identity, unnamed_mode, shared_mode, mode_order, magnitude, says_nothing, lost_engine, said_twice,
    placeholder, no_licence,
)  # fmt: skip


#: What else is wrong in a card, by what other rooms know: its file, and what it says.
Beyond = Callable[[Path, Mapping[str, Any]], Iterator[Complaint]]


def lint(
    file: Path, library: Library, kind: Kind[Any] | None = None, *, of_cards: Beyond = lambda *_: iter(())
) -> tuple[Problem, ...]:
    """Everything that is wrong in a file, and what looks wrong, in the order of its lines.

    Args:
        file: a profile.
        library: where what it names is looked for, beside the folder that it lies in.
        kind: what it is; told by its folder or its keys if left out.
        of_cards: finds in cards what takes more than describing.

    Raises:
        AssessError: nothing tells what kind of profile it is.
    """
    try:
        kind = kind or kind_of(file)
        library.record(kind, file)
    except InvalidFileError as error:
        errors = error.problems
    except AssessError as error:
        if error.where != str(file):
            raise
        errors = (Problem("", error.problem + (f"; {error.hint}" if error.hint else "")),)
    else:
        errors = ()
    if kind is None or any(not problem.key for problem in errors):
        return errors  # It cannot be read.
    resolve = partial(library.resolved, kind, file)
    if kind is MODEL:
        errors += placed(file, kind.record, resolve=resolve, look=partial(_out_of_place, file, of_cards))
    warnings = placed(file, kind.record, resolve=resolve, look=partial(_warnings, kind, file, library, not errors))
    wrong = {_part(error) for error in errors}
    warnings = tuple(one for one in warnings if _part(one) not in wrong)
    return tuple(sorted((*errors, *warnings), key=lambda one: (one.at.line, one.at.column) if one.at else (0, 0)))


def _out_of_place(file: Path, more: Beyond, own: Mapping[str, Any], _: Resolved) -> Iterator[Complaint]:
    """Errors of a card in its place, beside the files that it names."""
    yield from wrong_in_place(file, own)
    yield from more(file, own)


def _part(problem: Problem) -> str:
    """The table of a file that a problem is in, such as "engine[0]"."""
    return problem.key.partition(".")[0]


def _warnings(
    kind: Kind[Any], file: Path, library: Library, is_sound: bool, own: Mapping[str, Any], whole: Resolved
) -> Iterator[Complaint]:
    """What looks wrong; a check that an error anywhere may mislead waits until all are mended."""
    for check in CHECKS:
        if kind.folder in check.folders and (is_sound or not check.whole_file):
            yield from check.look(Seen(file, own, whole.mapping, library))


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The profiles that paths name: files as they are, of a folder every TOML file in the folders of kinds below it.

    Raises:
        AssessError: a folder has none, or cannot be read.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = files_looked_in([path]) or _visible(path)
        if not inside and path.suffix == ".toml":
            raise AssessError("is a folder, not a file", where=str(path), hint="a profile is one file of TOML")
        if not inside:
            raise AssessError(
                "there are no profiles in it", where=str(path), hint="a folder of profiles has devices/ in it"
            )
        found += inside
    return found


def files_looked_in(folders: Sequence[Path]) -> list[Path]:
    """The profiles of folders that ids are looked for in, each folder once; one may have none.

    Raises:
        AssessError: one cannot be read.
    """
    found: list[Path] = []
    for folder in {one.resolve(): one for one in reversed(folders)}.values():
        check_folder(folder)
        found = [file for kind in KINDS for file in _visible(folder / kind.folder)] + found
    return found


def _visible(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.toml")) if not file.name.startswith(".")]
