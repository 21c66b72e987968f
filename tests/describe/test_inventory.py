"""Inventories as files: what each target says, what is wrong with its line, and where an inventory is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from assess.describe.address import Address
from assess.describe.inventory import Inventory, Target, find_target, inventory_files, load_inventory, usual_files
from assess.describe.kinds import INVENTORY, kind_of
from assess.describe.library import Library
from assess.describe.lint import lint
from assess.errors import AssessError

LAB = """\
[[targets]]
name = "orin-desk"
address = "ssh://nvidia@orin:2222"
device = "nvidia-jetson-agx-orin-64gb"
python = "/opt/python3.11/bin/python3.11"
folder = "~/assess things"
before = ["sudo -n nvpmodel -m 0", "sudo -n jetson_clocks --store '/tmp/my clocks'"]
after = ["sudo -n jetson_clocks --restore '/tmp/my clocks'"]
cool_down = "30 s"
wait = "0 s"
tags = ["lab", "x86_64-host"]
note = "Mio's desk"

[[targets]]
name = "pi"
address = "ssh://raspberrypi.local"
"""


@pytest.fixture
def lab(tmp_path):
    file = tmp_path / "targets.toml"
    file.write_text(LAB)
    return file


def test_a_target_says_all_that_is_needed_to_measure_on_it(lab):
    orin = load_inventory(lab).targets[0]
    assert orin == Target(
        name="orin-desk",
        address="ssh://nvidia@orin:2222",
        device="nvidia-jetson-agx-orin-64gb",
        python="/opt/python3.11/bin/python3.11",
        folder="~/assess things",
        before=("sudo -n nvpmodel -m 0", "sudo -n jetson_clocks --store '/tmp/my clocks'"),
        after=("sudo -n jetson_clocks --restore '/tmp/my clocks'",),
        cool_down="30 s",
        wait="0 s",
        tags=("lab", "x86_64-host"),
        note="Mio's desk",
    )
    assert (orin.at, orin.cool_down, orin.wait) == (Address("orin", "nvidia", 2222), 30.0, 0.0)


def test_what_a_target_does_not_say_is_left_to_ssh_and_to_the_board(lab):
    pi = load_inventory(lab).targets[1]
    assert (pi.at, pi.device, pi.python) == (Address("raspberrypi.local"), "", "")
    assert (pi.folder, pi.before, pi.after) == ("~/.cache/assess-target", (), ())
    assert (pi.cool_down, pi.wait, pi.tags, pi.note) == (0.0, 600.0, (), "")


WRONG = """\
[[targets]]
name = "Orin Desk"
address = "ssh://-oProxyCommand=reboot"
device = "nvidia-jetson-agx-orin-64"
colour = "green"

[[targets]]
name = "pi"
address = "ssh://pi:secret@raspberrypi"
python = "-c"
folder = "~"
before = ["cpupower frequency-set -g performance", "two\\nlines"]
cool_down = 30
wait = "10 minutes"
tags = ["lab", "two words"]

