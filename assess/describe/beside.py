"""Files that an authored file names beside itself: none that lies elsewhere, by its text or through a link."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from assess.errors import AssessError


def leaves(name: str) -> bool:
    """Whether a name, by its text alone, may lead out of the folder that it is looked up in."""
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    is_rooted = posix.is_absolute() or bool(windows.drive or windows.root)
    return is_rooted or ".." in posix.parts or ".." in windows.parts or "\0" in name


def beside(folder: Path, name: str) -> Path:
    """The path of a file in `folder` or below it, whether or not there is one.

    Raises:
        AssessError: the name, or a link that it goes through, leads out of the folder, or in a circle.
    """
    if leaves(name):
        raise AssessError(f"{name!r} lies outside the folder of the file that names it", where=str(folder))
    path = folder / name
    try:
        is_inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:  # Links in a circle; a name longer than the system takes.
        raise AssessError(f"{name!r} cannot be looked up: {error}", where=str(folder)) from error
    if not is_inside:
        raise AssessError(
            f"{name!r} is a link that leads outside the folder of the file that names it",
            where=str(folder),
            hint="put the file itself there",
        )
    return path
