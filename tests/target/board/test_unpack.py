"""A kit is unpacked whole or not at all, whatever its wheels hold and however its bytes arrive."""

import builtins
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from assess.target.board import unpack


@pytest.fixture(autouse=True)
def no_sync(monkeypatch):
    """What others have written to this disk is no part of these tests."""
    monkeypatch.setattr(os, "sync", lambda: None)


def wheel(**entries):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return packed.getvalue()


def stream(folder, *wheels, sha256=None, cut=0):
    announced = [
        {"path": f"{index}.whl", "sha256": sha256 or hashlib.sha256(each).hexdigest(), "size": len(each)}
        for index, each in enumerate(wheels)
    ]
    asked = json.dumps({"folder": str(folder), "tag": "0.1.0-ab", "files": announced}).encode() + b"\n"
    data = b"".join(wheels)
    return io.BufferedReader(io.BytesIO(asked + data[: len(data) - cut]))


def unpacked(folder, *wheels, **how):
    """What the script said."""
    said = io.StringIO()
    before, sys.stdout = sys.stdout, said
    try:
        unpack.main(stream(folder, *wheels, **how))
    finally:
        sys.stdout = before
    return json.loads(said.getvalue())["problem"]


def left(folder):
    """All files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_wheels_lie_side_by_side(tmp_path):
    assert unpacked(tmp_path, wheel(**{"a/__init__.py": "1", "a/b.py": "2"}), wheel(**{"c.py": "3"})) == ""
    site = tmp_path / "kit/0.1.0-ab/site"
    assert left(site) == ["a/__init__.py", "a/b.py", "c.py"]
    assert left(tmp_path / "kit") == [
        f"0.1.0-ab/{name}" for name in ("ready", "site/a/__init__.py", "site/a/b.py", "site/c.py")
    ]


def test_of_data_folders_only_packages_are_taken(tmp_path):
    names = ("x-1.data/purelib/x/a.py", "x-1.data/platlib/x/b.so", "x-1.data/scripts/run", "x-1.data/data/share/y")
    assert unpacked(tmp_path, wheel(**{**dict.fromkeys(names, "1"), "x-1.data/headers/h.h": "1", "x/": ""})) == ""
    assert left(tmp_path / "kit/0.1.0-ab/site") == ["x/a.py", "x/b.so"]


@pytest.mark.parametrize("name", ["../../out.py", "a/../../out.py", "{top}/out.py", "x-1.data/purelib/../../../out.py"])
def test_a_name_that_leads_out_of_the_folder_is_refused_and_nothing_stays(tmp_path, name):
    said = unpacked(tmp_path, wheel(**{"a.py": "1", name.format(top=tmp_path): "2"}))
    assert "leads out of the folder" in said
    assert left(tmp_path) == []


def test_another_hash_is_refused_and_nothing_stays(tmp_path):
    assert unpacked(tmp_path, wheel(**{"a.py": "1"}), sha256="0" * 64) == "0.whl did not arrive as it was sent"
    assert left(tmp_path) == []


def test_what_is_no_wheel_is_refused_and_nothing_stays(tmp_path):
    assert unpacked(tmp_path, b"no zip file") == "File is not a zip file"
    assert left(tmp_path) == []


def test_all_bytes_are_taken_whatever_went_wrong_before(tmp_path):
    wheels = [b"no zip file", wheel(**{"a.py": "1"})]
    whole = stream(tmp_path, *wheels)
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        unpack.main(whole)
    finally:
        sys.stdout = before
    assert whole.read() == b""


def test_a_link_that_is_lost_leaves_nothing(tmp_path):
    with pytest.raises(SystemExit, match="the link was lost"):
        unpacked(tmp_path, wheel(**{"a.py": "1" * 1000}), cut=10)
    assert list((tmp_path / "kit").iterdir()) == []


def test_a_link_that_hangs_is_given_up_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "_PATIENCE_S", 1)
    reader, writer = os.pipe()
    os.write(writer, stream(tmp_path, wheel(**{"a.py": "1"}), cut=10).read())
    begun = time.monotonic()
    try:
        with os.fdopen(reader, "rb") as hangs, pytest.raises(SystemExit, match="nothing came for 1 s"):
            unpack.main(hangs)
    finally:
        os.close(writer)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert time.monotonic() - begun < 5
    assert list((tmp_path / "kit").iterdir()) == []


def test_a_slow_link_is_waited_for_as_long_as_something_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "_PATIENCE_S", 1)
    script = Path(unpack.__file__).read_text().replace("_PATIENCE_S = 60", "_PATIENCE_S = 1")
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        data = stream(tmp_path, wheel(**{"a.py": "1" * 100})).read()
        for start in range(0, len(data), len(data) // 4):
            process.stdin.write(data[start : start + len(data) // 4])
            process.stdin.flush()
            time.sleep(0.4)
        process.stdin.close()
        assert json.loads(process.stdout.read()) == {"problem": ""}


def test_a_full_disk_is_told_and_nothing_stays(tmp_path, monkeypatch):
    real = builtins.open
    monkeypatch.setattr(builtins, "open", lambda path, mode: real("/dev/full" if "packed" in str(path) else path, mode))
    assert unpacked(tmp_path, wheel(**{"a.py": "1" * 5000})) == "No space left on device"
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "kit").write_text("a file")
    assert unpacked(tmp_path, wheel(**{"a.py": "1"})).startswith("Not a directory: ")


def test_one_that_is_whole_stays_since_it_may_be_in_use(tmp_path):
    place = tmp_path / "kit/0.1.0-ab"
    assert unpacked(tmp_path, wheel(**{"a.py": "1"})) == ""
    used = place.stat().st_ino
    assert unpacked(tmp_path, wheel(**{"b.py": "1"})) == ""
    assert (left(place / "site"), place.stat().st_ino) == (["a.py"], used)
    assert [path.name for path in place.parent.iterdir()] == ["0.1.0-ab"]


def test_what_is_not_whole_gives_way_only_to_what_is(tmp_path):
    site = tmp_path / "kit/0.1.0-ab/site"
    site.mkdir(parents=True)
    (site / "a.py").touch()
    assert unpacked(tmp_path, wheel(**{"b.py": "1"}), sha256="0" * 64) != ""
    assert left(site) == ["a.py"]
    assert unpacked(tmp_path, wheel(**{"b.py": "1"})) == ""
    assert left(site) == ["b.py"]


def test_of_two_that_are_brought_at_once_the_first_stays(tmp_path, monkeypatch):
    place, said = tmp_path / "kit/0.1.0-ab", []

    def another_comes():  # While the first one's bytes are written to the disk.
        monkeypatch.setattr(os, "sync", lambda: None)
        said.append(unpacked(tmp_path, wheel(**{"b.py": "1"})))
        said.append(place.stat().st_ino)

    monkeypatch.setattr(unpack.os, "getpid", iter((1, 2)).__next__)  # Two processes.
    monkeypatch.setattr(os, "sync", another_comes)
    assert unpacked(tmp_path, wheel(**{"a.py": "1"})) == ""
    assert said == ["", place.stat().st_ino]
    assert left(place / "site") == ["b.py"]
    assert [path.name for path in place.parent.iterdir()] == ["0.1.0-ab"]


def test_it_needs_nothing_but_python():
    lines = Path(unpack.__file__).read_text().splitlines()
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))} - {"__future__"}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_kits_that_nobody_has_used_for_a_month_give_way(tmp_path):
    old, recent = time.time() - 31 * 86400, time.time() - 29 * 86400
    for name, used in (("old", old), ("used", recent), ("old.4242.part", None), ("coming.4242.part", None)):
        (tmp_path / "kit" / name / "site").mkdir(parents=True)
        if used:
            (tmp_path / "kit" / name / "ready").touch()
            os.utime(tmp_path / "kit" / name / "ready", (used, used))
    os.utime(tmp_path / "kit/old.4242.part", (old, old))
    assert unpacked(tmp_path, wheel(**{"a.py": "1"})) == ""
    assert sorted(path.name for path in (tmp_path / "kit").iterdir()) == ["0.1.0-ab", "coming.4242.part", "used"]