[[targets]]
name = "pi"
"""


def test_every_mistake_is_told_with_its_line(tmp_path):
    file = tmp_path / "targets.toml"
    file.write_text(WRONG)
    found = [(one.at.line, one.key, one.text) for one in lint(file, Library())]
    assert found == [
        (2, "targets[0].name", "'Orin Desk' is no name: only lower-case letters, digits and single hyphens are"),
        (3, "targets[0].address", "'ssh://-oProxyCommand=reboot' has no host that can be one; expected letters, "
                                  "digits, points and hyphens that begin and end with a letter or digit"),
        (4, "targets[0].device", "there is no device 'nvidia-jetson-agx-orin-64'; "
                                 "did you mean 'nvidia-jetson-agx-orin-64gb'?"),
        (5, "targets[0].colour", "unknown key; expected one of 'name', 'address', 'device', 'python', 'folder', "
                                 "'before', 'after', 'cool_down', 'wait', 'tags', 'note'"),
        (9, "targets[1].address", "an address holds no password, nor a colon before its '@'; "
                                  "ssh takes a key, or asks"),
        (10, "targets[1].python", "'-c' begins as an option does; expected a path such as '/usr/bin/python3.11'"),
        (11, "targets[1].folder", "'~' is no folder to keep things in; expected one of its own below '/' or '~/', "
                                  "such as '~/.cache/assess-target'"),
        (12, "targets[1].before[1]", "'two\\nlines' must be one line without control characters"),
        (13, "targets[1].cool_down", "expected text with a unit such as '33 ms', found 30"),
        (14, "targets[1].wait", "'10 minutes' has the unit 'minutes'; did you mean 'min'?"),
        (15, "targets[1].tags[1]", "'two words' is no word: it has no spaces and no commas"),
        (17, "targets[2]", "missing key 'address'"),
        (18, "targets[2].name", "is the name of targets[1] already"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "folder", ["", "/", "/opt", "~", "~/", "~//", "~root/x", "x", "../x", "~/..", "/opt/../x", "~/."]
)
def test_a_folder_that_cleaning_must_not_remove_is_refused(folder, tmp_path):
    file = tmp_path / "targets.toml"
    file.write_text(f'[[targets]]\nname = "pi"\naddress = "ssh://pi"\nfolder = "{folder}"\n')
    with pytest.raises(AssessError, match=r"targets\[0\]\.folder"):
        load_inventory(file)


@pytest.mark.parametrize("folder", ["~/a", "/opt/assess", "~/with spaces/and 'quotes'", "/data/a/"])
def test_a_folder_of_its_own_is_taken(folder):
    assert Target(name="pi", address="ssh://pi", folder=folder).folder == folder


def test_an_empty_inventory_says_what_it_lacks(tmp_path):
    file = tmp_path / "targets.toml"
    for text in ("", "targets = []\n"):
        file.write_text(text)
        with pytest.raises(AssessError, match=r"missing key .targets.|must not be empty"):
            load_inventory(file)


def test_it_is_told_by_its_key_and_may_have_any_name(lab):
    file = lab.rename(lab.with_name("Lab boards (2).toml"))
    assert kind_of(file) is INVENTORY
    assert lint(file, Library()) == ()
    assert isinstance(load_inventory(file), Inventory)


def test_a_device_of_the_users_own_is_found_by_the_linter_and_not_asked_for_before_it_is_used(lab):
    lab.write_text(LAB.replace("nvidia-jetson-agx-orin-64gb", "acme-rover"))
    assert load_inventory(lab).targets[0].device == "acme-rover"
    assert next(one.text for one in lint(lab, Library())).startswith("there is no device 'acme-rover'")


def test_a_word_is_a_name_of_the_inventory(lab):
    assert find_target("pi", [lab]).address == "ssh://raspberrypi.local"


def test_an_address_needs_no_inventory_and_is_called_by_its_host(tmp_path):
    found = find_target("ssh://pi@[fe80::1%eth0]:22", [tmp_path / "none.toml"])
    assert found == Target(name="fe80::1%eth0", address="ssh://pi@[fe80::1%eth0]:22")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("orin-dekst", "there is no target 'orin-dekst' (hint: did you mean 'orin-desk'?)"),
        ("zzz", "there is no target 'zzz' (hint: expected one of 'orin-desk', 'pi')"),
        (
            "pi@raspberrypi",
            "there is no target 'pi@raspberrypi' (hint: to reach it without an inventory, write ssh://pi@raspberrypi)",
        ),
        ("ssh://pi@", "'ssh://pi@' has no host"),
    ],
)
def test_a_word_that_means_none_is_told_with_what_was_meant(lab, word, said):
    with pytest.raises(AssessError) as raised:
        find_target(word, [lab])
    assert str(raised.value).startswith(said)


def test_without_an_inventory_a_name_says_where_one_is_looked_for():
    with pytest.raises(AssessError, match=r"there is no inventory: name one with --inventory, write targets\.toml or "):
        find_target("pi", [])


@pytest.fixture
def everywhere(tmp_path):
    """An inventory in each of the four places."""
    files = [
        tmp_path / name
        for name in ("given.toml", "named.toml", "here/targets.toml", "home/.config/assess/targets.toml")
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return files


def test_the_one_given_comes_before_that_of_the_environment_before_the_one_here_before_ones_own(everywhere, tmp_path):
    given, named, here, own = everywhere
    home = {"HOME": str(tmp_path / "home")}
    both = {**home, "ASSESS_TARGETS": str(named)}
    assert inventory_files(given, environment=both, here=here.parent) == (given,)
    assert inventory_files(environment=both, here=here.parent) == (named,)
    assert inventory_files(environment={**home, "ASSESS_TARGETS": ""}, here=here.parent) == (here,)
    here.unlink()
    assert inventory_files(environment=home, here=here.parent) == (own,)
    own.unlink()
    assert inventory_files(environment=home, here=here.parent) == ()


def test_one_that_is_named_and_not_there_is_not_replaced_by_another(everywhere):
    missing = Path("none.toml")
    assert inventory_files(missing, environment={}, here=everywhere[2].parent) == (missing,)
    assert inventory_files(environment={"ASSESS_TARGETS": "none.toml"}, here=everywhere[2].parent) == (missing,)
    with pytest.raises(AssessError, match=r"none\.toml: there is no such file"):
        find_target("pi", [missing])


def test_the_users_configuration_may_lie_elsewhere():
    assert usual_files({"XDG_CONFIG_HOME": "/etc/mine", "HOME": "/h"})[1] == Path("/etc/mine/assess/targets.toml")
    assert usual_files({"XDG_CONFIG_HOME": "mine", "HOME": "/h"})[1] == Path("/h/.config/assess/targets.toml")
