"""Variants of devices: what they take from their base, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_origin

import pytest
from pydantic import BaseModel

from assess.describe.complaints import below
from assess.describe.device import Device
from assess.describe.extends import NAMED_BY, merged
from assess.describe.library import Library, profile_folders
from assess.describe.one_mode import paths_of_one_mode
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
units = { value = 4, source = "DS", grade = "A" }
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
[identity]
power_mode = ["10W"]
[[engine]]
name = "gpu"
[[engine.peak]]
precision = "int8"
dense = { value = "5 TOPS", source = "DS", grade = "A" }
"""
    device = library(tmp_path, variant=slow).device("variant")
    assert (device.power, device.engine[1].clock, device.engine[1].units) == (None, None, None)
    assert [(peak.precision, peak.dense and peak.dense.value) for peak in device.engine[1].peak] == [("int8", 5e12)]
    assert device.memory is not None and device.memory.capacity is not None and device.memory.bandwidth is None
    assert device.identity is not None
    assert (device.identity.board, device.identity.power_mode) == (("ACME Rover",), ("10W",))


def test_every_memory_and_engine_says_what_holds_in_one_mode_only() -> None:
    memory = [(name, key) for name in ("memory", "on_chip") for key in ("rate", "bandwidth", "measured_bandwidth")]
    engine = [("engine", "*", key) for key in ("units", "clock", "peak")]
    others = [("power",), ("identity", "power_mode"), ("runtime", "*", "dispatch")]
    assert set(paths_of_one_mode(Device)) == {*memory, *engine, *others}


def test_every_list_of_tables_of_a_device_has_a_key_by_which_entries_meet() -> None:
    def lists(record: type[BaseModel]) -> Iterator[str]:
        for name, field in record.model_fields.items():
            inner = below(record, name)
            is_list = get_origin(inner) is tuple
            entry = below(inner, 0) if is_list else inner
            if isinstance(entry, type) and issubclass(entry, BaseModel) and not field.exclude:
                yield from [name] if is_list else []
                yield from lists(entry)

    assert set(lists(Device)) == set(NAMED_BY)


def test_nothing_of_a_memory_on_the_chip_is_taken_in_another_mode_that_holds_in_one() -> None:
    base = {"power_mode": "fast", "on_chip": {"kind": "on-chip", "bandwidth": {"value": "1 GB/s"}, "capacity": 1}}
    whole = merged({"power_mode": "slow", "extends": "x"}, base).mapping
    assert whole == {"power_mode": "slow", "on_chip": {"kind": "on-chip", "capacity": 1}}


SLOW = """
extends = "acme-rover"
power_mode = "10W"
"""


def test_a_variant_in_another_mode_is_not_recognised_on_a_host_in_any_mode(tmp_path: Path) -> None:
    assert problems(tmp_path, SLOW) == (
        "variant.toml:3: power_mode: the base is recognised by its mode; "
        "name this one's as the board reports it in [identity].power_mode\n"
        ' 3 | power_mode = "10W"\n'
        "   |              ^^^^^"
    )
    assert "variant.toml:3: power_mode: " in problems(tmp_path, SLOW + '[identity]\nboard = ["ACME Rover 2"]\n')
    assert library(tmp_path, variant=SLOW + '[identity]\npower_mode = ["10W"]\n').device("variant")
    any_mode = BASE.replace('\npower_mode = ["25W"]', "")
    assert library(tmp_path, acme_rover=any_mode, variant=SLOW).device("variant")


def test_a_variant_in_another_mode_is_not_recognised_by_the_name_of_its_bases_mode(tmp_path: Path) -> None:
    same = SLOW + '[identity]\npower_mode = ["10W", "25W "]\n'
    assert problems(tmp_path, same) == (
        "variant.toml:5: identity.power_mode[1]: '25W ' names the base's mode, '25W', and a host in it would be "
        "both; name this one's as the board reports it\n"
        ' 5 | power_mode = ["10W", "25W "]\n'
        "   |                      ^^^^^^"
    )
    # A new firmware gives the board another name, and may call its modes as the old one did.
    assert library(tmp_path, variant=same + 'board = ["ACME Rover Super"]\n').device("variant")
    assert "identity.power_mode[1]" in problems(tmp_path, same + 'board = ["ACME Rover Super", "ACME Rover"]\n')
    assert library(tmp_path, variant=same.replace('"10W"\n', '"25W"\n', 1)).device("variant")


def test_a_claim_of_a_standard_is_taken_whole_with_its_own_source(tmp_path: Path) -> None:
    claim = '\n[[standard]]\nid = "iec-61508"\nlevel = "SIL 2"\nsource = "DS"\ngrade = "A"\n'
    mine = 'extends = "acme-rover"\n[[standard]]\nid = "iec-61508"\nlevel = "SIL 3"\n'
    found = problems(tmp_path, mine, acme_rover=BASE + claim)
    assert "variant.toml:2: standard[0]: missing key 'source'" in found
    assert "variant.toml:2: standard[0]: missing key 'grade'" in found


def test_a_source_of_the_base_is_not_another_while_numbers_of_it_are_taken_over(tmp_path: Path) -> None:
    mine = 'extends = "acme-rover"\n[sources]\nDS = { where = "somewhere else" }\n'
    assert problems(tmp_path, mine).startswith(
        "variant.toml:3: sources.DS: 'DS' is a source of acme-rover, and numbers of it are taken over: take another key"
    )
    assert library(tmp_path, variant=mine.replace("somewhere else", "data sheet")).device("variant")
    base = BASE.replace("[identity]", 'X = { where = "x" }\n[identity]').replace(
        '"25 W", source = "DS"', '"25 W", source = "X"'
    )
    power = 'extends = "acme-rover"\npower = { value = "20 W", source = "X", grade = "A" }\n'
    power += '[sources]\nX = { where = "y" }\n'
    assert library(tmp_path, acme_rover=base, variant=power).device("variant").sources["X"].where == "y"


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


