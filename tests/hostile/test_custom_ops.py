"""A custom operator runs from a library that `--custom-ops` names, and no library is looked at unless it is named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hostile.watch import watched
from onnx import helper
from onnx_models import model_of, port

pytestmark = pytest.mark.slow

BRIEF = ("--tier", "smoke", "--min-count", "5", "--min-duration", "0.1 s", "--timeout", "20 s")


def save(path: Path, domain: str = "ai.onnx.contrib") -> None:
    """`Inverse` of a matrix, which is in ONNX Runtime's extensions and not in ONNX Runtime."""
    nodes = [
        helper.make_node("Add", ["x", "one"], ["m"]),
        helper.make_node("Inverse", ["m"], ["y"], name="invert", domain=domain),
    ]
    model = model_of(
        nodes, {"x": [2, 2]}, [port("y", [2, 2])], {"one": np.eye(2, dtype=np.float32) * 4}, domains=[domain]
    )
    onnx.save(model, path)


def assess(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "assess", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def measured(folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the failure in the run (empty if there is none), and what was said."""
    done = assess(folder, "measure", "model.onnx", "--workload", "camera-30hz", "-o", "run.json", *BRIEF, *words)
    run = folder / "run.json"
    failure = json.loads(run.read_text()).get("failure") if run.exists() else None
    return done.returncode, failure or {}, done.stdout + done.stderr


@pytest.fixture
def library() -> Path:
    extensions = pytest.importorskip(
        "onnxruntime_extensions", reason="the library of custom operators is not installed"
    )
    return Path(extensions.get_library_path())


def test_without_its_library_the_run_is_refused_with_domain_and_operator(tmp_path: Path) -> None:
    save(tmp_path / "model.onnx", domain="acme.robotics")
    code, failure, said = measured(tmp_path)
    assert code == 5
    assert (failure["phase"], failure["kind"]) == ("load", "refused")
    assert "acme.robotics:Inverse" in failure["detail"]
    assert "acme.robotics:Inverse" in said


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_a_library_that_lies_beside_the_model_is_not_opened(tmp_path: Path) -> None:
    beside = tmp_path / "model"
    (beside / "libs").mkdir(parents=True)
    save(beside / "model.onnx")
    names = ("Inverse.so", "libcustom_op_library.so", "libonnxruntime_extensions.so", "ortextensions.so")
    for name in names:
        shutil.copy(sys.executable, beside / name)
    with watched(beside) as watch:
        assert measured(beside)[0] == 5
        assert not watch.opened() & set(names)


def test_inspect_names_the_operator_as_one_of_unknown_cost(tmp_path: Path) -> None:
    save(tmp_path / "model.onnx", domain="acme.robotics")
    done = assess(tmp_path, "inspect", "model.onnx")
    assert done.returncode == 0, done.stderr
    assert "acme.robotics" in done.stdout
    assert "Inverse" in done.stdout


def test_with_its_library_it_runs(tmp_path: Path, library: Path) -> None:
    save(tmp_path / "model.onnx")
    code, failure, said = measured(tmp_path, "--custom-ops", str(library))
    assert failure == {}, said
    assert code in (0, 3)  # Five inferences need not be a valid measurement.


def test_the_library_is_named_in_the_run(tmp_path: Path, library: Path) -> None:
    save(tmp_path / "model.onnx")
    measured(tmp_path, "--custom-ops", str(library))
    assert json.loads((tmp_path / "run.json").read_text())["requested"]["custom_ops"] == [str(library)]


def test_another_library_does_not_make_up_for_it(tmp_path: Path, library: Path) -> None:
    save(tmp_path / "model.onnx", domain="acme.robotics")
    code, failure, _ = measured(tmp_path, "--custom-ops", str(library))
    assert (code, failure["kind"]) == (5, "refused")
    assert "acme.robotics:Inverse" in failure["detail"]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("content", [b"", b"no library", b"\x7fELF" + bytes(100)])
def test_a_file_that_is_no_library_is_named(tmp_path: Path, content: bytes) -> None:
    save(tmp_path / "model.onnx")
    (tmp_path / "broken.so").write_bytes(content)
    code, _, said = measured(tmp_path, "--custom-ops", "broken.so")
    assert code in (2, 5)
    assert "broken.so" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("library")
def test_a_library_that_is_missing_is_bad_usage(tmp_path: Path) -> None:
    save(tmp_path / "model.onnx")
    code, failure, said = measured(tmp_path, "--custom-ops", "missing.so")
    assert (code, failure) == (2, {})
    assert "missing.so" in said
