"""A board is looked at without anything being brought there, and what is found is told in exact words."""

import json
from dataclasses import replace

import builders
import pytest

from assess.describe.inventory import Target
from assess.errors import AssessError
from assess.report.target_check import target_check_json, target_check_text
from assess.target import check as module
from assess.target.check import TargetCheck, check
from assess.target.connected import Listener
from assess.target.measuring import BoardFacts
from assess.target.probe import Probed, Python

TARGET = Target(name="desk", address="ssh://nvidia@orin", device="acme-rover")
PROBED = Probed(
    "aarch64", "Linux", "6.8", "glibc 2.36", "ACME Rover Board", (Python("/usr/bin/python3", (3, 11, 2), 64),),
    "/home/nvidia/.cache/assess-target", 70 * 10**9, (), 1_800_000_100,
)  # fmt: skip
FACTS = BoardFacts(builders.host(), "ab", False, (), "mio at desk, since 3 s")


@pytest.fixture
def looked(monkeypatch):
    """Looks at a board that is so."""

    def look(probed=PROBED, *, kit=None, facts=None, device=None):
        monkeypatch.setattr(module, "probe", lambda *_: probed)
        monkeypatch.setattr(module, "kept_kit", lambda _: kit)
        monkeypatch.setattr(module, "facts_of", lambda *_: facts)
        monkeypatch.setattr(module, "doctor_on", lambda *_, **__: None)
        ticks = iter((10.0, 10.4))
        return check(TARGET, device, Listener(), clock=lambda: next(ticks), now=lambda: 1_800_000_000.0)

    return look


class Kept:
    tag, size = "0.1.0-ab", 59_000_000


def test_a_board_without_a_kit_is_usable_and_told_what_will_be_sent(looked):
    found = looked(kit=Kept)
    assert (
        target_check_text(found)
        == """\
desk  ssh://nvidia@orin
  reached     in 400 ms; its clock is 100 s before ours
  machine     ACME Rover Board, aarch64, Linux 6.8, glibc 2.36
  Python      Python 3.11.2 (/usr/bin/python3)
  folder      /home/nvidia/.cache/assess-target, 70 GB free
  kit         is not there: 59 MB are sent with the first command that needs it

USABLE  how good it is can be told once the kit is there: assess target prepare
"""
    )


def test_without_wheels_it_is_told_how_they_are_had(looked):
    assert "kit         is not there, nor are its wheels here: assess target prepare desk" in target_check_text(
        looked()
    )


def test_a_board_that_is_held_is_not_disturbed(looked):
    found = looked(replace(PROBED, kits=("0.1.0-ab",)), kit=Kept, facts=FACTS)
    text = target_check_text(found)
    assert found.diagnosis is None and found.bytes_to_send == 0
    assert "kit         is there\n" in text and "held by     mio at desk, since 3 s\n" in text
    assert "USABLE  how good it is cannot be told while somebody measures on it" in text


def test_another_device_than_the_inventory_says_is_told(looked):
    other = builders.device(identity={"board": ["Another Board"]})
    found = looked(replace(PROBED, kits=("0.1.0-ab",)), kit=Kept, facts=FACTS, device=other)
    assert found.not_the_device
    assert "is recognised as" not in target_check_text(found)
    same = looked(replace(PROBED, kits=("0.1.0-ab",)), kit=Kept, facts=FACTS, device=builders.device())
    assert same.not_the_device == ""
    assert "device      is recognised as acme-rover" in target_check_text(same)


def test_an_unusable_board_is_told_why_and_what_to_do(looked):
    found = looked(replace(PROBED, pythons=()))
    assert not found.is_usable
    text = " ".join(target_check_text(found).split())
    assert "Python none that assess runs in" in text
    assert "NOT USABLE has no Python 3.11 or newer of 64 bits: none was found; install one there" in text
    assert "kit" not in text.replace("the kit", "")


def test_programs_get_all_of_it(looked):
    found = json.loads(target_check_json(looked(replace(PROBED, folder="", free_bytes=None))))
    assert (found["schema"], found["usable"], found["name"]) == ("assess.target-check/1", False, "desk")
    assert found["why_unusable"]["problem"] == "~/.cache/assess-target cannot be made or written to there"
    assert (found["reached_s"], found["clock_off_s"]) == (pytest.approx(0.4), 100.0)
    assert found["probed"]["pythons"][0]["version"] == [3, 11, 2]
    assert found["host"] is None and found["conditions"] is None


def test_what_a_board_says_is_data(looked):
    text = target_check_text(looked(replace(PROBED, board="x\x1b[2J", kernel="6.8\nFINE")))
    assert "\x1b" not in text and "\nFINE" not in text


def test_a_clock_that_is_not_told_is_no_clock_that_is_right(looked):
    assert looked(replace(PROBED, clock_s=None)).clock_off_s is None
    assert isinstance(TargetCheck(TARGET, 0.1, None, PROBED, AssessError("x")).is_usable, bool)
