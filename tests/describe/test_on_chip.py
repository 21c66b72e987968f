"""Claims about where a device's file says that weights lie."""

import pytest

from assess.describe.authored import load
from assess.describe.device import Device
from assess.describe.library import Library
from assess.errors import AssessError

TEXT = """\
name = "ACME Ear"
vendor = "ACME"
sectors = ["industry"]
availability = "shipping"

[sources]
DS = { where = "data sheet" }

[on_chip]
kind = "on-chip"
capacity = { value = "512 KiB", source = "DS", grade = "A" }
"""
OWN = 'weight_capacity = { value = "432 KiB", source = "DS", grade = "A" }\n'


def loaded(tmp_path, text):
    path = tmp_path / "ear.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, Device, id="ear")


def complaint(tmp_path, text):
    with pytest.raises(AssessError) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def test_weights_lie_beside_the_activations_unless_it_is_said_otherwise(tmp_path):
    chip = loaded(tmp_path, TEXT).on_chip
    assert (chip.weights, chip.weight_capacity) == ("here", None)
    assert loaded(tmp_path, TEXT + 'weights = "storage"\n').on_chip.weights == "storage"
    assert loaded(tmp_path, TEXT + OWN).on_chip.weight_capacity.value == 432 * 1024


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            OWN + 'weights = "storage"\n',
            "ear.toml:12: on_chip.weight_capacity: weights that are read from storage need no memory of their own: "
            'leave it out, or weights = "here"',
        ),
        (OWN.replace("432", "0"), "ear.toml:12: on_chip.weight_capacity.value: must be more than zero"),
        (OWN.replace("DS", "DSS"), "ear.toml:12: on_chip.weight_capacity.source: 'DSS' is not in [sources]"),
        (
            'weights = "storage"\nweights_beyond = "streamed"\n',
            "ear.toml:13: on_chip.weights_beyond: weights that are read from storage need no room here: leave it out",
        ),
        (
            'host_link = { value = "500 MB/s", source = "DS", grade = "A" }\n',
            'ear.toml:12: on_chip.host_link: nothing comes over it: say weights_beyond = "streamed", or leave it out',
        ),
        (
            'weights = "flash"\n',
            "ear.toml:12: on_chip.weights: 'flash' is not known; expected one of 'here', 'storage'",
        ),
    ],
)
def test_what_cannot_be_is_told(tmp_path, line, told):
    assert told in complaint(tmp_path, TEXT + line)


@pytest.mark.parametrize("line", [OWN, 'weights = "storage"\n'], ids=["weight_capacity", "weights"])
def test_main_memory_has_no_place_for_weights_of_its_own(tmp_path, line):
    text = TEXT.replace("[on_chip]", "[memory]").replace('"on-chip"', '"dram"') + line
    assert f"ear.toml:12: memory.{line.split(' ')[0]}: unknown key" in complaint(tmp_path, text)


def test_devices_without_main_memory_say_where_weights_lie():
    devices = map(Library().device, Library().ids("devices"))
    chips = {device.id: device.on_chip for device in devices if device.on_chip and not device.memory}
    assert sorted(id_ for id_, chip in chips.items() if chip.weights == "storage") == [
        "alif-ensemble-e7",
        "infineon-psoc-edge-e84",
        "nordic-nrf5340",
        "renesas-ra8p1",
        "st-stm32f767",
        "st-stm32h743",
        "st-stm32l4r5",
        "st-stm32n6",
    ]
    own = {
        id_: (chip.capacity.value, chip.weight_capacity.value) for id_, chip in chips.items() if chip.weight_capacity
    }
    assert own == {
        "adi-max78000": (512 * 1024, 432 * 1024),
        "adi-max78002": (1280 * 1024, 2340 * 1024),
    }


def test_devices_that_stream_what_does_not_fit_say_so():
    devices = map(Library().device, Library().ids("devices"))
    chips = {device.id: device.on_chip for device in devices if device.on_chip and device.on_chip.weights_beyond}
    assert {id_: chip.host_link and chip.host_link.value for id_, chip in chips.items()} == {
        "google-coral-edge-tpu": 500e6,
        "hailo-8": None,
        "hailo-8l": None,
    }
