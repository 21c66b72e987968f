"""A wheel built from the tree, installed elsewhere, finds its data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LIST_ALL = """
import sys
import assess
from assess.cli.main import app
from assess.files import shipped
from typer.testing import CliRunner
print(assess.__file__)
for folder in ("profiles", "models", "suites"):
    print(sum(path.is_file() and path.suffix != ".pyc" for path in shipped(folder).rglob("*")))
for what in ("devices", "workloads", "partners", "models", "criteria", "formats"):
    result = CliRunner().invoke(app, ["list", what])
    print(what, result.exit_code, len(result.output.splitlines()))
    assert result.exit_code == 0, result.output
heavy = {"onnx", "onnxruntime", "numpy"} & set(sys.modules)
print("heavy", sorted(heavy))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("assess-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


@pytest.mark.slow
def test_an_installed_wheel_finds_profiles_models_and_suites(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LIST_ALL],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith(str(installed))
    in_tree = [
        sum(path.is_file() and path.suffix != ".pyc" for path in (ROOT / folder).rglob("*"))
        for folder in ("profiles", "models", "benchmarks/suites")
    ]
    assert [int(line) for line in lines[1:4]] == in_tree
    assert "heavy []" in lines
