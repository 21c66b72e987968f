"""What assess keeps on a board is removed, and nothing else; not while something runs there."""

import fcntl
import subprocess

import pytest

from assess.describe.address import Address
from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.target.clean import clean
from assess.target.link import Ran


class Local:
    """In place of a link: the script is run here, in a home of its own."""

    address = Address("board")

    def __init__(self, home):
        self.home = home

    def run(self, command, *, stdin=b"", timeout_s=60.0):
        environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(["/bin/sh", "-c", command], input=stdin, capture_output=True, env=environment)
        return Ran(done.returncode, done.stdout, done.stderr.decode())


def target(folder="~/it's assess's"):
    return Target(name="desk", address="ssh://board", folder=folder)


def filled(home):
    place = home / "it's assess's/assess-target"
    for name in ("kit/tag/site", "jobs/key", "files", "tool-a1B2c3"):
        (place / name).mkdir(parents=True)
    (place / "kit/tag/site/x.so").write_bytes(b"x" * 300_000)
    (place / "jobs/key/busy").touch()
    return place


def test_what_is_ours_is_removed_with_its_folder(tmp_path):
    place = filled(tmp_path)
    freed = clean(target(), Local(tmp_path))
    assert 290_000 < freed < 400_000 and freed % 1024 == 0
    assert not place.exists()
    assert clean(target(), Local(tmp_path)) == 0


def test_what_is_not_ours_stays(tmp_path):
    place = filled(tmp_path)
    (place / "thesis.tex").write_text("precious")
    clean(target(), Local(tmp_path))
    assert [path.name for path in place.iterdir()] == ["thesis.tex"]


def test_folders_of_others_in_the_one_that_was_named_stay(tmp_path):
    place = filled(tmp_path)
    for name in ("files", "kit", "jobs", "tool-box"):
        (place.parent / name).mkdir()
        (place.parent / name / "precious").touch()
    clean(target(), Local(tmp_path))
    left = sorted(str(path.relative_to(place.parent)) for path in place.parent.rglob("*") if path.is_file())
    assert left == ["files/precious", "jobs/precious", "kit/precious", "tool-box/precious"]


def test_what_runs_there_is_left_alone(tmp_path):
    place = filled(tmp_path)
    with (place / "jobs/key/busy").open() as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        with pytest.raises(AssessError, match="desk: something is run there just now"):
            clean(target(), Local(tmp_path))
    assert (place / "kit/tag/site/x.so").exists()


def test_what_cannot_be_removed_is_told():
    class Fails:
        address = Address("board")

        def run(self, command, *, stdin=b"", timeout_s=60.0):
            return Ran(1, b"used=1000\n", "rm: cannot remove 'kit/x': Permission denied\n\n")

    with pytest.raises(AssessError) as told:
        clean(target(), Fails())
    assert told.value.problem == "cannot be removed: rm: cannot remove 'kit/x': Permission denied"


def test_a_board_that_does_not_count_is_cleaned_all_the_same():
    class Tiny:
        address = Address("board")

        def run(self, command, *, stdin=b"", timeout_s=60.0):
            return Ran(0, b"used=\nremoved=yes\nleft=x\n", "")

    assert clean(target(), Tiny()) == 0
