"""Numbers that may each be some device's, and are not one's together."""

from __future__ import annotations

import pytest
from describe.lint.test_checks import BASE, told

DRAM = (
    BASE.replace(
        'capacity = { value = "8 GiB", source = "DS", grade = "A" }',
        """capacity = { value = "8 GiB", source = "DS", grade = "A" }
reserved = { value = "400 MB", source = "DS", grade = "A" }
width = { value = "128 bit", source = "DS", grade = "A" }
bandwidth = { value = "102.4 GB/s", source = "DS", grade = "A" }
measured_bandwidth = { value = "60 GB/s", source = "DS", grade = "A" }""",
    )
    + '\n[[engine]]\nname = "cpu"\nkind = "cpu"\nclock = { value = "1.5 GHz", source = "DS", grade = "A" }\n'
)


@pytest.mark.parametrize(
    ("right", "wrong", "key", "says"),
    [
        ('"60 GB/s"', '"60 MB/s"', "memory.measured_bandwidth", "is less than 2% of the peak in 'bandwidth'"),
        ('"128 bit"', '"127 bit"', "memory.width", "a memory's bus has a multiple of 4 bits"),
        ('"1.5 GHz"', '"15 MHz"', "engine[1].clock", "a CPU with DRAM has 50 MHz or more"),
        ('"25 W"', '"25 mW"', "power", "with 8.59 GB of DRAM: expected 100 mW or more"),
        ('"400 MB"', '"400 kB"', "memory.reserved", "is less than 0.1% of the capacity"),
        ('"400 MB"', '"0 B"', "memory.reserved", "is less than 0.1% of the capacity"),
        ('"8 GiB"', '"8 TiB"', "memory.capacity", "with 25 W: expected 2000 GB or less"),
        ('"20 TOPS"', '"33000 TOPS"', "engine[0].peak[0].dense", "with 25 W: expected 5000 TOPS or less"),
        ('"1.5 GHz"', '"1.5 MHz"', "engine[1].clock", "a CPU with DRAM has 50 MHz or more"),
        ('"400 MB"', '"2 B"', "memory.reserved", "expected 16 B to 1000 GB"),
    ],
)
def test_numbers_that_no_device_has_together(tmp_path, right, wrong, key, says):
    assert told(tmp_path, "rover", rover=DRAM) == []
    found = told(tmp_path, "rover", rover=DRAM.replace(right, wrong, 1))
    assert [(rule, where) for rule, _, where, _ in found] == [("magnitude", f"{key}.value")]
    assert says in found[0][3]


def test_little_dram_is_told_beside_a_gpu_or_a_fast_cpu_only(tmp_path):
    small = BASE.replace('"8 GiB"', '"8 MiB"')
    says = "expected 128 MB or more beside a GPU or a CPU above 1.2 GHz"
    assert says in told(tmp_path, "rover", rover=small)[0][3]
    slow = small.replace('kind = "gpu"', 'kind = "cpu"\nclock = { value = "800 MHz", source = "DS", grade = "A" }')
    assert told(tmp_path, "rover", rover=slow) == []
    assert says in told(tmp_path, "rover", rover=slow.replace("800 MHz", "1.5 GHz"))[0][3]


def test_a_small_system_may_reserve_nothing(tmp_path):
    small = DRAM.replace('"400 MB"', '"0 B"').replace('"8 GiB"', '"512 MB"')
    assert told(tmp_path, "rover", rover=small) == []


FP16 = """
[[engine.peak]]
precision = "fp16"
dense = { value = "10 TOPS", source = "DS", grade = "A" }
"""


@pytest.mark.parametrize(
    ("right", "wrong", "key", "says"),
    [
        ('"20 TOPS"', '"33 GOPS"', "peak[0].dense", "the fp16 peak of this engine is 303 times the int8 one"),
        ('"10 TOPS"', '"10 GOPS"', "peak[1].dense", "the int8 peak of this engine is 2 k times the fp16 one"),
        ('"612 MHz"', '"1 MHz"', "clock", "a GPU has 50 MHz or more"),
    ],
)
def test_numbers_that_no_engine_has_together(tmp_path, right, wrong, key, says):
    clock = 'kind = "gpu"\nclock = { value = "612 MHz", source = "DS", grade = "A" }'
    engine = BASE.replace('kind = "gpu"', clock) + FP16
    assert told(tmp_path, "rover", rover=engine) == []
    found = told(tmp_path, "rover", rover=engine.replace(right, wrong, 1))
    assert [(rule, where) for rule, _, where, _ in found] == [("magnitude", f"engine[0].{key}.value")]
    assert says in found[0][3]


def test_peaks_are_held_against_the_bandwidth_where_the_power_is_not_published(tmp_path):
    quiet = DRAM.replace('power = { value = "25 W", source = "DS", grade = "A" }\n', "")
    assert told(tmp_path, "rover", rover=quiet) == []
    found = told(tmp_path, "rover", rover=quiet.replace('"20 TOPS"', '"20000 TOPS"'))
    says = "no device is known to have it beside 102 GB/s of memory bandwidth: expected 3070 TOPS or less"
    assert [(where, text) for _, _, where, text in found] == [("engine[0].peak[0].dense.value", says)]


def test_a_number_that_no_peak_goes_with_is_told_itself(tmp_path):
    slips = {'"25 W"': '"0.025 W"', '"102.4 GB/s"': '"100 MB/s"'}
    for right, wrong in slips.items():
        two = BASE.replace('kind = "unified"', 'kind = "unified"\nbandwidth = { value = "102.4 GB/s", source = "DS", '
                           'grade = "A" }') + FP16  # fmt: skip
        found = told(tmp_path, "rover", rover=two.replace(right, wrong))
        assert [rule for rule, *_ in found] == ["magnitude"]
        assert found[0][2] in ("power.value", "memory.bandwidth.value")
