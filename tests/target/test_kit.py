"""The kit is the same for the same assess, holds what a board needs, and is brought whole or not at all."""

import hashlib
import io
import os
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import assess
from assess.describe.address import Address
from assess.errors import AssessError
from assess.target.kit import bring, kit_of
from assess.target.probe import Python
from assess.target.wheels import Wheel, Wheels

HERE = Python(sys.executable, sys.version_info[:3], 64)


def wheels(folder, *, sha256=None):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("numpy/__init__.py", "VERSION = 2")
    (folder / "numpy-2.whl").write_bytes(packed.getvalue())
    found = hashlib.sha256(packed.getvalue()).hexdigest()
    return Wheels(folder, (Wheel("numpy-2.whl", sha256 or found, len(packed.getvalue())),))


class Local:
    """In place of a link: the command is run here."""

    address = Address("board")

    def start(self, command, stderr):
        return subprocess.Popen(
            ["/bin/sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )

    def is_lost(self):
        return False


def test_the_same_files_make_the_same_kit_whenever_they_were_written(tmp_path):
    made = wheels(tmp_path)
    first = kit_of(made)
    for path in Path(assess.__file__).parent.glob("*.py"):
        os.utime(path)
    second = kit_of(made)
    assert (first.tag, first.code) == (second.tag, second.code)
    assert first.tag.startswith(f"{assess.__version__}-") and len(first.tag.rpartition("-")[2]) == 16
    assert first.size == len(first.code) + made.size


def test_other_wheels_make_another_kit(tmp_path):
    made = wheels(tmp_path)
    other = replace(made, wheels=(replace(made.wheels[0], sha256="0" * 64),))
    assert kit_of(made).tag != kit_of(other).tag


def test_it_holds_assess_and_its_profiles_and_no_models_or_caches(tmp_path):
    with zipfile.ZipFile(io.BytesIO(kit_of(wheels(tmp_path)).code)) as archive:
        names = archive.namelist()
        profile = tomllib.loads(archive.read("assess/shipped/profiles/devices/raspberry-pi-5-8gb.toml").decode())
    assert {"assess/__init__.py", "assess/target/board/agent.py", "assess/py.typed"} <= set(names)
    assert profile["name"].startswith("Raspberry Pi 5")
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".onnx"))]
    assert not [name for name in names if name.startswith("assess/distill")]
    assert len(names) == len(set(names))


def test_what_is_brought_runs_from_where_it_lies(tmp_path):
    kept, folder, told = tmp_path / "kept", tmp_path / "it's a folder", []
    kept.mkdir()
    kit = kit_of(wheels(kept))
    sent = bring(Local(), kit, str(folder), HERE, None, lambda gone, whole: told.append((gone, whole)))
    place = folder / "kit" / kit.tag
    assert (place / "ready").exists()
    assert sorted(path.name for path in place.iterdir()) == ["ready", "site"]
    assert told[-1] == (kit.size, kit.size)
    script = (Path(assess.__file__).parent / "target/board/unpack.py").stat().st_size
    assert sent == kit.size + script
    code = "import assess, numpy, importlib.metadata as m; print(assess.__file__, numpy.VERSION, m.version('assess'))"
    said = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code], env={"PYTHONPATH": str(place / "site")}, capture_output=True,
        text=True,
    )  # fmt: skip
    assert said.stdout.split(".py ")[1] == f"2 {assess.__version__}\n"
    assert said.stdout.startswith(str(place / "site"))


def test_a_kit_is_brought_anew_over_one_of_its_name(tmp_path):
    kit = kit_of(wheels(tmp_path))
    place = tmp_path / "kit" / kit.tag
    (place / "site/old").mkdir(parents=True)
    bring(Local(), kit, str(tmp_path), HERE, None, lambda *_: None)
    assert not (place / "site/old").exists() and (place / "ready").exists()


def test_no_room_is_told_before_anything_is_sent(tmp_path):
    class Untouched(Local):
        def start(self, command, stderr):
            raise AssertionError("nothing is to be sent")

    kit = replace(kit_of(wheels(tmp_path)), code=b"x" * 10_000_000, wheels=Wheels(tmp_path, ()))
    with pytest.raises(AssessError) as told:
        bring(Untouched(), kit, "/data/x", HERE, 20_000_000, lambda *_: None)
    assert told.value.problem == "has 20 MB free, the kit needs 50 MB while it is unpacked"
    assert told.value.where == "ssh://board: /data/x"


def test_a_wheel_that_has_changed_since_is_not_kept(tmp_path):
    kit = kit_of(wheels(tmp_path, sha256="0" * 64))
    with pytest.raises(AssessError, match=r"cannot be unpacked: numpy-2.whl did not arrive as it was sent"):
        bring(Local(), kit, str(tmp_path), HERE, None, lambda *_: None)
    assert list((tmp_path / "kit").iterdir()) == []


def test_a_python_that_does_not_run_is_told_with_its_words(tmp_path):
    broken = Python(str(tmp_path / "no python"), (3, 11, 0), 64)
    with pytest.raises(AssessError, match=r"what ran there ended with 127: .*no python: not found"):
        bring(Local(), kit_of(wheels(tmp_path)), str(tmp_path), broken, None, lambda *_: None)
