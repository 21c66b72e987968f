"""Wheels are fetched once, kept, and fetched again when they are not whole."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from assess.errors import AssessError
from assess.target import wheels as module
from assess.target.wheels import Wheel, check_names, fetch_wheels, kept_wheels, requirements, wheels_folder

A_SHA256 = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"  # Of "a".


class Pip:
    """In place of pip: writes files, or fails as told, call by call."""

    def __init__(self, *endings):
        self.endings, self.asked = list(endings), []

    def __call__(self, argv, **how):
        self.asked.append(argv)
        ending = self.endings.pop(0)
        if isinstance(ending, BaseException):
            raise ending
        if isinstance(ending, str):
            return subprocess.CompletedProcess(argv, 1, "", ending)
        folder = argv[argv.index("--dest") + 1]
        for name, data in ending.items():
            Path(folder, name).write_bytes(data)
        return subprocess.CompletedProcess(argv, 0, "", "")


WHEELS = {"onnx-1.whl": b"a", "numpy-2.whl": b"bc"}
NO_SUCH = "  WARNING: x\nERROR: Could not find a version that satisfies the requirement onnx==1\nERROR: No matching\n"


def test_wheels_are_fetched_once_and_kept(tmp_path):
    assert kept_wheels("aarch64", "3.11", tmp_path) is None
    found = fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(WHEELS))
    assert found.folder == wheels_folder("aarch64", "3.11", tmp_path) == tmp_path / "wheels/aarch64-python3.11"
    assert (found.size, found.note) == (3, "")
    assert found.wheels[1] == Wheel("onnx-1.whl", A_SHA256, 1)
    assert kept_wheels("aarch64", "3.11", tmp_path) == found
    assert kept_wheels("x86_64", "3.11", tmp_path) is None
    assert kept_wheels("aarch64", "3.12", tmp_path) is None
    assert sorted(path.name for path in (tmp_path / "wheels").iterdir()) == ["aarch64-python3.11", "replacing"]


def test_pip_is_asked_for_the_boards_platform_and_the_versions_that_are_here(tmp_path):
    pip = Pip(WHEELS)
    fetch_wheels("aarch64", "3.12", cache=tmp_path, run=pip)
    (argv,) = pip.asked
    assert argv[:4] == [sys.executable, "-m", "pip", "download"]
    assert "--only-binary=:all:" in argv
    assert argv[argv.index("--python-version") + 1] == "3.12"
    assert "manylinux_2_28_aarch64" in argv and "manylinux2014_aarch64" in argv
    assert f"onnxruntime=={metadata.version('onnxruntime')}" in argv
    assert set(requirements()) <= set(argv)


def test_a_board_gets_what_measures_and_nothing_of_the_command_line():
    names = " ".join(requirements())
    assert all(name in names for name in ("numpy", "onnxruntime", "onnx", "psutil", "pydantic"))
    assert not any(name in names for name in ("typer", "rich", "torch", "sqlalchemy"))


def test_where_the_versions_here_have_no_wheels_the_newest_are_taken_and_that_is_told(tmp_path):
    pip = Pip(NO_SUCH, WHEELS)
    found = fetch_wheels("aarch64", "3.14", cache=tmp_path, run=pip)
    assert found.note.startswith("there are no wheels for them of the versions here (onnx==")
    assert not any("==" in word for word in pip.asked[1])
    assert kept_wheels("aarch64", "3.14", tmp_path).note == found.note


def test_kept_wheels_of_other_versions_than_those_here_are_taken_with_a_note(tmp_path, monkeypatch):
    fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(WHEELS))
    monkeypatch.setattr(module, "pins", lambda: ("onnx==99", "numpy==98"))
    found = kept_wheels("aarch64", "3.11", tmp_path)
    assert found.note == "the wheels that are kept are not of the versions here (onnx==99, numpy==98)"
    assert [each.name for each in found.wheels] == ["numpy-2.whl", "onnx-1.whl"]
    assert fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(WHEELS)).note == ""
    assert kept_wheels("aarch64", "3.11", tmp_path).note == ""


def test_a_cache_of_before_the_versions_were_noted_is_taken_with_a_note(tmp_path):
    folder = fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(WHEELS)).folder
    data = json.loads((folder / "wheels.json").read_text())
    del data["pins"]
    (folder / "wheels.json").write_text(json.dumps(data))
    assert "are not of the versions here" in kept_wheels("aarch64", "3.11", tmp_path).note


def test_wheels_are_replaced_by_those_that_were_fetched_and_no_copy_stays(tmp_path):
    def twice(argv, **how):  # Another process fetches in the meantime.
        if other:
            fetch_wheels("aarch64", "3.11", cache=tmp_path, run=other.pop())
        return mine(argv, **how)

    other, mine = [Pip({"onnx-1.whl": b"other"})], Pip(WHEELS)
    found = fetch_wheels("aarch64", "3.11", cache=tmp_path, run=twice)
    assert kept_wheels("aarch64", "3.11", tmp_path) == found
    assert found.folder.stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in (tmp_path / "wheels").iterdir()) == ["aarch64-python3.11", "replacing"]


def test_what_a_first_try_left_is_not_taken_for_wheels(tmp_path):
    class Halfway(Pip):
        def __call__(self, argv, **how):
            done = super().__call__(argv, **how)
            if done.returncode:
                Path(argv[argv.index("--dest") + 1], "old-1.whl").write_bytes(b"old")
            return done

    found = fetch_wheels("aarch64", "3.14", cache=tmp_path, run=Halfway(NO_SUCH, WHEELS))
    assert [each.name for each in found.wheels] == ["numpy-2.whl", "onnx-1.whl"]


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (NO_SUCH, "could not fetch wheels for aarch64, Python 3.11: Could not find a version that satisfies"),
        ("Network is unreachable\n", "Python 3.11: Network is unreachable"),
        ("", r"Python 3.11: \?"),
        (subprocess.TimeoutExpired("pip", 1800), "Python 3.11: took more than 30 min"),
    ],
)
def test_without_a_network_it_is_told_and_nothing_is_left(tmp_path, ending, said):
    with pytest.raises(AssessError, match=said) as told:
        fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(ending, ending))
    assert "assess target prepare" in told.value.hint and str(tmp_path / "wheels") in told.value.hint
    assert list((tmp_path / "wheels").iterdir()) == []


def test_a_python_without_pip_is_told(tmp_path):
    with pytest.raises(AssessError, match="this Python has no pip") as told:
        fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(f"{sys.executable}: No module named pip\n"))
    assert told.value.hint == "python -m ensurepip"


def test_an_older_cache_stays_until_the_new_one_is_whole(tmp_path):
    fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(WHEELS))
    with pytest.raises(AssessError):
        fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip("", ""))
    assert kept_wheels("aarch64", "3.11", tmp_path).size == 3
    assert fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip({"onnx-2.whl": b"d"})).size == 1
    assert [path.name for path in sorted(wheels_folder("aarch64", "3.11", tmp_path).iterdir())] == [
        "onnx-2.whl", "wheels.json",
    ]  # fmt: skip


def damage(folder, how):
    manifest = folder / "wheels.json"
    data = json.loads(manifest.read_text())
    if how == "a wheel is gone":
        (folder / "onnx-1.whl").unlink()
    elif how == "a wheel is cut":
        (folder / "onnx-1.whl").write_bytes(b"")
    elif how == "no manifest":
        manifest.unlink()
    elif how == "a cut manifest":
        manifest.write_text(manifest.read_text()[:40])
    elif how == "another manifest":
        manifest.write_text("[1]")
    elif how == "no wheels":
        manifest.write_text(json.dumps({**data, "wheels": []}))
    else:
        manifest.write_text(json.dumps({**data, "requirements": ["onnx>=99"]}))


@pytest.mark.parametrize(
    "how",
    ["a wheel is gone", "a wheel is cut", "no manifest", "a cut manifest", "another manifest", "no wheels",
     "other requirements"],
)  # fmt: skip
def test_a_damaged_or_outdated_cache_is_none(tmp_path, how):
    folder = fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(WHEELS)).folder
    damage(folder, how)
    assert kept_wheels("aarch64", "3.11", tmp_path) is None


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "wheels").write_text("a file")
    with pytest.raises(AssessError, match="cannot be kept: "):
        fetch_wheels("aarch64", "3.11", cache=tmp_path, run=Pip(WHEELS))


@pytest.mark.parametrize(
    ("arch", "python", "where"),
    [("armv7l", "3.11", "--arch"), ("riscv64", "3.11", "--arch"), ("aarch64", "3.10", "--python"),
     ("aarch64", "2.7", "--python"), ("aarch64", "3.11.2", "--python"), ("../x", "3.11", "--arch"),
     ("aarch64", "3.11/..", "--python")],
)  # fmt: skip
def test_what_there_are_no_wheels_for_is_refused_before_pip_runs(tmp_path, arch, python, where):
    with pytest.raises(AssessError) as told:
        fetch_wheels(arch, python, cache=tmp_path, run=Pip())
    assert told.value.where == where
    check_names("x86_64", "3.14")


def test_the_users_cache_is_the_usual_place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert module.wheels_folder("aarch64", "3.11") == tmp_path / "assess/wheels/aarch64-python3.11"
