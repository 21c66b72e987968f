"""`assess target list` as it is typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assess.cli.main import app

LAB = """\
[[targets]]
name = "orin-desk"
address = "ssh://nvidia@orin:2222"
device = "nvidia-jetson-agx-orin-64gb"
before = ["sudo -n nvpmodel -m 0"]
cool_down = "30 s"
tags = ["lab", "gpu"]
note = "Mio's desk"

[[targets]]
name = "pi"
address = "ssh://raspberrypi.local"
tags = ["lab"]
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("ASSESS_TARGETS", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    Path("targets.toml").write_text(LAB)
    return tmp_path


def target(*words):
    result = CliRunner().invoke(app, ["target", *words])
    assert "Traceback" not in result.output
    return result


def test_boards_are_listed_in_the_files_order(here):
    result = target("list")
    assert (result.exit_code, result.stdout) == (0, """\
NAME       ADDRESS                  DEVICE                       TAGS      NOTE
orin-desk  ssh://nvidia@orin:2222   nvidia-jetson-agx-orin-64gb  lab, gpu  Mio's desk
pi         ssh://raspberrypi.local  -                            lab
""")  # fmt: skip


def test_tags_must_all_be_there(here):
    assert [line.split()[0] for line in target("list", "--tag", "lab").stdout.splitlines()] == [
        "NAME",
        "orin-desk",
        "pi",
    ]
    both = target("list", "--tag", "lab", "--tag", "gpu").stdout.splitlines()
    assert [line.split()[0] for line in both] == ["NAME", "orin-desk"]
    none = target("list", "--tag", "npu")
    assert (none.exit_code, none.stdout) == (0, "none of them has the tag npu\n")
    assert json.loads(target("list", "--tag", "npu", "-f", "json").stdout)["targets"] == []


def test_programs_get_all_that_holds(here):
    found = json.loads(target("list", "--format", "json").stdout)
    assert found["schema"] == "assess.targets/1"
    assert found["targets"][0] == {
        "name": "orin-desk",
        "address": "ssh://nvidia@orin:2222",
        "user": "nvidia",
        "host": "orin",
        "port": 2222,
        "device": "nvidia-jetson-agx-orin-64gb",
        "python": None,
        "folder": "~/.cache/assess-target",
        "before": ["sudo -n nvpmodel -m 0"],
        "after": [],
        "cool_down_s": 30.0,
        "wait_s": 600.0,
        "tags": ["lab", "gpu"],
        "note": "Mio's desk",
    }


def test_each_way_of_naming_an_inventory_is_taken(here, monkeypatch):
    Path("targets.toml").rename("lab.toml")
    assert "orin-desk" in target("list", "--inventory", "lab.toml").stdout
    monkeypatch.setenv("ASSESS_TARGETS", "lab.toml")
    assert "orin-desk" in target("list").stdout
    monkeypatch.delenv("ASSESS_TARGETS")
    own = here / "home/.config/assess"
    own.mkdir(parents=True)
    Path("lab.toml").rename(own / "targets.toml")
    assert "orin-desk" in target("list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--inventory", "none.toml"], "error: none.toml: there is no such file\n"),
        (["--format", "yaml"], "error: --format: there is no format 'yaml'\n"),
        (["--inventory", "bad.toml"], "error: bad.toml:2: targets[0].name: 'Pi' is no name: "),
    ],
)
def test_what_is_wrong_is_told(here, words, said):
    Path("bad.toml").write_text('[[targets]]\nname = "Pi"\naddress = "ssh://pi"\n')
    result = target("list", *words)
    assert (result.exit_code, result.stderr[: len(said)]) == (2, said)


def test_without_an_inventory_it_says_where_to_write_one(here):
    Path("targets.toml").unlink()
    result = target("list")
    usual = here / "home/.config/assess/targets.toml"
    assert result.exit_code == 2
    assert result.stderr == (
        f"error: there is no inventory\nhint: name one with --inventory, or write targets.toml or {usual}\n"
    )


def test_the_schema_is_there_for_editors():
    result = CliRunner().invoke(app, ["profile", "schema", "inventory"])
    assert json.loads(result.stdout)["title"] == "assess inventory"
