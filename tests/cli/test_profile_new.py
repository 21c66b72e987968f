"""`assess profile new` as it is typed: on a real terminal, interrupted, and beside files that are in its way."""

import json
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assess.cli.main import app

COMMAND = [sys.executable, "-m", "assess", "profile", "new"]


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSESS_PROFILES", raising=False)
    return tmp_path


def new(*words, code=0):
    result = CliRunner().invoke(app, ["profile", "new", *map(str, words)])
    assert result.exit_code == code, result.output
    return result


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *words, folder):
        temporary = folder / "tmp"
        temporary.mkdir()
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ |= {"TMPDIR": str(temporary), "TERM": "xterm", "COLUMNS": "120"}
            os.execv(sys.executable, [*COMMAND, *words])
        self.shown, self.temporary = b"", temporary

    def until(self, text, *, within_s=60.0):
        """Read until the text is there, or to the end."""
        deadline = time.monotonic() + within_s
        while text not in self.shown and time.monotonic() < deadline:
            if select.select([self.end], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self.end, 4096)
                except OSError:  # How Linux tells that nobody has the terminal open any more.
                    return
        assert text in self.shown, self.shown

    def rest(self):
        self.until(b"\0 never")

    def write(self, text):
        os.write(self.end, text)

    def code(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.slow
def test_the_questions_of_a_machine_stand_on_the_terminal_until_they_are_answered(work):
    shell = Terminal("device", "--id", "acme-one", "--from-here", "--calibration", "1 s", folder=work)
    shell.until(b"Name [")
    time.sleep(1.0)  # A bar would have wiped it by now.
    shell.write(b"My board\n")
    shell.until(b"Vendor [")
    shell.write(b"ACME\n")
    shell.until(b"Sectors, of ")
    assert b"\x1b[2K" not in shell.shown
    shell.write(b"robotics\n")
    shell.until(b"written: profiles/devices/acme-one.toml")
    assert b"CPUExecutionProvider: measuring" in shell.shown
    shell.rest()
    assert shell.code() == 0
    text = Path("profiles/devices/acme-one.toml").read_text()
    assert 'name = "My board"\nvendor = "ACME"\nsectors = ["robotics"]  # fill in' in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "code", "says"),
    [
        (b"\x03", 130, b"interrupted\r\n"),
        (b"\x04", 2, b"error: nobody answers\r\nhint: give --name, or --yes for what is suggested\r\n"),
    ],
    ids=["Ctrl-C", "Ctrl-D"],
)
def test_who_leaves_at_a_question_gets_the_code_of_it(work, typed, code, says):
    shell = Terminal("device", "--id", "acme-one", folder=work)
    shell.until(b"Name [Acme ONE]: ")
    shell.write(typed)
    shell.rest()
    assert shell.shown.endswith(says)
    assert shell.code() == code
    assert not Path("profiles/devices/acme-one.toml").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, None], ids=["SIGTERM", "SIGHUP", "terminal closed"])
def test_whatever_ends_a_calibration_leaves_nothing_behind(work, number):
    shell = Terminal("device", "--id", "acme-one", "--from-here", "--yes", folder=work)
    shell.until(b"CPUExecutionProvider")
    deadline = time.monotonic() + 30
    while not list(shell.temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    if number is None:
        os.close(shell.end)
    else:
        os.kill(shell.pid, number)
        shell.rest()
    assert shell.code() == 130
    assert list(shell.temporary.iterdir()) == []
    assert list(Path("profiles/devices").iterdir()) == []


@pytest.mark.slow
def test_without_standard_input_nothing_is_asked(work):
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "device", "--id", "acme-one"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert 'name = "Acme ONE"' in Path("profiles/devices/acme-one.toml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("encoding", [{"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}, {"LC_ALL": "C"}])
def test_a_name_in_any_language_whatever_the_locale(work, encoding):
    def assess(*words):
        done = subprocess.run(
            [sys.executable, "-m", "assess", "profile", *words], capture_output=True, env={**os.environ, **encoding}
        )
        assert b"Traceback" not in done.stderr, done.stderr
        return done

    assert assess("new", "device", "--id", "acme-one", "--name", "Gerät 日本").returncode == 0
    assert 'name = "Gerät 日本"' in Path("profiles/devices/acme-one.toml").read_text(encoding="utf-8")
    assert assess("show", "acme-one").returncode == 0
    Path("profiles/devices/acme-one.toml").rename("profiles/devices/a\udcff.toml")
    for form in ("text", "json", "github", "sarif"):
        assert assess("lint", "profiles", "--format", form).returncode == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--name", "a\udcff"], "error: --name: is not UTF-8 text\n"),
        (["--vendor", "a\udcff"], "error: --vendor: is not UTF-8 text\n"),
        (["--name", " "], "error: --name: has no letter or digit\n"),
        (["--name", "-"], "error: --name: has no letter or digit\n"),
        (["--vendor", ""], "error: --vendor: has no letter or digit\n"),
        (["--name", "\u3164"], "error: --name: has no letter or digit\n"),
    ],
)
def test_what_is_no_name_is_refused_before_anything_is_written(words, says):
    assert new("device", "--id", "x", "--from-here", *words, code=2).stderr.startswith(says)
    assert list(Path().iterdir()) == []


