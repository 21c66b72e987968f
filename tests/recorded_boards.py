"""Recorded machines, laid out below a folder as their kernels would show them."""

import tomllib
from pathlib import Path

from assess.measure.detect import Gpus, RuntimeBuild, detect

TREES = Path(__file__).parent / "measure" / "detect" / "trees"


def cpus_in(text):
    """The numbers of "0-3,6"."""
    ends = [part.split("-") for part in text.split(",")]
    return {cpu for end in ends for cpu in range(int(end[0]), int(end[-1]) + 1)}


def write(root, name, content):
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode())


def lay_out(recorded, root):
    for name, content in recorded["files"].items():
        write(root, name, content)
    for cpus, files in recorded.get("cpu", {}).items():
        for cpu in cpus_in(cpus):
            for name, content in files.items():
                write(root, f"sys/devices/system/cpu/cpu{cpu}/{name}", content.replace("{cpu}", str(cpu)))
    blocks = []
    for kind in recorded.get("cpuinfo", ()):
        for cpu in sorted(cpus_in(kind["cpus"])):
            lines = {"processor": str(cpu), **{key: value for key, value in kind.items() if key != "cpus"}}
            if "core id" in lines:
                lines["core id"] = str(cpu % int(lines["cpu cores"]))
            blocks.append("".join(f"{key}\t: {value}\n" for key, value in lines.items()))
    if end := recorded.get("cpuinfo_end"):
        blocks.append("".join(f"{key}\t: {value}\n" for key, value in end.items()))
    write(root, "proc/cpuinfo", "\n".join(blocks))


def lay_out_board(name, root):
    """The folder that stands for the "/" of a recorded board."""
    lay_out(tomllib.loads((TREES / f"{name}.toml").read_text()), root)
    return root


def no_gpus():
    return Gpus(why_none="no NVIDIA driver: a test")


def runtime():
    return RuntimeBuild("1.22.0", ("CPUExecutionProvider",))


def detected(root, **world):
    """What stands below a folder, with neither GPUs nor a disk of this machine."""
    return detect(root, **{"gpus": no_gpus, "providers": runtime, "storage": lambda folder: 64_000_000_000, **world})
