"""File systems for boards to have: a Debian of another architecture, and one of busybox alone."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import recorded_boards

#: What a board needs to take files over ssh and to run `assess`: nothing of it is run while the root is made.
PACKAGES = (
    "base-files", "coreutils", "dash", "findutils", "grep", "gzip", "libc-bin", "libstdc++6", "procps", "python3",
    "sed", "tar", "util-linux",
)  # fmt: skip
_BINFMT = Path("/proc/sys/fs/binfmt_misc")


def cache():
    """Where roots are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assess-test-boards"


def arm64_archive(folder=None):
    """A Debian for arm64 as an archive, made if it is not there yet: some seconds, since none of it is run."""
    suite = _suite()
    name = hashlib.sha256(" ".join((suite, *PACKAGES)).encode()).hexdigest()[:12]
    kept = (folder or cache()) / f"debian-{suite}-arm64-{name}.tar"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Processes of pytest-xdist want it at the same time.
        if not kept.is_file():
            made = kept.with_suffix(".part.tar")
            words = ["mmdebstrap", "--variant=extract", "--architectures=arm64", f"--include={','.join(PACKAGES)}"]
            done = subprocess.run([*words, suite, str(made)], capture_output=True, text=True)
            if done.returncode:
                made.unlink(missing_ok=True)
                raise RuntimeError(f"mmdebstrap: {done.stderr[-2000:]}")
            made.replace(kept)
    return kept


def lay_out_arm64(root):
    """Put a Debian for arm64 into a folder."""
    root.mkdir(parents=True)
    # A device needs a right that containers may lack; the real /dev stands in its place anyway.
    subprocess.run(
        ["tar", "-xf", str(arm64_archive()), "-C", str(root), "--exclude=./dev/*"], check=True, capture_output=True
    )
    _fill_in(root)


def lay_out_busybox(root):
    """Put busybox, under the names of all that it does, into a folder."""
    for name in ("bin", "proc", "dev", "sys"):
        (root / name).mkdir(parents=True)
    shutil.copy2(busybox(), root / "bin" / "busybox")
    for applet in subprocess.run([busybox(), "--list"], check=True, capture_output=True, text=True).stdout.split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    _fill_in(root)


def busybox():
    """The program, which needs no library; None if it is not installed."""
    return shutil.which("busybox")


def _fill_in(root):
    """What the installation of packages would have left, had anything been run."""
    for name in ("etc", "root", "tmp"):
        (root / name).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")


def lay_out_kernel_files(recorded, folder):
    """What the kernel of a recorded board shows of it, as folders to be mounted: `cpuinfo`, `sys`."""
    seen = folder / "seen"
    recorded_boards.lay_out_board(recorded, seen)
    (seen / "proc/cpuinfo").rename(folder / "cpuinfo")
    (seen / "sys").rename(folder / "sys")
    cpus = folder / "sys/devices/system/cpu"
    shutil.copy2(cpus / "present", cpus / "possible")  # Not recorded; libraries that look for cores read it.
    tree = folder / "sys/firmware/devicetree"
    tree.mkdir(parents=True)
    # That is where it is; /proc has a link to it, which cannot be made in the kernel's own folder.
    (seen / "proc/device-tree").rename(tree / "base")
    shutil.rmtree(seen)


def register_arm64():
    """Have the kernel run programs for arm64 by qemu; it stays so until the machine is started anew."""
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], check=True, capture_output=True)
    if not (_BINFMT / "qemu-aarch64").exists():
        (_BINFMT / "register").write_text(Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_text())


def _suite():
    """The Debian that this machine is; the one of Python 3.11 where it is another system."""
    said = dict(line.partition("=")[::2] for line in Path("/etc/os-release").read_text().splitlines())
    return said.get("VERSION_CODENAME", "bookworm") if said.get("ID") == "debian" else "bookworm"
