"""Unpack a kit on a board. It is sent there as text, and run before any package is there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import Any, NoReturn

_CHUNK_BYTES = 2**20
#: A link that hangs would hold this process for hours.
_PATIENCE_S = 60
#: A kit that nobody has used for so long is removed when another one comes: boards have small disks.
_KEPT_S = 30 * 86400
#: Data folders of a wheel whose content lies beside its packages; scripts and headers are of no use here.
_PACKAGES = ("purelib", "platlib")


def main(stream: BufferedIOBase) -> None:
    """Take one announcement and the bytes of its files, and unpack them into a folder that is whole or not there."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(_PATIENCE_S)
    asked = json.loads(stream.readline())
    signal.alarm(0)
    place = Path(asked["folder"], "kit", asked["tag"])
    temporary = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        _remove_unused(place.parent)
        problem = _brought(stream, asked["files"], temporary) or _placed(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sys.stdout.write(json.dumps({"problem": problem}) + "\n")


def _brought(stream: BufferedIOBase, files: Sequence[Mapping[str, Any]], folder: Path) -> str:
    """Take and unpack all files; what went wrong, or ""."""
    problem = ""
    try:
        (folder / "site").mkdir(parents=True)
    except OSError as error:
        problem = _words(error)
    for file in files:
        problem = _taken(stream, file, folder / "packed", problem) or _unpacked(folder)
    return problem


def _placed(folder: Path, place: Path) -> str:
    """Have a whole kit in its place; what went wrong, or "". One that is there already may be in use, and stays."""
    try:
        (folder / "ready").touch()
        os.sync()  # Boards lose power: what is there by its name is there by its bytes.
        if (place / "ready").exists():  # Looked at last: another may have come in the meantime.
            return ""
        shutil.rmtree(place, ignore_errors=True)
        folder.rename(place)
    except OSError as error:
        return _words(error)
    return ""


def _remove_unused(folder: Path) -> None:
    for kit in folder.iterdir() if folder.is_dir() else ():
        used = kit / "ready"  # Each use marks it; what has none was never whole, and may be coming just now.
        if (used if used.exists() else kit).stat().st_mtime < time.time() - _KEPT_S:
            shutil.rmtree(kit, ignore_errors=True)


def _give_up(*_: object) -> NoReturn:
    raise SystemExit(f"nothing came for {_PATIENCE_S} s")


def _taken(stream: BufferedIOBase, file: Mapping[str, Any], packed: Path, problem: str) -> str:
    """Take the bytes of one file, and keep them unless something went wrong before; what went wrong, or ""."""
    digest, left = hashlib.sha256(), file["size"]
    try:
        target = open(os.devnull if problem else packed, "wb")  # noqa: PTH123, SIM115 - closed below, whatever happens
    except OSError as error:
        target, problem = open(os.devnull, "wb"), _words(error)  # noqa: PTH123, SIM115
    while left:
        signal.alarm(_PATIENCE_S)
        piece = stream.read1(min(left, _CHUNK_BYTES))
        signal.alarm(0)
        if not piece:
            raise SystemExit("the link was lost")
        left -= len(piece)
        digest.update(piece)
        try:
            target.write(piece)
        except OSError as error:
            problem = problem or _words(error)
    try:
        target.close()
    except OSError as error:
        problem = problem or _words(error)
    if not problem and digest.hexdigest() != file["sha256"]:
        problem = f"{file['path']} did not arrive as it was sent"
    return problem


def _unpacked(folder: Path) -> str:
    """Unpack the wheel that was taken; what went wrong, or ""."""
    packed = folder / "packed"
    try:
        with zipfile.ZipFile(packed) as wheel:
            for entry in wheel.infolist():
                if name := _name(entry.filename):
                    _write(wheel, entry, folder / "site", name)
        packed.unlink()
    except OSError as error:
        return _words(error)
    except (zipfile.BadZipFile, ValueError) as error:
        return str(error)
    return ""


def _name(name: str) -> str:
    """Where an entry of a wheel belongs; "" for nowhere."""
    top, _, rest = name.partition("/")
    if top.endswith(".data"):
        kind, _, name = rest.partition("/")
        if kind not in _PACKAGES:
            return ""
    return "" if name.endswith("/") else name


def _write(wheel: zipfile.ZipFile, entry: zipfile.ZipInfo, site: Path, name: str) -> None:
    path = Path(os.path.normpath(site / name))
    if not path.is_relative_to(site):
        raise ValueError(f"{name} leads out of the folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(entry) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


def _words(error: OSError) -> str:
    return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"


if __name__ == "__main__":
    os.umask(0o077)  # What is brought is nobody else's on the board.
    main(sys.stdin.buffer)  # type: ignore[arg-type]
