"""Wheels of what assess needs, for another machine's architecture and Python: kept, so that a lab needs no network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from assess.errors import AssessError
from assess.files import alone_here, cache_folder, sha256_of, write_whole
from assess.measure.plain import decode

#: Tags that wheels of the packages below have on PyPI; an older one runs on every newer glibc.
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
ARCHITECTURES: Final = ("aarch64", "x86_64")
_MANIFEST: Final = "wheels.json"
#: What pip may take to fetch 60 MB over a slow line.
_FETCH_S: Final = 1800.0
#: The same version as here, where there is one: outputs and times of two are not the same model's.
_PINNED: Final = ("onnx", "onnxruntime", "numpy")

#: What only commands need, and no command is run on a board.
_OF_COMMANDS: Final = ("rich", "typer")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel.

    Attributes:
        name: of its file.
        sha256: of it.
        size: of it, in bytes.
    """

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Wheels:
    """Wheels for one architecture and Python.

    Attributes:
        folder: where they lie.
        wheels: what lies there.
        note: why they are not the versions that are used here; "" if they are.
    """

    folder: Path
    wheels: tuple[Wheel, ...]
    note: str = ""

    @property
    def size(self) -> int:
        """All of them, in bytes."""
        return sum(each.size for each in self.wheels)


def wheels_folder(architecture: str, python: str, cache: Path | None = None) -> Path:
    """Where the wheels for an architecture, and a Python such as "3.11", are kept."""
    return (cache or cache_folder()) / "wheels" / f"{architecture}-python{python}"


def kept_wheels(architecture: str, python: str, cache: Path | None = None) -> Wheels | None:
    """The wheels that were fetched before; None if they were not, or not all are there any more.

    Where the versions here are others by now, they are given with a note: a lab may have no network to fetch from.
    """
    folder = wheels_folder(architecture, python, cache)
    try:
        data = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        wheels = tuple(decode(Wheel, each, "wheels") for each in data["wheels"])
        whole = all((folder / each.name).stat().st_size == each.size for each in wheels)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    wanted = data.get("requirements") == list(requirements())
    note = str(data.get("note", ""))
    if not note and data.get("pins") != list(pins()):
        note = f"the wheels that are kept are not of the versions here ({', '.join(pins())})"
    return Wheels(folder, wheels, note) if whole and wheels and wanted else None


def fetch_wheels(architecture: str, python: str, *, cache: Path | None = None, run: Run = subprocess.run) -> Wheels:
    """Fetch the wheels with pip, from wherever this machine's pip is set up to fetch from, and keep them.

    Args:
        architecture: as `uname -m` says.
        python: as "3.11".
        cache: the folder of assess for what can be had again.
        run: runs pip.

    Raises:
        AssessError: there are no such wheels, no pip, no network or no room.
    """
    check_names(architecture, python)
    folder = wheels_folder(architecture, python, cache)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
            fetched = Path(name)
            note = _download(fetched, architecture, python, run)
            wheels = tuple(_wheels_in(fetched))
            manifest = {
                "requirements": list(requirements()), "pins": list(pins()), "note": note,
                "wheels": [asdict(each) for each in wheels],
            }  # fmt: skip
            write_whole(fetched / _MANIFEST, json.dumps(manifest, indent=1) + "\n")
            with alone_here(folder.parent / "replacing"):
                shutil.rmtree(folder, ignore_errors=True)
                whole = fetched.rename(folder)
                whole.chmod(0o755)
                fetched.mkdir()  # Whoever made it removes it.
    except OSError as error:
        raise AssessError(f"cannot be kept: {error.strerror or error}", where=str(folder)) from error
    return Wheels(folder, wheels, note)


def check_names(architecture: str, python: str) -> None:
    """Refuse an architecture or a Python that there are no wheels for.

    Raises:
        AssessError: it is named, with those that there are.
    """
    if architecture not in ARCHITECTURES:
        raise AssessError(
            f"there are no wheels of ONNX Runtime for {architecture!r:.40}", where="--arch",
            hint=f"one of {', '.join(ARCHITECTURES)}; elsewhere: a vendor's tool, with --runner",
        )  # fmt: skip
    if not re.fullmatch(r"3\.\d{1,2}", python) or int(python[2:]) < 11:
        raise AssessError(f"{python!r:.40} is no Python that assess runs in", where="--python", hint="3.11 or newer")


def requirements() -> tuple[str, ...]:
    """What assess needs on a board, as its own package states it; extras and the command line are not for boards."""
    stated = metadata.requires("assess") or []
    names = {each: re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0] for each in stated if "extra ==" not in each}
    return tuple(sorted(each for each, name in names.items() if name not in _OF_COMMANDS))


def pins() -> tuple[str, ...]:
    """The versions here of what computes: those of a board are to be the same."""
    return tuple(f"{name}=={metadata.version(name)}" for name in _PINNED if _is_installed(name))


def _download(folder: Path, architecture: str, python: str, run: Run) -> str:
    """Fetch; why other versions were taken than those here, or ""."""
    wanted = list(requirements())
    said = _pip(folder, architecture, python, [*wanted, *pins()], run)
    if said is None:
        return ""
    for file in folder.iterdir():
        file.unlink()
    if (said := _pip(folder, architecture, python, wanted, run)) is None:
        return f"there are no wheels for them of the versions here ({', '.join(pins())}): the newest were taken"
    raise AssessError(
        f"pip could not fetch wheels for {architecture}, Python {python}: {said}",
        hint="needs a network once: assess target prepare, on a machine that has one; then copy what it keeps to "
        f"{folder.parent}",
    )


def _pip(folder: Path, architecture: str, python: str, wanted: Sequence[str], run: Run) -> str | None:
    """Let pip fetch; None, or its last line where it could not."""
    platforms = [word for each in _PLATFORMS for word in ("--platform", f"{each}_{architecture}")]
    argv = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--dest",
        str(folder), "--only-binary=:all:", "--implementation", "cp", "--python-version", python, *platforms, *wanted,
    ]  # fmt: skip
    try:
        done = run(argv, capture_output=True, text=True, timeout=_FETCH_S, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"took more than {_FETCH_S / 60:.0f} min"
    if done.returncode == 0:
        return None
    if "No module named pip" in done.stderr:
        raise AssessError("this Python has no pip", where=sys.executable, hint="python -m ensurepip")
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return next((line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")), (lines or ["?"])[-1])


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _wheels_in(folder: Path) -> Iterator[Wheel]:
    for path in sorted(folder.glob("*.whl")):
        yield Wheel(path.name, sha256_of(path), path.stat().st_size)
