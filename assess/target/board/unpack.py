"""Unpack a runner on a board. It is sent there as text, and run before any package is there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

_CHUNK_BYTES = 2**20
#: Data folders of a wheel whose content lies beside its packages; scripts and headers are of no use here.
_PACKAGES = ("purelib", "platlib")


def main(stream: IO[bytes]) -> None:
    """Take one announcement and the bytes of its files, and unpack them into a folder that is whole or not there."""
    asked = json.loads(stream.readline())
    place = Path(asked["folder"], "runner", asked["tag"])
    temporary = place.with_name(f"{place.name}.{os.getpid()}.part")
    problem = ""
    try:
        (temporary / "site").mkdir(parents=True)
    except OSError as error:
        problem = _words(error)
    for file in asked["files"]:
        problem = _taken(stream, file, temporary / "packed", problem) or _unpacked(temporary)
    if not problem:
        try:
            (temporary / "ready").touch()
            shutil.rmtree(place, ignore_errors=True)
            temporary.rename(place)
        except OSError as error:
            problem = _words(error)
    shutil.rmtree(temporary, ignore_errors=True)
    sys.stdout.write(json.dumps({"problem": problem}) + "\n")


def _taken(stream: IO[bytes], file: Mapping[str, Any], packed: Path, problem: str) -> str:
    """Take the bytes of one file, and keep them unless something went wrong before; what went wrong, or ""."""
    digest, left = hashlib.sha256(), file["size"]
    try:
        target = open(os.devnull if problem else packed, "wb")  # noqa: PTH123, SIM115 - closed below, whatever happens
    except OSError as error:
        target, problem = open(os.devnull, "wb"), _words(error)  # noqa: PTH123, SIM115
    while left:
        piece = stream.read(min(left, _CHUNK_BYTES))
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
    main(sys.stdin.buffer)
