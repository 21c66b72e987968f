"""The kit: assess itself with the wheels that it needs, as it is brought to a target, to a folder of its own."""

from __future__ import annotations

import hashlib
import io
import shlex
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import assess
from assess.errors import AssessError
from assess.files import shipped
from assess.target.conversation import talk
from assess.target.link import Link
from assess.target.probe import Python
from assess.target.protocol import SentFile, announced
from assess.target.wheels import Wheels

_PACKAGE: Final = Path(assess.__file__).resolve().parent
#: Parts of assess that no board needs.
_LEFT_OUT: Final = ("distill", "shipped", "__pycache__")
#: The oldest time that a zip file can hold: the same files make the same kit.
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
#: What unpacked wheels take of a disk, by their packed size: 197 of 51 MB.
_UNPACKED: Final = 4
#: Takes the script from its standard input, since a command line has its limits; what follows is the script's.
_UNPACK: Final = '\'import sys; f = sys.stdin.buffer; exec(compile(f.read(int(f.readline())), "unpack.py", "exec"))\''

#: Told how many bytes have gone, and how many have to.
Sent = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Kit:
    """What is brought to a target.

    Attributes:
        tag: its identity: that of assess, its profiles, and the wheels.
        code: assess, as a zip file.
        wheels: what it needs.
    """

    tag: str
    code: bytes
    wheels: Wheels

    @property
    def size(self) -> int:
        """All of it, in bytes."""
        return len(self.code) + self.wheels.size


def kit_of(wheels: Wheels) -> Kit:
    """The kit of this assess with some wheels."""
    code = _code()
    digest = hashlib.sha256(code)
    for each in wheels.wheels:
        digest.update(each.sha256.encode())
    return Kit(f"{assess.__version__}-{digest.hexdigest()[:16]}", code, wheels)


def bring(link: Link, kit: Kit, folder: str, python: Python, free_bytes: int | None, sent: Sent) -> int:
    """Bring a kit to a target; it is whole there, or not at all.

    Args:
        link: to it.
        kit: what is brought.
        folder: of assess there.
        python: of it.
        free_bytes: there; None if it does not tell.
        sent: told the bytes that have gone, and all that have to.

    Returns:
        Bytes that were sent.

    Raises:
        AssessError: there is no room, it could not be unpacked, or the link was lost.
    """
    needed = kit.size * (1 + _UNPACKED)
    if free_bytes is not None and free_bytes < needed:
        raise AssessError(
            f"has {free_bytes / 1e6:.0f} MB free, the kit needs {needed / 1e6:.0f} MB while it is unpacked",
            where=f"{link.address}: {folder}",
            hint='make room, or name a folder on another disk: `folder = "/data/assess"` in the inventory',
        )
    script = (Path(__file__).parent / "board" / "unpack.py").read_bytes()
    wheels = {SentFile(one.name, one.sha256, one.size): kit.wheels.folder / one.name for one in kit.wheels.wheels}
    code = SentFile("assess.zip", hashlib.sha256(kit.code).hexdigest(), len(kit.code))
    gone = 0

    def count(size: int) -> None:
        nonlocal gone
        gone += size
        sent(gone, kit.size)

    with talk(link, f"exec {shlex.quote(python.path)} -c {_UNPACK}") as there:
        there.write(f"{len(script)}\n".encode() + script)
        there.say({"folder": folder, "tag": kit.tag, "files": announced([code, *wheels])})
        there.write(kit.code)
        count(len(kit.code))
        for file, path in wheels.items():
            there.send(path, file.size, count)
        problem = there.hear().get("problem")
    if problem:
        raise AssessError(f"the kit cannot be unpacked: {problem}", where=f"{link.address}: {folder}")
    return gone + len(script)


def _code() -> bytes:
    """Assess as a zip file that is the same for the same files: its modules, and the profiles that it ships."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in _parts():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(f"assess-{assess.__version__}.dist-info/METADATA", _EPOCH), _METADATA)
    return packed.getvalue()


#: What `importlib.metadata` reads the version from.
_METADATA: Final = f"Metadata-Version: 2.1\nName: assess\nVersion: {assess.__version__}\n"


def _parts() -> Iterator[tuple[str, Path]]:
    for path in sorted(_PACKAGE.rglob("*")):
        parts = path.relative_to(_PACKAGE).parts
        if path.is_file() and not set(parts) & set(_LEFT_OUT) and path.suffix != ".pyc":
            yield "/".join(("assess", *parts)), path
    profiles = shipped("profiles")
    for path in sorted(profiles.rglob("*.toml")):
        yield "/".join(("assess", "shipped", "profiles", *path.relative_to(profiles).parts)), path
