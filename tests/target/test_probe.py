"""Boards of many kinds, asked by the real script in a real shell with the programs that they have."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assess.describe.address import Address
from assess.errors import AssessError
from assess.target.link import Ran
from assess.target.probe import Probed, Python, own_folder, probe, read_answers, shell_path

#: What the script cannot do without.
LEAST = ("sh", "mkdir", "chmod", "tr")


class Machine:
    """In place of a link: the script is run here, with no other programs than those laid out."""

    address = Address("board")

    def __init__(self, folder, *, noise="", programs=LEAST):
        self.home, self.programs = folder / "home", folder / "programs"
        self.noise = noise
        self.home.mkdir()
        self.programs.mkdir()
        for name in programs:
            (self.programs / name).symlink_to(shutil.which(name))

    def has(self, name, *lines):
        (self.programs / name).write_text("\n".join(["#!/bin/sh", *lines, ""]))
        (self.programs / name).chmod(0o755)
        return self

    def python(self, name, said):
        return self.has(name, f"echo '{said}'")

    def run(self, command, *, stdin=b"", timeout_s=60.0):
        environment = {"PATH": str(self.programs), "HOME": str(self.home)}
        words = ["/bin/sh", "-c", f"{self.noise}\nexec {command}"]
        done = subprocess.run(words, input=stdin, capture_output=True, env=environment, timeout=30)
        return Ran(done.returncode, done.stdout, done.stderr.decode())


def uname(machine="aarch64", system="Linux", release="6.12.1"):
    return f"case $1 in -m) echo {machine};; -s) echo {system};; -r) echo {release};; esac"


@pytest.fixture
def board(tmp_path):
    return Machine(tmp_path).has("uname", uname())


def test_a_board_with_all_programs_tells_all(board):
    for name in ("df", "awk", "date"):
        (board.programs / name).symlink_to(shutil.which(name))
    board.has("getconf", "echo glibc 2.36").python("python3", "3 11 2 64 cpython-311-aarch64-linux-gnu")
    found = probe(board, "~/.cache/assess-target")
    path = str(board.programs / "python3")
    assert (found.machine, found.system, found.kernel, found.libc) == ("aarch64", "Linux", "6.12.1", "glibc 2.36")
    assert found.python == Python(path, (3, 11, 2), 64, "cpython-311-aarch64-linux-gnu")
    assert found.python.words == "Python 3.11.2"
    assert found.folder == str(board.home / ".cache/assess-target")
    free = os.statvfs(board.home)
    assert found.free_bytes == pytest.approx(free.f_bavail * free.f_frsize, rel=0.2)
    assert found.clock_s > 1_700_000_000
    assert found.kits == ()


def test_what_a_board_has_no_programs_for_is_not_told(board):
    found = probe(board, "~/.cache/assess-target")
    assert (found.free_bytes, found.clock_s, found.pythons, found.python) == (None, None, (), None)
    assert found.folder == str(board.home / ".cache/assess-target")


def test_df_without_awk_tells_no_free_space(board):
    (board.programs / "df").symlink_to(shutil.which("df"))
    assert probe(board, "~/x").free_bytes is None


def test_what_a_login_shell_prints_is_no_answer(board):
    board.noise = "echo 'Last login: today'; echo 'LANG=C'; echo 'a b=c'; printf 'Welcome> '"
    found = probe(board, "~/x")
    assert (found.machine, found.system) == ("aarch64", "Linux")


def test_the_newest_python_of_64_bits_is_taken(board):
    board.python("python3", "3 9 2 64 -").python("python3.11", "3 11 2 32 cpython-311-arm-linux-gnueabihf")
    board.python("python3.12", "3 12 1 64 -").python("python3.14", "broken")
    found = probe(board, "~/x")
    assert [each.words for each in found.pythons] == ["Python 3.12.1", "Python 3.11.2, 32 bits", "Python 3.9.2"]
    assert found.python == found.pythons[0]


def test_a_32_bit_python_on_a_64_bit_kernel_is_none_to_use(board):
    board.python("python3", "3 11 2 32 cpython-311-arm-linux-gnueabihf")
    found = probe(board, "~/x")
    assert (found.machine, found.pythons[0].bits, found.python) == ("aarch64", 32, None)


def test_a_python_that_does_not_run_is_none(board):
    board.has("python3", "echo 'not found: libpython3.11.so' >&2; exit 127")
    assert probe(board, "~/x").pythons == ()


@pytest.mark.parametrize("name", ['it\'s $HOME "python" 3', "python; touch broken"])
def test_the_python_that_is_named_is_the_only_one_whatever_its_name(board, name):
    board.python("python3", "3 13 0 64 -").python(name, "3 11 4 64 -")
    found = probe(board, "~/x", str(board.programs / name))
    assert found.pythons == (Python(str(board.programs / name), (3, 11, 4), 64),)
    assert not (board.home / "broken").exists()


def test_a_python_below_home_is_found(board):
    (board.home / "my venv").mkdir()
    shutil.copy(board.python("python3", "3 11 4 64 -").programs / "python3", board.home / "my venv/python")
    (found,) = probe(board, "~/x", "~/my venv/python").pythons
    assert found.path == str(board.home / "my venv/python")


def test_the_real_python_tells_its_version(board):
    (board.programs / "python3").symlink_to(sys.executable)
    found = probe(board, "~/x").python
    assert (found.version, found.bits) == (sys.version_info[:3], 64)


@pytest.mark.parametrize("folder", ['~/it\'s a "folder"', "~/$HOME `touch broken`", "{top}/ a; touch broken"])
def test_a_folder_may_have_any_name(board, tmp_path, folder):
    folder = folder.format(top=tmp_path)
    found = probe(board, folder)
    assert found.folder == folder.replace("~", str(board.home), 1) + "/assess-target"
    assert Path(found.folder).is_dir()
    assert not list(tmp_path.rglob("broken"))


def test_a_folder_that_cannot_be_made_is_told(board):
    (board.home / "file").touch()
    assert probe(board, "~/file/folder").folder == ""


def test_kits_that_are_whole_are_told(board):
    for tag, whole in (("0.1.0-a", True), ("0.1.0-b", False), ("0.1.0-c.1.part", False)):
        (board.home / "x/assess-target/kit" / tag).mkdir(parents=True)
        if whole:
            (board.home / "x/assess-target/kit" / tag / "ready").touch()
    assert probe(board, "~/x").kits == ("0.1.0-a",)


def test_the_folder_is_private_and_the_one_around_it_is_left_as_it_is(board):
    (board.home / "x/assess-target").mkdir(parents=True)
    for name in ("x", "x/assess-target"):
        (board.home / name).chmod(0o777)
    probe(board, "~/x")
    modes = [(board.home / name).stat().st_mode & 0o777 for name in ("x", "x/assess-target")]
    assert modes == [0o777, 0o700]


def test_what_is_made_there_is_private_from_the_first_moment(board):
    probe(board, "~/a/b")
    assert [(board.home / name).stat().st_mode & 0o777 for name in ("a", "a/b", "a/b/assess-target")] == [0o700] * 3


@pytest.mark.parametrize(
    ("folder", "own"),
    [
        ("~/.cache/assess-target", "~/.cache/assess-target"),
        ("/data/x", "/data/x/assess-target"),
        ("/data/x/", "/data/x/assess-target"),
        ("/data/assess-target/", "/data/assess-target/"),
        ("~", "~/assess-target"),
        ("/", "/assess-target"),
        ("/data/my-assess-target", "/data/my-assess-target/assess-target"),
    ],
)
def test_what_is_ours_lies_in_a_folder_that_is_ours(folder, own):
    assert own_folder(folder) == own


@pytest.mark.parametrize(
    ("told", "machine"), [("arm64", "aarch64"), ("amd64", "x86_64"), ("AMD64", "x86_64"), ("armv7l", "armv7l")]
)
def test_an_architecture_has_the_name_that_linux_gives_it(board, told, machine):
    board.has("uname", uname(told, "Darwin"))
    found = probe(board, "~/x")
    assert (found.machine, found.system) == (machine, "Darwin")


def test_without_getconf_the_libc_is_found_by_its_files(board):
    assert probe(board, "~/x").libc in ("glibc", "musl")


def test_a_console_without_a_shell_is_told_in_its_own_words(tmp_path):
    class Console:
        address = Address("console")

        def run(self, command, **_):
            return Ran(1, b"% Unknown command\n", "")

    with pytest.raises(AssessError) as told:
        probe(Console(), "~/x")
    assert told.value.problem == "has no shell that answers: sh ended with 1"
    assert "docs/targets.md" in told.value.hint


def test_a_board_without_uname_is_told(tmp_path):
    with pytest.raises(AssessError, match="has no shell that answers"):
        probe(Machine(tmp_path), "~/x")


def test_answers_are_lower_case_names_with_a_value():
    lines = ["machine=x86_64", "PATH=/bin", "empty=", "two words=x", "kit=/a=b/c", "kit=/d", "x" * 9000]
    assert read_answers(lines) == {"machine": ["x86_64"], "kit": ["/a=b/c", "/d"]}
    assert len(read_answers([f"board={'x' * 9000}"])["board"][0]) == 4096


@pytest.mark.parametrize(
    ("folder", "word"),
    [("~", '"$HOME"'), ("~/a b", "\"$HOME\"'/a b'"), ("/data/assess", "/data/assess"), ("/a'b", "'/a'\"'\"'b'")],
)
def test_a_folder_is_one_word_of_the_shell(folder, word):
    assert shell_path(folder) == word


def test_a_python_needs_64_bits_and_3_11():
    old, new = Python("/a", (3, 10, 9), 64), Python("/b", (3, 11, 0), 64)
    assert Probed("aarch64", "Linux", pythons=(old, new)).python == new
    assert Probed("aarch64", "Linux", pythons=(old,)).python is None