PI = "raspberry-pi-5-8gb"
MINE = f'extends = "{PI}"\nname = "Mine"\n'
OF_MINE = f'extends = "{PI}"\nname = "Of mine"\n'


def test_a_file_that_extends_the_one_that_it_hides_is_a_base_itself(tmp_path: Path) -> None:
    mine = library(tmp_path, raspberry_pi_5_8gb=MINE + 'vendor = "ACME"\n', variant=OF_MINE)
    device, shipped_one = mine.device("variant"), Library().device(PI)
    assert (device.name, device.vendor, device.engine) == ("Of mine", "ACME", shipped_one.engine)
    assert mine.family(tmp_path / "devices" / "variant.toml", lambda file, _: file) == (
        tmp_path / "devices" / f"{PI}.toml",
        tmp_path / "devices" / "variant.toml",
        shipped("profiles") / "devices" / f"{PI}.toml",
    )


def test_each_folder_may_extend_what_it_hides_in_those_after_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    library(second, raspberry_pi_5_8gb=MINE + 'vendor = "ACME"\n')
    library(first, raspberry_pi_5_8gb=f'extends = "{PI}"\nsummary = "s"\n', variant=f'extends = "{PI}"\n')
    device = Library([first, second]).device("variant")
    assert (device.name, device.vendor, device.summary) == ("Mine", "ACME", "s")


def test_what_is_wrong_with_a_base_that_hides_another_is_told_of_its_variant(tmp_path: Path) -> None:
    assert "variant.toml:1: extends: 'raspberry-pi-5-8gb' has a problem itself: " in problems(
        tmp_path, OF_MINE, raspberry_pi_5_8gb=MINE + "vendor = 3\n"
    )
    nothing = 'extends = "other"\n'
    assert "'other' has a problem itself: other.toml:1: extends: extends itself" in problems(
        tmp_path, nothing, other=nothing
    )


def test_mistakes_of_the_base_are_told_in_the_base(tmp_path: Path) -> None:
    found = problems(tmp_path, 'extends = "other"', other=BASE.replace('kind = "gpu"', 'kind = "gpx"'))
    assert found == (
        "variant.toml:1: extends: 'other' has a problem itself: "
        "other.toml:27: engine[1].kind: 'gpx' is not known; did you mean 'gpu'?\n"
        ' 1 | extends = "other"\n'
        "   |           ^^^^^^^"
    )


@pytest.mark.parametrize(
    ("base", "says"),
    [
        (BASE + "x = ", "'other' has a problem itself: other.toml:42: not TOML: "),
        (BASE.replace('"ACME"', "3").replace('"25 W"', '"25"'), "; and 1 more\n"),
        ("# x\n" * 300_000, "'other' cannot be used: other.toml: is larger than 1 MiB"),
    ],
)
def test_a_base_that_cannot_be_used_is_told_of_in_one_line_of_the_variant(tmp_path: Path, base: str, says: str) -> None:
    found = problems(tmp_path, 'extends = "other"', other=base)
    assert found.startswith("variant.toml:1: extends: ")
    assert says in found
    assert found.count("\n") == 2
    assert "\\n" not in found


def test_a_file_of_a_user_is_no_base_of_shipped_variants(tmp_path: Path) -> None:
    base, variant = "nvidia-jetson-agx-orin-64gb", "nvidia-jetson-agx-orin-64gb-30w"
    shipped_one = Library().device(variant)
    for text in (BASE, "broken = "):
        mine = library(tmp_path, **{base.replace("-", "_"): text})
        assert mine.device(variant) == shipped_one
        assert variant in mine.ids("devices")
    mine = library(tmp_path, **{base.replace("-", "_"): BASE, "my_one": f'extends = "{base}"\nname = "Mine"\n'})
    assert (mine.device("my-one").vendor, mine.device(variant).vendor) == ("ACME", "NVIDIA")


def test_a_base_is_looked_for_in_the_folder_of_its_variant_and_in_those_after_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        base = BASE.replace('"ACME"', f'"{folder.name}"')
        library(folder, acme_rover=base, **{f"of_{folder.name}": 'extends = "acme-rover"', f"in_{folder.name}": base})
    (first / "devices" / "down.toml").write_text('extends = "in-second"')
    (second / "devices" / "up.toml").write_text('extends = "in-first"')
    both = Library([first, second])
    vendors = [both.device(id_).vendor for id_ in ("of-first", "of-second", "down")]
    assert vendors == ["first", "second", "second"]
    with pytest.raises(AssessError, match=r"up\.toml:1: extends: there is no device 'in-first'"):
        both.device("up")


def test_modes_of_a_device_leave_out_what_cannot_be_used(tmp_path: Path) -> None:
    slow = SLOW + '[identity]\npower_mode = ["10W"]\n'
    mine = library(tmp_path, slow=slow, not_toml="x = ", no_base='extends = "acme-rove"', other=BASE)
    rover, of_slow = tmp_path / "devices" / "acme-rover.toml", tmp_path / "devices" / "slow.toml"
    assert (mine.modes_of(rover), mine.modes_of(of_slow)) == ([of_slow], [rover])


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
