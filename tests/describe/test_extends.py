"""Variants of devices: what they take from their base, and what is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assess.describe.extends import merged
from assess.describe.library import Library, profile_folders
from assess.errors import AssessError
from assess.files import shipped

BASE = """
name = "Rover"
vendor = "ACME"
sectors = ["robotics"]
availability = "shipping"
power_mode = "25W"
power = { value = "25 W", source = "DS", grade = "A" }

[sources]
DS = { where = "data sheet" }

[identity]
board = ["ACME Rover"]
power_mode = ["25W"]

[memory]
kind = "unified"
capacity = { value = "8 GiB", source = "DS", grade = "A" }
bandwidth = { value = "102 GB/s", source = "DS", grade = "A" }

[[engine]]
name = "cpu"
kind = "cpu"

[[engine]]
name = "gpu"
kind = "gpu"
clock = { value = "1 GHz", source = "DS", grade = "A" }

[[engine.peak]]
precision = "fp16"
dense = { value = "10 TOPS", source = "DS", grade = "A" }

[[engine.peak]]
precision = "int8"
dense = { value = "20 TOPS", source = "DS", grade = "A" }

[[runtime]]
id = "onnxruntime-cpu"
engine = "cpu"
"""


def library(folder: Path, **files: str) -> Library:
    (folder / "devices").mkdir(exist_ok=True)
    for name, text in {"acme_rover": BASE, **files}.items():
        (folder / "devices" / f"{name.replace('_', '-')}.toml").write_text(text)
    return Library([folder])


def problems(folder: Path, text: str, **others: str) -> str:
    with pytest.raises(AssessError) as raised:
        library(folder, variant=text, **others).device("variant")
    return raised.value.problem.replace(f"{folder}/devices/", "")


def test_a_variant_takes_what_it_does_not_say(tmp_path: Path) -> None:
    more = 'extends = "acme-rover"\nname = "Rover 16"\n[memory]\n'
    more += 'capacity = { value = "16 GiB", source = "DS", grade = "A" }\n'
    device = library(tmp_path, variant=more).device("variant")
    assert (device.id, device.name, device.vendor, device.power_mode) == ("variant", "Rover 16", "ACME", "25W")
    assert device.memory is not None and device.memory.capacity is not None and device.memory.bandwidth is not None
    assert (device.memory.capacity.value, device.memory.bandwidth.value) == (16 * 2**30, 102e9)
    assert [peak.precision for peak in device.engine[1].peak] == ["fp16", "int8"]
    assert device.identity is not None and device.identity.power_mode == ("25W",)


def test_nothing_that_holds_in_one_power_mode_only_is_taken_in_another(tmp_path: Path) -> None:
    slow = """
