"""`assess profile` and `assess list` as they are typed: what is printed, written, and the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assess.cli.main import app
from assess.cli.profile.new import TEXTS
from assess.describe.kinds import KINDS

ROVER = """
name = "Rover"
vendor = "ACME"
sectors = ["robotics"]
availability = "shipping"

[sources]
DS = { where = "data sheet" }

[memory]
kind = "dram"
capacity = { value = "8 GiB", source = "DS", grade = "A" }

[[engine]]
name = "cpu"
kind = "cpu"
"""


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSESS_PROFILES", raising=False)
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def rover(folder, text=ROVER, id_="acme-rover", kind="devices"):
    file = Path(folder) / kind / f"{id_}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_every_kind_of_profile_has_a_file_to_start_from():
    assert list(TEXTS) == [kind.name for kind in KINDS]


@pytest.mark.parametrize("kind", [kind.folder for kind in KINDS])
def test_every_kind_of_profile_is_listed(kind):
    assert json.loads(run("list", kind, "--format", "json").stdout)[kind]


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_new_writes_a_file_its_schema_and_what_to_do_next(kind):
    told = run("profile", "new", kind, "--id", "acme-one").stderr
    file = Path(f"profiles/{kind}s/acme-one.toml")
    assert told.startswith(f"written: {file}\n")
    assert json.loads(Path(f"profiles/schemas/{kind}.json").read_text())["title"] == f"assess {kind}"
    left = run("profile", "lint", "profiles").stdout
    assert f"{left}next: " in told.removeprefix(f"written: {file}\n")
    # What is left to its author is a warning on its line; a device has nothing but comments.
    texts = [line for line in file.read_text().splitlines() if '= "fill in' in line]
    assert left.splitlines()[-1] == (f"1 file: 0 errors, {len(texts)} warnings" if texts else "1 file: no problems")
    assert "acme-one" in run("list", f"{kind}s").stdout


def test_new_overwrites_nothing():
    run("profile", "new", "device", "--id", "acme-one", "--name", "One")
    told = run("profile", "new", "device", "--id", "acme-one", "--name", "Other", code=2).stderr
    assert told == ("error: profiles/devices/acme-one.toml: is there already\nhint: take another --id, or edit it\n")
    assert 'name = "One"' in Path("profiles/devices/acme-one.toml").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["divice", "--id", "x"], "error: there is no kind 'divice'\nhint: did you mean 'device'?"),
        (["device", "--id", "My Board"], "hint: did you mean 'my-board'?"),
        (["device", "--id", "../x"], "is no id"),
        (["workload", "--id", "x", "--from-here"], "error: --from-here: a workload is not detected"),
        (["device", "--id", "x", "--sector", "robotic"], "hint: did you mean 'robotics'?"),
        (["device", "--id", "x", "--from-here", "--calibration", "5"], "error: --calibration: '5' has no unit"),
        (["device", "--id", "x", "--from-here", "--calibration", "1 h"], "error: --calibration: "),
    ],
)
def test_new_refuses_before_it_writes(words, says):
    assert says in run("profile", "new", *words, code=2).stderr
    assert list(Path().iterdir()) == []


def test_show_draws_a_device_and_writes_out_the_rest():
    assert run("profile", "show", "sony-imx500").stdout.startswith("Sony IMX500 (sony-imx500)\n")
    assert 'name = "Camera perception at 30 Hz"\n' in run("profile", "show", "camera-30hz").stdout
    rover("mine")
    rover("mine", 'extends = "acme-rover"\nname = "Other"\n', "acme-other")
    told = run("profile", "show", "acme-other", "--resolved", "--profiles", "mine").stdout
    assert told.startswith('# acme-other, with what it takes from acme-rover\nname = "Other"\nvendor = "ACME"\n')
    assert "extends =" not in told
    assert "did you mean 'sony-imx500'?" in run("profile", "show", "sony-imx50", code=2).stderr


def test_a_broken_neighbour_does_not_stop_showing_and_checking_another():
    mode = 'extends = "acme-rover"\npower_mode = "{0}"\npower = {{ value = "{0}", source = "DS", grade = "A" }}\n'
    file = rover("mine", ROVER + '[[engine.peak]]\nprecision = "int8"\n')
    rover("mine", mode.format("10 W"), "acme-rover-10w")
    rover("mine", mode.format("5 W") + 'colour = "red"\n', "acme-rover-5w")
    rover("mine", "not TOML", "broken")
    told = run("profile", "show", "acme-rover", "--profiles", "mine")
    assert "acme-rover-10w" in told.stdout
    assert told.stderr == "note: mine/devices/acme-rover-5w.toml is left out: it has problems\n"
    slow = "mine/devices/acme-rover-10w.toml"
    assert run("profile", "lint", file, slow).stdout == "2 files: no problems\n"


def test_a_new_file_with_the_id_of_a_shipped_base_leaves_its_variants_alone():
    before = run("list", "devices", "--vendor", "NVIDIA").stdout.splitlines()
    run("profile", "new", "device", "--id", "nvidia-jetson-agx-orin-64gb", "--vendor", "ACME", "--yes")
    after = run("list", "devices", "--vendor", "NVIDIA").stdout.splitlines()
    assert {line.split()[0] for line in before} - {line.split()[0] for line in after} == {"nvidia-jetson-agx-orin-64gb"}
    assert "MODE_30W" in run("profile", "show", "nvidia-jetson-agx-orin-64gb-30w").stdout


def test_diff_tells_what_differs_by_its_exit_code_too():
    rover("mine")
    rover("mine", 'extends = "acme-rover"\nname = "Other"\n', "acme-other")
    told = run("profile", "diff", "acme-rover", "acme-other", "--profiles", "mine", code=1).stdout
    assert told == 'name\n  - "Rover"\n  + "Other"\n'
    same = run("profile", "diff", "acme-rover", "acme-rover", "--profiles", "mine").stdout
    assert same == "acme-rover and acme-rover say the same\n"
    rover("mine", 'extends = "acme-rover"\n', "acme-copy")
    same = run("profile", "diff", "acme-rover", "acme-copy", "--profiles", "mine").stdout
    assert same == "acme-rover and acme-copy say the same\n"
    told = run("profile", "diff", "acme-rover", "camera-30hz", "--profiles", "mine", code=2).stderr
    assert told.startswith("error: acme-rover is one of devices, camera-30hz one of workloads\n")


def test_schema_is_printed_or_written():
    printed = run("profile", "schema", "device").stdout
    run("profile", "schema", "device", "-o", "device.json")
    assert Path("device.json").read_text() == printed
    assert json.loads(printed)["title"] == "assess device"
    assert "| `memory.capacity` | number with source" in run("profile", "schema", "device", "-f", "markdown").stdout
    assert "did you mean 'device'?" in run("profile", "schema", "devise", code=2).stderr


def listed(*words):
    result = run("list", "devices", *words, "--format", "json")
    return {device["id"]: device for device in json.loads(result.stdout)["devices"]}, result.stderr


def test_list_without_a_word_is_of_devices():
    assert run("profile", "list").stdout == run("list", "devices").stdout


def test_filters_of_devices():
    found, told = listed("--sector", "robotics", "--min-memory", "8 GiB", "--vendor", "nvidia")
    assert "nvidia-jetson-orin-nano-8gb" in found
    assert "sony-ps5" not in found
    assert all("robotics" in one["sectors"] and one["memory_bytes"] >= 8 * 2**30 for one in found.values())
    assert all("NVIDIA" in one["vendor"] for one in found.values())
    int8, told = listed("--precision", "int8")
    assert all("int8" in one["precisions"] for one in int8.values())
    assert told.endswith("more left out, of which what is asked for is not published\n")
    closed, told = listed("--availability", "closed-sdk")
    assert {one["availability"] for one in closed.values()} == {"closed-sdk"}
    assert told == ""


def test_no_device_that_fits_is_an_empty_list():
    told = run("list", "devices", "--vendor", "nobody")
    assert (told.stdout, told.stderr) == ("", "note: no device has all of that\n")
    assert listed("--vendor", "nobody") == ({}, "note: no device has all of that\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["device"], "did you mean 'devices'?"),
        (["--sector", "robotic"], "error: --sector: there is no sector 'robotic'\nhint: did you mean 'robotics'?"),
        (["--precision", "int9"], "error: --precision: there is no precision 'int9'"),
        (["--availability", "sold"], "error: --availability: "),
        (["--min-memory", "8"], "error: --min-memory: '8' has no unit"),
        (["partners", "--sector", "robotics"], "error: --sector: partners have none"),
        (["--format", "yaml"], "error: --format: "),
    ],
)
def test_what_cannot_be_listed_is_refused(words, says):
    assert says in run("list", *words, code=2).stderr


def test_workloads_of_a_sector():
    found = json.loads(run("list", "workloads", "--sector", "gaming", "-f", "json").stdout)["workloads"]
    assert "game-upscale-60fps" in {one["id"] for one in found}
    assert all("gaming" in one["sectors"] for one in found)


def test_own_folders_come_in_their_order_and_what_they_hide_is_told(monkeypatch, tmp_path):
    def name():
        result = run("list", "devices", "-f", "json", *given)
        found = {one["id"]: one["name"] for one in json.loads(result.stdout)["devices"]}
        return found["sony-ps5"], result.stderr.count("it hides")

    given = []
    assert name() == ("Sony PlayStation 5", 0)
    rover("profiles", ROVER.replace('"Rover"', '"beside"'), "sony-ps5")
    assert name() == ("beside", 1)
    rover("env", ROVER.replace('"Rover"', '"environment"'), "sony-ps5")
    monkeypatch.setenv("ASSESS_PROFILES", f"env:{tmp_path / 'profiles'}")
    assert name() == ("environment", 1)
    rover("mine", ROVER.replace('"Rover"', '"given"'), "sony-ps5")
    given = ["--profiles", "mine"]
    assert name() == ("given", 1)
    told = run("profile", "show", "sony-ps5", *given).stderr
    assert told.startswith("note: mine/devices/sony-ps5.toml is used; it hides env/devices/sony-ps5.toml, ")


def test_a_folder_named_twice_hides_nothing(monkeypatch):
    rover("profiles")
    monkeypatch.setenv("ASSESS_PROFILES", "profiles")
    assert run("profile", "show", "acme-rover", "--profiles", "./profiles").stderr == ""


def test_a_folder_of_the_environment_that_is_none_is_told(monkeypatch):
    monkeypatch.setenv("ASSESS_PROFILES", "gone")
    assert run("list", code=2).stderr.startswith("error: ASSESS_PROFILES: gone: is not a folder\n")


BAD = {
    "duplicate key": (ROVER.replace('vendor = "ACME"', 'vendor = "ACME"\nvendor = "X"'), ":4: not TOML: "),
    "wrong unit": (ROVER.replace("8 GiB", "8 GHz"), ":12: memory.capacity.value: '8 GHz' has the unit 'GHz'"),
    "unit missing": (ROVER.replace("8 GiB", "8"), ":12: memory.capacity.value: '8' has no unit"),
    "a number": (ROVER.replace('"8 GiB"', "8"), ":12: memory.capacity.value: expected text with a unit"),
    "negative": (ROVER.replace("8 GiB", "-8 GiB"), ":12: memory.capacity.value: "),
    "not a number": (ROVER.replace("8 GiB", "nan GiB"), ":12: memory.capacity.value: "),
    "nan": (ROVER.replace('"8 GiB"', "nan"), ":12: memory.capacity.value: "),
    "ten megabytes": (ROVER + "# x\n" * 2_500_000, ": is larger than 1 MiB: this is no profile"),
    "not UTF-8": (ROVER.encode().replace(b"ACME", b"ACM\xe9"), ":3: is not UTF-8: byte "),
    "unknown base": ('extends = "acme-rovr"\nname = "X"\n', ":1: extends: there is no device 'acme-rovr'"),
    "itself": ('extends = "bad"\nname = "X"\n', ":1: extends: extends itself"),
    "a circle": ('extends = "other"\nname = "X"\n', ":1: extends: 'other' is itself a variant of 'bad', this file"),
    "unknown key": (ROVER.replace("vendor", "vender"), ":3: vender: unknown key; did you mean 'vendor'?"),
    "no source": (ROVER.replace(', source = "DS"', ""), ":12: memory.capacity: missing key 'source'"),
    "a source of nobody": (
        ROVER.replace('source = "DS"', 'source = "DX"'),
        ":12: memory.capacity.source: 'DX' is not in",
    ),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("command", [["profile", "show"], ["profile", "show", "--resolved"], ["profile", "lint"]])
def test_bad_input_has_one_clear_complaint_and_exit_code_2(what, command):
    text, says = BAD[what]
    file = rover("mine", text, "bad")
    rover("mine", 'extends = "bad"\nname = "Other"\n', "other")
    result = run(*command, file, code=2)
    lines = [line for line in result.output.splitlines() if f"{file}" in line]
    assert len(lines) == 1, result.output
    assert f"{file}{says}" in lines[0]


def test_a_link_in_a_circle_and_what_is_no_file():
    one, two = Path("one.toml"), Path("two.toml")
    one.symlink_to(two)
    two.symlink_to(one)
    for word, says in ((one, "is a symbolic link that leads nowhere, or in a circle"), ("gone.toml", "no such file")):
        for command in (["profile", "show"], ["profile", "lint", "--kind", "device"]):
            assert says in run(*command, word, code=2).output
    Path("folder.toml").mkdir()
    assert "is a folder, not a file" in run("profile", "show", "folder.toml", code=2).stderr


@pytest.mark.slow
def test_the_machine_at_hand_describes_itself_and_a_fit_there_is_measured_on_the_device(tmp_path):
    def assess(*words):
        done = subprocess.run(
            [sys.executable, "-m", "assess", *words], capture_output=True, text=True, cwd=tmp_path, timeout=300
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    made = assess("profile", "new", "device", "--id", "this-machine", "--from-here", "--calibration", "8 s", "--yes")
    assert made.returncode == 0, made.stderr
    assert "1 file: no problems" in made.stderr or "1 file: 0 errors, 1 warning\n" in made.stderr  # Its vendor.
    fit = assess(
        "fit", "ppocr-text-direction", "--device", "this-machine", "--workload", "camera-10hz", "--tier", "smoke",
        "--skip", "profile", "--format", "json",
    )  # fmt: skip
    report = json.loads(fit.stdout)
    assert report["device"]["id"] == "this-machine"
    assert report["evidence"]["on_device"] is True, report["evidence"]
    findings = {one["criterion"]: one for one in report["findings"]}
    # A host that is too busy to tell says so instead.
    if findings["measurement validity"]["verdict"] == "PASS":
        assert findings["latency"]["found"]["rung"] == "measured", findings["latency"]
    assert findings["memory"]["found"]["rung"] == "measured", findings["memory"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["list"], ["assess.measure", "assess.project", "license_expression", "numpy", "onnx"]),
        (["profile", "show", "sony-imx500"], ["assess.measure", "assess.report.formats", "numpy", "onnx"]),
    ],
    ids=lambda words: words[-1],
)
def test_what_only_reads_profiles_imports_nothing_heavy(words, heavy):
    code = (
        "import sys\n"
        "from assess.cli.main import app\n"
        f"app({words!r}, standalone_mode=False)\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "[]\n"


def test_what_a_profile_says_steers_no_terminal():
    name = "R\\u009b31m\\u202e\\u200bover"
    rover("mine", ROVER.replace("Rover", name))
    rover(
        "mine",
        f'name = "{name}"\ntitle = "t"\nsource = "s"\ngrade = "A"\nshows = "x"\ncannot_show = "y"\n',
        "acme-std",
        "standards",
    )
    for words in (
        ["profile", "show", "acme-rover"],
        ["profile", "show", "acme-rover", "--resolved"],
        ["profile", "show", "acme-std"],
        ["list", "devices"],
        ["list", "devices", "-f", "json"],
        ["list", "standards"],
    ):
        told = run(*words, "--profiles", "mine").output
        assert all(line.isprintable() for line in told.split("\n")), words
    assert f'name = "{name}"' in run("profile", "show", "acme-std", "--profiles", "mine").stdout


def test_one_unfinished_file_does_not_hide_the_others_from_a_list(tmp_path):
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "half-done.toml").write_text("name = 3\n")
    result = CliRunner().invoke(app, ["list", "devices", "--profiles", str(tmp_path)])
    assert "raspberry-pi-5-8gb " in result.stdout
    assert "half-done" not in result.stdout
    assert "half-done.toml:1: name: expected text, found 3" in result.stderr
    assert result.exit_code == 2
