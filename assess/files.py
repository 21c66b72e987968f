"""Where the shipped data lies, and how a result file is written so that it is whole or not there at all."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from assess.errors import AssessError

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: Literal["profiles", "models", "suites"]) -> Path:
    """The folder of data that ships with `assess`, in an installed wheel or in a checkout."""
    installed = _PACKAGE / "shipped" / folder
    if installed.is_dir():
        return installed
    top = _PACKAGE.parent
    return top / "benchmarks" / "suites" if folder == "suites" else top / folder


def user_folder(base: Path | None = None) -> Path:
    """A folder of this user, who alone may write there; by the number, so that a job without a session finds the same.

    Args:
        base: where it lies; the system's folder for temporary files by default.

    Raises:
        AssessError: it cannot be made, or somebody else could write there.
    """
    folder = (base or Path(tempfile.gettempdir())) / f"assess-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise AssessError(f"cannot be made: {error.strerror or error}", where=str(folder)) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise AssessError("is not a folder that you alone can write to", where=str(folder), hint="move it away")
    return folder


@contextmanager
def alone_here(path: Path) -> Iterator[None]:
    """Hold a lock on a file that only processes of this machine take; where there are no locks nothing is held."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where what can be had again is kept for this user, as the XDG base directory specification says."""
    base = environment.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "assess"


def sha256_of(path: Path) -> str:
    """The sha256 of a file.

    Raises:
        AssessError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssessError(f"cannot be read: {error.strerror or error}", where=str(path)) from error


def check_writable(path: Path, keep: Sequence[Path] = ()) -> None:
    """Refuse an output path before the work whose result it is to hold, not after it.

    Args:
        path: what is to be written.
        keep: files that must not be overwritten: what the work reads, and its other outputs.

    Raises:
        AssessError: the folder is missing or cannot be written to, or the path is a folder, a link, a device, or one of
            the files to keep.
    """
    folder = path.parent
    if path.is_dir():
        raise AssessError("is a folder, not a file", where=str(path), hint="name the file to write")
    # A file is replaced when it is whole; that would put a plain file in the place of a device or a link.
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise AssessError("is no plain file, and would be replaced by one", where=str(path), hint="name another file")
    if any(_same(path, other) for other in keep):
        raise AssessError("is read or written by this command already", where=str(path), hint="name another file")
    if not folder.is_dir():
        raise AssessError(
            "the folder to write to does not exist", where=str(folder), hint=f"mkdir -p {shlex.quote(str(folder))}"
        )
    # Opening a file tells more than the mode bits: root, read-only mounts and full disks ignore or outdo them.
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AssessError(f"cannot write here: {error.strerror or error}", where=str(folder)) from error


def check_files(names: Sequence[str], option: str) -> None:
    """Refuse a file that is not there, before anything that takes long is begun.

    Raises:
        AssessError: it is named, with the option that named it.
    """
    for name in names:
        if not Path(name).is_file():
            raise AssessError("there is no such file", where=f"{option} {name}", hint="give its path")


def _same(path: Path, other: Path) -> bool:
    return path.absolute() == other.absolute() or (path.exists() and other.exists() and path.samefile(other))


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` through a temporary name, so that no reader ever sees half a file.

    Raises:
        AssessError: the file could not be written; nothing is left behind.
    """
    _write(path, text, lambda temporary: temporary.replace(path))


def write_new(path: Path, text: str) -> None:
    """As `write_whole`, but never in the place of another file, however late that one has appeared.

    Raises:
        AssessError: there is one already, or the file could not be written; nothing is left behind.
    """

    def place(temporary: Path) -> None:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:  # File systems of memory cards have no hard links: then a reader may see it grow.
            with path.open("x", encoding="utf-8", newline="\n") as file:
                try:
                    file.write(text)
                    file.flush()
                except OSError:
                    path.unlink(missing_ok=True)
                    raise
        temporary.unlink()

    _write(path, text, place)


def _write(path: Path, text: str, place: Callable[[Path], object]) -> None:
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        place(temporary)
        temporary = None
    except FileExistsError as error:
        raise AssessError("is there already", where=str(path)) from error
    except OSError as error:
        raise AssessError(f"could not be written: {error.strerror or error}", where=str(path)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