extends = "acme-rover"
power_mode = "10W"
[[engine]]
name = "gpu"
[[engine.peak]]
precision = "int8"
dense = { value = "5 TOPS", source = "DS", grade = "A" }
"""
    device = library(tmp_path, variant=slow).device("variant")
    assert (device.power, device.engine[1].clock) == (None, None)
    assert [(peak.precision, peak.dense and peak.dense.value) for peak in device.engine[1].peak] == [("int8", 5e12)]
    assert device.memory is not None and device.memory.capacity is not None and device.memory.bandwidth is None
    assert device.identity is not None
    assert (device.identity.board, device.identity.power_mode) == (("ACME Rover",), ())


def test_lists_of_named_tables_meet_by_name_and_others_are_replaced() -> None:
    base = {"engine": [{"name": "cpu", "kind": "cpu"}, {"name": "gpu", "kind": "gpu"}], "sectors": ["a", "b"]}
    variant = {"engine": [{"name": "npu", "kind": "npu"}, {"name": "gpu", "units": 2}], "sectors": ["c"]}
    both = merged(variant, base)
    cpu, gpu, npu = both.mapping["engine"]
    assert cpu == {"name": "cpu", "kind": "cpu"}
    assert gpu == {"name": "gpu", "kind": "gpu", "units": 2}
    assert npu == {"name": "npu", "kind": "npu"}
    assert both.mapping["sectors"] == ["c"]
    assert both.place(("engine", 1, "units")) == ("engine", 1, "units")
    assert both.place(("engine", 2, "kind")) == ("engine", 0, "kind")
    assert both.place(("engine", 0, "kind")) == ("extends",)
    assert both.place(("sectors", 0)) == ("sectors", 0)


def test_a_number_is_taken_whole_with_its_own_source() -> None:
    base = {"power": {"value": "25 W", "source": "A", "grade": "A", "note": "of the base"}}
    assert merged({"power": {"value": "9 W"}}, base).mapping == {"power": {"value": "9 W"}}


def test_a_mistake_of_the_variant_is_told_in_its_own_lines(tmp_path: Path) -> None:
    wrong = 'extends = "acme-rover"\n\n[[engine]]\nname = "npu"\nkind = "tpu"\n'
    assert "variant.toml:5: engine[0].kind: 'tpu' is not known" in problems(tmp_path, wrong)


def test_parts_of_two_files_are_checked_together(tmp_path: Path) -> None:
    wrong = 'extends = "acme-rover"\n\n[[engine]]\nname = "gpu"\n[[engine.peak]]\nprecision = "int8"\n'
    wrong += 'sparse = { value = "60 TOPS", source = "DS", grade = "A" }\n'
    assert "variant.toml:7: engine[0].peak[0].sparse.value: expected 40 TOPS" in problems(tmp_path, wrong)


@pytest.mark.parametrize(
    ("text", "others", "complaint"),
    [
        ('extends = "acme-rovr"', {}, "extends: there is no device 'acme-rovr'; did you mean 'acme-rover'?"),
        ('extends = "variant"', {}, "extends: extends itself"),
        (
            'extends = "other"',
            {"other": 'extends = "acme-rover"'},
            "extends: 'other' is itself a variant of 'acme-rover': extend that one",
        ),
        (
            'extends = "other"',
            {"other": 'extends = "variant"'},
            "extends: 'other' is itself a variant of 'variant', this file: a circle",
        ),
        ("extends = 3", {}, "variant.toml:1: extends: expected text, found 3"),
    ],
)
def test_a_bad_base_is_told(tmp_path: Path, text: str, others: dict[str, str], complaint: str) -> None:
    found = problems(tmp_path, text, **others)
    assert complaint in found
    assert found.startswith("variant.toml:1: ")


def test_a_file_may_extend_the_shipped_one_that_it_hides(tmp_path: Path) -> None:
    id_ = "raspberry-pi-5-8gb"
    mine = f'extends = "{id_}"\nname = "Mine"\n'
    device = library(tmp_path, raspberry_pi_5_8gb=mine).device(id_)
    assert (device.name, device.vendor) == ("Mine", Library().device(id_).vendor)


def test_mistakes_of_the_base_are_told_in_the_base(tmp_path: Path) -> None:
    found = problems(tmp_path, 'extends = "other"', other=BASE.replace('kind = "gpu"', 'kind = "gpx"'))
    assert found.startswith("other.toml:27: engine[1].kind")


def test_own_folders_come_in_order_and_only_those_that_are_ours(tmp_path: Path) -> None:
    given, named, beside = tmp_path / "given", tmp_path / "named", tmp_path / "profiles"
    for folder in (given, named, beside):
        folder.mkdir()
    environment = {"ASSESS_PROFILES": str(named)}
    assert profile_folders([given], environment=environment, here=tmp_path) == (given, named)
    (beside / "devices").mkdir()
    assert profile_folders([given], environment=environment, here=tmp_path) == (given, named, beside)
    assert profile_folders([], environment={}, here=shipped("profiles").parent) == ()
    with pytest.raises(AssessError, match="is not a folder") as raised:
        profile_folders([], environment={"ASSESS_PROFILES": str(tmp_path / "none")}, here=tmp_path)
    assert raised.value.where == f"ASSESS_PROFILES: {tmp_path / 'none'}"


def test_a_number_without_its_value_is_not_completed_by_the_base() -> None:
    mine, theirs = {"source": "MINE", "grade": "A"}, {"value": "8 GiB", "source": "DS", "grade": "R"}
    assert merged({"memory": {"capacity": mine}}, {"memory": {"capacity": theirs}}).mapping["memory"] == {
        "capacity": mine
    }
