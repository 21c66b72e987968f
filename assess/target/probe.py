"""What a target is, asked by a script that needs a POSIX shell and nothing else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from assess.errors import AssessError
from assess.target.link import Link

#: Interpreters that are looked for, the newest first; the one that the inventory names is the only one then.
_NAMES: Final = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
#: What assess itself needs.
LEAST_PYTHON: Final = (3, 11)

#: Name of the folder that holds what assess keeps on a board, and nothing else.
_OWN: Final = "assess-target"
#: Of a number that a board tells: bytes of any disk, seconds of any clock.
_MOST_DIGITS: Final = 15
#: What other systems call an architecture.
_ALSO: Final = {"arm64": "aarch64", "amd64": "x86_64"}

_SCRIPT: Final = r"""
folder={folder}
echo
echo "machine=$(uname -m 2>/dev/null)"
echo "system=$(uname -s 2>/dev/null)"
echo "kernel=$(uname -r 2>/dev/null)"
echo "clock=$(date +%s 2>/dev/null)"
if libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) && [ -n "$libc" ]; then
  echo "libc=$libc"
else
  for each in /lib/ld-musl-* /usr/lib/ld-musl-*; do [ -e "$each" ] && echo "libc=musl"; done
  for each in /lib/libc.so.6 /lib/*/libc.so.6 /lib64/libc.so.6 /usr/lib/*/libc.so.6; do
    [ -e "$each" ] && echo "libc=glibc"
  done
fi
if [ -r /proc/device-tree/model ]; then echo "board=$(tr -d '\000' < /proc/device-tree/model)"; fi
for each in {pythons}; do
  path=$(command -v "$each" 2>/dev/null) || continue
  said=$("$path" -c 'import struct,sys,sysconfig
print(*sys.version_info[:3], struct.calcsize("P")*8, sysconfig.get_config_var("SOABI") or "-")' 2>/dev/null) || continue
  echo "python=$path $said"
done
umask 077
if mkdir -p "$folder" 2>/dev/null && chmod go-rwx "$folder" 2>/dev/null && [ -w "$folder" ] && [ -O "$folder" ]; then
  echo "folder=$(cd "$folder" && pwd)"
  echo "free=$(df -Pk "$folder" 2>/dev/null | awk 'NR==2 {{print $4}}')"
  for each in "$folder"/kit/*/ready; do [ -e "$each" ] && echo "kit=$each"; done
else
  echo "unwritable=$folder"
fi
"""


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter of a target.

    Attributes:
        path: of it.
        version: of it: major, minor, patch.
        bits: of its pointers.
        abi: its SOABI; "" if it does not tell.
    """

    path: str
    version: tuple[int, int, int]
    bits: int
    abi: str = ""

    @property
    def words(self) -> str:
        """As people call it."""
        return f"Python {'.'.join(map(str, self.version))}{'' if self.bits == 64 else f', {self.bits} bits'}"


@dataclass(frozen=True, slots=True)
class Probed:
    """What a target told.

    Attributes:
        machine: as `uname -m` says on Linux.
        system: as `uname -s` says.
        kernel: its release.
        libc: "glibc 2.36", "glibc", "musl"; "" if it does not tell.
        board: of its device tree; "" if it has none.
        pythons: its interpreters, in the order in which they are wanted.
        folder: of assess there, absolute; "" if it cannot be written.
        free_bytes: there; None if it does not tell.
        kits: tags of the kits that are there.
        clock_s: its clock, seconds since 1970; None if it does not tell.
    """

    machine: str
    system: str
    kernel: str = ""
    libc: str = ""
    board: str = ""
    pythons: tuple[Python, ...] = ()
    folder: str = ""
    free_bytes: int | None = None
    kits: tuple[str, ...] = field(default=())
    clock_s: int | None = None

    @property
    def python(self) -> Python | None:
        """The interpreter that assess can run in; None if there is none."""
        return next((each for each in self.pythons if each.version >= LEAST_PYTHON and each.bits == 64), None)


def probe(link: Link, folder: str, python: str = "") -> Probed:
    """Ask a target what it is, and make the folder of assess there.

    Args:
        link: to it.
        folder: of assess there, as an inventory has it: "~/" is its user's home.
        python: the interpreter to use; "" looks for one.

    Raises:
        AssessError: it cannot be reached, or has no POSIX shell.
    """
    pythons = " ".join(map(shell_path, [python] if python else _NAMES))
    script = _SCRIPT.format(folder=shell_path(own_folder(folder)), pythons=pythons)
    ran = link.run("sh -s", stdin=script.encode())
    told = read_answers(ran.out.decode("utf-8", "replace").splitlines())
    if not told.get("machine") or not told.get("system"):
        last = next((line for line in reversed(ran.err.splitlines()) if line.strip()), "")
        raise AssessError(
            f"has no shell that answers: {last or f'sh ended with {ran.code}'}", where=str(link.address),
            hint="assess needs sh and uname there; for a console of another kind see docs/targets.md",
        )  # fmt: skip
    return _probed(told)


def own_folder(folder: str) -> str:
    """What is ours of a folder that an inventory names: one below it, since what is ours is tidied and removed."""
    return folder if folder.rstrip("/").rpartition("/")[2] == _OWN else f"{folder.rstrip('/')}/{_OWN}"


def shell_path(folder: str) -> str:
    """A folder as a word of a POSIX shell: "~" is what its HOME says."""
    if folder == "~" or folder.startswith("~/"):
        return '"$HOME"' + (shlex.quote(folder[1:]) if folder != "~" else "")
    return shlex.quote(folder)


def read_answers(lines: Sequence[str]) -> dict[str, list[str]]:
    """The answers of a script, "name=value" each, by name; what else a shell prints when it starts is none."""
    found: dict[str, list[str]] = {}
    for line in lines:
        name, is_answer, value = line.partition("=")
        if is_answer and re.fullmatch(r"[a-z]+", name) and value.strip():
            found.setdefault(name, []).append(value.strip()[:4096])
    return found


def whole(text: str) -> int | None:
    """A whole number that a board told; None for whatever else it told."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def _probed(told: Mapping[str, Sequence[str]]) -> Probed:
    one = {name: values[0] for name, values in told.items()}
    return Probed(
        machine=_ALSO.get(one["machine"].lower(), one["machine"]),
        system=one["system"],
        kernel=one.get("kernel", ""),
        libc=one.get("libc", ""),
        board=one.get("board", ""),
        pythons=tuple(dict.fromkeys(found for line in told.get("python", ()) if (found := _python(line)))),
        folder=one.get("folder", ""),
        free_bytes=None if (free := whole(one.get("free", ""))) is None else 1024 * free,
        kits=tuple(path.split("/")[-2] for path in told.get("kit", ()) if path.count("/") > 1),
        clock_s=whole(one.get("clock", "")),
    )


def _python(line: str) -> Python | None:
    path, *numbers = line.rsplit(" ", 5)
    found = [whole(each) for each in numbers[:4]]
    if len(numbers) != 5 or None in found:
        return None
    major, minor, patch, bits = (each or 0 for each in found)
    return Python(path, (major, minor, patch), bits, "" if numbers[4] == "-" else numbers[4])
