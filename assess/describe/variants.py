"""Which file a file is a variant of, and both in one. Only devices extend each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from assess.describe.authored import InvalidFileError, Resolved, load
from assess.describe.device import Device
from assess.describe.extends import is_of_another_mode, merged
from assess.describe.ids import id_of, stem
from assess.describe.kinds import DEVICE, Kind
from assess.describe.mapping import found_at, sourced, table
from assess.describe.opened import Opened
from assess.describe.problems import Complaint
from assess.describe.recognised import mode_names_shared
from assess.describe.shelves import Shelves
from assess.describe.suggestions import did_you_mean
from assess.errors import AssessError

T = TypeVar("T")

_UNNAMED: Final = "the base is recognised by its mode; name this one's as the board reports it in [identity].power_mode"


def resolved(kind: Kind[Any], file: Path, own: Mapping[str, Any], shelves: Shelves, opened: Opened) -> Resolved:
    """A file with what it takes from its base.

    Args:
        kind: of the file.
        file: where it is.
        own: what it says itself.
        shelves: where its base is looked for: in the folder that it lies in, then in those after that one. So no file
            of a user changes a shipped one.
        opened: files that were read.
    """
    wanted = own.get("extends")
    if kind is not DEVICE or not isinstance(wanted, str) or not wanted:
        return Resolved(own)
    base = _base(file, wanted, shelves)
    wrong = _wrong(file, wanted, base, shelves, opened)
    if wrong or base is None:
        return Resolved(own, wrong=(Complaint(("extends",), wrong),), is_whole=False)
    theirs = _whole(base, shelves, opened).mapping
    both = merged(own, theirs)
    told = (*_unnamed_mode(own, theirs), *_shared_mode(own, theirs, both), *_changed_sources(own, theirs, both))
    return Resolved(both.mapping, both.place, base=wanted, wrong=told)


def family(file: Path, shelves: Shelves, opened: Opened, look: Callable[[Path, Mapping[str, Any]], T]) -> tuple[T, ...]:
    """What `look` makes of a device and of each of its variants; looked at once for all of them.

    Files that cannot be used are left out: they are told where they are used themselves.
    """
    root = _root(file, shelves, opened).resolve()
    members = opened.once(("families", shelves), lambda: _families(shelves, opened)).get(root, [])
    wholes = ((one, _whole(one, shelves, opened)) for one in members)
    return opened.once(
        ("family", shelves, root, look),
        lambda: tuple(look(one, whole.mapping) for one, whole in wholes if whole.is_whole),
    )


def _families(shelves: Shelves, opened: Opened) -> Mapping[Path, list[Path]]:
    """All devices, by the one that they are variants of; made once, since each file's look-up would read all others."""
    found: dict[Path, list[Path]] = {}
    for file in shelves.files(DEVICE.folder):
        with suppress(AssessError):
            found.setdefault(_root(file, shelves, opened).resolve(), []).append(file)
    return found


def _root(file: Path, shelves: Shelves, opened: Opened) -> Path:
    """The device that a file is a variant of; itself where it stands alone.

    Raises:
        AssessError: the file cannot be read.
    """
    base = _base(file, opened.own(file).get("extends"), shelves)
    if base is None:
        return file
    try:
        return _root(base, shelves, opened) if _extends_hidden(base, opened.own(base)) else base
    except AssessError:
        return base


def _whole(file: Path, shelves: Shelves, opened: Opened) -> Resolved:
    return resolved(DEVICE, file, opened.own(file), shelves, opened)


def _extends_hidden(file: Path, own: Mapping[str, Any]) -> bool:
    """Whether a file extends the one of its own id that it hides: then it stands in that one's place, a base as well.

    Each step of such a chain leads into a later folder, so that it ends.
    """
    return own.get("extends") == stem(file)


def _base(file: Path, wanted: Any, shelves: Shelves) -> Path | None:
    """The file that a file extends; one that extends its own id extends the one that it hides."""
    if not isinstance(wanted, str):
        return None
    candidates = shelves.from_here_on(file).candidates(DEVICE.folder, wanted)
    return next((one for one in candidates if one.resolve() != file.resolve()), None)


def _wrong(file: Path, wanted: str, base: Path | None, shelves: Shelves, opened: Opened) -> str:
    """Why a file cannot extend its base; "" if it can."""
    if base is None:
        names = shelves.from_here_on(file).names(DEVICE.folder)
        return (
            "extends itself"
            if wanted == stem(file)
            else f"there is no device {wanted!r}; {did_you_mean(wanted, names)}"
        )
    broken = opened.once(("base", shelves, base), lambda: _broken(base, shelves, opened))
    further = "" if broken else opened.own(base).get("extends")
    if not further or further == stem(base):
        return f"{wanted!r} {broken}" if broken else ""
    of = f"{further!r}, this file: a circle" if further == stem(file) else f"{further!r}: extend that one"
    return f"{wanted!r} is itself a variant of {of}"


def _broken(base: Path, shelves: Shelves, opened: Opened) -> str:
    """The problem of a base, in one line; "" if it has none."""
    try:
        own = opened.own(base)
        if not own.get("extends") or _extends_hidden(base, own):
            load(
                base,
                Device,
                id=id_of(base),
                own=own,
                resolve=lambda said: resolved(DEVICE, base, said, shelves, opened),
            )
    except InvalidFileError as error:
        more = len(error.problems) - 1
        also = f"; and {more} more" if more else ""
        return f"has a problem itself: {error.problems[0].line(str(base))}{also}"
    except AssessError as error:
        return f"cannot be used: {error}"
    return ""


def _unnamed_mode(own: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[Complaint]:
    """That a host in any power mode would be taken for a device whose numbers hold in one."""
    theirs, mine = (table(one, "identity").get("power_mode") for one in (base, own))
    if is_of_another_mode(own, base) and theirs and not mine:
        yield Complaint(("power_mode",), _UNNAMED)


def _shared_mode(own: Mapping[str, Any], base: Mapping[str, Any], both: Resolved) -> Iterator[Complaint]:
    """That a host in the base's mode would be taken for a device whose numbers hold in another."""
    if is_of_another_mode(own, base):
        for index, name in mode_names_shared(both.mapping, base):
            text = f"{name!r} names the base's mode, {base.get('power_mode', '')!r}, and a host in it would be both"
            yield Complaint(("identity", "power_mode", index), f"{text}; name this one's as the board reports it")


def _changed_sources(own: Mapping[str, Any], base: Mapping[str, Any], both: Resolved) -> Iterator[Complaint]:
    """Sources of the base that the variant says otherwise, though numbers that it takes over were read in them."""
    changed = {
        key for key, source in table(own, "sources").items()
        if key in table(base, "sources") and source != table(base, "sources")[key]
    }  # fmt: skip
    taken = {said["source"] for keys, said in sourced(both.mapping) if found_at(own, both.place(keys)) is not said}
    for key in sorted(changed & taken):
        text = f"{key!r} is a source of {own['extends']}, and numbers of it are taken over: take another key"
        yield Complaint(("sources", key), text, is_of_key=True)
