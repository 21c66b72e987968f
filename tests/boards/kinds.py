"""The kinds of boards that there are to test on, and what each needs of this machine."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from boards import roots
from boards.board import SSHD, Plan, running

_DEV = " && ".join(
    (
        'mount --bind "{root}" "{root}"',  # So that there is a "/" whose free space can be asked for.
        'mkdir -p "{root}/dev" "{root}/proc"',
        'mount --bind /dev "{root}/dev"',
        'mount -t proc proc "{root}/proc"',
    )
)


@dataclass(frozen=True)
class Kind:
    """One kind of board.

    Attributes:
        summary: what it is like.
        plan: makes it out of an empty folder.
        programs: it needs, each with the package of Debian that has it.
        needs_root: whether only root can start it.
    """

    summary: str
    plan: Callable[[Path], Plan]
    programs: tuple[tuple[str, str], ...] = ()
    needs_root: bool = True


def _plain(_):
    return Plan("board-plain")


def _linked(_):
    return Plan("board-linked", is_linked=True)


def _full(folder):
    home = folder / "home"
    # Some files of ours fit, no wheel of a runtime does.
    return Plan("board-full", mounts=(f'mount -t tmpfs -o size=4m,mode=755 tmpfs "{home}"',))


def _without_python(folder):
    root = folder / "root"
    roots.lay_out_busybox(root)
    return Plan("board-busybox", root=root, home="/root", mounts=(_DEV.format(root=root),))


def _named(architecture):
    def plan(folder):
        programs = folder / "bin"
        programs.mkdir()
        real = shutil.which("uname")
        # Programs ask by -m; all else is as it is.
        said = f'#!/bin/sh\ncase "$*" in -m|-p|-i) echo {architecture};; *) exec {real} "$@";; esac\n'
        (programs / "uname").write_text(said)
        (programs / "uname").chmod(0o755)
        path = f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return Plan(f"board-{architecture}", variables={"PATH": path})

    return plan


def _arm64(name, core, recorded="raspberry-pi-5"):
    def plan(folder):
        root = folder / "root"
        roots.register_arm64()
        roots.lay_out_arm64(root)
        roots.lay_out_kernel_files(recorded, folder)
        mounts = (
            _DEV.format(root=root),
            # Libraries take from it which instructions there are: one of x86 has them crash.
            f'mount --bind "{folder}/cpuinfo" "{root}/proc/cpuinfo"',
            f'mount --bind "{folder}/sys" "{root}/sys"',
            f'mount -t tmpfs tmpfs "{root}/dev/shm"',
        )
        return Plan(name, root=root, home="/root", is_linked=True, mounts=mounts, variables={"QEMU_CPU": core})

    return plan


_SSH = ((SSHD, "openssh-server"), ("ssh", "openssh-client"), ("setpriv", "util-linux"))
_SPACES = (("unshare", "util-linux"), ("ip", "iproute2"))
_ARM64 = (*_SSH, *_SPACES, ("mmdebstrap", "mmdebstrap"), ("qemu-aarch64-static", "qemu-user-static"),
          ("arch-test", "arch-test"))  # fmt: skip

KINDS = {
    "plain": Kind("this machine over ssh on its loopback", _plain, _SSH, needs_root=False),
    "linked": Kind("this machine over ssh on a link of its own", _linked, (*_SSH, *_SPACES)),
    "full": Kind("one whose home has room for 4 MB", _full, (*_SSH, *_SPACES)),
    "busybox": Kind("one without Python: busybox alone", _without_python,
                    (*_SSH, *_SPACES, ("busybox", "busybox-static"))),
    "armv7l": Kind("one that says it is armv7l", _named("armv7l"), _SSH, needs_root=False),
    "riscv64": Kind("one that says it is riscv64", _named("riscv64"), _SSH, needs_root=False),
    "arm64": Kind("a Raspberry Pi 5 emulated on a link of its own", _arm64("board-arm64", "cortex-a76"), _ARM64),
    "arm64-pi4": Kind("a Raspberry Pi 4, emulated: no dot products, and none claimed",
                      _arm64("board-arm64-pi4", "cortex-a72", "raspberry-pi-4"), _ARM64),
    "arm64-old": Kind("the same on a Cortex-A53, though its kernel claims dot products",
                      _arm64("board-arm64-old", "cortex-a53"), _ARM64),
}  # fmt: skip


def missing(name):
    """Why a kind of board cannot be started on this machine, and what to do; "" if it can."""
    kind = KINDS[name]
    lacking = sorted({package for program, package in kind.programs if not shutil.which(program)})
    if lacking:
        return f"a board of kind {name} needs: apt-get install {' '.join(lacking)}"
    if kind.needs_root and os.getuid() != 0:
        return f"a board of kind {name} needs root, for namespaces and mounts"
    return ""


@contextlib.contextmanager
def start(name) -> Iterator:
    """A board of a kind until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix=f"assess-board-{name}-"))
    try:
        with running(KINDS[name].plan(folder), folder) as board:
            yield board
    finally:
        # Whatever is mounted below it was mounted in a namespace that has ended with the board.
        shutil.rmtree(folder, ignore_errors=True)
