"""Open files of a model's folder and none outside it: what a location in an untrusted file may lead to."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from assess.errors import AssessError


def regular_file(path: Path) -> int:
    """Check that the model itself is there to be read; its size.

    Raises:
        AssessError: it is missing, a folder, a device or pipe, or must not be read.
    """
    try:
        with _open(path) as file:
            return os.fstat(file.fileno()).st_size
    except FileNotFoundError as error:
        raise AssessError("there is no such file", where=str(path)) from error
    except _NotRegularError as error:
        hint = "name the .onnx file in it" if path.is_dir() else ""
        raise AssessError(f"is {error}, not a file", where=str(path), hint=hint) from error
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


def open_beside(model: Path, location: str, what: str) -> IO[bytes]:
    """Open the file at `location`, relative to the folder of `model`, for reading.

    Args:
        model: the ONNX file.
        location: as written in it, untrusted.
        what: what needs it, for messages, e.g. "initializer 'w'".

    Raises:
        AssessError: `location` leaves the folder, by its text or through a link, or is no regular file there.
    """
    folder = model.parent
    _check_text(model, location, what)
    path = folder / location
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise AssessError(
                f"{what} has its data in {location!r}, a link that leaves the model's folder",
                where=str(model),
                hint="put the data file itself beside the model",
            )
        return _open(path)
    except FileNotFoundError as error:
        raise AssessError(
            f"{what} has its data in {location!r}, which is missing", where=str(model), hint=f"put it into {folder}"
        ) from error
    except _NotRegularError as error:
        raise AssessError(
            f"{what} has its data in {location!r}, which is {error}, not a file", where=str(model)
        ) from error
    except (OSError, ValueError, RuntimeError) as error:  # Unreadable; a zero byte in the name; links in a circle.
        raise AssessError(
            f"{what} has its data in {location!r}, which cannot be read: {error}", where=str(model)
        ) from error


class _NotRegularError(Exception):
    """The text says what it is instead of a regular file."""


def _check_text(model: Path, location: str, what: str) -> None:
    posix, windows = PurePosixPath(location), PureWindowsPath(location)
    if not location:
        raise AssessError(f"{what} has external data but no location", where=str(model))
    if posix.is_absolute() or windows.drive or windows.root or ".." in posix.parts or ".." in windows.parts:
        raise AssessError(
            f"{what} has its data in {location!r}, outside the model's folder",
            where=str(model),
            hint="external data must lie in the model's folder, named by a relative path",
        )


def _open(path: Path) -> IO[bytes]:
    # Not blocking: opening a pipe would wait for its writer. Looked at after opening, so that nothing can be swapped.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    if kind != stat.S_IFREG:
        os.close(handle)
        names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
        raise _NotRegularError(names.get(kind, "something else"))
    return os.fdopen(handle, "rb", buffering=0)
