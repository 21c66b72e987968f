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


def test_a_system_that_reserves_nothing_is_told_of_nothing(tmp_path):
    assert told(tmp_path, "rover", rover=DRAM.replace('"400 MB"', '"0 B"')) == []