def test_an_id_that_no_command_would_find_is_refused_before_anything_is_written():
    told = new("standard", "--id", "a" * 210, code=2).stderr
    problem = f"'{'a' * 40}...' is no id: it has 210 characters, 200 at most are allowed"
    assert told == f"error: {problem}\nhint: acme-rover is one\n"
    assert list(Path().iterdir()) == []


def test_bytes_that_the_locale_could_not_read_are_read_as_utf8():
    new("device", "--id", "acme-one", "--name", "Ger\udcc3\udca4t")
    assert 'name = "Gerät"' in Path("profiles/devices/acme-one.toml").read_text()


def test_where_nothing_can_be_written_nothing_is_measured():
    Path("profiles").write_text("a file")
    begun = time.monotonic()
    told = new("device", "--id", "acme-one", "--from-here", code=2).stderr
    assert told == "error: profiles/devices: cannot be made: Not a directory\nhint: name --folder\n"
    assert time.monotonic() - begun < 20  # To calibrate takes a hundred.


@pytest.mark.slow
def test_a_file_that_appears_meanwhile_is_kept_and_the_text_printed(work):
    file = Path("profiles/devices/acme-one.toml")
    shell = Terminal("device", "--id", "acme-one", "--vendor", "ACME", "--sector", "robotics", folder=work)
    shell.until(b"Name [")
    file.write_text("of another")
    shell.write(b"Mine\n")
    shell.rest()
    assert shell.code() == 2
    assert b'name = "Mine"\r\nvendor = "ACME"\r\n' in shell.shown
    assert shell.shown.endswith(
        f"error: {file}: is there already\r\nhint: the text is on standard output: save it\r\n".encode()
    )
    assert file.read_text() == "of another"
    assert list(file.parent.iterdir()) == [file]


def test_a_schema_of_ours_is_renewed_and_any_other_file_is_kept():
    schema = Path("profiles/schemas/device.json")
    schema.parent.mkdir(parents=True)
    schema.write_text('{"title": "assess device", "old": true}')
    new("device", "--id", "one")
    assert "old" not in json.loads(schema.read_text())
    for text in ('{"title": "mine"}', "not JSON", "[" * 100_000):
        schema.write_text(text)
        told = new("device", "--id", f"other-{len(text)}").stderr
        assert told.startswith("note: profiles/schemas/device.json is no schema of ours and stays as it is; ")
        assert schema.read_text() == text


def test_a_link_leads_nowhere_else():
    Path("outside/devices").mkdir(parents=True)
    Path("profiles").mkdir()
    Path("profiles/devices").symlink_to(Path("outside/devices").resolve())
    told = new("device", "--id", "one", code=2).stderr
    assert told.startswith("error: profiles/devices/one.toml: a link leads out of the folder\n")
    assert list(Path("outside/devices").iterdir()) == []
    schema = Path("outside/workload.json")
    schema.write_text('{"title": "assess workload"}')
    Path("profiles/schemas").mkdir()
    Path("profiles/schemas/workload.json").symlink_to(schema.resolve())
    assert "stays as it is" in new("workload", "--id", "one").stderr
    assert schema.read_text() == '{"title": "assess workload"}'


def test_a_file_with_problems_is_no_success(monkeypatch):
    monkeypatch.setattr("assess.report.new.new_standard", lambda name: "colour = 'red'\n")
    told = new("standard", "--id", "one", code=2).stderr
    assert "unknown key" in told
    assert Path("profiles/standards/one.toml").exists()


def test_what_a_new_partner_names_may_lie_in_any_folder_that_is_named():
    new("device", "--id", "aaa", "--folder", "mine")
    told = new("partner", "--id", "one", "--profiles", "mine").stderr
    assert "1 file: 0 errors, 3 warnings\n" in told
    assert 'devices = ["aaa"]' in Path("profiles/partners/one.toml").read_text()


def test_a_folder_s_name_is_data():
    told = new("device", "--id", "one", "--folder", "a\nb\x1b[31m").stderr
    assert all(line.isprintable() for line in told.splitlines())
    assert "written: a\\x0ab\\x1b[31m/devices/one.toml\n" in told


def test_the_file_is_as_readable_as_any_other():
    new("device", "--id", "one")
    here = Path("plain")
    here.write_text("")
    assert stat.S_IMODE(Path("profiles/devices/one.toml").stat().st_mode) == stat.S_IMODE(here.stat().st_mode)


def test_a_folder_whose_place_a_file_has_is_told():
    Path("mine").mkdir()
    Path("mine/devices").write_text("")
    says = "error: mine/devices: is a file, not a folder\nhint: name another --folder\n"
    assert new("device", "--id", "one", "--folder", "mine", code=2).stderr == says
