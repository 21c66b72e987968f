"""A machine on which a vendor's tool answers what a test hands in, and an order as `assess` makes it."""

import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from assess.measure.runners.machine import Ran
from assess.measure.runners.runner import FedFile, Order

ROOT = Path(__file__).parent.parent

ORDER = Order(
    file="/m/student.onnx", is_model=True, is_dynamic=False,
    inputs=(FedFile("image", "float32", (1, 3, 224, 224), "/f/0.bin", "/f/0.npy"),),
    tool="/opt/tool", words=(), count=500, span_s=2.0, warmup_count=10, warmup_s=0.5, percentile=99.0, threads=1,
    timeout_s=600.0,
)  # fmt: skip


def order(**changes):
    return replace(ORDER, **changes)


def ended(out="", err="", code=0, **changes):
    """A command that ended by itself."""
    return replace(Ran("by itself", code, out, err), **changes)


@dataclass
class FakeMachine:
    """Answers in order; `files` are what a tool wrote."""

    answers: list
    files: dict = field(default_factory=dict)
    folder: str = "/f"
    programs: tuple = ("trtexec", "benchmark_app", "benchmark_model")
    commands: list = field(default_factory=list)

    def find(self, tool):
        return f"/opt/{tool}" if tool in self.programs else tool if tool.startswith("/opt") else ""

    def place(self, file):
        return str(file)

    def run(self, command, timeout_s):
        self.commands.append(tuple(command))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def read(self, path, most_bytes):
        return self.files.get(path)


def real_tool(name):
    """Path of a vendor's tool; the test is skipped without it, and fails where CI says that there is everything."""
    folders = [os.environ.get("ASSESS_TEST_TOOLS", ""), str(ROOT / ".venv-tools" / "bin")]
    found = next((path for folder in folders if folder and (path := shutil.which(name, path=folder))), None)
    found = found or shutil.which(name)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not there: make .venv-tools with the dependency group `tools`")
    if found is None:
        pytest.skip(f"{name} is not installed: the dependency group `tools`, in .venv-tools or ASSESS_TEST_TOOLS")
    return found
