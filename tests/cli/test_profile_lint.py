"""`assess profile lint` as it is typed: which files it checks, what it prints, and the exit code."""

import json
import os
from pathlib import Path

import pytest
from cli.test_profile import ROVER, rover, run

from assess.describe.library import Library
from assess.describe.shelves import check_folder
from assess.errors import AssessError


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSESS_PROFILES", raising=False)


@pytest.fixture
def closed(monkeypatch):
    """Makes folders that this user may not read, whoever runs the tests: for root there is none."""

    def close(folder):
        may = os.access
        monkeypatch.setattr(os, "access", lambda path, *rest: Path(path) != Path(folder) and may(path, *rest))

    return close


def test_lint_of_the_shipped_library_is_clean():
    count = sum(len(Library().ids(kind)) for kind in ("devices", "workloads", "partners", "runtimes", "standards"))
    assert run("profile", "lint").stdout == f"{count} files: no problems\n"


def test_lint_exits_with_2_on_errors_and_with_1_on_warnings_only_if_strict():
    file = rover("mine", ROVER.replace("[memory]", 'OLD = { where = "x" }\n[memory]'))
    told = run("profile", "lint", file).stdout
    assert told == (
        f"{file}:10: sources.OLD: warning: no number names it; leave it out [unused-source]\n"
        ' 10 | OLD = { where = "x" }\n'
        "    | ^^^\n"
        "1 file: 0 errors, 1 warning\n"
    )
    run("profile", "lint", file, "--strict", code=1)
    rover("mine", ROVER.replace("GiB", "Gib"))
    assert "1 error, 0 warnings" in run("profile", "lint", file, "--strict", code=2).stdout


def test_lint_in_every_format():
    file = rover("mine", ROVER.replace("GiB", "Gib"))
    say = f"{file},line=12,col=22::memory.capacity.value: '8 Gib' has the unit 'Gib'; did you mean 'GiB'?\n"
    assert run("profile", "lint", file, "-f", "github", code=2).stdout == f"::error file={say}"
    assert json.loads(run("profile", "lint", file, "-f", "json", code=2).stdout)["errors"] == 1
    (found,) = json.loads(run("profile", "lint", file, "-f", "sarif", code=2).stdout)["runs"][0]["results"]
    assert found["ruleId"] == "unusable"
    problem = "error: --format: there is no format 'SARF'\nhint: did you mean 'sarif'?\n"
    assert run("profile", "lint", file, "-f", "SARF", code=2).stderr == problem


def test_lint_of_a_file_anywhere_by_its_keys_or_the_kind_that_is_named():
    Path("x.toml").write_text(ROVER)
    assert run("profile", "lint", "x.toml").stdout == "1 file: no problems\n"
    Path("y.toml").write_text('name = "Y"\n')
    told = run("profile", "lint", "y.toml", code=2).stdout
    assert told.startswith(
        "y.toml: neither its folder nor its keys tell what it describes; put it into a folder named "
    )
    assert "missing key" in run("profile", "lint", "y.toml", "--kind", "standard", code=2).stdout


def shipped_count():
    return sum(len(Library().ids(kind)) for kind in ("devices", "workloads", "partners", "runtimes", "standards"))


def test_lint_without_a_file_checks_every_folder_that_is_looked_in(monkeypatch):
    beside, named, given = rover("profiles", "x = "), rover("named", "y = "), rover("given", "z = ")
    (Path("given") / "partners").mkdir()
    monkeypatch.setenv("ASSESS_PROFILES", "named")
    told = run("profile", "lint", "--profiles", "given", "--profiles", "given", code=2).stdout
    heads = [line.partition(":")[0] for line in told.splitlines() if "not TOML" in line]
    assert heads == [str(file) for file in (given, named, beside)]
    assert told.endswith(f"\n{shipped_count() + 3} files: 3 errors, 0 warnings\n")


def test_a_folder_of_ones_own_may_be_empty():
    (Path("profiles") / "devices").mkdir(parents=True)
    assert run("profile", "lint").stdout == f"{shipped_count()} files: no problems\n"


@pytest.mark.parametrize("folder", ["mine", "mine/devices"])
@pytest.mark.parametrize(
    "words", [["profile", "lint", "mine"], ["profile", "lint", "--profiles", "mine"], ["list", "--profiles", "mine"]]
)
def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(closed, folder, words):
    rover("mine")
    closed(folder)
    assert run(*words, code=2).stderr == f"error: {folder}: cannot be read: Permission denied\n"


@pytest.mark.parametrize("words", [["profile", "lint"], ["list"]])
def test_the_usual_folder_that_cannot_be_read_is_told(closed, words):
    rover("profiles")
    closed("profiles")
    assert run(*words, code=2).stderr == "error: profiles: cannot be read: Permission denied\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_is_really_closed_is_told_in_our_own_words():
    file = rover("mine")
    file.chmod(0)
    assert run("profile", "lint", file, code=2).stdout.startswith(f"{file}: cannot be read: Permission denied\n")
    file.parent.chmod(0)
    try:
        with pytest.raises(AssessError, match="cannot be read: Permission denied"):
            check_folder(Path("mine"))
    finally:
        file.parent.chmod(0o755)


def test_a_folder_with_the_name_of_a_file_is_told_to_be_one():
    folder = Path("mine/devices/dir.toml")
    folder.mkdir(parents=True)
    says = f"error: {folder}: is a folder, not a file\nhint: a profile is one file of TOML\n"
    assert run("profile", "lint", folder, code=2).stderr == says
    assert f"{folder}: is a folder, not a file\n" in run("profile", "lint", "mine", code=2).stdout
    assert "dir" not in run("list", "--profiles", "mine", "--vendor", "ACME").stdout


def test_a_card_of_any_name_is_linted_as_one(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "M"\nfile = "m.onnx"\nsha256 = "x"\nlicence = "MIT"\n')
    result = run("profile", "lint", tmp_path / "mine.toml", "--kind", "card", code=2)
    assert "mine.toml:3:" in result.stdout
